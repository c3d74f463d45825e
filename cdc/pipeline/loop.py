"""The one loop: load if that is due, then stream. It yields what it did; whoever iterates it owns metrics, signals and time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import cache

from cdc.failpoint import reach
from cdc.mapping.plan import Plan, RowPlan
from cdc.model.change import Idle, Part, Position, Transaction
from cdc.model.errors import ParkedChanged
from cdc.model.table import Table
from cdc.model.write import Batch, Phase
from cdc.pipeline.ask import ask_and_apply
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.load import load
from cdc.pipeline.park import Parking
from cdc.pipeline.release import release, release_all
from cdc.pipeline.resync import Wanted, repair, sources
from cdc.pipeline.step import Done, Holding, Parted, Step
from cdc.pipeline.translate import Translators
from cdc.pipeline.way import Way
from cdc.source.base import Source
from cdc.target.base import Target

_PING = 5.0
"""Seconds without a batch after which the target is asked whether it is still there."""


def run(  # noqa: PLR0913, a bag for the eighth would only hide it
    source: Source,
    plan: Plan,
    target: Target,
    *,
    node: str,
    limits: Limits,
    clock: Callable[[], float],
    until_head: bool = False,
    wanted: Wanted | None = None,
) -> Iterator[Step]:
    """Go on from the target's checkpoint, or begin with the initial load; confirm to the source only what is durable on the target.

    `node` is the source database's name in the service file, `clock` a monotonic clock in seconds. With `until_head` the loop ends
    when everything is applied that the log holds once the load is done. `wanted`: what is to be repaired before the stream goes on.
    Raises `CdcError`; then nothing of the batch at hand was applied, and a new source, target and loop go on from the checkpoint.
    """
    queries = plan.queries

    @cache
    def bind(table: Table) -> Sequence[RowPlan]:
        reach("plan.bound")
        return plan.bind(table)

    checkpoint = target.checkpoint()
    parking = Parking(plan.targets, [query.target for query in queries], limits.parking, clock)
    parking.load(target.parked.keys())
    way = Way(source, bind, queries, target, parking, node, clock, limits.rows)
    after = checkpoint.position
    if after is None or checkpoint.phase is Phase.LOADING:
        after = yield from load(way, plan.routes, begun=after, limits=limits)
    source.confirm(after)
    if wanted is not None:
        after = yield from _repaired(way, plan, after, wanted, limits)
    feed = source.read(after, source.head() if until_head else None)
    yield from _told(parking)
    after = yield from _followed(way, feed, after, limits)
    if until_head:
        release_all(way, after)
        yield from _told(parking)


def _followed(way: Way, feed: Iterable[Transaction | Part | Idle], after: Position, limits: Limits) -> Generator[Step, None, Position]:
    """Apply what the feed gives; return where it has ended."""
    source, parking, clock = way.source, way.parking, way.clock
    heard, written = clock(), 0
    for step in batches(feed, Translators(way.bind, parking), after, node=way.node, limits=limits, clock=clock, queries=way.queries):
        if isinstance(step, Batch):
            applied = yield from ask_and_apply(way, step)
            if not step.ends:
                written += len(step.writes)
                yield Parted(written)
                continue
            written = 0
            source.confirm(step.upto)
            reach("confirm.post")
            after, heard = step.upto, clock()
            yield Done(step, applied)
        else:
            if clock() - heard >= _PING:
                _ping(way)
                heard = clock()
            yield step
        release(way, after)
        yield from _told(parking)
    return after


def _repaired(way: Way, plan: Plan, after: Position, wanted: Wanted, limits: Limits) -> Generator[Step, None, Position]:
    """Apply the log up to a snapshot, and repair by that; return the position, which is the snapshot's but for our own echoes."""
    with way.source.snapshot(sources(plan.routes, wanted)) as snapshot:
        after = yield from _followed(way, way.source.read(after, snapshot.position), after, limits)
        yield from repair(way, plan.routes, wanted, snapshot, after)
    return after


def _ping(way: Way) -> None:
    try:
        way.target.ping()
    except ParkedChanged:
        way.parking.reload(way.target.parked.keys())


def _told(parking: Parking) -> Iterator[Holding]:
    if told := parking.standing():
        yield told
