"""One pipeline on a thread of its own: examined, set up where that is due, run, and tried again after faults that go away."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from typing import Any, cast

import structlog

from cdc.app.build import Line
from cdc.app.daemon.breaker import DeleteBreaker
from cdc.app.daemon.observed import ObservedTarget
from cdc.app.daemon.parked_log import ParkedLog
from cdc.app.daemon.parts_log import PartsLog
from cdc.app.daemon.repairs import Repairs
from cdc.app.daemon.supervise import Pause, drifting, supervise
from cdc.app.monitor.measured import Measured
from cdc.app.monitor.metrics import Meters
from cdc.app.monitor.steering import controls
from cdc.app.monitor.watch import State, Watch
from cdc.app.operate.setup import set_up, upgrade
from cdc.app.outcome import hint, trace, unexpected
from cdc.app.preflight.examined import Examined, examine
from cdc.app.preflight.footing import begun, compare
from cdc.app.preflight.gap import named
from cdc.app.preflight.history import remembered
from cdc.app.preflight.plan_hash import pipeline_hash
from cdc.app.preflight.present import prove_targets
from cdc.app.state.control import DAEMON, controlled
from cdc.mapping.files.problem import Level
from cdc.mapping.plan import Plan
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.errors import CdcError, Exit, Misconfigured, Paused, Retry, TooManyDeletes
from cdc.model.write import Phase
from cdc.pipeline import loop
from cdc.pipeline.batch import Limits
from cdc.pipeline.step import Asked, Done, Gone, Holding, Loading, Parted, Step

REMIND = 600.0
"""Seconds after which it is said again what a pipeline waits for."""
_TICK = 0.2
"""Seconds within which a pause ends when something else is wanted."""
QUICK_TRIES = 3
"""Tries again of `run --once` before a fault that goes away ends it."""


class Worker:
    """Runs one pipeline until it is asked to stop or an error stays. What it does shows in `watch`."""

    def __init__(
        self,
        line: Line,
        watch: Watch,
        meters: Meters,
        *,
        once: bool,
        plan_hash: str = "",
        reread: Callable[[], Sequence[MappingSpec]] | None = None,
    ) -> None:
        """`plan_hash`: what the mappings must be compiled to; empty: anything. `reread` reads the mapping files again."""
        self.line, self.watch, self.once = line, watch, once
        self._plan_hash = plan_hash
        self._reread = reread
        self._ran = False
        self._said = ("", 0.0)
        self._next: Line | None = None
        self._breaker = DeleteBreaker(watch.clock.monotonic)
        self._stop = threading.Event()
        self.hashes: Mapping[str, str] = {}
        """What each mapping is compiled to now."""
        self._meters = meters
        self._log: Any = structlog.get_logger().bind(pipeline=line.name)
        self._parked = ParkedLog(self._log, watch.clock.monotonic)
        self._parts = PartsLog(self._log, watch.clock.monotonic)
        self._repairs = Repairs(watch, self._log)
        self._remarks: Callable[[], Iterable[str]] = tuple

    def work(self, stop: threading.Event) -> None:
        """Run it on the calling thread. Raises nothing."""
        try:
            self._run(stop)
        except CdcError as error:
            self._ends(error, error)
        except Exception as error:  # noqa: BLE001, a fault of ours ends this pipeline and no other
            self._log.debug("the trace of an unexpected error", trace=trace(error))
            self._ends(unexpected(error), error)
        else:
            self._log.info("the pipeline stops" if stop.is_set() else "all that the log held is applied", rows_applied=self.watch.rows)
            self.watch.ends(None)

    def takes(self, line: Line) -> None:
        """Go on by another configuration, from the end of the transaction at hand. May be called from any thread."""
        self._next = line

    def _run(self, stop: threading.Event) -> None:
        self._stop = stop
        while not self._ends_by_itself():
            if self._next is not None:
                self.line, self._next = self._next, None
                self._log.info("the pipeline begins anew by its new configuration")

    def _ends_by_itself(self) -> bool:
        """Run until the end, or until there is another configuration to go on by, or something to repair."""
        tries = QUICK_TRIES if self.once else None
        with closing(supervise(self._start, tries=tries, monotonic=self.watch.clock.monotonic, jitter=random.random)) as steps:
            for step in steps:
                if isinstance(step, Pause):
                    self._pauses(step)
                    self._waits_until(self.watch.clock.monotonic() + step.seconds)
                else:
                    self._shows(step)
                    self._repairs.takes(self.line, step)
                    if self.watch.controls.paused and not isinstance(step, Parted):
                        self._holds()
                if self.watch.measured.given_up is not None:
                    raise self.watch.measured.given_up
                if self._stop.is_set() or (self._begins_anew() and not isinstance(step, Parted)):
                    break
        return self._stop.is_set() or not self._begins_anew()

    def _begins_anew(self) -> bool:
        return self._next is not None or self._repairs.due()

    def _waits_until(self, moment: float, true: Callable[[], bool] = lambda: True) -> None:
        """Wait for a moment, while something is so and nothing else is wanted."""
        left = moment - self.watch.clock.monotonic()
        while left > 0 and true() and self._next is None and self.watch.measured.given_up is None and not self._stop.wait(min(left, _TICK)):
            left = moment - self.watch.clock.monotonic()

    def _holds(self) -> None:
        """Stay where we are while an operator wants it; what is open stays open, so that the source's connection lives."""
        if self.once:
            raise Paused(f"{self.line.name} is paused: {self.watch.controls.paused_for}", f"`cdc resume {self.line.name}` lets it go on.")
        self.watch.to(State.PAUSED)
        self._log.info(
            "the pipeline is paused", reason=self.watch.controls.paused_for, hint=f"`cdc resume {self.line.name}` lets it go on."
        )
        self._waits_until(math.inf, lambda: self.watch.controls.paused)
        if not self.watch.controls.paused:
            self.watch.stall.moves()
            self._log.info("the pipeline goes on")

    @contextmanager
    def _start(self) -> Iterator[Iterator[Step]]:
        """The one way to start: everything is asked, compiled and opened anew."""
        with drifting(lambda: self._ran), self._started() as steps:
            yield steps

    @contextmanager
    def _started(self) -> Iterator[Iterator[Step]]:
        if self._reread is not None and self.watch.error is not None and self.watch.error.retry is Retry.MENDED:
            self.line = replace(self.line, specs=self._reread())
        examined = examine(self.line)
        checkpoint = examined.target.checkpoint
        plan = _runnable(examined, self._log)
        if self._plan_hash and (found := pipeline_hash(self.line, examined)) != self._plan_hash:
            raise Misconfigured(
                f"the mappings are compiled to plan_hash {found}, and {self._plan_hash} is asked for",
                "Look at what has changed: `cdc plan`.",
            )
        self.watch.controls = controls(self.line)
        if self.watch.controls.paused:
            self._holds()
        if self._stop.is_set() or self._next is not None:
            yield iter(())
            return
        self._ran = True
        self.watch.starts(checkpoint)
        _set_up(self.line, plan, self._log, first=checkpoint is None)
        loaded = checkpoint is not None and checkpoint.phase is Phase.STREAMING
        self.hashes = remembered(self.line, examined, loaded=loaded, held=examined.target.held)
        _stand(self.line, plan, examined, self.watch.measured, loaded=loaded)
        if checkpoint is None:
            self._log.info("the initial load begins")
        else:
            self._log.info("the pipeline goes on from its checkpoint", position=checkpoint.position, phase=checkpoint.phase.value)
        with ExitStack() as opened:
            source = self.line.open_source(plan.sources, plan.told)
            opened.callback(source.close)
            self.watch.queued, self._remarks = source.queued, source.remarks
            self._breaker.limit = self.line.protection.deletes
            target = ObservedTarget(self.line.open_target(plan.targets), self.watch, self._meters, self._breaker)
            opened.callback(target.close)
            written = {each.table.name for each in plan.targets}
            prove_targets(self.line, {name: table for name, table in examined.target.definitions.items() if name in written})
            steps = loop.run(
                source,
                plan,
                target,
                node=self.line.source.name,
                limits=Limits(self.line.rows, part=self.line.part, parking=self.line.protection.parking),
                clock=self.watch.clock.monotonic,
                until_head=self.once,
                wanted=opened.enter_context(self._repairs.begun(self.line, plan)),
            )
            yield opened.enter_context(closing(cast(Generator[Step], steps)))

    def _shows(self, step: Step) -> None:
        before = self.watch.state
        for remark in self._remarks():
            self._log.warning(remark, hint=compare(self.line.name, ["MAPPING"]))
        self.watch.step(step)
        self._meters.step(step)
        if isinstance(step, Holding):
            self._parked.takes(step)
            return
        self._parked.says()
        if isinstance(step, Loading | Gone):
            if isinstance(step, Loading) and step.done:
                what = "compared" if self.watch.repairing else "loaded"
                self._log.info(f"a mapping is {what}", mapping=step.mapping, table=step.source, rows=step.rows)
            return
        if before is not State.STREAMING:
            self._log.info("the pipeline streams", position=self.watch.position)
        if isinstance(step, Asked):
            self._log.info("a change touches many rows of a mapping", mapping=step.mapping, rows=step.keys, of=step.of)
        if isinstance(step, Parted):
            self._parts.takes(step)
        if isinstance(step, Done):
            self._parts.ends()
            self._log.debug("a batch is applied", writes=len(step.batch.writes), position=step.batch.upto)

    def _pauses(self, pause: Pause) -> None:
        self.watch.pauses(pause.error)
        if pause.error.retry is Retry.MENDED:
            self._waits(pause.error)
            return
        self._meters.fails(pause.error)
        if isinstance(pause.error, TooManyDeletes):
            self._log.error("the pipeline is paused before many deletes", error=pause.error, hint=pause.error.hint)
            # Where the target does not answer, nothing is applied either, and the next batch is held back again.
            with suppress(CdcError), controlled(self.line, DAEMON) as control:
                control.pause(str(pause.error))
            return
        self._log.warning("a fault, trying again", error=pause.error, hint=hint(pause.error), seconds=round(pause.seconds, 1))

    def _waits(self, error: CdcError) -> None:
        """Say what has to be mended, and again when it is something else, or now and then: it is looked at every few seconds."""
        now, (said, at) = self.watch.clock.monotonic(), self._said
        if str(error) != said or now - at >= REMIND:
            self._said = (str(error), now)
            self._meters.fails(error)
            self._log.error("the pipeline waits until this is mended", error=error, hint=hint(error))

    def _ends(self, error: CdcError, raised: Exception) -> None:
        self._meters.fails(raised)
        self.watch.ends(error)
        self._log.error("the pipeline has failed", error=error, hint=hint(error), exit=int(error.exit))


def _set_up(line: Line, plan: Plan, log: Any, *, first: bool) -> None:
    """Later starts only bring our own tables to the layout that this version knows."""
    for statement in set_up(line, plan) if first else upgrade(line, plan):
        log.info("setting up", database=statement.database, statement=statement.text)


def _stand(line: Line, plan: Plan, examined: Examined, measured: Measured, *, loaded: bool) -> None:
    """Remember what the tables stand on. What a repair is to settle counts when that has ended."""
    if not examined.target.repaired:
        measured.footings, measured.settling = begun(line, plan.sources, examined.source.footings, loaded=loaded), {}
    elif not measured.settling:
        measured.footings, measured.settling = examined.target.footings, examined.source.footings


def _runnable(examined: Examined, log: Any) -> Plan:
    """Say all that was found, and return the plan. Raises what keeps the pipeline from running."""
    for problem in (problem for problem in examined.problems if problem.level is not Level.NOTE):
        say = log.warning if problem.level is Level.WARNING else log.error
        say(problem.message, file=f"{problem.file}:{problem.line}:{problem.column}", hint=problem.help)
    for side in (examined.source, examined.target):
        for finding in side.findings:
            say = log.warning if finding.exit is Exit.OK else log.error
            say(finding.message, database=side.database, hint=finding.hint)
    if refusals := examined.refusals():
        raise named(refusals[0], examined)
    assert examined.plan is not None
    return examined.plan
