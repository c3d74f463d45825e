"""A database in memory with a log, as applications and the daemon see it: every commit is logged, and every border may fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from cdc.model.change import Change, Idle, Op, Origin, Position, Row, Transaction
from cdc.model.errors import Transient, Unreachable
from cdc.model.table import Column, Definition, Table, TableName
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import TEXT
from tests.simulation.judge import Fields, Judge, balanced

Border = Callable[..., None]
"""Called wherever the loop leaves its process: raises one of the errors that it is given, or the process's end, or does nothing."""


class Killed(BaseException):
    """The process is no more."""


class Logged(NamedTuple):
    changes: tuple[Change, ...]
    origin: Origin


class Server:
    """One database: its tables, the shape that each has now, and its log since what its reader has confirmed."""

    def __init__(self, name: str, definitions: Sequence[Definition]) -> None:
        self.name, self.database, self.judge = name, MemoryDatabase(), Judge()
        for definition in definitions:
            self.database.create(definition)
        self.shapes = {d.name.name: Table(d.name, d.columns, (0,)) for d in definitions}
        self.log: deque[Logged] = deque()
        self.head = self.oldest = 0
        self.writers: dict[str, object] = {}

    def table(self, name: str) -> dict[str, Fields]:
        """The rows by their key."""
        return {str(row["id"]): row for row in self.database.tables[self.shapes[name].name].rows.values()}  # type: ignore[misc]

    def put(self, name: str, key: str, row: Fields | None) -> None:
        """Do what an application does to a row."""
        table = self.database.tables[self.shapes[name].name]
        found = table.find(("id",), (key,))
        table.put(found[0] if found else table.blank()[0], dict(row) if row is not None else None)

    def clear(self, name: str) -> None:
        for key in self.table(name):
            self.put(name, key, None)

    def image(self, name: str, row: Fields) -> Row:
        return laid(self.shapes[name], row)

    def reshape(self, name: str, columns: Sequence[str]) -> None:
        """DDL: the same rows in other columns."""
        old = self.shapes[name]
        self.shapes[name] = Table(old.name, tuple(Column(column, TEXT) for column in columns), (columns.index("id"),))

    def commit(self, changes: Iterable[Change], origin: Origin = ()) -> None:
        self.log.append(Logged(tuple(changes), origin))
        self.head += 1

    def forget(self, upto: int) -> None:
        while self.oldest < upto:
            self.log.popleft()
            self.oldest += 1


def laid(shape: Table, row: Fields) -> Row:
    return tuple(row.get(column.name) for column in shape.columns)


class Reader:
    """A `Source` over a server's log."""

    def __init__(self, server: Server, target: Server, border: Border, pauses: Callable[[], bool]) -> None:
        self.server, self.target, self.border, self.pauses = server, target, border, pauses
        self.lost = False
        """Another reads this log now."""
        self.given = 0
        """Row changes of the log that is read now."""

    def head(self) -> Position:
        self.border(Unreachable)
        return Position(str(self.server.head))

    def read(self, after: Position, until: Position | None = None) -> Iterator[Transaction | Idle]:
        """Pauses where it likes, as a log's reader does whenever nothing is at hand yet."""
        at = upto = int(after)
        self.given = 0
        assert self.lost or at >= self.server.oldest, f"read from {at}, and the log before {self.server.oldest} was given up"
        while until is None or at < int(until):
            self.border(Unreachable)
            if self.lost and at < self.server.oldest:
                raise Unreachable("the one who reads now has let go of the log")
            if at == self.server.head or self.pauses():
                yield Idle(Position(str(upto)), Position(str(at)))
                continue
            changes, origin = self.server.log[at - self.server.oldest]
            at += 1
            ours = self.target.name in origin
            upto = upto if ours else at
            self.given += len(changes)
            if changes:
                yield Transaction(() if ours else changes, Position(str(at)), float(at), origin, len(changes) if ours else 0)
        yield Idle(Position(str(upto)), Position(str(at)))

    def confirm(self, upto: Position) -> None:
        self.target.judge.told(int(upto))
        self.border(Unreachable)
        self.server.forget(int(upto))
        self.border(Unreachable)

    @contextmanager
    def snapshot(self, tables: Sequence[TableName]) -> Iterator[Snapshot]:
        self.border(Unreachable)
        yield Snapshot(self.server, tables, self.border)

    def fetch(self, table: Table, keys: Sequence[Row], since: Position) -> Iterable[Row]:
        """Rows as they are now; asked by the columns of a shape that is no more, a server says that it has none such."""
        self.border(Unreachable, Transient)
        if {c.name for c in table.columns} - {c.name for c in self.server.shapes[table.name.name].columns}:
            raise Unreachable("a column is gone: read it all anew")
        rows = self.server.table(table.name.name)
        return [laid(table, rows[str(key[0])]) for key in keys if str(key[0]) in rows]

    def query(self, *_: Any) -> Iterable[Row]:
        raise NotImplementedError

    def lag_bytes(self, after: Position) -> int:
        return self.server.head - int(after)

    def queued(self) -> int:
        return 0

    def remarks(self) -> Iterable[str]:
        return ()

    def close(self) -> None:
        return


class Snapshot:
    """The tables as they are when it is opened."""

    def __init__(self, server: Server, tables: Sequence[TableName], border: Border) -> None:
        self.position = Position(str(server.head))
        self._border = border
        self._rows = {t: (server.shapes[t.name], [server.image(t.name, row) for row in server.table(t.name).values()]) for t in tables}

    def estimate(self, table: TableName) -> int:
        return len(self._rows[table][1])

    def rows(self, table: TableName, size: int) -> Iterator[tuple[Table, list[Row]]]:
        shape, rows = self._rows[table]
        for start in range(0, len(rows), size):
            self._border(Unreachable)
            yield shape, rows[start : start + size]


class Writer(MemoryTarget):
    """A `Target` whose commits are logged by the server that they are made on, and judged."""

    def __init__(self, server: Server, pipeline: str, plans: Sequence[Any], border: Border) -> None:
        super().__init__(server.database, pipeline, plans)
        self.server, self.border = server, border
        self.parks = 0
        """Row changes of the log that were parked."""
        keys, entries = self.parked.keys, self.parked.entries
        self.parked.keys = lambda after=0: border(Unreachable) or keys(after)  # type: ignore[method-assign, func-returns-value]
        self.parked.entries = lambda ids: border(Unreachable) or entries(ids)  # type: ignore[method-assign, func-returns-value]

    def checkpoint(self) -> Any:
        self.border(Unreachable)
        found = super().checkpoint()
        self.server.writers[self._pipeline] = self
        return found

    def apply(self, batch: Any) -> Any:
        self.border(Unreachable, Transient)
        database, before = self.server.database, self._bystanders()
        try:
            applied = super().apply(batch)
        except BaseException:
            assert not database.effects, "a transaction that failed has left effects"
            raise
        assert self.server.writers[self._pipeline] is self, "one that was locked out has written"
        effects, database.effects = database.effects, []
        after = None if batch.after is None else int(batch.after)
        if batch.after != batch.upto:  # else it is a part of a load, or what had waited
            self.parks += sum(not one.id for one in batch.parked)
        self.server.judge.committed(
            [(e.op.value, e.table.name, dict(e.row)) for e in effects], after, int(batch.upto), batch.phase.value == "loading"
        )
        assert {n: remark for n, remark in self._bystanders().items() if n in before} == {
            n: remark for n, remark in before.items() if n in self._bystanders()
        }, "a column that no mapping names was written"
        if batch.phase.value == "streaming" and "bank" in self.server.shapes:
            assert balanced(self.server.table("bank")), "half a transaction is to be seen"
        self.server.commit([self._logged(e) for e in effects], batch.origin)
        self.border(Unreachable)
        return applied

    def ping(self) -> None:
        self.border(Unreachable)
        super().ping()

    def _bystanders(self) -> dict[int, str | None]:
        found = next((t for name, t in self.server.database.tables.items() if name.name == "customer" and self.server.name == "crm"), None)
        return {n: row["remark"] for n, row in found.rows.items()} if found else {}  # type: ignore[misc]

    def _logged(self, effect: Any) -> Change:
        shape = self.server.shapes[effect.table.name]
        row = laid(shape, effect.row)
        if effect.op is Op.DELETE:
            return Change(shape, Op.DELETE, row, None)
        return Change(shape, effect.op, None, row)
