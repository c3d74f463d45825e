"""Rows in dictionaries, transactions over them, and their constraints: what the reference target writes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import count
from types import MappingProxyType
from typing import NamedTuple

from cdc.model.change import Op, Origin, Value
from cdc.model.errors import BadRow, key_text
from cdc.model.parked import Parked
from cdc.model.table import Definition, TableName
from cdc.model.value import identity, value
from cdc.model.write import Checkpoint, Write

Record = dict[str, Value]
Columns = tuple[str, ...]
Values = tuple[Value, ...]


class RowId(NamedTuple):
    table: TableName
    number: int


class Effect(NamedTuple):
    """A row version that a committed transaction left or removed."""

    table: TableName
    op: Op
    row: Mapping[str, Value]


class MemoryTable:
    """Rows by number, with an index for every set of columns that was ever asked for."""

    def __init__(self, definition: Definition, defaults: Mapping[str, str]) -> None:
        self.definition = definition
        self.rows: dict[int, Record] = {}
        self._defaults = defaults
        self._numbers = count(1)
        self._indexes: dict[Columns, dict[Values, dict[int, None]]] = {}

    def find(self, columns: Columns, values: Values) -> list[int]:
        """Return the numbers of the rows that have these values."""
        return list(self._index(columns).get(values, ()))

    def put(self, number: int, row: Record | None) -> None:
        """Make the row so; None takes it away."""
        old = self.rows.pop(number, None)
        for columns, index in self._indexes.items():
            if old is not None:
                del index[_pick(old, columns)][number]
            if row is not None:
                index.setdefault(_pick(row, columns), {})[number] = None
        if row is not None:
            self.rows[number] = row

    def blank(self) -> tuple[int, Record]:
        """Return a new row's number, and the values of its columns when nothing names them."""
        number = next(self._numbers)
        made: Record = {
            column.name: str(number) if column.identity else self._defaults.get(column.name) for column in self.definition.columns
        }
        return number, made

    def _index(self, columns: Columns) -> dict[Values, dict[int, None]]:
        if columns not in self._indexes:
            index = self._indexes[columns] = {}
            for number, row in self.rows.items():
                index.setdefault(_pick(row, columns), {})[number] = None
        return self._indexes[columns]


def _pick(row: Record, columns: Columns) -> Values:
    return tuple(row[column] for column in columns)


@value
class Stored:
    """A pipeline's row of the checkpoint table."""

    checkpoint: Checkpoint
    origin: Origin = ()
    seq: int = 0
    epoch: int = 0


class MemoryDatabase:
    """What outlives a target's session: tables, checkpoints, locks, and the log of effects."""

    def __init__(self) -> None:
        self.tables: dict[TableName, MemoryTable] = {}
        self.checkpoints: dict[str, Stored] = {}
        self.holders: dict[str, object] = {}
        self.effects: list[Effect] = []
        self.crosswalk: dict[tuple[str, str, str], str] = {}
        """(entity, node, source key) → target key."""
        self.parked: dict[str, dict[int, Parked]] = {}
        """Pipeline → id → what waits."""
        self.parked_versions: Counter[str] = Counter()
        """How often operators have changed what waits."""
        self.parked_ids = count(1)

    def create(self, definition: Definition, defaults: Mapping[str, str] = MappingProxyType({})) -> None:
        self.tables[definition.name] = MemoryTable(definition, defaults)

    def insert(self, name: TableName, row: Mapping[str, Value]) -> None:
        """Insert a row as an application does: without effects or checks."""
        number, made = self.tables[name].blank()
        self.tables[name].put(number, {**made, **row})

    def rows(self, name: TableName) -> list[Record]:
        return list(self.tables[name].rows.values())


@identity
class Session:
    """An open transaction: what rows were before it, and who touched them last."""

    database: MemoryDatabase
    before: dict[RowId, Record | None]
    writers: dict[RowId, Write]
    crosswalk: dict[tuple[str, str, str], str]
    """As it was before."""

    def put(self, at: RowId, row: Record | None, write: Write) -> None:
        table = self.database.tables[at.table]
        old = table.rows.get(at.number)
        self.before.setdefault(at, None if old is None else dict(old))
        self.writers[at] = write
        table.put(at.number, row)

    def within(self) -> Session:
        """Return a transaction inside of this one."""
        return Session(self.database, {}, {}, dict(self.database.crosswalk))

    def take(self, inner: Session) -> None:
        """Make what was done inside a part of this one."""
        for at, row in inner.before.items():
            self.before.setdefault(at, row)
        self.writers.update(inner.writers)

    def rollback(self) -> None:
        for at, row in self.before.items():
            self.database.tables[at.table].put(at.number, row)
        self.database.crosswalk = self.crosswalk

    def effects(self) -> Iterable[Effect]:
        for at, old in self.before.items():
            new = self.database.tables[at.table].rows.get(at.number)
            if new is None and old is not None:
                yield Effect(at.table, Op.DELETE, old)
            elif new is not None and new != old:
                yield Effect(at.table, Op.INSERT if old is None else Op.UPDATE, dict(new))


def check(session: Session) -> None:
    """Check the constraints that the touched rows are under. Raises `BadRow` for the write that broke one."""
    for at, write in session.writers.items():
        table = session.database.tables[at.table]
        row = table.rows.get(at.number)
        broken = _orphans(session, at) if row is None else _broken(session, table, row) or _orphans(session, at)
        if broken:
            raise BadRow(
                f"mapping {write.plan.mapping}: {at.table}: constraint {broken} fails (key {key_text(write.key)})",
                "Mend the row at the source, or the mapping.",
                waits=broken in _references(session.database),
            )


def _broken(session: Session, table: MemoryTable, row: Record) -> str:
    """Return the constraint that the row breaks, or nothing."""
    for column in table.definition.columns:
        if row[column.name] is None and not column.nullable:
            return f"not null ({column.name})"
    for unique in table.definition.uniques:
        values = _pick(row, unique.columns)
        if None not in values and len(table.find(unique.columns, values)) > 1:
            return unique.name
    for key in table.definition.foreign_keys:
        values = _pick(row, key.columns)
        if None not in values and not session.database.tables[key.parent].find(key.parent_columns, values):
            return key.name
    return ""


def _orphans(session: Session, at: RowId) -> str:
    """Return the foreign key by which rows still point at what this row was, or nothing."""
    old = session.before[at]
    if old is None:
        return ""
    for child in session.database.tables.values():
        for key in child.definition.foreign_keys:
            if key.parent != at.table:
                continue
            values = _pick(old, key.parent_columns)
            if (
                None not in values
                and child.find(key.columns, values)
                and not session.database.tables[at.table].find(key.parent_columns, values)
            ):
                return key.name
    return ""


def _references(database: MemoryDatabase) -> set[str]:
    return {key.name for table in database.tables.values() for key in table.definition.foreign_keys}
