"""What is parked and released to log lines: one a minute for each cause, with a count, however many rows it hits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from cdc.pipeline.step import Holding

EVERY = 60.0
"""Seconds between two lines about one thing."""
_MANY = 1000
"""Causes that are remembered."""


class ParkedLog:
    def __init__(self, log: Any, monotonic: Callable[[], float]) -> None:
        self._log, self._monotonic = log, monotonic
        self._said: dict[tuple[str, ...], float] = {}
        self._rows: Counter[tuple[str, ...]] = Counter()
        self._parked: Mapping[tuple[str, ...], tuple[str, str]] = {}
        """(mapping, cause) → its text and what to do, as they were first."""

    def takes(self, step: Holding) -> None:
        """Count what a step says, and log what has not been spoken of lately."""
        known = dict(self._parked) if len(self._parked) < _MANY else {}
        for (mapping, fingerprint, message, hint), rows in step.parked.items():
            known.setdefault((mapping, fingerprint), (message, hint))
            self._rows[mapping, fingerprint] += rows
        self._parked = known
        for mapping, rows in step.released.items():
            self._rows[mapping,] += rows
        self.says()

    def says(self) -> None:
        """Log what is due."""
        if not self._rows:
            return
        now = self._monotonic()
        for about in [about for about in self._rows if now - self._said.get(about, float("-inf")) >= EVERY]:
            self._said[about] = now
            self._say(about, self._rows.pop(about))
        if len(self._said) > _MANY:
            self._said = {about: at for about, at in self._said.items() if now - at < EVERY}

    def _say(self, about: tuple[str, ...], rows: int) -> None:
        if about in self._parked:
            message, hint = self._parked[about]
            self._log.warning("rows are parked", mapping=about[0], cause=about[1], rows=rows, error=message, hint=hint)
        else:
            self._log.info("parked rows are released", mapping=about[0], rows=rows)
