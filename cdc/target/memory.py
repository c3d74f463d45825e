"""Batches → rows in dictionaries: the reference target. Writes are applied one by one in source order; keys are checked at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import NamedTuple

from cdc.model.change import ABSENT, Op, Origin, Value
from cdc.model.errors import BadRow, Fenced, Held, Incomplete, Misconfigured, key_text
from cdc.model.reference import Lookup
from cdc.model.table import Definition, TableName
from cdc.model.value import identity, value
from cdc.model.write import Applied, Batch, Checkpoint, Deletes, Phase, TargetPlan, Write
from cdc.target.plans import Plans
from cdc.target.reference import node, refers, resolve
from cdc.target.singly import one_by_one
from cdc.target.store import Found, Texts
from cdc.target.tally import Tally

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
class _Stored:
    """A pipeline's row of the checkpoint table."""

    checkpoint: Checkpoint
    origin: Origin = ()
    seq: int = 0
    epoch: int = 0


class MemoryDatabase:
    """What outlives a target's session: tables, checkpoints, locks, and the log of effects."""

    def __init__(self) -> None:
        self.tables: dict[TableName, MemoryTable] = {}
        self.checkpoints: dict[str, _Stored] = {}
        self.holders: dict[str, MemoryTarget] = {}
        self.effects: list[Effect] = []
        self.crosswalk: dict[tuple[str, str, str], str] = {}
        """(entity, node, source key) → target key."""

    def create(self, definition: Definition, defaults: Mapping[str, str] = MappingProxyType({})) -> None:
        self.tables[definition.name] = MemoryTable(definition, defaults)

    def insert(self, name: TableName, row: Mapping[str, Value]) -> None:
        """Insert a row as an application does: without effects or checks."""
        number, made = self.tables[name].blank()
        self.tables[name].put(number, {**made, **row})

    def rows(self, name: TableName) -> list[Record]:
        return list(self.tables[name].rows.values())


@identity
class _Session:
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


class MemoryStore:
    """A `Store` over a `MemoryDatabase`."""

    reserves = True

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def find(self, lookup: Lookup, keys: Sequence[Texts]) -> Found:
        table, by = self._database.tables[lookup.table.name], tuple(column.name for column in lookup.by)
        return {key: [table.rows[number][lookup.take.name] for number in table.find(by, key)] for key in keys}

    def entries(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, str]:
        return {key: found for key in keys if (found := self._database.crosswalk.get((entity, node, key))) is not None}

    def record(self, entity: str, node: str, entries: Mapping[str, str]) -> None:
        self._database.crosswalk |= {(entity, node, source): target for source, target in entries.items()}

    def rename(self, entity: str, node: str, old: str, new: str) -> None:
        self._database.crosswalk[entity, node, new] = self._database.crosswalk.pop((entity, node, old))

    def shared(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, int]:
        mine = Counter(target for (of, at, _), target in self._database.crosswalk.items() if (of, at) == (entity, node))
        return {key: mine[key] for key in keys if mine[key] > 1}

    def forget(self, entity: str, node: str, key: str) -> None:
        del self._database.crosswalk[entity, node, key]

    def reserve(self, plan: TargetPlan, count: int) -> Sequence[str]:
        name = plan.columns[plan.key[0]].name
        table = self._database.tables[plan.table.name]
        return [str(table.blank()[1][name]) for _ in range(count)]

    def create(self, plan: TargetPlan, places: Sequence[int], rows: Sequence[Values]) -> Sequence[str]:
        raise NotImplementedError  # keys are reserved


class MemoryTarget:
    """A `Target` over a `MemoryDatabase`."""

    def __init__(self, database: MemoryDatabase, pipeline: str, plans: Sequence[TargetPlan]) -> None:
        if unknown := [str(plan.table.name) for plan in plans if plan.table.name not in database.tables]:
            raise Misconfigured(f"tables do not exist: {', '.join(unknown)}", "Make them first.")
        self._database = database
        self._pipeline = pipeline
        self._plans = Plans(plans) if refers(plans) else None
        self._seq = self._epoch = -1

    def checkpoint(self) -> Checkpoint:
        holder = self._database.holders.setdefault(self._pipeline, self)
        if holder is not self:
            raise Held(f"pipeline {self._pipeline} runs in another session ({id(holder):x})", "Stop the other one first.")
        stored = self._database.checkpoints.get(self._pipeline) or _Stored(Checkpoint(None, Phase.LOADING, 0, 0.0))
        self._seq, self._epoch = stored.seq, stored.epoch + 1
        self._database.checkpoints[self._pipeline] = _Stored(stored.checkpoint, stored.origin, self._seq, self._epoch)
        return stored.checkpoint

    def apply(self, batch: Batch) -> Applied:
        stored = self._database.checkpoints.get(self._pipeline)
        if stored is None or (stored.seq, stored.epoch) != (self._seq, self._epoch):
            raise Fenced(f"another process moved the checkpoint of pipeline {self._pipeline}", "Let one process run it.")
        session = _Session(self._database, {}, {}, dict(self._database.crosswalk))
        tally = Tally()
        try:
            one_by_one(batch.writes, self._way(session, node(batch), tally), tally)
            _check(session)
        except BaseException:
            session.rollback()
            raise
        self._database.effects += session.effects()
        self._seq += 1
        self._database.checkpoints[self._pipeline] = _Stored(_after(stored.checkpoint, batch), batch.origin, self._seq, self._epoch)
        return tally.applied()

    def _way(self, session: _Session, source: str, tally: Tally) -> Callable[[Write], None]:
        """Return what applies one write."""
        plans, store = self._plans, MemoryStore(self._database)

        def each(writes: Sequence[Write]) -> None:
            for write in writes:
                _write(session, write, tally)

        return (lambda write: each([write])) if plans is None else (lambda write: resolve(plans, store, [write], source, tally, each))

    def ping(self) -> None:
        return

    def close(self) -> None:
        if self._database.holders.get(self._pipeline) is self:
            del self._database.holders[self._pipeline]


def _after(old: Checkpoint, batch: Batch) -> Checkpoint:
    return Checkpoint(batch.upto, batch.phase, old.rows + len(batch.writes), batch.newest or old.newest)


def _write(session: _Session, write: Write, tally: Tally) -> None:
    if write.image is None:
        effect = _delete(session, write)
    elif write.moved is None:
        effect = _upsert(session, write, write.image, write.key)
    else:
        effect = _move(session, write, write.image, write.moved)
    tally.add(write.plan.mapping, effect)


def _delete(session: _Session, write: Write) -> Op | None:
    at = _find(session, write.plan, write.key)
    return None if at is None else _remove(session, at, write)


def _remove(session: _Session, at: RowId, write: Write) -> Op | None:
    if write.plan.deletes is Deletes.HARD:
        session.put(at, None, write)
        return Op.DELETE
    if write.plan.deletes is Deletes.SOFT:
        marks = {column.name: text for column, text in write.plan.soft_delete}
        return _change(session, at, marks, write) and Op.DELETE
    return None


def _move(session: _Session, write: Write, image: Values, moved: Values) -> Op | None:
    old, new = _find(session, write.plan, moved), _find(session, write.plan, write.key)
    if new is None and old is not None:
        return _upsert(session, write, image, moved)
    if ABSENT in image:
        raise Incomplete([write])
    if old is None or old == new:
        return _upsert(session, write, image, write.key)
    effect = _upsert(session, write, image, write.key)
    return _remove(session, old, write) or effect


def _upsert(session: _Session, write: Write, image: Values, key: Values) -> Op | None:
    """Make the row at `key` so; the image names the columns that it carries."""
    at = _find(session, write.plan, key)
    if ABSENT in image and (at is None or _marked(session, at, write.plan)):
        raise Incomplete([write])
    if at is not None:
        return _change(session, at, _named(write.plan, image, write.plan.once), write)
    number, made = session.database.tables[write.plan.table.name].blank()
    session.put(RowId(write.plan.table.name, number), {**made, **_named(write.plan, image, write.plan.later)}, write)
    return Op.INSERT


def _named(plan: TargetPlan, image: Values, apart: frozenset[int]) -> Record:
    """The columns that the image carries, some apart."""
    columns = enumerate(zip(plan.columns, image, strict=True))
    return {column.name: text for at, (column, text) in columns if text is not ABSENT and at not in apart}


def _marked(session: _Session, at: RowId, plan: TargetPlan) -> bool:
    """Return whether a soft delete has marked the row: it was not followed since."""
    row = session.database.tables[at.table].rows[at.number]
    return bool(plan.soft_delete) and all(row[column.name] == text for column, text in plan.soft_delete)


def _change(session: _Session, at: RowId, named: Mapping[str, Value], write: Write) -> Op | None:
    row = session.database.tables[at.table].rows[at.number]
    made = {**row, **named}
    if made == row:
        return None
    session.put(at, made, write)
    return Op.UPDATE


def _find(session: _Session, plan: TargetPlan, key: Values) -> RowId | None:
    found = session.database.tables[plan.table.name].find(tuple(plan.columns[i].name for i in plan.key), key)
    return RowId(plan.table.name, found[0]) if found else None


def _check(session: _Session) -> None:
    """Check the constraints that the touched rows are under. Raises `BadRow` for the write that broke one."""
    for at, write in session.writers.items():
        table = session.database.tables[at.table]
        row = table.rows.get(at.number)
        broken = _orphans(session, at) if row is None else _broken(session, table, row) or _orphans(session, at)
        if broken:
            raise BadRow(
                f"mapping {write.plan.mapping}: {at.table}: constraint {broken} fails (key {key_text(write.key)})",
                "Mend the row at the source, or the mapping.",
            )


def _broken(session: _Session, table: MemoryTable, row: Record) -> str:
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


def _orphans(session: _Session, at: RowId) -> str:
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
