"""Crash-only: every fault that goes away by itself leads through the one way to start, after a growing pause."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager

from cdc.model.errors import CdcError, Retry
from cdc.model.value import value
from cdc.pipeline.step import Step, Waiting

FIRST = 0.2
"""Seconds of the first pause, about."""
LONGEST = 30.0


@value
class Pause:
    """A fault that goes away by itself. Go on iterating after `seconds` for another try."""

    error: CdcError
    seconds: float


def supervise(
    start: Callable[[], AbstractContextManager[Iterator[Step]]],
    *,
    tries: int | None,
    monotonic: Callable[[], float],
    jitter: Callable[[], float],
) -> Generator[Step | Pause]:
    """Yield the steps of run after run, and a `Pause` between two; ends with the first run that ends by itself.

    `start` opens everything anew and yields a run's steps. Pauses grow while runs fail early and without having moved anything.
    After `tries` such runs in a row (None: no limit), or an error that stays, the error is raised. `jitter` gives 0 … 1.
    """
    failures = 0
    while True:
        begun = monotonic()
        try:
            with start() as steps:
                for step in steps:
                    failures = failures if isinstance(step, Waiting) else 0
                    yield step
                return
        except CdcError as error:
            failures = 1 if monotonic() - begun >= LONGEST else failures + 1
            if error.retry is Retry.NEVER or (tries is not None and failures > tries):
                raise
            pause = Pause(error, delay(failures, jitter()))
        yield pause


def delay(failures: int, jitter: float) -> float:
    """Return how long to wait after so many failures: doubling up to `LONGEST`, less up to a half by `jitter`."""
    return min(LONGEST, FIRST * 2.0 ** min(failures - 1, 16)) * (1 - jitter / 2)
