"""What is asked of a pipeline's source beside its stream: how much log lies ahead and how long it is kept; and heartbeats put into it.

All over connections of its own, so that neither a scrape nor the stream waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog

from cdc.app.build import Line
from cdc.app.monitor.certificates import CertificateLook
from cdc.app.monitor.footing import FootingLook
from cdc.app.monitor.retention import Budget
from cdc.app.monitor.stall import spoken
from cdc.app.monitor.watch import Watch
from cdc.app.state.control import DAEMON, controlled
from cdc.model.errors import CdcError, Gap, Retry
from cdc.source.base import Source
from cdc.source.probe import Probe

EVERY = 5.0
REMIND = 600.0
"""Seconds after which it is said again that the log's budget runs out."""


class Sampler:
    """Asks the source while the pipeline streams, waits or has failed alike."""

    def __init__(self, line: Callable[[], Line], watch: Watch) -> None:
        """`line` gives the pipeline as it is configured now."""
        self._configured, self._watch = line, watch
        self._line = line()
        self._source: Source | None = None
        self._probe: Probe | None = None
        self._budget = Budget(self._line.protection, watch.clock.monotonic)
        self._asked = False
        self._sampled = self._beaten = self._warned = float("-inf")
        self._log: Any = structlog.get_logger().bind(pipeline=self._line.name)
        self._footing = FootingLook(watch, self._log)
        self._certificates = CertificateLook(watch)

    def work(self, stop: threading.Event) -> None:
        """Sample until asked to stop. Raises nothing."""
        while not stop.wait(EVERY / 10):
            try:
                self._turn()
            except CdcError as error:
                if error.retry is Retry.NEVER:
                    self._watch.ahead.answers(None)
                self._fails(str(error))
                stop.wait(EVERY)
            except Exception as error:  # noqa: BLE001, a fault of ours here is no reason to stop measuring
                self._watch.ahead.answers(None)
                self._fails(f"unexpected {type(error).__name__}")
                stop.wait(EVERY)
        self._close()

    def _turn(self) -> None:
        """Do what is due."""
        if (line := self._configured()) is not self._line:
            self._close()
            self._line, self._budget = line, Budget(line.protection, self._watch.clock.monotonic)
        now = self._watch.clock.monotonic()
        if now - self._sampled >= EVERY or not self._asked:
            self._sampled = now
            self.sample()
        every = self._line.protection.heartbeat
        if every and now - self._beaten >= every and self._watch.seen is not None and not self._watch.ended:
            self._beaten = now
            self._beats()
        self._footing.turn(self._line)
        self._certificates.turn(self._line)

    def sample(self) -> None:
        """Ask once; where the pipeline is nowhere yet, there is nothing to ask."""
        position = self._watch.seen
        if position is None:
            return
        self._asked = True
        self._watch.ahead.asks()
        if self._source is None:
            self._source = self._line.open_source(())
        self._watch.ahead.answers(self._source.lag_bytes(position))
        self._retention()

    def _retention(self) -> None:
        clock, measured = self._watch.clock, self._watch.measured
        before = clock.wall()
        measured.retention = retention = self._probing().retention()
        after = clock.wall()
        measured.answers("source", retention.clock - (before + after) / 2)
        measured.outlook = outlook = self._budget.sees(retention, self._watch.lag_seconds())
        if measured.given_up is not None:
            return
        if outlook.used_up and self._line.protection.give_up and retention.retained is not None:
            self._gives_up()
        elif outlook.share is not None and outlook.share >= self._line.protection.warn:
            self._warns(outlook.share, outlook.seconds)
        else:
            self._warned = float("-inf")

    def _warns(self, share: float, seconds: float | None) -> None:
        now = self._watch.clock.monotonic()
        if now - self._warned < REMIND:
            return
        self._warned = now
        fate = "it does not grow now" if seconds is None else f"at this rate it is lost in {spoken(seconds)}"
        self._log.warning(
            f"the source keeps {share:.0%} of the log that it may keep for this pipeline; {fate}",
            hint="Let the pipeline go on (`cdc status` shows what holds it), or raise max_slot_wal_keep_size or the binary log's expiry.",
        )

    def _gives_up(self) -> None:
        """Drop the slot, as the service file says, so that the source does not run full; put that down where the target answers."""
        self._probing().give_up()
        text = "the log's budget is used up, and the slot was dropped to keep the source alive"
        error = Gap(
            f"{self._line.source.name}: {text}", f"`cdc resync --gap {self._line.name}` compares the tables and writes what differs."
        )
        self._log.error(text, hint=error.hint)
        try:
            with controlled(self._line, DAEMON) as control:
                control.notes("give up", text)
        finally:
            self._watch.measured.given_up = error  # the process may end as soon as it hears of it

    def _beats(self) -> None:
        now = self._watch.clock.wall()
        if self._probing().beat(now):
            self._watch.measured.written = now

    def _probing(self) -> Probe:
        if self._probe is None:
            self._probe = self._line.probe()
        return self._probe

    def _fails(self, error: str) -> None:
        self._watch.measured.silent("source")
        self._close()
        self._log.warning("the source does not say how long its log is", error=error)

    def _close(self) -> None:
        for opened in (self._source, self._probe):
            if opened is not None:
                opened.close()
        self._source = self._probe = None
        self._footing.close()
