"""Specs and both catalogues to a plan: everything that can be wrong is said before anything starts, everything that can be decided is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cdc.mapping.catalogue import check_old_rows, check_required, check_target, find_table
from cdc.mapping.column import Item, check_columns, check_expressions, check_where, constant
from cdc.mapping.expression.node import Node
from cdc.mapping.expression.scope import Scope
from cdc.mapping.function import row_functions
from cdc.mapping.plan import Bind, Plan, Route, RowPlan
from cdc.mapping.problem import Problem, failed
from cdc.mapping.rank import ranks
from cdc.mapping.spec import MappingSpec
from cdc.model.change import Value
from cdc.model.errors import Misconfigured
from cdc.model.table import Column, Definition, Table, TableName
from cdc.model.types import Kind, Type
from cdc.model.value import value
from cdc.model.write import Deletes, TargetPlan

__all__ = ["check_expressions", "compile_plan"]


@value
class _Checked:
    """A spec whose tables exist."""

    spec: MappingSpec
    source: Definition
    target: Definition


def compile_plan(
    specs: Sequence[MappingSpec],
    sources: Mapping[TableName, Definition],
    targets: Mapping[TableName, Definition],
    source_schema: str,
    target_schema: str,
) -> tuple[Plan | None, list[Problem]]:
    """Return the plan, None when there are errors, and all problems of all specs. The schemas are those of unqualified table names."""
    found: list[_Checked] = []
    problems: list[Problem] = []
    for spec in specs:
        source, without_source = find_table(spec, "source", sources, source_schema)
        target, without_target = find_table(spec, "target", targets, target_schema)
        problems += [*without_source, *without_target]
        if source and target:
            found.append(_Checked(spec, source, target))
        else:
            problems += _half(spec, source)
    for one in found:
        problems += _check(one)
    for table in {one.target.name: one.target for one in found}.values():
        problems += check_required([one.spec for one in found if one.target is table], table)
    return (None if failed(problems) else _plan(found)), problems


def _half(spec: MappingSpec, source: Definition | None) -> list[Problem]:
    """With one table missing, the expressions are checked all the same."""
    scope = Scope(str(source.name), _types(source.columns)) if source else Scope(spec.source, None)
    return check_columns(spec, scope, {})[1] + check_where(spec, scope)[1]


def _check(one: _Checked) -> Iterator[Problem]:
    where, items, problems = _expressions(one, one.source.columns)
    yield from problems
    yield from check_target(one.spec, one.target)
    yield from check_old_rows(one.spec, one.source, where, items)
    yield from _soft_delete(one)[1]


def _expressions(one: _Checked, columns: Sequence[Column]) -> tuple[Node | None, list[Item], list[Problem]]:
    """Check where and columns against one shape of the source table."""
    scope = Scope(str(one.source.name), _types(columns, one.source))
    writable = {column.name: column for column in one.target.columns}
    items, problems = check_columns(one.spec, scope, writable)
    where, wrong = check_where(one.spec, scope)
    return where, items, problems + wrong


def _types(columns: Sequence[Column], known: Definition | None = None) -> Mapping[str, Type]:
    """The columns' types. A binary log does not say that an integer was declared tinyint(1): that the catalogue knows."""
    return {column.name: _declared(column, known.column(column.name) if known else None) for column in columns}


def _declared(column: Column, known: Column | None) -> Type:
    given = column.type
    if known is None or given.kind is not Kind.INT or known.type.kind is not Kind.INT:
        return given
    return known.type if (given.size, given.unsigned) == (known.type.size, known.type.unsigned) else given


def _soft_delete(one: _Checked) -> tuple[tuple[tuple[Column, Value], ...], list[Problem]]:
    made: list[tuple[Column, Value]] = []
    problems: list[Problem] = []
    for name, given in one.spec.soft_delete.items() if one.spec.deletes is Deletes.SOFT else ():
        if column := one.target.column(name):
            text, found = constant(one.spec, ("soft_delete", name), given, column)
            made.append((column, text))
            problems += found
    return tuple(made), problems


def _plan(found: Sequence[_Checked]) -> Plan:
    rank = ranks({one.target.name: one.target for one in found}.values())
    plans = [(one, _target_plan(one, rank[one.target.name])) for one in found]
    routes = [Route(one.source.name, plan) for one, plan in sorted(plans, key=lambda pair: pair[1].rank)]
    return Plan(tuple(routes), _bind(plans))


def _target_plan(one: _Checked, rank: int) -> TargetPlan:
    columns = [column for name in one.spec.columns if (column := one.target.column(name))]
    names = [column.name for column in columns]
    key = tuple(names.index(name) for name in one.spec.key)
    return TargetPlan(one.spec.name, one.target, tuple(columns), key, one.spec.deletes, _soft_delete(one)[0], rank)


def _bind(plans: Sequence[tuple[_Checked, TargetPlan]]) -> Bind:
    def bind(table: Table) -> Sequence[RowPlan]:
        return tuple(_row_plan(one, plan, table) for one, plan in plans if one.source.name == table.name)

    return bind


def _row_plan(one: _Checked, plan: TargetPlan, table: Table) -> RowPlan:
    where, items, problems = _expressions(one, table.columns)
    if failed(problems):
        first = problems[0]
        raise Misconfigured(
            f"mapping {plan.mapping} no longer fits {table.name}: {first.message} ({first.file}:{first.line}:{first.column})",
            first.help or "Mend the mapping, then start again.",
        )
    made = row_functions(plan.mapping, where, items, plan.key)
    return RowPlan(plan, made.map_row, made.key_of, one.spec.truncate, made.text)
