"""A tried row to its explanation: per target column what went in, the expression, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from cdc.app.trial.look import Look, key_of_row
from cdc.app.trial.tried import Trial, Verdict
from cdc.mapping.lineage import Made, condition, lineage
from cdc.mapping.spec.mapping import Given
from cdc.mapping.tools.single import TRUTH, reason, single
from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import BadRow
from cdc.model.reference import Ref
from cdc.model.table import Column
from cdc.model.value import value
from cdc.model.write import Deletes, Write
from cdc.pipeline.translate import translator


@value
class Cell:
    """One target column of one row."""

    column: str
    key: bool
    inputs: Mapping[str, Any]
    sql: str
    result: Any
    error: str
    now: Any
    """What the target has; meaningless when it does not have the row."""
    differs: bool


@value
class Explained:
    """One row."""

    key: Mapping[str, Any]
    source: Mapping[str, Any]
    trial: Trial
    condition: Cell | None
    cells: tuple[Cell, ...]


class Explainer:
    """Explains rows of one mapping. What depends on the mapping alone is found once."""

    def __init__(self, look: Look, at: float | None = None) -> None:
        """`at` is when the rows' changes were committed."""
        self.look, self._at = look, at
        types = {column.name: column.type for column in look.source.columns}
        self._made = {made.column: made for made in lineage(look.spec, types)}
        self._where = condition(look.spec, types)
        self._names = [column.name for column in look.table.columns]
        self._alone: dict[str, Any] = {}

    def explain(self, trial: Trial) -> Explained:
        source = dict(zip(self._names, trial.row, strict=True))
        taken = self._condition(trial, source) if self._where else None
        cells = tuple(self._cell(trial, source, column) for column in self.look.plan.target.columns)
        return Explained(key_of_row(self.look.table, trial.row), source, trial, taken, cells)

    def _cell(self, trial: Trial, source: Mapping[str, Any], column: Column) -> Cell:
        made = self._made[column.name]
        given, now = self.look.spec.columns[column.name], (trial.now or {}).get(column.name)
        result, error = (trial.mapped[column.name], "") if trial.mapped else self._by_itself(trial, given, column)
        target = self.look.plan.target
        key = column.name in {target.columns[at].name for at in target.key}
        return Cell(column.name, key, _inputs(made, source), made.sql, result, error, now, column.name in trial.differs)

    def _condition(self, trial: Trial, source: Mapping[str, Any]) -> Cell:
        assert self._where is not None
        given = self.look.spec.where or self.look.spec.decided
        assert given is not None
        result, error = self._by_itself(trial, given, TRUTH)
        return Cell(self._where.column, False, _inputs(self._where, source), self._where.sql, result, error, None, False)

    def _by_itself(self, trial: Trial, given: Given, column: Column) -> tuple[Any, str]:
        """Evaluate one expression whatever becomes of the others: (result, error)."""
        if column.name not in self._alone:
            self._alone[column.name] = _compiled_alone(self.look, given, column)
        translate = self._alone[column.name]
        if isinstance(translate, str):
            return None, translate
        try:
            write = translate(_whole(trial.change), self._at)
        except BadRow as error:
            return None, reason(error)
        result: object = write.image[1] if isinstance(write, Write) and write.image else None
        return (None, "only the target can tell") if isinstance(result, Ref) else (result, "")


def _whole(change: Change) -> Change:
    """A row that is deleted is explained as it was."""
    return Change(change.table, Op.INSERT, None, change.old) if change.op is Op.DELETE else change


def _compiled_alone(look: Look, given: Given, column: Column) -> Any:
    """Compile this column alone; return its translate, or why there is none."""
    plan, problems = single(look.spec, given, column, look.source, look.table, look.around)
    return translator(plan, look.table) if plan else problems[0].message


def _inputs(made: Made, source: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: source[name] for name in made.reads if name in source}


def would(explained: Explained, look: Look) -> str:
    """Say what the mapping would do."""
    trial, table, deletes = explained.trial, look.plan.target.table.name, look.plan.target.deletes
    by_verdict = {
        Verdict.INSERT: f"insert a row into {table}",
        Verdict.ADOPT: f"adopt a row that is there in {table}{', and update ' if trial.differs else ''}{', '.join(trial.differs)}",
        Verdict.UPDATE: f"update {', '.join(trial.differs)} in {table}",
        Verdict.NOTHING: f"nothing: {table} is as the mapping says",
        Verdict.FILTERED: f"nothing: the condition leaves the row out{'' if trial.now is None else ', and the mapping leaves its target row alone'}",
        Verdict.DELETE: f"mark the row in {table} as deleted" if deletes is Deletes.SOFT else f"delete the row in {table}",
        Verdict.FAILS: f"fail: {trial.error}",
    }
    return by_verdict[trial.verdict]


def _logged(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out what the log did not carry."""
    return {name: text for name, text in given.items() if text is not ABSENT}


def _plain(given: Any) -> Any:
    """NULL stands for what the target keeps, too: `kept` tells them apart."""
    if given is ABSENT:
        return None
    return given.value if isinstance(given, Enum) else given


def to_json(explained: Explained) -> dict[str, Any]:
    trial, where = explained.trial, explained.condition
    return {
        "key": explained.key,
        "source": _logged(explained.source),
        "verdict": trial.verdict.value,
        "error": trial.error or None,
        "condition": where and {"sql": where.sql, "inputs": _logged(where.inputs), "result": where.result, "error": where.error or None},
        "columns": [
            {
                "column": cell.column, "inputs": _logged(cell.inputs), "sql": cell.sql, "result": _plain(cell.result),
                "kept": cell.result is ABSENT, "error": cell.error or None, "differs": cell.differs,
            }
            for cell in explained.cells
        ],
        "target": trial.now,
    }  # fmt: skip
