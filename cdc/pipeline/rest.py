"""What parts of a large transaction could not write: it waits for the transaction's end, where it is tried again with all that has come."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TypeAlias

from cdc.model.change import Row
from cdc.model.errors import Refused, TooManyParked
from cdc.model.parked import source_keys
from cdc.model.write import Batch, Write
from cdc.pipeline.emptied import last_emptied

MOST = 20_000
"""Writes that wait, at most: they are held in memory."""

_Spot: TypeAlias = tuple[object, Row]


class Rest:
    """The log tells of a deleted parent before its children, or of a unique value's new owner before the old one lets go.

    What comes behind a write that waits, by the source's key or the target's, waits behind it.
    """

    def __init__(self) -> None:
        self._writes: list[Write] = []
        self._spots: set[_Spot] = set()

    def due(self, batch: Batch) -> Batch:
        """Return what of a part can be written now, or the end with all that has waited. A TRUNCATE takes away what waits of its mapping."""
        if batch.empties:
            emptied = last_emptied(batch)
            self._writes = [write for write in self._writes if write.plan not in emptied]
            self._spots = {spot for write in self._writes for spot in _spots(write)}
        if not self._writes:
            return batch
        if not batch.ends:
            return self._without(batch, ())
        waiting, self._writes, self._spots = self._writes, [], set()
        return replace(batch, writes=(*waiting, *batch.writes))

    def instead(self, batch: Batch, refused: Refused) -> Batch:
        """Return the part without what was refused and what comes behind that. Raises `TooManyParked` when too much waits."""
        left = self._without(batch, {id(write) for write, _ in refused.refused})
        if len(self._writes) > MOST:
            write = refused.refused[0][0]
            raise TooManyParked(
                f"mapping {write.plan.mapping}: more than {MOST:,} row changes of one transaction can't be written before its end: {refused}",
                "Mend that. If they wait for others of the same transaction, let it be held whole for once: raise `part_rows` of the pipeline"
                " in the service file above its number of row changes; 5 GB of memory are enough for three million.",
            )
        return left

    def _without(self, batch: Batch, refused: Collection[int]) -> Batch:
        writes = []
        emptied = last_emptied(batch) if batch.empties else {}
        for at, write in enumerate(batch.writes):
            spots = _spots(write)
            if id(write) in refused or not self._spots.isdisjoint(spots):
                if at >= emptied.get(write.plan, -1):
                    self._spots |= spots
                    self._writes.append(write)
            else:
                writes.append(write)
        return replace(batch, writes=tuple(writes))


def _spots(write: Write) -> set[_Spot]:
    plan = write.plan
    targets = [key for key in (write.key, write.moved) if key is not None]
    return {(plan.mapping, key) for key in source_keys(write.change)} | {(plan.table.name, key) for key in targets}
