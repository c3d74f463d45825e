"""A pipeline's parked row changes in a database in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cdc.model.errors import ParkedChanged
from cdc.model.parked import Parked, ParkedKey, source_keys
from cdc.model.write import Batch
from cdc.target.memory_rows import MemoryDatabase


class MemoryParked:
    """`ParkedRows` over a `MemoryDatabase`."""

    def __init__(self, database: MemoryDatabase, pipeline: str) -> None:
        self._database, self._pipeline = database, pipeline
        self.version = -1

    def keys(self, after: int = 0) -> Sequence[ParkedKey]:
        self.version = self._database.parked_versions[self._pipeline]
        found = self._database.parked.get(self._pipeline, {}).items()
        return [_key(number, one) for number, one in found if number > after]

    def entries(self, ids: Sequence[int]) -> Sequence[Parked]:
        found = self._database.parked.get(self._pipeline, {})
        return [replace(found[number], id=number) for number in sorted(ids) if number in found]

    def put(self, batch: Batch) -> None:
        rows = self._database.parked.setdefault(self._pipeline, {})
        for number in batch.released:
            rows.pop(number, None)
        for one in batch.parked:
            if not one.id:
                rows[next(self._database.parked_ids)] = one
            elif one.id in rows:
                rows[one.id] = replace(rows[one.id], cause=one.cause, asked=one.asked)

    def prove(self) -> None:
        if self._database.parked_versions[self._pipeline] != self.version:
            raise ParkedChanged


def _key(number: int, one: Parked) -> ParkedKey:
    return ParkedKey(number, one.mapping, source_keys(one.change), one.cause is not None and one.cause.waits, one.asked, 0.0, 0.0)
