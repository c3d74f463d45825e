"""How much log lies ahead of a pipeline, asked over a connection of its own, so that neither a scrape nor the stream waits for it."""

from __future__ import annotations

import threading
from typing import Any

import structlog

from cdc.app.build import Line
from cdc.app.watch import Watch
from cdc.model.errors import CdcError, Retry
from cdc.source.base import Source

EVERY = 5.0


class Sampler:
    """Asks the source while the pipeline streams, waits or has failed alike."""

    def __init__(self, line: Line, watch: Watch) -> None:
        self._line, self._watch = line, watch
        self._source: Source | None = None
        self._asked = False
        self._log: Any = structlog.get_logger().bind(pipeline=line.name)

    def work(self, stop: threading.Event) -> None:
        """Sample until asked to stop. Raises nothing."""
        while not stop.wait(EVERY / 10 if self._watch.seen is None or not self._asked else EVERY):
            try:
                self.sample()
            except CdcError as error:
                if error.retry is Retry.NEVER:
                    self._watch.ahead.answers(None)
                self._fails(str(error))
            except Exception as error:  # noqa: BLE001, a fault of ours here is no reason to stop measuring
                self._watch.ahead.answers(None)
                self._fails(f"unexpected {type(error).__name__}")
        self._close()

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

    def _fails(self, error: str) -> None:
        self._close()
        self._log.warning("the source does not say how long its log is", error=error)

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()
        self._source = None
