"""What a pipeline's source tables stand on, looked at now and then while it streams: no log tells of partitions that bring rows or take them."""

from __future__ import annotations

from typing import Any

from cdc.app.build import Line
from cdc.app.monitor.watch import State, Watch
from cdc.app.preflight.footing import looked, put_down
from cdc.model.errors import Exit, Gap
from cdc.source.probe import Probe

EVERY = 30.0


class FootingLook:
    """Over a connection of its own. What it finds ends the pipeline, by `watch.measured.given_up`."""

    def __init__(self, watch: Watch, log: Any) -> None:
        self._watch, self._log = watch, log
        self._probe: Probe | None = None
        self._looked = watch.clock.monotonic()

    def turn(self, line: Line) -> None:
        """Look, if that is due."""
        now, measured = self._watch.clock.monotonic(), self._watch.measured
        streams = self._watch.state is State.STREAMING and not self._watch.repairing
        if now - self._looked >= EVERY and measured.footings and measured.given_up is None and streams:
            self._looked = now
            self.look(line)

    def look(self, line: Line) -> None:
        measured, known = self._watch.measured, self._watch.measured.footings
        if self._probe is None:
            self._probe = line.probe()
        now, found = looked(line, self._probe, list(known), known)
        for finding in found:
            if finding.exit is not Exit.OK:
                measured.given_up = Gap(f"{line.source.name}: {finding.message}", finding.hint)
                return
            self._log.warning(finding.message, hint=finding.hint)
        if now != known:
            put_down(line, now)
            measured.footings = now

    def close(self) -> None:
        if self._probe is not None:
            self._probe.close()
        self._probe = None
