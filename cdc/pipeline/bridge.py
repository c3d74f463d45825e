"""Over a gap in the log: what went from the source while nobody followed it is found by comparing keys; a load does the rest.

Rows that came or changed in a gap are found by any load, since it writes what differs. Rows that went are in no log and in no snapshot, so
each mapping's rows on the target are held against a snapshot of the source. Only then the checkpoint says LOADING at that snapshot's
position, which is what a load that was killed leaves: the next run goes on from there. Killed before, it begins again, and finds less.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence

from cdc.failpoint import reach
from cdc.mapping.plan import Route
from cdc.model.write import Batch, Checkpoint, Phase, TargetPlan
from cdc.pipeline.compare import Held, what_went
from cdc.pipeline.complete import complete_and_apply
from cdc.pipeline.step import Gone, Loading
from cdc.pipeline.way import Way


def bridge(
    way: Way, routes: Sequence[Route], stands: Checkpoint, held: Mapping[TargetPlan, Held], deletes: Callable[[TargetPlan], bool]
) -> Generator[Loading | Gone]:
    """Delete what went, for the mappings of `held`, and let a load begin. `deletes`: whether a mapping's rest may be deleted."""
    at = stands.position
    assert at is not None, "what was never loaded has no gap"
    with way.source.snapshot(tuple(dict.fromkeys(route.source for route in routes))) as snapshot:
        reach("resync.begun")
        yield from what_went(way, snapshot, routes, held, deletes, Batch(at, at, (), stands.phase, origin=(way.node,)))
        reach("resync.compared")
        complete_and_apply(way, Batch(at, snapshot.position, (), Phase.LOADING, origin=(way.node,)))
    reach("resync.done")
