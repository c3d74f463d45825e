"""What became of each write → the counts of `Applied`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cdc.model.change import Op
from cdc.model.write import Applied


class Tally:
    """Counts writes by their effect on the target. A write that took none is unchanged."""

    def __init__(self) -> None:
        self._rows: Counter[tuple[str, Op]] = Counter()
        self._unchanged: Counter[str] = Counter()
        self._adopted: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()

    def add(self, mapping: str, effect: Op | None, writes: int = 1) -> None:
        if not writes:
            return
        if effect is None:
            self._unchanged[mapping] += writes
        else:
            self._rows[mapping, effect] += writes

    def supersede(self, superseded: Mapping[tuple[str, Op], int]) -> None:
        """Count writes that a later one of the same key stands for."""
        self._rows.update(superseded)

    def adopt(self, mapping: str, rows: int) -> None:
        self._adopted[mapping] += rows

    def keep(self, mapping: str, rows: int) -> None:
        if rows:
            self._kept[mapping] += rows

    def take(self, other: Tally) -> None:
        """Count what another one has counted."""
        self._rows.update(other._rows)
        self._unchanged.update(other._unchanged)
        self._adopted.update(other._adopted)
        self._kept.update(other._kept)

    def applied(self) -> Applied:
        return Applied(self._rows, self._unchanged, self._adopted, self._kept)
