"""The two things that the rest asks of a target: to apply batches, and the one-time work on its server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from cdc.model.change import Row
from cdc.model.errors import Finding
from cdc.model.parked import Parked, ParkedKey
from cdc.model.table import Definition, TableName
from cdc.model.words import ParkedWords, Words
from cdc.model.write import Applied, Batch, Checkpoint, TargetPlan


class ParkedRows(Protocol):
    """What waits, as a target has it."""

    def keys(self, after: int = 0) -> Sequence[ParkedKey]:
        """Return those with a greater id, by id. From then on, batches are refused with `ParkedChanged` once an operator changes any."""
        ...

    def entries(self, ids: Sequence[int]) -> Sequence[Parked]:
        """Return those that are still there, by id, with their values."""
        ...


class Target(Protocol):
    """One session on the target that holds the pipeline's lock. After any error it is closed and a new one is made.

    `BadRow`, `Incomplete` and `ParkedChanged` leave it as it was.
    """

    @property
    def parked(self) -> ParkedRows:
        """What waits."""
        ...

    def checkpoint(self) -> Checkpoint:
        """Take the pipeline's lock, raise its epoch, and read the checkpoint. Call it once, first.

        Raises `Held`, naming the holder, when another process has the lock; it is tried for a few seconds, since a killed
        process's session may still be ending. Changes nothing then.
        """
        ...

    def apply(self, batch: Batch) -> Applied:
        """Apply the batch and move the checkpoint, in one transaction; when this returns, it is durable.

        The checkpoint moves by compare-and-swap on (seq, epoch); raises `Fenced` when that matches no row. A COMMIT whose answer
        was lost is settled by reading the checkpoint on a new connection. Rows are updated where they differ and inserted where
        they are missing; within the batch the last image of a key wins, images overlay each other where they are partial.
        When the set-based way meets a constraint, the transaction is begun anew and done write by write in source order.
        What the batch parks and releases is part of the transaction.

        A batch that does not end leaves the transaction open: the next one goes on in it, the checkpoint and what is parked and released
        are written with the one that ends, and what was applied is counted there. Each part is checked by itself, deferred constraints
        too, and what it raises leaves what the parts before it did as it was. Whoever gives up in between closes the target.

        Raises `Incomplete` when a missing row would be inserted from a partial image, `Refused` with all writes that fail for good,
        `ParkedChanged` when an operator has changed the parked rows since `parked.keys` read them, `Unreachable` and `Transient` as
        the server's error says. Whenever it raises, nothing of the batch was applied.
        """
        ...

    def held(self, plan: TargetPlan, node: str, most: int) -> Sequence[Row]:
        """Return the keys of the rows that are there of a mapping, `most` at most; those that a soft delete has marked may be left out.

        Where the key is the crosswalk's these are the entries of the source database `node`; else all rows of the table that have
        what `plan.scope` says.
        """
        ...

    def ping(self) -> None:
        """Find out whether the session still lives, when nothing is to be applied. Raises `Unreachable`, or `ParkedChanged`."""
        ...

    def close(self) -> None:
        """End the session and so release the lock. Does not raise."""
        ...


class TargetAdmin(Protocol):
    """The work of `check`, `setup`, `status`, `teardown` and `xref` on a target's server."""

    words: ClassVar[Words]
    """How this server writes what `cdc xref` asks of the crosswalk."""
    parked: ClassVar[ParkedWords]
    """How it writes what is asked of parked row changes."""

    def definitions(self, names: Sequence[TableName]) -> Mapping[TableName, Definition]: ...

    def hidden(self, names: Sequence[TableName]) -> Mapping[TableName, Finding]:
        """Find the tables that the server does not show our account; whether they exist remains open."""
        ...

    def tables(self) -> Sequence[TableName]:
        """Name all tables that our account may see."""
        ...

    def findings(self, tables: Sequence[Definition]) -> Sequence[Finding]:
        """Find what keeps these tables from being written: privileges, our own tables' schema, session settings."""
        ...

    def setup(self, *, crosswalk: bool = False) -> Sequence[str]:
        """Return the statements that make our own tables and are still needed, the crosswalk's where a mapping uses it."""
        ...

    def teardown(self, *, crosswalk: bool = False) -> Sequence[str]:
        """Return the statements that remove the pipeline's checkpoint, and our tables with the last pipeline's.

        The crosswalk stays unless it is named: without it, the next load would make a second row for each.
        """
        ...

    def execute(self, statement: str) -> None: ...

    def ask(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """Run a query and return its rows."""
        ...

    def checkpoint(self) -> Checkpoint | None:
        """Read the pipeline's checkpoint without taking its lock; None when there is none, or no table for it."""
        ...

    def holder(self) -> str | None:
        """Return who holds the pipeline's lock now, or None."""
        ...

    def close(self) -> None: ...
