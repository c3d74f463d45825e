"""A pipeline over a gap in its source's log: what is needed is made anew, rows that went are deleted, and a load of what differs begins."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from functools import cache

from cdc.app.build import Line
from cdc.app.preflight.examined import examine
from cdc.app.state.control import controlled, operator
from cdc.app.state.leftover import held, made_by_us
from cdc.mapping.plan import Plan
from cdc.model.errors import CdcError, Gap, Held, Misconfigured
from cdc.model.write import Batch, Checkpoint, Phase
from cdc.pipeline.bridge import Gone, bridge
from cdc.pipeline.complete import complete_and_apply
from cdc.pipeline.park import Parking
from cdc.pipeline.step import Loading
from cdc.pipeline.way import Way
from cdc.source.base import Source
from cdc.target.base import Target


def examined(line: Line) -> tuple[Plan, Checkpoint]:
    """Ask both servers. Raises what keeps the pipeline from running besides the gap, and `Held` while somebody runs it."""
    found = examine(line)
    refusals = [error for error in found.refusals(before_setup=True) if not isinstance(error, Gap)]
    if found.plan is None or refusals:
        raise refusals[0] if refusals else Misconfigured(f"{line.name}: the mappings can't be compiled", "`cdc check --connect` says why.")
    if found.target.held:
        raise Held(f"{line.name} is run by somebody", "Stop it first: systemctl stop, or Ctrl-C where it runs.")
    if found.target.checkpoint is None:
        raise Misconfigured(f"{line.name} was never loaded", "`cdc run` begins with an initial load.")
    return found.plan, found.target.checkpoint


def gap(line: Line, stands: Checkpoint) -> CdcError | None:
    """Return why the log can't be followed from the checkpoint, or None when it can."""
    assert stands.position is not None
    with closing(line.source_admin()) as admin:
        try:
            admin.prove(stands.position)
        except (Gap, Misconfigured) as error:
            return error
    return None


def _way(line: Line, plan: Plan, target: Target, source: Source) -> Way:
    queries = [query.target for query in plan.queries]
    parking = Parking(plan.targets, queries, line.protection.parking, time.monotonic)
    parking.load(target.parked.keys())
    return Way(source, cache(plan.bind), plan.queries, target, parking, line.source.name, time.monotonic, line.rows)


def renewing(line: Line, plan: Plan) -> Sequence[str]:
    """Return the statements that make anew what the source keeps its log for."""
    with closing(line.source_admin()) as admin:
        return admin.setup(plan.sources, anew=True)


def renewed(line: Line, plan: Plan) -> Iterator[str]:
    """Run them; yield each before."""
    with closing(line.source_admin()) as admin:
        for statement in admin.setup(plan.sources, anew=True):
            yield statement
            admin.execute(statement)


def bridged(line: Line, plan: Plan, *, compare: bool, delete: bool) -> Generator[Loading | Gone]:
    """Take the pipeline's lock and let a load of what differs begin; `compare`: delete before what went, as a gap in the log demands.

    `delete`: rows of a table without a row of the source go, whoever made them.
    """
    with closing(line.open_target(plan.targets)) as target, closing(line.open_source(plan.sources)) as source, line.readers() as readers:
        stands = target.checkpoint()
        way = _way(line, plan, target, source)
        if not compare:
            assert stands.position is not None
            complete_and_apply(way, Batch(stands.position, stands.position, (), Phase.LOADING, origin=(way.node,)))
        else:
            with closing(line.target_admin()) as admin:
                rows = held(line, plan, readers[1], admin)
                yield from bridge(way, plan.routes, stands, rows, lambda each: delete or made_by_us(each))
    with controlled(line, operator()) as control:
        control.notes("resync", "by comparing keys" if compare else "")
