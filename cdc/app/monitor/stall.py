"""Whether a pipeline moves: since when its position stands still, and words to say so once."""

from __future__ import annotations

from collections.abc import Callable

BEHIND = 15.0
"""Seconds, three samples of the log's end, for which a position may stand though there is more of the log."""


class Stall:
    """Since when nothing has moved, by both clocks."""

    def __init__(self, seconds: float, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self.seconds = seconds
        """After which somebody is told; 0: never."""
        self._monotonic, self._wall = monotonic, wall
        self.moves()

    def moves(self) -> None:
        """Something was done, or there is nothing to do."""
        self.since, self.moved_at = self._monotonic(), self._wall()

    def standing(self) -> float:
        """Return for how many seconds nothing has moved."""
        return self._monotonic() - self.since


def spoken(seconds: float) -> str:
    """Return a time as people say it: `3 h 20 min`, `45 s`."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    said = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(said[:2]) or "0 s"
