"""Batches → rows in dictionaries: the reference target. Writes are applied one by one in source order; keys are checked at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from cdc.model.change import ABSENT, Op, Row, Value
from cdc.model.errors import BadRow, Fenced, Held, Incomplete, Misconfigured
from cdc.model.reference import Lookup, Match
from cdc.model.table import Column
from cdc.model.write import Applied, Batch, Checkpoint, Deletes, Phase, TargetPlan, Write
from cdc.target.clock import wins
from cdc.target.memory_parked import MemoryParked
from cdc.target.memory_rows import MemoryDatabase, Record, RowId, Session, Stored, Values, check
from cdc.target.plans import Plans, owner_of
from cdc.target.reference import entered, node, refers, resolve
from cdc.target.singly import one_by_one
from cdc.target.store import Found, Texts
from cdc.target.tally import Tally
from cdc.target.underway import Underway

__all__ = ["MemoryDatabase", "MemoryStore", "MemoryTarget"]

_Way: TypeAlias = Callable[[Session, Write, str, Tally], None]


class MemoryStore:
    """A `Store` over a `MemoryDatabase`."""

    reserves = True

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def find(self, lookup: Lookup, keys: Sequence[Texts]) -> Found:
        table, by = self._database.tables[lookup.table.name], tuple(column.name for column in lookup.by)
        return {key: [table.rows[number][lookup.take.name] for number in table.find(by, key)] for key in keys}

    def agreeing(self, match: Match, keys: Sequence[Texts]) -> Found:
        table, by = self._database.tables[match.table.name], tuple(column.name for column in match.by)
        rows = {key: [table.rows[number] for number in table.find(by, key)] for key in keys}
        return {key: [row[match.take.name] for row in found if not _has(row, match.marks)] for key, found in rows.items()}

    def entries(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, str]:
        return {key: found for key in keys if (found := self._database.crosswalk.get((entity, node, key))) is not None}

    def sources(self, entity: str, node: str, most: int) -> Sequence[str]:
        return sorted(key for of, at, key in self._database.crosswalk if (of, at) == (entity, node))[:most]

    def record(self, entity: str, node: str, entries: Mapping[str, str]) -> None:
        self._database.crosswalk |= {(entity, node, source): target for source, target in entries.items()}

    def rename(self, entity: str, node: str, old: str, new: str) -> None:
        self._database.crosswalk[entity, node, new] = self._database.crosswalk.pop((entity, node, old))

    def shared(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, int]:
        mine = Counter(target for (of, at, _), target in self._database.crosswalk.items() if (of, at) == (entity, node))
        return {key: mine[key] for key in keys if mine[key] > 1}

    def taken(self, entity: str, node: str, keys: Sequence[str]) -> AbstractSet[str]:
        mine = {target for (of, at, _), target in self._database.crosswalk.items() if (of, at) == (entity, node)}
        return mine.intersection(keys)

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
        self._underway = Underway()
        self._open: Session | None = None
        """A transaction whose end has not come."""
        self.parked = MemoryParked(database, pipeline)

    def checkpoint(self) -> Checkpoint:
        holder = self._database.holders.setdefault(self._pipeline, self)
        if holder is not self:
            raise Held(f"pipeline {self._pipeline} runs in another session ({id(holder):x})", "Stop the other one first.")
        stored = self._database.checkpoints.get(self._pipeline) or Stored(Checkpoint(None, Phase.LOADING, 0, 0.0))
        self._seq, self._epoch = stored.seq, stored.epoch + 1
        self.parked.version = self._database.parked_versions[self._pipeline]
        self._database.checkpoints[self._pipeline] = Stored(stored.checkpoint, stored.origin, self._seq, self._epoch)
        return stored.checkpoint

    def apply(self, batch: Batch) -> Applied:
        stored = self._database.checkpoints.get(self._pipeline)
        if stored is None or (stored.seq, stored.epoch) != (self._seq, self._epoch):
            raise Fenced(f"another process moved the checkpoint of pipeline {self._pipeline}", "Let one process run it.")
        self.parked.prove()
        try:
            return self._transaction(stored, batch, self._one)
        except BadRow:
            return self._transaction(stored, batch, self._strictly)

    def _transaction(self, stored: Stored, batch: Batch, way: _Way) -> Applied:
        whole = self._open or Session(self._database, {}, {}, dict(self._database.crosswalk))
        part, source, tally = whole.within(), node(batch), Tally()
        try:
            one_by_one(batch.writes, lambda write: way(part, write, source, tally), tally)
            check(part)
        except BaseException:
            part.rollback()
            raise
        whole.take(part)
        self._open = None if batch.ends else whole
        applied = self._underway.takes(batch, tally)
        if batch.ends:
            self._database.effects += whole.effects()
            self.parked.put(batch)
            self._seq += 1
            after = _after(stored.checkpoint, batch, self._underway.writes)
            self._database.checkpoints[self._pipeline] = Stored(after, batch.origin, self._seq, self._epoch)
        return applied

    def _one(self, session: Session, write: Write, source: str, tally: Tally) -> None:
        """Apply one write."""

        def each(writes: Sequence[Write]) -> None:
            for one in writes:
                _write(session, one, tally)

        if self._plans is None:
            each([write])
            return
        known = dict(self._database.crosswalk)
        try:
            resolve(self._plans, MemoryStore(self._database), [write], source, tally, each)
        except (BadRow, Incomplete):
            self._database.crosswalk = known
            raise

    def _strictly(self, session: Session, write: Write, source: str, tally: Tally) -> None:
        """Apply one write and check what it touched at once; when it is refused, nothing of it is left."""
        inner, counted = session.within(), Tally()
        try:
            self._one(inner, write, source, counted)
            check(inner)
        except (BadRow, Incomplete):
            inner.rollback()
            raise
        session.take(inner)
        tally.take(counted)

    def held(self, plan: TargetPlan, node: str, most: int) -> Sequence[Row]:
        if owner := owner_of(plan):
            return entered(owner, MemoryStore(self._database), node, most)
        rows = self._database.rows(plan.table.name)
        return [tuple(row[plan.columns[at].name] for at in plan.key) for row in rows if not plan.scope or _has(row, plan.scope)][:most]

    def ping(self) -> None:
        self.parked.prove()

    def close(self) -> None:
        if self._open is not None:
            self._open.rollback()
            self._open = None
        if self._database.holders.get(self._pipeline) is self:
            del self._database.holders[self._pipeline]


def _after(old: Checkpoint, batch: Batch, writes: int) -> Checkpoint:
    return Checkpoint(batch.upto, batch.phase, old.rows + writes, batch.newest or old.newest)


def _write(session: Session, write: Write, tally: Tally) -> None:
    if write.image is None:
        effect = _delete(session, write)
    elif write.moved is None:
        effect = _upsert(session, write, write.image, write.key, tally)
    else:
        effect = _move(session, write, write.image, write.moved, tally)
    tally.add(write.plan.mapping, effect)


def _delete(session: Session, write: Write) -> Op | None:
    at = _find(session, write.plan, write.key)
    return None if at is None else _remove(session, at, write)


def _remove(session: Session, at: RowId, write: Write) -> Op | None:
    if write.plan.deletes in (Deletes.HARD, Deletes.PARK):
        session.put(at, None, write)
        return Op.DELETE
    if write.plan.deletes is Deletes.SOFT:
        marks = {column.name: text for column, text in write.plan.soft_delete}
        return _change(session, at, marks, write) and Op.DELETE
    return None


def _move(session: Session, write: Write, image: Values, moved: Values, tally: Tally) -> Op | None:
    old, new = _find(session, write.plan, moved), _find(session, write.plan, write.key)
    if new is None and old is not None:
        return _upsert(session, write, image, moved, tally)
    if ABSENT in image:
        raise Incomplete([write])
    if old is None or old == new:
        return _upsert(session, write, image, write.key, tally)
    effect = _upsert(session, write, image, write.key, tally)
    return _remove(session, old, write) or effect


def _upsert(session: Session, write: Write, image: Values, key: Values, tally: Tally) -> Op | None:
    """Make the row at `key` so; the image names the columns that it carries."""
    at = _find(session, write.plan, key)
    if ABSENT in image and (at is None or _marked(session, at, write.plan)):
        raise Incomplete([write])
    if at is not None:
        return _change(session, at, _named(write.plan, image, write.plan.once | _newer(session, at, write.plan, image, tally)), write)
    number, made = session.database.tables[write.plan.table.name].blank()
    session.put(RowId(write.plan.table.name, number), {**made, **_named(write.plan, image, write.plan.later)}, write)
    return Op.INSERT


def _newer(session: Session, at: RowId, plan: TargetPlan, image: Values, tally: Tally) -> frozenset[int]:
    """Return the positions of what the row keeps, since it is newer."""
    if plan.newest is None:
        return frozenset()
    row = session.database.tables[at.table].rows[at.number]
    if wins(plan.newest, image[plan.newest.clock], row[plan.columns[plan.newest.clock].name]):
        return frozenset()
    there = [(image[i], row[plan.columns[i].name]) for i in plan.newest.columns]
    tally.keep(plan.mapping, any(given is not ABSENT and given != found for given, found in there))
    return plan.newest.columns


def _named(plan: TargetPlan, image: Values, apart: frozenset[int]) -> Record:
    """The columns that the image carries, some apart."""
    columns = enumerate(zip(plan.columns, image, strict=True))
    return {column.name: text for at, (column, text) in columns if text is not ABSENT and at not in apart}


def _marked(session: Session, at: RowId, plan: TargetPlan) -> bool:
    """Return whether a soft delete has marked the row: it was not followed since."""
    row = session.database.tables[at.table].rows[at.number]
    return _has(row, plan.soft_delete)


def _has(row: Record, marks: Iterable[tuple[Column, Value]]) -> bool:
    """Return whether a soft delete has set all of this."""
    marked = [row[column.name] == text for column, text in marks]
    return bool(marked) and all(marked)


def _change(session: Session, at: RowId, named: Mapping[str, Value], write: Write) -> Op | None:
    row = session.database.tables[at.table].rows[at.number]
    made = {**row, **named}
    if made == row:
        return None
    session.put(at, made, write)
    return Op.UPDATE


def _find(session: Session, plan: TargetPlan, key: Values) -> RowId | None:
    found = session.database.tables[plan.table.name].find(tuple(plan.columns[i].name for i in plan.key), key)
    return RowId(plan.table.name, found[0]) if found else None
