"""What becomes of row changes that can't be mapped or written: parked with the batch, counted against the budget, tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from cdc.mapping.change_row import identity_of
from cdc.model.change import Change, Origin, Position, Row
from cdc.model.errors import BadRow, Refused
from cdc.model.parked import Parked, ParkedKey, cause, source_keys
from cdc.model.write import Applied, Batch, TargetPlan
from cdc.pipeline.budget import Budget, Shares, check_age, check_rows
from cdc.pipeline.emptied import last_emptied
from cdc.pipeline.queues import Queues
from cdc.pipeline.rest import Rest
from cdc.pipeline.schedule import Schedule, Spot, related
from cdc.pipeline.step import Holding
from cdc.target.base import ParkedRows

_LARGEST = 1_000_000
"""Characters of a row change, both rows together, that are kept while it waits."""
_LONGEST = 10_000
"""Row changes of one key that are tried together; what is behind them comes next."""


class Parking:
    """One run's parked keys. Changes of it are those that the target has committed."""

    def __init__(self, plans: Sequence[TargetPlan], queries: Iterable[TargetPlan], budget: Budget, clock: Callable[[], float]) -> None:
        self.queues = Queues(clock)
        self.schedule = Schedule()
        self._halting = frozenset(plan.mapping for plan in plans if plan.halts)
        self._queries = frozenset(plan.mapping for plan in queries)
        self._related = related(plans)
        self._budget, self._clock, self._shares = budget, clock, Shares(budget)
        self._news = _News()
        self.rest = Rest()

    def parked(self, mapping: str, change: Change, at: float | None, where: tuple[Position, Origin], error: BadRow | None) -> Parked:
        """Return what is parked instead of a write, and let later changes of the row queue behind it. Raises the error where the mapping halts.

        `error` None: it waits behind another. A query mapping's row is asked for anew each time, so that it waits once.
        """
        if error is not None and mapping in self._halting:
            raise error
        known = 0
        for key in source_keys(change):
            ids = self.queues.held[mapping].setdefault(key, [])
            known = ids[0] if ids and mapping in self._queries else known
        return Parked(mapping, _kept(change), at, *where, cause(error) if error is not None else None, known)

    def empty(self, mapping: str) -> dict[int, str]:
        """A TRUNCATE takes all rows of a mapping: return what is to be released, and know of nothing that waits there."""
        ids = {one.id: mapping for one in self.queues.entries.values() if one.mapping == mapping}
        self._drop(ids)
        self.queues.held[mapping].clear()
        return ids

    def instead(self, batch: Batch, refused: Refused) -> Batch:
        """Return the batch with what was refused, and what comes behind it, parked.

        What an earlier round has parked, and what was parked before it was written at all, comes later in its key's order. What a
        TRUNCATE behind it takes away is not parked, but left out.
        """
        errors = {id(write): error for write, error in refused.refused}
        where, taken = (batch.upto, batch.origin[:-1]), set[Spot]()
        writes, parked = [], []
        emptied = last_emptied(batch) if batch.empties else {}
        for at, write in enumerate(batch.writes):
            mapping, error = write.plan.mapping, errors.get(id(write))
            spots = {(mapping, key) for key in source_keys(write.change)}
            if error is None and taken.isdisjoint(spots):
                writes.append(write)
            elif at < emptied.get(write.plan, -1):
                continue
            else:
                taken |= spots
                parked.append(self.parked(mapping, write.change, write.committed_at, where, error))
        staying = {one.id for one in parked}
        released = {number: mapping for number, mapping in batch.released.items() if number not in staying}
        return replace(batch, writes=tuple(writes), parked=(*parked, *batch.parked), released=released)

    def answered(self, mapping: str, keys: Iterable[Row], parked: Iterable[Parked]) -> dict[int, str]:
        """Return what a query mapping's keys, asked for anew, release: all that waited there and is not parked again."""
        again = {one.id for one in parked}
        held = self.queues.held[mapping]
        return {number: mapping for key in keys for number in held.get(key, ()) if number not in again}

    def check(self, batch: Batch) -> None:
        """Raise `TooManyParked` when the batch parks more than may be."""
        if new := sum(not one.id for one in batch.parked):
            check_rows(self._budget, len(self.queues.entries) + new)
            self._shares.check(batch)

    def applied(self, batch: Batch, applied: Applied, rows: ParkedRows) -> None:
        """A batch is durable: know of what it has parked and released, and of what it may help."""
        self._shares.count(batch, applied)
        if batch.parked or batch.released:
            self._news.parks(batch)
            self._drop(batch.released)
            self.queues.learn(batch.parked)
            for one in rows.keys(self.queues.last):
                self.queues.add(one)
                for key in one.keys:
                    self.schedule.soon((one.mapping, key), self._clock())
        if self.queues.entries and batch.writes:
            self._wake({write.plan for write in batch.writes})

    def load(self, found: Sequence[ParkedKey]) -> None:
        """Begin with what the target has; all of it is tried at once: the mappings may be others than they were."""
        self.reload(found)
        self.schedule.now(self.queues.spots())

    def reload(self, found: Sequence[ParkedKey]) -> None:
        """An operator has been there: know what waits now, and try at once what he asks for."""
        there = {one.id for one in found}
        gone = {number: one.mapping for number, one in self.queues.entries.items() if number not in there}
        self._news.skipped.update(gone.values())
        self._drop(gone)
        for one in found:
            self.queues.add(one)
        self.schedule.now((one.mapping, key) for one in found if one.asked for key in one.keys)
        self._news.stirred |= bool(gone or found)

    def after(self, found: Sequence[ParkedKey], batch: Batch) -> Batch:
        """An operator has been there: return the batch by what waits now. What was to get another cause, and is gone, is parked anew."""
        self.reload(found)
        known = self.queues.entries
        return replace(batch, parked=[replace(one, id=one.id if one.id in known else 0) for one in batch.parked])

    def linked(self, spots: Iterable[Spot], limit: int) -> Iterator[list[int]]:
        """Yield the ids of what waits at each of the keys and at those linked to it, in order.

        When there are `limit` in all, the rest of the keys have their turn the next time.
        """
        seen: set[int] = set()
        for spot in spots:
            if len(seen) >= limit:
                self.schedule.now([spot])
            elif ids := self.queues.linked(spot, seen):
                seen.update(ids)
                yield ids[:_LONGEST]

    def standing(self) -> Holding | None:
        """Return what there is to tell of since the last time. Raises `TooManyParked` when something waits for too long."""
        check_age(self._budget, self.queues.age())
        return self._news.told(self.queues.entries.values())

    def _wake(self, wrote: Iterable[TargetPlan]) -> None:
        """Try the keys again that wait for rows of these tables."""
        tables = {plan.table.name for plan in wrote}
        for mapping, others in self._related.items():
            if not tables.isdisjoint(others):
                self.schedule.now(self.queues.waiting(mapping))

    def _drop(self, ids: Iterable[int]) -> None:
        for spot in self.queues.drop(ids):
            self.schedule.forget(spot)


class _Nowhere(Parking):
    def parked(self, mapping: str, change: Change, at: float | None, where: tuple[Position, Origin], error: BadRow | None) -> Parked:
        return Parked(mapping, change, at, *where, cause(error) if error is not None else None)


def nowhere() -> Parking:
    """Return what keeps what can't be mapped out of the way, where nobody asks for it: nothing queues behind it, a deletion least of all."""
    return _Nowhere((), (), Budget(), lambda: 0.0)


def _kept(change: Change) -> Change:
    """Return what is kept of a row change: of a very large one the keys, and its row is read from the source when it is tried again.

    A server takes statements up to a size that is its own business, and what waits is tried again many rows at a time.
    """
    size = sum(len(text) for row in (change.old, change.new) if row is not None for text in row if isinstance(text, str))
    if size <= _LARGEST or not change.table.key:
        return change
    old, new = (None if row is None else identity_of(change.table, row) for row in (change.old, change.new))
    return Change(change.table, change.op, old, new)


class _News:
    """What has become of parked row changes since the last time that somebody was told."""

    def __init__(self) -> None:
        self.stirred = False
        self.parked: Counter[tuple[str, str, str, str]] = Counter()
        self.released: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()

    def parks(self, batch: Batch) -> None:
        self.stirred = True
        for one in batch.parked:
            if one.cause is not None and not one.id:
                self.parked[one.mapping, one.cause.fingerprint, one.cause.message, one.cause.hint] += 1
        self.released.update(batch.released.values())

    def told(self, entries: Iterable[ParkedKey]) -> Holding | None:
        if not self.stirred:
            return None
        known = list(entries)
        rows = Counter(one.mapping for one in known)
        told = Holding(rows, min((one.parked_at for one in known), default=0.0), self.parked, self.released, self.skipped)
        self.stirred, self.parked, self.released, self.skipped = False, Counter(), Counter(), Counter()
        return told
