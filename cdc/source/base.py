"""The two things that the rest asks of a source: its log, and the one-time work on its server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from cdc.mapping.query.query import Query, Question, Refusal
from cdc.model.change import Idle, Part, Position, Row, Transaction
from cdc.model.errors import Finding
from cdc.model.table import Definition, Table, TableName


class Snapshot(Protocol):
    """The tables as they were at `position`, exactly: the stream after `position` is what came later."""

    position: Position

    def estimate(self, table: TableName) -> int:
        """Return about how many rows the table has, by the server's statistics."""
        ...

    def rows(self, table: TableName, size: int) -> Iterator[tuple[Table, list[Row]]]:
        """Yield the table's rows in its key's order, `size` at a time, in the same canonical text as the stream gives.

        Memory stays bounded by one chunk, whatever the table's size.
        """
        ...


class Source(Protocol):
    """One connection to a log. After any error it is closed and a new one is made: no source reconnects by itself."""

    def head(self) -> Position:
        """Return where the log ends now."""
        ...

    def read(self, after: Position, until: Position | None = None) -> Iterator[Transaction | Part | Idle]:
        """Yield what was committed after `after`, in commit order, with an `Idle` whenever nothing more is at hand.

        A transaction that is too large to be held comes as one `Part` after the other, and a `Transaction` last; it is committed before
        its first part comes. Whether it is an own one is known by then, too. An `Idle` between them says nothing of the transaction.
        Own transactions (marked with the target's name) come with `echoes` counted, and no changes but those that are told; transactions without a row of a
        wanted table do not come at all, they only move `Idle.upto`. Own echoes alone never move `Idle.upto`, other traffic
        does; both move `Idle.seen`. With nothing to say it yields an `Idle` at least once a second. With `until` it ends, after a
        last `Idle`, when all that was committed up to `until` has been yielded. Reading goes on in a thread of its own, into a
        bounded queue, so that the connection stays alive while a batch is applied.

        Raises `Gap` when the log does not reach back to `after` or is another server's, `UnknownEvent` on anything not understood.
        """
        ...

    def confirm(self, upto: Position) -> None:
        """Say that `upto` is durable on the target, so that the server may drop the log before it."""
        ...

    def snapshot(self, tables: Sequence[TableName]) -> AbstractContextManager[Snapshot]:
        """Open a consistent view of the tables for the initial load; leaves nothing behind when the context ends."""
        ...

    def fetch(self, table: Table, keys: Sequence[Row], since: Position) -> Iterable[Row]:
        """Return the rows as they are now, whole, for values of the table's key columns; rows that are gone do not come back.

        All that the log told of up to `since` is seen.
        """
        ...

    def query(self, query: Query, values: Sequence[Row], since: Position) -> Iterable[Row]:
        """Run a mapping's query for these values; return its rows as they are now, in the same canonical text as the stream gives.

        "Now" is never before `since`: a log may tell of a commit before other sessions see it, and that is waited for. The session
        can't write, and a statement has its time.
        """
        ...

    def lag_bytes(self, after: Position) -> int:
        """Return how many bytes of log lie between `after` and the log's end. Called from another thread than `read`."""
        ...

    def queued(self) -> int:
        """Return how many row changes have been read and wait to be applied. May be called from any thread."""
        ...

    def remarks(self) -> Iterable[str]:
        """Yield what people should hear of that stood in the log, each once. May be called from any thread."""
        ...

    def close(self) -> None:
        """Close all connections. Does not raise."""
        ...


class SourceAdmin(Protocol):
    """The work of `check`, `setup` and `teardown` on a source's server, over an ordinary connection."""

    def definitions(self, names: Sequence[TableName]) -> Mapping[TableName, Definition]:
        """Describe the tables; those that do not exist are left out."""
        ...

    def hidden(self, names: Sequence[TableName]) -> Mapping[TableName, Finding]:
        """Find the tables that the server does not show our account, or not whole; whether they exist remains open."""
        ...

    def tables(self) -> Sequence[TableName]:
        """Name all tables that our account may see."""
        ...

    def prove(self, after: Position) -> None:
        """Raise `Gap` when the log can't be followed from there on, `Misconfigured` when what `setup` makes is gone.

        Asks a server without findings.
        """
        ...

    def findings(self, tables: Sequence[Definition]) -> Sequence[Finding]:
        """Find what keeps these tables from being followed: settings, privileges, replica identity, publication."""
        ...

    def prepare(self, question: Question) -> Query | Refusal:
        """Let the server read a mapping's query and describe what it returns."""
        ...

    def scans(self, asked: Query, table: Definition) -> Sequence[str]:
        """Ask how the server would run a query for some of a table's rows; return what is large and would be read whole, with its size."""
        ...

    def setup(self, tables: Sequence[TableName], *, anew: bool = False) -> Sequence[str]:
        """Return the statements that are still needed, in order; nothing when all is there.

        `anew`: after a gap in the log, what is of no use any more is made again.
        """
        ...

    def teardown(self) -> Sequence[str]:
        """Return the statements that remove what `setup` made and is still there."""
        ...

    def execute(self, statement: str) -> None:
        """Run one of the statements above."""
        ...

    def close(self) -> None: ...
