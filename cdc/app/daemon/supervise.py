"""Crash-only: every fault that goes away by itself leads through the one way to start, after a growing pause."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager

from cdc.model.errors import CdcError, Drifted, Misconfigured, Retry, Unfollowed
from cdc.model.value import value
from cdc.pipeline.step import Holding, Step, Waiting

FIRST = 0.2
"""Seconds of the first pause, about."""
LONGEST = 30.0
MEND = "Mend the table or the mapping: the pipeline waits, and goes on by itself once they fit."
LOOK = 3.0
"""Seconds between two looks at whether somebody has mended what does not fit."""


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
    After `tries` such runs in a row (None: no limit), or an error that stays, the error is raised. What somebody has to mend is looked at
    again every `LOOK` seconds, but only without such a limit. `jitter` gives 0 … 1.
    """
    failures = 0
    while True:
        begun = monotonic()
        try:
            with start() as steps:
                for step in steps:
                    failures = failures if isinstance(step, Waiting | Holding) else 0
                    yield step
                return
        except CdcError as error:
            failures = 1 if monotonic() - begun >= LONGEST else failures + 1
            if error.retry is Retry.NEVER or (tries is not None and (failures > tries or error.retry is Retry.MENDED)):
                raise
            pause = Pause(error, LOOK if error.retry is Retry.MENDED else delay(failures, jitter()))
        yield pause


@contextmanager
def drifting(ran: Callable[[], bool]) -> Iterator[None]:
    """Take what no longer fits for a table that has changed, once the pipeline has run: then somebody mends it, and it goes on."""
    try:
        yield
    except Misconfigured as error:
        if not ran() or isinstance(error, Drifted | Unfollowed):
            raise
        raise Drifted(str(error), error.hint or MEND) from error


def delay(failures: int, jitter: float) -> float:
    """Return how long to wait after so many failures: doubling up to `LONGEST`, less up to a half by `jitter`."""
    return min(LONGEST, FIRST * 2.0 ** min(failures - 1, 16)) * (1 - jitter / 2)
