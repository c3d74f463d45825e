"""Deletes of the last minute against what the service file allows: a mistake on the source must not be carried on before somebody looks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cdc.model.errors import TooManyDeletes
from cdc.model.write import Batch, Phase

MINUTE = 60.0


class DeleteBreaker:
    """Lives as long as its pipeline's thread: a new start must not forget what was deleted just before."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.limit: int | None = None
        """Deletes in a minute; None: any number."""
        self._monotonic = monotonic
        self._applied: deque[tuple[float, int]] = deque()

    def check(self, batch: Batch, begun: int = 0) -> int:
        """Return how many deletes the batch has. Raises `TooManyDeletes` when they are more than may be applied now.

        `begun`: those of the parts before it of the same transaction.

        An initial load deletes what it must: it was asked for.
        """
        if self.limit is None:
            return 0
        deletes = 0 if batch.phase is Phase.LOADING else sum(write.image is None for write in batch.writes)
        if deletes:
            now = self._monotonic()
            while self._applied and now - self._applied[0][0] > MINUTE:
                self._applied.popleft()
            before = sum(count for _, count in self._applied)
            if before + begun + deletes > self.limit:
                more = "" if batch.ends else "at least "
                raise TooManyDeletes(
                    f"{more}{begun + deletes:,} deletes wait, after {before:,} within the last minute; the service file allows {self.limit:,}",
                    "Look at what was deleted on the source. If it is meant so: `cdc resume --allow-deletes`.",
                )
        return deletes

    def applied(self, deletes: int) -> None:
        """Count what was applied."""
        if deletes:
            self._applied.append((self._monotonic(), deletes))

    def forgives(self) -> None:
        """Somebody has looked: what was applied before counts no more."""
        self._applied.clear()
