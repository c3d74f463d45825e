"""Mappings to be repaired, asked of whoever runs the pipeline; and a pipeline over a gap in its source's log, which nobody can run.

Over a gap, what is needed is made anew, rows that went are deleted, and a load of what differs begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import cache

from cdc.app.build import Line
from cdc.app.preflight.examined import examine
from cdc.app.preflight.footing import told
from cdc.app.state.control import Controls, controlled, operator
from cdc.app.state.leftover import held, made_by_us
from cdc.app.state.repair import Repair, Stage, ask, end, of
from cdc.mapping.plan import Plan
from cdc.model.errors import CdcError, Gap, Held, Misconfigured, Transient
from cdc.model.value import value
from cdc.model.write import Checkpoint, Phase
from cdc.pipeline.bridge import bridge
from cdc.pipeline.park import Parking
from cdc.pipeline.step import Gone, Loading
from cdc.pipeline.way import Way
from cdc.source.base import Source
from cdc.target.base import Target

AGAIN = "`cdc run` goes on with it; `cdc resync {} --cancel` forgets it."
_LOOK = 0.3
_AWAY = 60.0
"""Seconds without anybody after which nobody runs it any more: a daemon that begins anew is away for a moment, after a fault for longer."""


@value
class Stands:
    """A pipeline that could be repaired."""

    plan: Plan
    checkpoint: Checkpoint
    held: bool
    """Somebody runs it."""


def examined(line: Line) -> Stands:
    """Ask both servers. Raises what keeps the pipeline from running besides a gap."""
    found = examine(line)
    refusals = [error for error in found.refusals(before_setup=True) if not isinstance(error, Gap)]
    if found.plan is None or refusals:
        raise refusals[0] if refusals else Misconfigured(f"{line.name}: the mappings can't be compiled", "`cdc check --connect` says why.")
    if found.target.checkpoint is None or found.target.checkpoint.position is None:
        raise Misconfigured(f"{line.name} was never loaded", "`cdc run` begins with an initial load.")
    return Stands(found.plan, found.target.checkpoint, found.target.held)


def stopped(line: Line, stands: Stands) -> None:
    """Raise `Held` while somebody runs the pipeline."""
    if stands.held:
        raise Held(f"{line.name} is run by somebody", "Stop it first: systemctl stop, or Ctrl-C where it runs.")


def wanted(line: Line, mappings: Sequence[str], *, delete: bool) -> str:
    """Put down what is to be repaired; return the request's number. Raises `Busy`."""
    repair = Repair(tuple(mappings), operator(), delete)
    with controlled(line, operator()) as control:
        ask(control, repair)
    return repair.number


def broken_off(line: Line) -> bool:
    """Let what is to be repaired be forgotten; return whether there was anything."""
    with controlled(line, operator()) as control:
        return end(control, "", Stage.CANCELLED)


def awaited(line: Line, number: str, look: Callable[[Controls], None]) -> Repair:
    """Wait for the request's end; `look` is called now and then. Raises `Transient` when nobody runs the pipeline any more."""
    with controlled(line, operator()) as control:
        held = time.monotonic()
        while True:
            controls = control.read()[0]
            repair = of(controls.resync)
            if repair is None or repair.number != number or not repair.wanted:
                break
            if controls.paused or control.admin.holder() is not None:
                held = time.monotonic()
            elif time.monotonic() - held > _AWAY:
                raise Transient(f"the daemon of {line.name} has ended before the resync did", AGAIN.format(line.name))
            look(controls)
            time.sleep(_LOOK)
    if repair is None or repair.number != number:
        raise CdcError(f"{line.name}: somebody else has asked for another resync meanwhile", "`cdc.audit_trail` on the target says who.")
    return repair


def gap(line: Line, stands: Checkpoint, repaired: Sequence[str] = ()) -> CdcError | None:
    """Return why the log can't be followed from the checkpoint, or lacks more than comparing the `repaired` mappings mends; else None."""
    assert stands.position is not None
    with closing(line.source_admin()) as admin:
        try:
            admin.prove(stands.position)
        except (Gap, Misconfigured) as error:
            return error
    return told(line, repaired) if stands.phase is Phase.STREAMING else None


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


def bridged(line: Line, plan: Plan, *, delete: bool) -> Generator[Loading | Gone]:
    """Take the pipeline's lock, delete what went, and let a load of what differs begin.

    `delete`: rows of a table without a row of the source go, whoever made them.
    """
    with (
        closing(line.open_target(plan.targets)) as target,
        closing(line.open_source(plan.sources, plan.told)) as source,
        line.readers() as readers,
    ):
        stands = target.checkpoint()
        way = _way(line, plan, target, source)
        with closing(line.target_admin()) as admin:
            rows = held(line, plan.targets, readers[1], admin)
            yield from bridge(way, plan.routes, stands, rows, lambda each: delete or made_by_us(each))
    with controlled(line, operator()) as control:
        control.notes("resync", f"over a gap{', whoever made the rows' * delete}")
