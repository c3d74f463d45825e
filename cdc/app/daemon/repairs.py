"""What operators want repaired, as a pipeline's thread takes it up, and how its end is put down in the pipeline's row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

from cdc.app.build import Line
from cdc.app.monitor.watch import Watch
from cdc.app.preflight.footing import put_down
from cdc.app.state import repair as state
from cdc.app.state.control import DAEMON, controlled
from cdc.app.state.leftover import held, made_by_us
from cdc.app.state.repair import Repair, Stage
from cdc.mapping.plan import Plan
from cdc.model.errors import CdcError
from cdc.pipeline.resync import Wanted
from cdc.pipeline.step import Resynced, Step


class Repairs:
    """One pipeline's. A run begins with what is wanted then; when that changes, it is to begin anew."""

    def __init__(self, watch: Watch, log: Any) -> None:
        self._watch, self._log = watch, log
        self._begun = self._ended = ""
        self._untold: Resynced | None = None
        self._opened = ExitStack()
        """Connections that are needed until it is done."""

    def due(self) -> bool:
        """Return whether something else is wanted than the run began with."""
        repair = self._wanted()
        return (repair.number if repair else "") != self._begun

    @contextmanager
    def begun(self, line: Line, plan: Plan) -> Iterator[Wanted | None]:
        """Give what the run is to repair first."""
        repair = self._wanted()
        self._begun = self._watch.repairing = repair.number if repair else ""
        if repair is None:
            yield None
            return
        if unknown := set(repair.mappings).difference(each.mapping for each in plan.targets):
            self._fails(line, repair, f"there is no mapping {', '.join(sorted(unknown))}")
            yield None
            return
        self._log.info("a resync begins", mappings=", ".join(repair.mappings), asked_by=repair.who)
        with ExitStack() as self._opened:
            _, target = self._opened.enter_context(line.readers())
            admin = self._opened.enter_context(closing(line.target_admin()))
            rows = held(line, [each for each in plan.targets if each.mapping in repair.mappings], target, admin)
            yield Wanted(repair.number, repair.mappings, rows, lambda each: repair.delete or made_by_us(each))

    def takes(self, line: Line, step: Step) -> None:
        """Put down that it has ended, as soon as the target answers."""
        if isinstance(step, Resynced):
            self._begun, self._ended, self._untold = "", step.number, step
            self._watch.measured.footings = self._watch.measured.settling or self._watch.measured.footings
            self._watch.repairing = ""
            self._opened.close()
            counts = {what: sum(rows.values()) for what, rows in _rows(step).items()}
            self._log.info("the resync is done", mappings=", ".join(step.rows), **counts)
        if self._untold is not None:
            with suppress(CdcError), controlled(line, DAEMON) as control:  # the next step tries again
                put_down(line, self._watch.measured.settling)  # first: without it the repair is done again
                state.end(control, self._untold.number, Stage.DONE, rows=_rows(self._untold))
                self._untold, self._watch.measured.settling = None, {}

    def _wanted(self) -> Repair | None:
        repair = state.of(self._watch.controls.resync)
        return repair if repair is not None and repair.wanted and repair.number != self._ended else None

    def _fails(self, line: Line, repair: Repair, why: str) -> None:
        self._begun, self._ended, self._watch.repairing = "", repair.number, ""
        self._log.error("the resync can't be done", error=why, hint="The mappings that this host's files have are in `cdc check`.")
        with controlled(line, DAEMON) as control:
            state.end(control, repair.number, Stage.FAILED, why)


def _rows(step: Resynced) -> Mapping[str, Mapping[str, int]]:
    return {"compared": step.rows, "written": step.written, "deleted": step.deleted, "kept": step.kept, "parked": step.parked}
