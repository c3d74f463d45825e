"""One pipeline on a thread of its own: examined, set up where that is due, run, and tried again after faults that go away."""

from __future__ import annotations

import random
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, cast

import structlog

from cdc.app.build import Line
from cdc.app.metrics import Meters
from cdc.app.observed import ObservedTarget
from cdc.app.outcome import hint, trace, unexpected
from cdc.app.plan_hash import pipeline_hash
from cdc.app.preflight import Examined, examine
from cdc.app.setup import set_up
from cdc.app.supervise import Pause, supervise
from cdc.app.watch import State, Watch
from cdc.mapping.files.problem import Level
from cdc.mapping.plan import Plan
from cdc.model.errors import CdcError, Exit, Misconfigured
from cdc.pipeline import loop
from cdc.pipeline.batch import Limits
from cdc.pipeline.step import Asked, Done, Loading, Step

QUICK_TRIES = 3
"""Tries again of `run --once` before a fault that goes away ends it."""


class Worker:
    """Runs one pipeline until it is asked to stop or an error stays. What it does shows in `watch`."""

    def __init__(self, line: Line, watch: Watch, meters: Meters, *, once: bool, plan_hash: str = "") -> None:
        """`plan_hash`: what the mappings must be compiled to; empty: anything."""
        self.line, self.watch, self.once = line, watch, once
        self._plan_hash = plan_hash
        self._meters = meters
        self._log: Any = structlog.get_logger().bind(pipeline=line.name)

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

    def _run(self, stop: threading.Event) -> None:
        tries = QUICK_TRIES if self.once else None
        with closing(supervise(self._start, tries=tries, monotonic=self.watch.clock.monotonic, jitter=random.random)) as steps:
            for step in steps:
                if isinstance(step, Pause):
                    self._pauses(step)
                    stop.wait(step.seconds)
                else:
                    self._shows(step)
                if stop.is_set():
                    return

    @contextmanager
    def _start(self) -> Iterator[Iterator[Step]]:
        """The one way to start: everything is asked, compiled and opened anew."""
        examined = examine(self.line)
        checkpoint = examined.target.checkpoint
        plan = self._runnable(examined)
        if self._plan_hash and (found := pipeline_hash(self.line, examined)) != self._plan_hash:
            raise Misconfigured(
                f"the mappings are compiled to plan_hash {found}, and {self._plan_hash} is asked for",
                "Look at what has changed: `cdc plan`.",
            )
        self.watch.starts(checkpoint)
        if checkpoint is None:
            self._sets_up(plan)
            self._log.info("the initial load begins")
        else:
            self._log.info("the pipeline goes on from its checkpoint", position=checkpoint.position, phase=checkpoint.phase.value)
        with ExitStack() as opened:
            source = self.line.open_source(plan.sources)
            opened.callback(source.close)
            self.watch.queued = source.queued
            target = ObservedTarget(self.line.open_target(plan.targets), self.watch, self._meters)
            opened.callback(target.close)
            steps = loop.run(
                source,
                plan,
                target,
                node=self.line.source.name,
                limits=Limits(self.line.rows),
                clock=self.watch.clock.monotonic,
                until_head=self.once,
            )
            yield opened.enter_context(closing(cast(Generator[Step], steps)))

    def _runnable(self, examined: Examined) -> Plan:
        for problem in (problem for problem in examined.problems if problem.level is not Level.NOTE):
            say = self._log.warning if problem.level is Level.WARNING else self._log.error
            say(problem.message, file=f"{problem.file}:{problem.line}:{problem.column}", hint=problem.help)
        for side in (examined.source, examined.target):
            for finding in side.findings:
                say = self._log.warning if finding.exit is Exit.OK else self._log.error
                say(finding.message, database=side.database, hint=finding.hint)
        if refusals := examined.refusals():
            raise refusals[0]
        assert examined.plan is not None
        return examined.plan

    def _sets_up(self, plan: Plan) -> None:
        for statement in set_up(self.line, plan):
            self._log.info("setting up", database=statement.database, statement=statement.text)

    def _shows(self, step: Step) -> None:
        before = self.watch.state
        self.watch.step(step)
        self._meters.step(step)
        if isinstance(step, Loading):
            if step.done:
                self._log.info("a mapping is loaded", mapping=step.mapping, table=step.source, rows=step.rows)
            return
        if before is not State.STREAMING:
            self._log.info("the pipeline streams", position=self.watch.position)
        if isinstance(step, Asked):
            self._log.info("a change touches many rows of a mapping", mapping=step.mapping, rows=step.keys, of=step.of)
        if isinstance(step, Done):
            self._log.debug("a batch is applied", writes=len(step.batch.writes), position=step.batch.upto)

    def _pauses(self, pause: Pause) -> None:
        self.watch.pauses(pause.error)
        self._meters.fails(pause.error)
        self._log.warning("a fault, trying again", error=pause.error, hint=hint(pause.error), seconds=round(pause.seconds, 1))

    def _ends(self, error: CdcError, raised: Exception) -> None:
        self._meters.fails(raised)
        self.watch.ends(error)
        self._log.error("the pipeline has failed", error=error, hint=hint(error), exit=int(error.exit))
