"""A log in memory: the reference that the server-backed sources are held against, and what tests of the loop read from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from cdc.mapping.query.query import Query
from cdc.model.change import ABSENT, Change, Idle, Op, Part, Position, Row, Transaction
from cdc.model.errors import Gap
from cdc.model.table import Table, TableName
from cdc.model.value import identity

START = Position("0")


class MemorySource:
    """Transactions whose positions are the decimal numbers from 1 on, without a hole."""

    def __init__(self, log: Iterable[Transaction] = (), oldest: int = 0, part: int = 1_000) -> None:
        """`part`: row changes of a transaction after which they are handed on."""
        self.log = list(log)
        self.part = part
        self.confirmed = START
        self.oldest = oldest
        """The log before this position is gone."""
        self.answers: Callable[[Query, Sequence[Row]], Iterable[Row]] = lambda _, __: ()

    def commit(self, *changes: Change, committed_at: float = 0.0) -> Position:
        """Append a transaction and return its position."""
        position = Position(str(len(self.log) + 1))
        self.log.append(Transaction(changes, position, committed_at))
        return position

    def head(self) -> Position:
        return self.log[-1].upto if self.log else START

    def read(self, after: Position, until: Position | None = None) -> Iterator[Transaction | Part | Idle]:
        """Yield what is there now and end; a live log's reader would wait for more."""
        if int(after) < self.oldest:
            raise Gap(f"the log begins after {self.oldest}, the checkpoint is at {after}")
        last = self.head() if until is None else until
        upto = seen = after
        for transaction in self.log[int(after) : int(last)]:
            if transaction.changes or transaction.echoes:
                yield from self._parts(transaction)
            seen = transaction.upto
            upto = upto if transaction.echo and not transaction.changes else seen
        yield Idle(upto, seen)

    def _parts(self, transaction: Transaction) -> Iterator[Transaction | Part]:
        start, changes = 0, transaction.changes
        while len(changes) - start > self.part:
            part = changes[start : start + self.part]
            yield Part(part, transaction.upto, transaction.committed_at, transaction.origin, echo=transaction.echo)
            start += self.part
        yield replace(transaction, changes=changes[start:]) if start else transaction

    def confirm(self, upto: Position) -> None:
        self.confirmed = upto

    def snapshot(self, tables: Sequence[TableName]) -> AbstractContextManager[MemorySnapshot]:
        state = _replayed(self.log)
        return nullcontext(MemorySnapshot(self.head(), {name: state[name] for name in tables if name in state}))

    def fetch(self, table: Table, keys: Sequence[Row], since: Position) -> Iterable[Row]:  # noqa: ARG002
        rows = _replayed(self.log).get(table.name, (table, {}))[1]
        return [rows[key] for key in keys if key in rows]

    def query(self, query: Query, values: Sequence[Row], since: Position) -> Iterable[Row]:  # noqa: ARG002
        """Return what `answers` says; it stands for the server's own SQL."""
        return self.answers(query, values)

    def lag_bytes(self, after: Position) -> int:
        return int(self.head()) - int(after)

    def queued(self) -> int:
        return 0

    def remarks(self) -> Iterable[str]:
        return ()

    def close(self) -> None:
        return


_State = dict[TableName, tuple[Table, dict[Row, Row]]]


@identity
class MemorySnapshot:
    position: Position
    state: _State

    def estimate(self, table: TableName) -> int:
        return len(self.state[table][1]) if table in self.state else 0

    def rows(self, table: TableName, size: int) -> Iterator[tuple[Table, list[Row]]]:
        if table not in self.state:
            return
        shape, rows = self.state[table]
        ordered = [rows[key] for key in sorted(rows, key=repr)]
        for start in range(0, len(ordered), size):
            yield shape, ordered[start : start + size]


def _replayed(log: Iterable[Transaction]) -> _State:
    state: _State = {}
    for transaction in log:
        for change in transaction.changes:
            rows = state[change.table.name][1] if change.table.name in state else {}
            state[change.table.name] = (change.table, rows)
            _replay(change, rows)
    return state


def _replay(change: Change, rows: dict[Row, Row]) -> None:
    if change.op in (Op.TRUNCATE, Op.LOST):
        rows.clear()
        return
    key = change.table.key
    before: Row | None = None
    gone = change.old if change.old is not None else change.new if change.op is Op.UPDATE else None
    if gone is not None:
        before = rows.pop(tuple(gone[at] for at in key))
    if change.new is not None:
        new = tuple(kept if text is ABSENT else text for text, kept in zip(change.new, before or change.new, strict=True))
        rows[tuple(new[at] for at in key)] = new
