"""Over a gap in the log: what went from the source while nobody followed it is found by comparing keys; a load does the rest.

Rows that came or changed in a gap are found by any load, since it writes what differs. Rows that went are in no log and in no snapshot, so
each mapping's rows on the target are held against a snapshot of the source. Only then the checkpoint says LOADING at that snapshot's
position, which is what a load that was killed leaves: the next run goes on from there. Killed before, it begins again, and finds less.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Protocol

from cdc.failpoint import reach
from cdc.mapping.plan import Route
from cdc.model.change import Change, Op, Row
from cdc.model.errors import Refused
from cdc.model.table import Table
from cdc.model.value import value
from cdc.model.write import Batch, Checkpoint, Phase, TargetPlan, Write
from cdc.pipeline.complete import complete_and_apply
from cdc.pipeline.load import writes_of
from cdc.pipeline.step import Loading
from cdc.pipeline.way import Way
from cdc.source.base import Snapshot


class Held(Protocol):
    """The rows that the target holds of one mapping."""

    def found(self, keys: Sequence[Row]) -> None:
        """Cross these off: the source has them."""
        ...

    def rest(self) -> Iterator[Row]:
        """Yield the keys that were not crossed off. Afterwards nothing can be crossed off any more."""
        ...


@value
class Gone:
    """What was found to have gone from a mapping's source, and what became of it."""

    mapping: str
    deleted: int
    kept: int
    """Rows without a source row that stay: they may be the target's own, or it refused to delete them."""


def bridge(
    way: Way, routes: Sequence[Route], stands: Checkpoint, held: Mapping[TargetPlan, Held], deletes: Callable[[TargetPlan], bool]
) -> Generator[Loading | Gone, None, None]:
    """Delete what went, for the mappings of `held`, and let a load begin. `deletes`: whether a mapping's rest may be deleted."""
    at = stands.position
    assert at is not None, "what was never loaded has no gap"
    with way.source.snapshot(tuple(dict.fromkeys(route.source for route in routes))) as snapshot:
        reach("resync.begun")
        chunk = Batch(at, at, (), stands.phase, origin=(way.node,))
        for route in routes:
            if (rows := held.get(route.target)) is not None:
                yield from _crossed(way, snapshot, route, rows)
                yield _deleted(way, route, rows.rest(), chunk, deletes=deletes(route.target))
        reach("resync.compared")
        complete_and_apply(way, Batch(at, snapshot.position, (), Phase.LOADING, origin=(way.node,)))
    reach("resync.done")


def _crossed(way: Way, snapshot: Snapshot, route: Route, held: Held) -> Iterator[Loading]:
    read, estimate, mapping = 0, snapshot.estimate(route.source), route.target.mapping
    writes = writes_of(way, route, snapshot.position)
    for table, rows in snapshot.rows(route.source, way.rows):
        held.found([write.key for write in writes(table, rows).writes])
        read += len(rows)
        yield Loading(mapping, route.source, read, max(estimate, read), done=False)
    yield Loading(mapping, route.source, read, read, done=True)


def _deleted(way: Way, route: Route, keys: Iterator[Row], chunk: Batch, *, deletes: bool) -> Gone:
    change = Change(Table(route.source, (), ()), Op.DELETE, (), None)
    deleted = kept = 0
    for key in keys:
        gone = Write(route.target, key, None, None, change)
        done = _applied(way, Batch(chunk.after, chunk.upto, (gone,), chunk.phase, origin=chunk.origin)) if deletes else None
        deleted += done or 0
        kept += done is None
    return Gone(route.target.mapping, deleted, kept)


def _applied(way: Way, batch: Batch) -> int | None:
    """Return how many rows went; None when the target does not let it go, since others of its own refer to it."""
    try:
        return sum(complete_and_apply(way, batch, parks=False).rows.values())
    except Refused:
        return None
