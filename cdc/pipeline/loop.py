"""The one loop: load if that is due, then stream. It yields what it did; whoever iterates it owns metrics, signals and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from cdc.mapping.plan import Plan
from cdc.model.write import Batch, Phase
from cdc.pipeline.ask import ask_and_apply
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.load import load
from cdc.pipeline.step import Done, Step
from cdc.source.base import Source
from cdc.target.base import Target

_PING = 5.0
"""Seconds without a batch after which the target is asked whether it is still there."""


def run(
    source: Source, plan: Plan, target: Target, *, node: str, limits: Limits, clock: Callable[[], float], until_head: bool = False
) -> Iterator[Step]:
    """Go on from the target's checkpoint, or begin with the initial load; confirm to the source only what is durable on the target.

    `node` is the source database's name in the service file, `clock` a monotonic clock in seconds. With `until_head` the loop ends
    when everything is applied that the log holds once the load is done. Raises `CdcError`; then nothing of the batch at hand was
    applied, and a new source, target and loop go on from the checkpoint.
    """
    bind, queries = cache(plan.bind), plan.queries
    checkpoint = target.checkpoint()
    after = checkpoint.position
    if after is None or checkpoint.phase is Phase.LOADING:
        after = yield from load(source, plan.routes, bind, target, begun=after, node=node, limits=limits)
    source.confirm(after)
    feed = source.read(after, source.head() if until_head else None)
    heard = clock()
    for step in batches(feed, bind, after, node=node, limits=limits, clock=clock, queries=queries):
        if isinstance(step, Batch):
            applied = yield from ask_and_apply(source, bind, queries, target, step, limits.rows)
            source.confirm(step.upto)
            heard = clock()
            yield Done(step, applied)
            continue
        if clock() - heard >= _PING:
            target.ping()
            heard = clock()
        yield step
