"""Pipelines that stand still with work to do, to one line in the log when that begins and one when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from cdc.app.monitor.stall import spoken
from cdc.app.monitor.watch import Watch, stalled


class Stalls:
    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches
        self._standing: set[str] = set()
        self._log: Any = structlog.get_logger()

    def show(self) -> None:
        """Say what has changed. Called a few times a second."""
        for watch in self._watches:
            if stalled(watch):
                if watch.pipeline not in self._standing:
                    self._begins(watch)
                self._standing.add(watch.pipeline)
            elif watch.pipeline in self._standing:
                self._standing.discard(watch.pipeline)
                self._log.info("the pipeline moves again", pipeline=watch.pipeline)

    def _begins(self, watch: Watch) -> None:
        batch = watch.batch
        self._log.warning(
            f"the pipeline stands still: its position has not moved for {spoken(watch.stall.standing())}, and there is work to do",
            pipeline=watch.pipeline,
            state=watch.state.value,
            position=watch.position,
            writes=None if batch is None else len(batch.writes),
            hint="A lock on the target (what waits there?), or a server that does not answer. SIGUSR1 shows where each thread is.",
        )
