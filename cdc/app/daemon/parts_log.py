"""How far a transaction is that is too large to be held, to a line in the log when it begins, now and then, and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cdc.pipeline.step import Parted

EVERY = 10.0
"""Seconds between two lines."""


class PartsLog:
    def __init__(self, log: Any, monotonic: Callable[[], float]) -> None:
        self._log, self._monotonic = log, monotonic
        self._rows = 0
        self._said = -EVERY

    def takes(self, step: Parted) -> None:
        now = self._monotonic()
        if step.rows < self._rows:
            self._said = now - EVERY  # another one, after a fault
        self._rows = step.rows
        if now - self._said >= EVERY:
            self._said = now
            self._log.info("a large transaction is written in parts; all of it shows at its end", rows=step.rows)

    def ends(self) -> None:
        """A batch is durable: if it was a large transaction's, say so."""
        if self._rows:
            self._log.info("the large transaction is complete")
        self._rows, self._said = 0, self._monotonic() - EVERY
