"""Forecasts of a pipeline to the rows that only its target has: what an earlier mapping made and this one does not, or somebody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from cdc.app.service.config import default_schema
from cdc.app.trial.forecast import Forecast, key_hash
from cdc.app.trial.look import Look
from cdc.app.trial.tried import Verdict
from cdc.mapping.spec.mapping import table_name
from cdc.model.change import Row, Value
from cdc.model.reference import Xref
from cdc.model.table import Table, TableName
from cdc.model.value import value
from cdc.model.write import KEEPING, TargetPlan
from cdc.sql.crosswalk_admin import Side

_SIZE = 1_000
"""Rows that are held at once."""


@value
class Leftover:
    """Rows of one target table that no source row makes."""

    table: TableName
    count: int = 0
    shown: Sequence[Mapping[str, Any]] = ()
    """The keys of the first."""
    compared: int = 0
    """Rows of the target that were looked at."""
    whole: bool = True
    """These were all; otherwise the first ones by their key."""
    doubtful: bool = False
    """Source rows fail, whose target rows may be among them."""
    unknown: str = ""
    """Why they were not looked for."""


def leftovers(made: Sequence[Forecast], limit: int | None, examples: int, progress: Callable[[], None]) -> Iterator[Leftover]:
    """Look for such rows of each table whose mappings delete. `progress` is called for each row of the target."""
    by_table: dict[TableName, list[Forecast]] = defaultdict(list)
    for forecast in made:
        by_table[forecast.look.plan.target.table.name].append(forecast)
    for table, forecasts in by_table.items():
        plans = [each.look.plan.target for each in forecasts]
        if any(plan.deletes in KEEPING for plan in plans):
            continue  # such rows stay there by the mapping's own rule
        why = _unknown(forecasts)
        yield Leftover(table, unknown=why) if why else _leftover(forecasts, limit, examples, progress)


def _unknown(forecasts: Sequence[Forecast]) -> str:
    look = forecasts[0].look
    schema, table = default_schema(look.line.target), look.plan.target.table.name
    names = {each.look.spec.name for each in forecasts}
    if others := [spec.name for spec in look.line.specs if spec.name not in names and table_name(spec.target, schema) == table]:
        return f"{' and '.join(others)} write{'s' if len(others) == 1 else ''} that table too: leave the mapping out"
    if not all(each.whole for each in forecasts):
        return "the source has more rows than were looked at: --all"
    if len({_key_names(each.look.plan.target) for each in forecasts}) > 1:
        return "its mappings name its rows by different columns"
    return ""


def _leftover(forecasts: Sequence[Forecast], limit: int | None, examples: int, progress: Callable[[], None]) -> Leftover:
    look, there = forecasts[0].look, set[int]().union(*(each.there for each in forecasts))
    table, marks = key_table(look.plan.target)
    count, compared, shown = 0, 0, list[Mapping[str, Any]]()
    for row in target_rows([each.look for each in forecasts], table, limit):
        progress()
        compared += 1
        key = [row[at] for at in table.key]
        if key_hash(key) in there or (marks and all(row[at] == text for at, text in marks.items())):
            continue
        count += 1
        if len(shown) < examples:
            shown.append(dict(zip((table.columns[at].name for at in table.key), key, strict=True)))
    fails = any(each.verdicts[Verdict.FAILS] for each in forecasts)
    return Leftover(table.name, count, shown, compared, limit is None or compared < limit, fails)


def key_table(plan: TargetPlan) -> tuple[Table, Mapping[int, Value]]:
    """Return the key's columns as a table, with those that mark a deleted row, and what those are then."""
    keys = [plan.columns[at] for at in plan.key]
    marks = {len(keys) + at: text for at, (_, text) in enumerate(plan.soft_delete)}
    return Table(plan.table.name, (*keys, *(column for column, _ in plan.soft_delete)), tuple(range(len(keys)))), marks


def target_rows(looks: Sequence[Look], table: Table, limit: int | None) -> Iterator[Row]:
    """Yield the table's rows; where the crosswalk knows which are ours, those alone."""
    look = looks[0]
    owners = [_owner(each.plan.target) for each in looks]
    if look.crosswalk is None or not all(owners):
        for rows in look.beside.rows(table, limit, _SIZE):
            yield from rows
        return
    with closing(look.line.target_admin()) as admin:
        entries = [row for owner in owners if owner for row in admin.ask(Side(admin.words, owner.entity, look.line.source.name).entries())]
    keys = [(str(entry[1]),) for entry in entries][:limit]
    for start in range(0, len(keys), _SIZE):
        yield from look.beside.fetch(table, keys[start : start + _SIZE])


def _owner(plan: TargetPlan) -> Xref | None:
    return next((one for one in plan.references if isinstance(one, Xref) and one.maker is not None), None)


def _key_names(plan: TargetPlan) -> Sequence[str]:
    return tuple(plan.columns[at].name for at in plan.key)


def to_json(left: Leftover) -> Mapping[str, Any]:
    known = {"count": left.count, "compared": left.compared, "complete": left.whole, "doubtful": left.doubtful, "examples": left.shown}
    return {"table": str(left.table), **({"not_looked_for": left.unknown} if left.unknown else known)}
