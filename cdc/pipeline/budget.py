"""How much may be parked before that halts the pipeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cdc.model.errors import TooManyParked
from cdc.model.parked import Parked
from cdc.model.value import value
from cdc.model.write import Applied, Batch

_FEW = 100
"""Row changes of a mapping below which a share says nothing."""
_MANY = 1000
"""Row changes of a mapping from which on the older ones count less."""
_LOOK = "`cdc parked list` shows them by cause. Mend the cause, replay or skip them, or raise {} of the pipeline in the service file."


@value
class Budget:
    """What the service file allows a pipeline."""

    rows: int = 1000
    """Row changes that wait, at most."""
    share: float = 0.5
    """Of a mapping's row changes, those that may fail."""
    age: float | None = None
    """Seconds that one may wait; None: any time."""


class Shares:
    """How many of each mapping's row changes have failed of late. When nearly all do, the rows are not to blame."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._seen: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def check(self, batch: Batch) -> None:
        """Raise `TooManyParked` when the batch would park more than the share."""
        written = Counter(write.plan.mapping for write in batch.writes)
        for mapping, failed in _failed(batch.parked).items():
            seen = self._seen[mapping] + written[mapping] + failed
            if seen >= _FEW and self._failed[mapping] + failed > self._budget.share * seen:
                why = next(one.cause.message for one in batch.parked if one.mapping == mapping and one.cause is not None)
                raise TooManyParked(
                    f"mapping {mapping}: {self._failed[mapping] + failed} of the last {seen} row changes fail, more than `parking: share`: {why}",
                    "So many fail for a reason that is not theirs: mend that, or the mapping. " + _LOOK.format("`parking: share`"),
                )

    def count(self, batch: Batch, applied: Applied) -> None:
        for (mapping, _), rows in applied.rows.items():
            self._add(mapping, rows, 0)
        for mapping, rows in applied.unchanged.items():
            self._add(mapping, rows, 0)
        for mapping, rows in _failed(batch.parked).items():
            self._add(mapping, rows, rows)

    def _add(self, mapping: str, seen: int, failed: int) -> None:
        self._seen[mapping] += seen
        self._failed[mapping] += failed
        if self._seen[mapping] > _MANY:
            self._failed[mapping] = self._failed[mapping] * _MANY // self._seen[mapping]
            self._seen[mapping] = _MANY


def check_rows(budget: Budget, rows: int) -> None:
    """Raise `TooManyParked` when more are parked than may be."""
    if rows > budget.rows:
        raise TooManyParked(
            f"{rows} row changes would be parked, more than `parking: rows` ({budget.rows})", _LOOK.format("`parking: rows`")
        )


def check_age(budget: Budget, oldest: float) -> None:
    """Raise `TooManyParked` when one has waited for longer than it may."""
    if budget.age is not None and oldest > budget.age:
        raise TooManyParked(
            f"a row change has been parked for {oldest / 3600:.1f} hours, longer than `parking: age`", _LOOK.format("`parking: age`")
        )


def _failed(parked: Iterable[Parked]) -> Counter[str]:
    """Those that wait behind others of their key have not failed themselves."""
    return Counter(one.mapping for one in parked if one.cause is not None and not one.id)
