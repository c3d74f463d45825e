"""What a source's server says of the log that it keeps, sample by sample, to how much of the budget is used and when it will be gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cdc.app.service.protection import Protection
from cdc.model.retention import Retention
from cdc.model.value import value

WINDOW = 600.0
"""Seconds over which the rate is measured."""
_SHORTEST = 15.0
"""Seconds between the first and the last sample of a rate."""
LOST = "lost"


@value
class Outlook:
    share: float | None = None
    """Of the budget that is used; None: there is no budget."""
    seconds: float | None = None
    """Until it is used up, at the rate of the last minutes; None: it does not shrink."""

    @property
    def used_up(self) -> bool:
        return self.share is not None and self.share >= 1


class Budget:
    """Samples of the last minutes."""

    def __init__(self, protection: Protection, monotonic: Callable[[], float]) -> None:
        self._protection, self._monotonic = protection, monotonic
        self._samples: deque[tuple[float, float]] = deque()

    def sees(self, retention: Retention, behind: float) -> Outlook:
        """Take in a sample. `behind` is how old our position is, in seconds: what counts where a log is kept by its age."""
        limit = self._limit(retention)
        if retention.status == LOST:
            return Outlook(1.0, 0.0)
        used = float(retention.retained or 0) if retention.keeps is None else behind
        rate = self._rate(used)
        if not limit:
            return Outlook()
        left = max(0.0, limit - used)
        return Outlook(min(1.0, used / limit), left / rate if rate > 0 else 0.0 if not left else None)

    def _limit(self, retention: Retention) -> float | None:
        if retention.keeps is not None:
            return retention.keeps
        server = None if retention.safe is None else float(retention.safe + (retention.retained or 0))
        return min((limit for limit in (server, self._protection.budget) if limit is not None), default=None)

    def _rate(self, used: float) -> float:
        """Return by how much more is used each second."""
        now, samples = self._monotonic(), self._samples
        samples.append((now, used))
        while now - samples[0][0] > WINDOW:
            samples.popleft()
        since, before = samples[0]
        return (used - before) / (now - since) if now - since >= _SHORTEST else 0.0
