"""When parked keys are tried again: at once when something says that it may help, and else after growing pauses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import TypeAlias

from cdc.model.change import Row
from cdc.model.reference import Lookup, Xref
from cdc.model.table import TableName
from cdc.model.write import TargetPlan

Spot: TypeAlias = tuple[str, Row]
"""A mapping and one of its source keys."""

FIRST, LONGEST = 5.0, 600.0
"""Seconds before a key is tried again: doubling from the first to the longest."""
SOON = 1.0
"""Seconds until a key is tried again behind which another change has come: it may be the one that mends the row."""
_WORK = 0.1
"""The part of the time that is spent on keys that fail again."""


class Schedule:
    def __init__(self) -> None:
        self._ready: dict[Spot, None] = {}
        self._pauses: list[tuple[float, int, Spot]] = []
        self._due: dict[Spot, float] = {}
        self._tries: dict[Spot, int] = {}
        self._count = 0
        self._rest = float("-inf")

    def now(self, spots: Iterable[Spot]) -> None:
        """Let these be tried at the next opportunity."""
        for spot in spots:
            self._ready.setdefault(spot)

    def soon(self, spot: Spot, now: float, pause: float = SOON) -> None:
        due = now + pause
        if due < self._due.get(spot, float("inf")):
            self._due[spot] = due
            self._count += 1
            heappush(self._pauses, (due, self._count, spot))

    def failed(self, spot: Spot, now: float) -> None:
        """It was tried, and fails still."""
        tries = self._tries[spot] = self._tries.get(spot, 0) + 1
        self._due.pop(spot, None)
        self.soon(spot, now, min(LONGEST, FIRST * 2.0 ** min(tries - 1, 16)))

    def forget(self, spot: Spot) -> None:
        """It waits no more."""
        for known in (self._ready, self._due, self._tries):
            known.pop(spot, None)

    def due(self, now: float) -> bool:
        """Return whether there is anything to try."""
        return now >= self._rest and (bool(self._ready) or self._over(now))

    def pick(self, now: float, count: int) -> Sequence[Spot]:
        """Take the next ones to try."""
        while self._over(now):
            due, _, spot = heappop(self._pauses)
            if self._due.get(spot) == due:
                del self._due[spot]
                self._ready.setdefault(spot)
        picked = [spot for spot, _ in zip(self._ready, range(count), strict=False)]
        for spot in picked:
            del self._ready[spot]
        return picked

    def _over(self, now: float) -> bool:
        return len(self._pauses) > 0 and self._pauses[0][0] <= now

    def rests(self, now: float, spent: float) -> None:
        """Time was spent in vain: leave the rest of it to others."""
        self._rest = now + spent * (1 / _WORK - 1)


def related(plans: Sequence[TargetPlan]) -> Mapping[str, frozenset[TableName]]:
    """Return mapping → the tables of the target whose rows may mend what its rows wait for."""
    owners = {one.entity: plan.table.name for plan in plans for one in plan.references if isinstance(one, Xref) and one.maker is not None}
    return {plan.mapping: frozenset(_related(plan, plans, owners)) for plan in plans}


def _related(plan: TargetPlan, plans: Sequence[TargetPlan], owners: Mapping[str, TableName]) -> Iterable[TableName]:
    yield from (key.parent for key in plan.table.foreign_keys)
    yield from (other.table.name for other in plans if any(key.parent == plan.table.name for key in other.table.foreign_keys))
    for one in plan.references:
        if isinstance(one, Lookup):
            yield one.table.name
        elif one.entity in owners:
            yield owners[one.entity]
