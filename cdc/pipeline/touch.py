"""Changes to the root keys of query mappings that they touch, each key once, and whether those have been quiet for long enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from cdc.mapping.plan import QueryPlan, Touches
from cdc.model.change import Change, Op, Position, Row
from cdc.model.table import Table
from cdc.model.write import Touched
from cdc.pipeline.translate import FILTER, unseen

_PATIENCE = 10.0
"""Seconds that a batch waits for its keys to become quiet, at most."""
_UNSEEN = (Op.TRUNCATE, Op.LOST)


class Touching(dict[Table, Sequence[tuple[QueryPlan, Touches]]]):
    """Table shape → the query mappings that read such a table, compiled when the shape first comes."""

    def __init__(self, queries: Sequence[QueryPlan]) -> None:
        super().__init__()
        self._queries = queries

    def __missing__(self, table: Table) -> Sequence[tuple[QueryPlan, Touches]]:
        made = tuple((query, query.touches(table)) for query in self._queries if table.name in query.tables)
        self[table] = made
        return made


class TouchedKeys:
    """What an open batch has touched so far."""

    def __init__(self) -> None:
        self.count = 0
        """Changes that touched any, so that a key which is touched again and again fills a batch, too."""
        self._keys: dict[QueryPlan, dict[Row, None]] = {}
        self._asked: dict[tuple[QueryPlan, int], dict[Row, None]] = {}
        self._settle = 0.0
        self._stirred = False
        self._first = self._last = 0.0

    def add(
        self, change: Change, touching: Sequence[tuple[QueryPlan, Touches]], skipped: Counter[tuple[str, str]], *, echo: bool = False
    ) -> None:
        """Take in what a change touches. The old row counts like the new one: a child that moves leaves a root behind.

        An echo's row touches the roots that depend on it, and none of its own: what it says of that one came from the target.
        """
        rows = [row for row in (change.old, change.new) if row is not None]
        for plan, touches in touching:
            if change.op in _UNSEEN:
                skipped[plan.target.mapping, unseen(plan.target.mapping, change, plan.truncates)] += 1
                continue
            keys = [key for key_of in (touches.led if echo else touches.keys) for row in rows if (key := key_of(row)) is not None]
            if keys:
                self._keys.setdefault(plan, {}).update(dict.fromkeys(keys))
            for place, values_of in touches.asked:
                if values := [found for row in rows if (found := values_of(row)) is not None]:
                    self._asked.setdefault((plan, place), {}).update(dict.fromkeys(values))
                    keys += values
            if not keys:
                skipped[plan.target.mapping, FILTER] += not echo
                continue
            self.count += 1
            self._settle, self._stirred = max(self._settle, plan.settle), True

    def touched(self, since: Position) -> tuple[Touched, ...]:
        """Return what was touched by transactions that ended at `since` or before."""
        plans = dict.fromkeys([*self._keys, *(plan for plan, _ in self._asked)])
        return tuple(Touched(plan.target, tuple(self._keys.get(plan, ())), self._asked_by(plan), since) for plan in plans)

    def unquiet(self, clock: Callable[[], float]) -> bool:
        """Return whether keys have been touched too lately to be asked for, and may be waited for still."""
        if not self._settle:
            return False
        now = self._time(clock)
        return now - self._last < self._settle and now - self._first < _PATIENCE

    def overdue(self, clock: Callable[[], float]) -> bool:
        """Return whether the batch has waited for its keys for as long as it may, though they are touched again and again."""
        return bool(self._settle) and self._time(clock) - self._first >= _PATIENCE

    def _asked_by(self, plan: QueryPlan) -> dict[int, tuple[Row, ...]]:
        return {place: tuple(values) for (other, place), values in self._asked.items() if other is plan}

    def _time(self, clock: Callable[[], float]) -> float:
        now = clock()
        if self._stirred:
            self._first, self._last, self._stirred = self._first or now, now, False
        return now
