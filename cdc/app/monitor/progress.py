"""How far initial loads are: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from cdc.app.monitor.watch import State, Watch

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LOADING_EVERY = 10.0
STREAMING_EVERY = 60.0
Show: TypeAlias = Callable[[], None]
"""Called a few times a second."""


@contextmanager
def progress(watches: Sequence[Watch], *, terminal: bool) -> Iterator[Show]:
    """Give the function that shows how far the watches are."""
    said = Lines(watches)
    if not terminal:
        yield said.show
        return
    bars = Bars(watches)

    def show() -> None:
        bars.show()
        said.show()

    try:
        yield show
    finally:
        bars.stop()


class Lines:
    """A log line for each running load every ten seconds, and one for each pipeline that moved every minute."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches
        self._said = {watch.pipeline: (watch.clock.monotonic(), 0) for watch in watches}
        self._log: Any = structlog.get_logger()

    def show(self) -> None:
        for watch in self._watches:
            if watch.state is State.SNAPSHOT:
                self._every(LOADING_EVERY, watch, sum(load.rows for load in watch.loads.values()), self._loading)
            elif watch.state is State.STREAMING:
                self._every(STREAMING_EVERY, watch, watch.rows, self._streaming)

    def _every(self, seconds: float, watch: Watch, rows: int, say: Callable[[Watch, float], None]) -> None:
        now = watch.clock.monotonic()
        since, before = self._said[watch.pipeline]
        if now - since >= seconds:
            if rows != before:
                say(watch, (rows - before) / (now - since))
            self._said[watch.pipeline] = (now, rows)

    def _loading(self, watch: Watch, rate: float) -> None:
        for load in watch.loads.values():
            if not load.done:
                self._log.info(
                    "loading",
                    pipeline=watch.pipeline,
                    mapping=load.mapping,
                    rows=load.rows,
                    estimate=load.estimate,
                    rows_per_second=round(max(rate, 0)),
                )

    def _streaming(self, watch: Watch, rate: float) -> None:
        self._log.info(
            "streaming",
            pipeline=watch.pipeline,
            rows_applied=watch.rows,
            rows_per_second=round(max(rate, 0), 1),
            lag_seconds=round(watch.lag_seconds(), 1),
        )


class Bars:
    """A bar for each mapping's load, there from the first load's begin to the last one's end."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches
        self._progress: Progress | None = None
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def show(self) -> None:
        loading = any(watch.state is State.SNAPSHOT for watch in self._watches)
        if loading and self._progress is None:
            self._progress = _display()
            self._progress.start()
        if self._progress is not None:
            self._update(self._progress)
            if not loading:
                self.stop()

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
        self._progress, self._tasks = None, {}

    def _update(self, display: Progress) -> None:
        for watch in self._watches:
            for load in watch.loads.values():
                name = (watch.pipeline, load.mapping)
                if name not in self._tasks:
                    self._tasks[name] = display.add_task(f"{watch.pipeline} {load.mapping}")
                display.update(self._tasks[name], completed=load.rows, total=max(load.estimate, load.rows))


def _display() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)
    )
