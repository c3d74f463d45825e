"""A query mapping whose tables change while it runs: its queries are put to the source again, and what they return is compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdc.mapping.files.problem import failed
from cdc.mapping.present import Present, alike, gone, unfit
from cdc.mapping.query.prepare import Answers, Prepared, prepare, questions, wanted_tables
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.errors import Drifted
from cdc.model.table import Column, Definition, Table, TableName

Renew = Callable[[Table], None]
"""Look at a shape that the log announces. Raises `Drifted` when the mapping's queries no longer say what they said."""


def renewal(spec: MappingSpec, prepared: Prepared, present: Present, schema: str) -> Renew:
    """Return what looks at shapes of the tables that a query mapping reads."""
    known = {prepared.root.name: prepared.root, **{lead.table.name: lead.table for lead in prepared.leading}}

    def renew(table: Table) -> None:
        if alike(table, known[table.name]):
            return
        tables = {name: _there(spec.name, name, present) for name in wanted_tables(spec, schema)}
        asked = questions(spec, tables, schema)
        answers: Answers = {(spec.name, path): present.prepare(question) for path, (question, _) in asked.items()}
        again, problems = prepare(spec, tables[prepared.root.name], tables, schema, answers, prepared.salt)
        if again is None or failed(problems):
            raise unfit(spec.name, table.name, problems[0])
        if _said(again) != _said(prepared):
            raise Drifted(f"mapping {spec.name}: its query returns other columns since {table.name} has changed", "", (spec.name,))

    return renew


def _there(mapping: str, name: TableName, present: Present) -> Definition:
    found = present.table(name)
    if found is None:
        raise gone(mapping, name)
    return found[0]


def _said(prepared: Prepared) -> Sequence[Sequence[Column]]:
    return [prepared.root_key, prepared.result.columns, *(lead.query.columns for lead in prepared.leading if lead.query)]
