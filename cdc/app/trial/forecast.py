"""A mapping's source rows, all or the first, to what it would change on the target: counts, and the first rows of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import Any

from cdc.app.trial.look import Look, key_of_row
from cdc.app.trial.rows import first
from cdc.app.trial.tried import Trial, Verdict, trials
from cdc.model.change import Change
from cdc.model.value import value


@value
class Forecast:
    """What a mapping would do. Counted as the rows go by."""

    look: Look
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)
    """Target column → how many rows would get another value in it."""
    shown: dict[Verdict, list[Trial]] = field(default_factory=dict)
    there: set[int] = field(default_factory=set)
    """Of the target's rows that the source's rows made, a hash of each key: so those of millions fit into memory."""
    limit: int | None = None

    @property
    def rows(self) -> int:
        return self.verdicts.total()

    @property
    def whole(self) -> bool:
        """Whether the source has no more rows than these."""
        return self.limit is None or self.rows < self.limit

    @property
    def differs(self) -> bool:
        """Whether anything would change, or fail."""
        return any(count for verdict, count in self.verdicts.items() if verdict.changes or verdict is Verdict.FAILS)


def forecast(look: Look, limit: int | None, examples: int, progress: Callable[[], None]) -> Forecast:
    """Try the rows; keep this many of each kind that changes or fails. `progress` is called for each row."""
    made = Forecast(look, limit=limit)
    keys = [look.plan.target.columns[at].name for at in look.plan.target.key]
    for trial in trials(look, _watched(first(look, limit), progress)):
        made.verdicts[trial.verdict] += 1
        if trial.verdict is Verdict.UPDATE:
            made.columns.update(trial.differs)
        if trial.now is not None:
            made.there.add(key_hash([trial.now[name] for name in keys]))
        kept = made.shown.setdefault(trial.verdict, [])
        if len(kept) < examples and trial.verdict not in (Verdict.NOTHING, Verdict.FILTERED):
            kept.append(trial)
    return made


def key_hash(key: Sequence[Any]) -> int:
    return hash(tuple(key))


def _watched(changes: Iterator[Change], progress: Callable[[], None]) -> Iterator[Change]:
    for change in changes:
        progress()
        yield change


def to_json(made: Forecast) -> dict[str, Any]:
    look = made.look
    return {
        "mapping": look.spec.name,
        "source": str(look.root.name),
        "target": str(look.plan.target.table.name),
        "rows": made.rows,
        **{verdict.value.replace(" ", "_"): made.verdicts[verdict] for verdict in Verdict},
        "columns": dict(made.columns),
        "examples": [example(look, trial) for kept in made.shown.values() for trial in kept],
    }


def example(look: Look, trial: Trial) -> dict[str, Any]:
    """Return one row: its key, what would become of it, and the columns that would change as (now, then)."""
    marks = {column.name: text for column, text in look.plan.target.soft_delete} if trial.verdict is Verdict.DELETE else {}
    then, now = {**trial.mapped, **marks}, trial.now or {}
    return {
        "key": key_of_row(look.table, trial.row),
        "verdict": trial.verdict.value,
        "error": trial.error or None,
        "changes": {name: [now.get(name), then.get(name)] for name in trial.differs},
    }
