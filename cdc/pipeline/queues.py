"""What waits where: each mapping's source keys with the ids of the row changes that wait there, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from cdc.model.change import Change, Row
from cdc.model.parked import Parked, ParkedKey, source_keys
from cdc.pipeline.schedule import Spot


class Queues:
    def __init__(self, clock: Callable[[], float]) -> None:
        self.held: dict[str, dict[Row, list[int]]] = defaultdict(dict)
        """Mapping → source key → ids; none yet for what the batch at hand parks."""
        self.entries: dict[int, ParkedKey] = {}
        self.last = 0
        """The greatest id that was ever here."""
        self._clock = clock
        self._born: dict[int, float] = {}
        """Id → when it was parked, by our clock."""

    def holds(self, mapping: str, change: Change) -> bool:
        """Return whether an earlier change of the row waits."""
        held = self.held[mapping]
        return any(key in held for key in source_keys(change))

    def holding(self) -> frozenset[str]:
        """Return the mappings that have keys here."""
        return frozenset(mapping for mapping, keys in self.held.items() if keys)

    def add(self, one: ParkedKey) -> None:
        if one.id in self.entries:
            return
        self.last = max(self.last, one.id)
        self.entries[one.id] = one
        self._born[one.id] = self._clock() - one.age
        for key in one.keys:
            self.held[one.mapping].setdefault(key, []).append(one.id)

    def learn(self, parked: Iterable[Parked]) -> None:
        """What waits already has got other causes."""
        for one in parked:
            if one.id in self.entries and one.cause is not None:
                self.entries[one.id] = replace(self.entries[one.id], waits=one.cause.waits)

    def drop(self, ids: Iterable[int]) -> Iterator[Spot]:
        """Take these out; yield the keys at which nothing waits any more."""
        for one in [self.entries.pop(number) for number in ids if number in self.entries]:
            del self._born[one.id]
            held = self.held[one.mapping]
            for key in one.keys:
                held[key].remove(one.id)
                if not held[key]:
                    del held[key]
                    yield one.mapping, key

    def age(self) -> float:
        """Return for how many seconds the oldest has waited; 0: nothing waits."""
        return self._clock() - next(iter(self._born.values())) if self._born else 0.0

    def waiting(self, mapping: str) -> Iterator[Spot]:
        """Yield a mapping's keys whose first change waits for other rows."""
        return ((mapping, key) for key, ids in self.held[mapping].items() if ids and self.entries[ids[0]].waits)

    def spots(self) -> list[Spot]:
        """Return all keys at which something waits."""
        return [(mapping, key) for mapping, keys in self.held.items() for key in keys]

    def linked(self, spot: Spot, seen: Collection[int]) -> list[int]:
        """Return the ids of what waits at a key and at those that it is linked to by changes of keys, in order, but for those seen."""
        found: set[int] = set()
        todo = [spot]
        while todo:
            mapping, key = todo.pop()
            for number in self.held[mapping].get(key, ()):
                if number not in found and number not in seen:
                    found.add(number)
                    todo += [(mapping, other) for other in self.entries[number].keys if other != key]
        return sorted(found)
