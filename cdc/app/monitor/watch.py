"""What each pipeline is doing now: its thread writes it, metrics, health checks, systemd's watchdog and `status` read it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from cdc.app.monitor.measured import Measured
from cdc.app.monitor.stall import BEHIND, Stall
from cdc.app.state import repair
from cdc.app.state.control import NOTHING
from cdc.model.change import Position
from cdc.model.errors import CdcError, Drifted
from cdc.model.value import value
from cdc.model.write import Applied, Batch, Checkpoint
from cdc.pipeline.step import Gone, Holding, Loading, Step, Waiting


class State(Enum):
    STARTING = "starting"
    SNAPSHOT = "snapshot"
    STREAMING = "streaming"
    PAUSED = "paused"
    BACKOFF = "backoff"
    FAILED = "failed"
    STOPPED = "stopped"


IDLE_SIGNS = 5.0
"""A source that has nothing gives a sign of life every second; after so many seconds without one, it may have something."""
SAMPLE_AGE = 30.0
"""Seconds for which it holds that the log ended at our position."""
SILENCE = 10.0
"""Seconds after which a source that was asked for its log's end and has not answered counts as silent."""
QUIET: Mapping[State, float] = {State.STARTING: 3600.0, State.SNAPSHOT: 900.0, State.STREAMING: 900.0, State.BACKOFF: 120.0}
"""Seconds without a step after which a thread counts as stuck. Starting includes the wait for open writers when a slot is made."""


@value
class Clock:
    wall: Callable[[], float] = time.time
    """Seconds since the epoch, to be compared with commit times."""
    monotonic: Callable[[], float] = time.monotonic


class Ahead:
    """How much of the source's log lies after what has been dealt with. Written by the sampler's thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.bytes: int | None = None
        """None: not known yet."""
        self._monotonic = monotonic
        self._asked = math.inf
        self._answered = -math.inf

    def asks(self) -> None:
        """The source is being asked."""
        self._asked = min(self._asked, self._monotonic())

    def answers(self, ahead: int | None) -> None:
        """The source has answered; None: that it won't say."""
        self._asked = math.inf
        if ahead is not None:
            self.bytes, self._answered = ahead, self._monotonic()

    def silent(self) -> bool:
        """Return whether the source owes an answer, so that silence on its stream means nothing."""
        return self._monotonic() - self._asked > SILENCE

    def at_end(self) -> bool:
        """Return whether the source has just said that there is no more."""
        return self.bytes == 0 and self._monotonic() - self._answered <= SAMPLE_AGE


class Watch:
    """One pipeline as seen from outside. Written by the pipeline's thread, read by all.

    Each attribute is replaced as a whole, so that a reader on another thread needs no lock.
    """

    def __init__(self, pipeline: str, clock: Clock, stall: float = 0.0) -> None:
        """`stall`: seconds of standing still, with work to do, after which the pipeline counts as stalled; 0: never."""
        self.pipeline = pipeline
        self.clock = clock
        self.state = State.STARTING
        self.position: Position | None = None
        """The checkpoint."""
        self.seen: Position | None = None
        """All before it has been dealt with, our own echoes too, which move no checkpoint. What lag is measured from, and nothing else."""
        self.rows = 0
        self.received = 0.0
        """Commit time of the last transaction that reached the target's door."""
        self.applied = 0.0
        """Commit time of the last transaction that is durable on the target."""
        self.error: CdcError | None = None
        self.loads: Mapping[str, Loading] = {}
        """How far the initial load is, or how far the last one came: by mapping."""
        self.parked: Mapping[str, int] = {}
        """Mapping → row changes that wait."""
        self.parked_oldest = 0.0
        """When the first of them was parked, by the target's clock; 0: nothing waits."""
        self.ahead = Ahead(clock.monotonic)
        self.controls = NOTHING
        """What operators want."""
        self.repairing = ""
        """Number of the resync that is under way."""
        self.measured = Measured()
        self.stall = Stall(stall, clock.monotonic, clock.wall)
        self._complete = clock.wall()
        """The target holds everything that was committed before this time."""
        self.queued: Callable[[], int] = int
        """Row changes that wait in the source's queue; none until there is one."""
        self._waiting = False
        self.batch: Batch | None = None
        self._heard = clock.monotonic()

    def starts(self, checkpoint: Checkpoint | None) -> None:
        """A run begins from what the target remembers. One that waits for a table to be mended shows that until something moves."""
        self.to(State.BACKOFF if isinstance(self.error, Drifted) else State.STARTING)
        self.parked, self.parked_oldest = {}, 0.0
        if checkpoint is not None:
            if self.seen is None:
                self._complete = checkpoint.newest or self._complete
            self.position = self.seen = checkpoint.position
            self.rows, self.applied = checkpoint.rows, checkpoint.newest

    def step(self, step: Step) -> None:
        """The loop says what it did."""
        if isinstance(step, Holding):
            self.parked, self.parked_oldest = step.rows, step.oldest
            return
        self.error = None
        if isinstance(step, Loading | Gone):
            known = self.loads if self.state is State.SNAPSHOT else {}
            self.loads = known if isinstance(step, Gone) else {**known, step.mapping: step}
            self.to(State.SNAPSHOT)
            self.stall.moves()
            return
        self.to(State.STREAMING, waiting=isinstance(step, Waiting))
        if not isinstance(step, Waiting):
            self.stall.moves()
            return
        if step.seen != self.seen or not self.ahead.bytes:
            self.stall.moves()
        self.seen, self._complete = step.seen, self.stall.moved_at
        self.measured.applied = step.beat or self.measured.applied

    def opens(self, batch: Batch) -> None:
        """The target begins with a batch; `closes` says that it is done with it, well or not."""
        self._heard = self.clock.monotonic()
        self.received = batch.newest or self.received
        self.batch = batch

    def closes(self) -> None:
        self.batch = None

    def applies(self, batch: Batch, applied: Applied) -> None:
        """A batch is durable on the target."""
        self.position = self.seen = batch.upto
        self.rows += sum(applied.rows.values())
        self.measured.applied = batch.beat or self.measured.applied
        if batch.newest:
            self.applied = self._complete = batch.newest

    def pauses(self, error: CdcError) -> None:
        """A fault that goes away by itself; another try comes soon."""
        self.error = error
        self.to(State.BACKOFF)

    def ends(self, error: CdcError | None) -> None:
        """The thread ends: asked to, or by an error that stays."""
        self.error = error
        self.to(State.STOPPED if error is None else State.FAILED)

    def lag_seconds(self) -> float:
        """Return how old the oldest transaction is that may be committed on the source and not yet on the target; 0: there is none.

        While a batch is being applied it is that batch's oldest transaction. Else, unless the source has just said that there
        is nothing, it counts from the time up to which the target is known to be complete.
        """
        batch = self.batch
        if batch is not None and batch.oldest:
            since = batch.oldest
        elif self._caught_up():
            return 0.0
        else:
            since = self._complete
        return max(0.0, self.clock.wall() - since)

    def _caught_up(self) -> bool:
        if self.state is State.STREAMING:
            more = bool(self.ahead.bytes) and self.stall.standing() > BEHIND
            return self._waiting and self.clock.monotonic() - self._heard <= IDLE_SIGNS and not self.ahead.silent() and not more
        return self.state is not State.SNAPSHOT and self.ahead.at_end()

    def drifts(self, mapping: str) -> bool:
        """Return whether the pipeline waits because this mapping no longer fits its tables; where nobody knows which, it is any."""
        error = self.error
        return isinstance(error, Drifted) and (not error.mappings or mapping in error.mappings)

    @property
    def ended(self) -> bool:
        """Whether its thread has come to an end."""
        return self.state in {State.FAILED, State.STOPPED}

    def alive(self) -> bool:
        """Return whether the thread has ended in a known way or has given a sign of life in good time."""
        return self.clock.monotonic() - self._heard <= QUIET.get(self.state, math.inf)

    def to(self, state: State, *, waiting: bool = False) -> None:
        """Note what the pipeline does from now on."""
        self.state = state
        self._waiting = waiting
        self.batch = None
        self._heard = self.clock.monotonic()


def stalled(watch: Watch) -> bool:
    """Return whether the position has stood still for too long while there was, or may have been, work to do."""
    if not watch.stall.seconds or watch.state in {State.PAUSED, State.FAILED, State.STOPPED} or watch.seen is None:
        return False
    ahead = watch.ahead
    idle = watch.state is State.STREAMING and watch.batch is None and not ahead.bytes and not ahead.silent()
    return not idle and watch.stall.standing() > watch.stall.seconds


def _resync(watch: Watch) -> Mapping[str, Any] | None:
    """What an operator wants repaired, or what became of it; while it is under way, with the rows compared so far."""
    found = repair.of(watch.controls.resync)
    said = repair.shown(found)
    if found is None or said is None or found.number != watch.repairing:
        return said
    compared = {mapping: load.rows for mapping, load in watch.loads.items() if mapping in found.mappings}
    return {**said, "stage": "running", "rows": {"compared": compared}}


def summary(watch: Watch) -> Mapping[str, Any]:
    """Return what `status` shows, ready for JSON."""
    outlook = watch.measured.outlook
    return {
        "state": watch.state.value,
        "position": watch.position,
        "lag_seconds": round(watch.lag_seconds(), 3),
        "lag_bytes": watch.ahead.bytes,
        "parked": sum(watch.parked.values()),
        "rows_applied": watch.rows,
        "last_error": None if watch.error is None else str(watch.error),
        "paused_for": watch.controls.paused_for if watch.controls.paused else None,
        "resync": _resync(watch),
        "stalled": stalled(watch),
        "log_budget_used": None if outlook.share is None else round(outlook.share, 3),
        "log_lost_in_seconds": None if outlook.seconds is None else round(outlook.seconds),
    }
