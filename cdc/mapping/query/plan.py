"""A prepared query to the plan that the loop asks by: which changes touch which root keys, decided once for each shape of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdc.mapping.declared import types
from cdc.mapping.expression.scope import Scope
from cdc.mapping.function import row_functions
from cdc.mapping.plan import Asking, KeyOf, QueryPlan, Touches
from cdc.mapping.query.prepare import Leading, Prepared, leading_items
from cdc.model.change import ABSENT, Row
from cdc.model.errors import Drifted, Misconfigured
from cdc.model.table import Column, Definition, Table
from cdc.model.write import TargetPlan, Truncates

_WHOLE = "Let the log carry whole rows: `alter table … replica identity full` on PostgreSQL, binlog_row_image = FULL on MySQL and MariaDB."


def query_plan(
    prepared: Prepared, target: TargetPlan, truncates: Truncates, settle: float, renew: Callable[[Table], None] | None = None
) -> QueryPlan:
    """Return the plan. `renew` looks at each shape first, and raises when the queries no longer fit the tables."""
    names = [column.name for column in prepared.root_key]
    asking = [lead for lead in prepared.leading if lead.query]

    def touches(table: Table) -> Touches:
        if renew is not None:
            renew(table)
        keys, asked = [], []
        if table.name == prepared.root.name:
            keys.append(_picked(target.mapping, table, names))
        own = len(keys)
        for lead in prepared.leading:
            if lead.table.name != table.name:
                continue
            if lead.query is None:
                keys.append(_computed(target.mapping, table, lead, prepared))
            else:
                asked.append((asking.index(lead), _picked(target.mapping, table, [column.name for column in lead.query.given])))
        return Touches(tuple(keys), tuple(asked), tuple(keys[own:]))

    return QueryPlan(
        target,
        tuple(dict.fromkeys((prepared.root.name, *(lead.table.name for lead in prepared.leading)))),
        prepared.query,
        result_shape(prepared.result),
        names,
        tuple(_asking(target.mapping, lead, prepared.root_key) for lead in asking),
        touches,
        truncates,
        settle,
        tuple(dict.fromkeys(lead.table.name for lead in prepared.leading)),
    )


def result_shape(result: Definition) -> Table:
    """Return the shape of a query's rows. Its key is the root's, in the order in which the root has it."""
    names = [column.name for column in result.columns]
    return Table(result.name, result.columns, tuple(names.index(name) for name in result.identity or ()))


def _asking(mapping: str, lead: Leading, root: Sequence[Column]) -> Asking:
    assert lead.query is not None
    return Asking(lead.query, row_functions(mapping, None, lead.items, range(len(root))).key_of)


def _computed(mapping: str, table: Table, lead: Leading, prepared: Prepared) -> KeyOf:
    scope = Scope(str(table.name), types(table.columns, lead.table), prepared.salt)
    items, wrong = leading_items(lead.keys, scope, prepared.root_key)
    if wrong:
        raise _unfit(mapping, table, wrong[0][1].message)
    return row_functions(mapping, None, items, range(len(items))).key_of


def _picked(mapping: str, table: Table, names: Sequence[str]) -> KeyOf:
    """Return what takes columns out of a row as they are."""
    known = [column.name for column in table.columns]
    if missing := [name for name in names if name not in known]:
        raise _unfit(mapping, table, f"column '{missing[0]}' does not exist")
    places = [known.index(name) for name in names]

    def picked(row: Row) -> Row:
        key = tuple([row[at] for at in places])
        if ABSENT in key:
            raise Misconfigured(f"mapping {mapping}: the log did not carry the key of a row of {table.name}", _WHOLE)
        return key

    return picked


def _unfit(mapping: str, table: Table, reason: str) -> Drifted:
    return Drifted(f"mapping {mapping} no longer fits {table.name}: {reason}", "Mend the mapping or the table.", (mapping,))
