"""Specs and both catalogues to a plan: everything that can be wrong is said before anything starts, everything that can be decided is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from cdc.mapping.catalogue import check_old_rows, check_required, check_target, find_table
from cdc.mapping.clock import check_time, newest
from cdc.mapping.column import Item, check_columns, check_expressions, check_where, constant
from cdc.mapping.coverage import check_coverage
from cdc.mapping.declared import types as _types
from cdc.mapping.emptied import scope, told
from cdc.mapping.expression.node import Node
from cdc.mapping.expression.scope import Scope, asks_about_change
from cdc.mapping.files.problem import Level, Problem, failed
from cdc.mapping.function import row_functions
from cdc.mapping.merged import merged
from cdc.mapping.notes import notes
from cdc.mapping.plan import Bind, Plan, Route, RowPlan
from cdc.mapping.present import Present, alike, gone, lacks, padded, same_columns, unfit, without_others
from cdc.mapping.query.plan import query_plan
from cdc.mapping.query.prepare import RESULT, Answers, Prepared, check_key, prepare
from cdc.mapping.rank import ranks
from cdc.mapping.reference import by_column, entities, references
from cdc.mapping.remedy import with_remedies
from cdc.mapping.renew import renewal
from cdc.mapping.spec.mapping import MappingSpec, Moment
from cdc.mapping.special import described, with_specials
from cdc.mapping.spelling import spellings
from cdc.mapping.written import written
from cdc.model.change import Value
from cdc.model.reference import Reference
from cdc.model.table import Column, Definition, Table, TableName
from cdc.model.value import value
from cdc.model.write import Deletes, TargetPlan, Truncates

__all__ = ["check_expressions", "compile_plan"]


@value
class _Checked:
    """A spec whose tables exist."""

    spec: MappingSpec
    source: Definition
    target: Definition
    references: tuple[Reference, ...] = ()
    query: Prepared | None = None
    """Set where rows come from a query; `source` then describes what it returns."""


def compile_plan(
    specs: Sequence[MappingSpec],
    sources: Mapping[TableName, Definition],
    targets: Mapping[TableName, Definition],
    source_schema: str,
    target_schema: str,
    answers: Answers = MappingProxyType({}),
    present: Present | None = None,
) -> tuple[Plan | None, list[Problem]]:
    """Return the plan, None when there are errors, and all problems of all specs. The schemas are those of unqualified table names.

    `answers` is what the source's server made of the queries. `present` is asked when the log announces a shape that `sources` does not have.
    """
    found: list[_Checked] = []
    problems: list[Problem] = []
    for spec in specs:
        source, without_source = find_table(spec, "source", sources, source_schema)
        target, without_target = find_table(spec, "target", targets, target_schema)
        problems += [*without_source, *without_target]
        query = None
        if source and spec.query:
            query, unprepared = prepare(spec, source, sources, source_schema, answers, spec.salt)
            source, problems = query.result if query else None, problems + unprepared
        if source and target:
            found.append(_Checked(spec, source, target, query=query))
        else:
            problems += _half(spec, source)
    found, unresolved = _referring(found, targets, target_schema)
    problems += unresolved
    for one in found:
        problems += _check(one)
    for table in {one.target.name: one.target for one in found}.values():
        problems += check_required([one.spec for one in found if one.target is table], table)
    return (None if failed(problems) else _plan(found, present, source_schema)), problems


def _referring(
    found: Sequence[_Checked], targets: Mapping[TableName, Definition], target_schema: str
) -> tuple[list[_Checked], list[Problem]]:
    """Add the references of each spec. An entity's keys are made by one of them, and all may refer to it."""
    made, problems = entities((one.spec, one.target) for one in found)
    whole: list[_Checked] = []
    for one in found:
        given, wrong = references(one.spec, one.target, targets, target_schema, made)
        whole.append(replace(one, references=given))
        problems += wrong
    return whole, problems


def _half(spec: MappingSpec, source: Definition | None) -> list[Problem]:
    """With one table missing, the expressions are checked all the same."""
    scope = Scope(str(source.name), _types(source.columns), spec.salt) if source else Scope(spec.source, None, spec.salt)
    return check_columns(spec, scope, {})[1] + check_where(spec, scope)[1]


def _check(one: _Checked) -> Iterator[Problem]:
    where, items, problems = _expressions(one, one.source.columns)
    yield from problems
    yield from check_target(one.spec, one.target)
    yield from check_old_rows(one.spec, one.source, where, items) if one.query is None else check_key(one.spec, one.source, items)
    yield from merged(one.spec, one.source, items) if one.query is None else ()
    yield from notes(one.spec, one.source, one.target, items)
    yield from told(one.spec, one.target, items)
    yield from check_time(one.spec, one.target, items)
    yield from _soft_delete(one)[1]
    scope = _scope(one, one.source.columns)
    yield from check_coverage(one.spec, scope, frozenset(column.name for column in one.source.columns if not column.nullable))


def _expressions(one: _Checked, columns: Sequence[Column]) -> tuple[Node | None, list[Item], list[Problem]]:
    """Check where and columns against one shape of the source table."""
    scope = _scope(one, columns)
    writable = {column.name: column for column in one.target.columns}
    items, problems = check_columns(one.spec, scope, writable, by_column(one.references))
    items, unspecial = with_specials(one.spec, items, writable)
    items, unfit = with_remedies(one.spec, items, writable)
    where, wrong = check_where(one.spec, scope)
    return where, items, problems + unspecial + unfit + wrong


def _scope(one: _Checked, columns: Sequence[Column]) -> Scope:
    name, row_alone = (RESULT, "a query mapping") if one.query else (str(one.source.name), "")
    return Scope(name, _types(columns, one.source), one.spec.salt, row_alone)


def _soft_delete(one: _Checked) -> tuple[tuple[tuple[Column, Value], ...], list[Problem]]:
    made: list[tuple[Column, Value]] = []
    problems: list[Problem] = []
    for name, given in one.spec.soft_delete.items() if one.spec.deletes is Deletes.SOFT else ():
        if column := one.target.column(name):
            text, found = constant(one.spec, ("soft_delete", name), given, column)
            made.append((column, text))
            problems += found
    return tuple(made), problems


def _plan(found: Sequence[_Checked], present: Present | None, schema: str) -> Plan:
    rank = ranks({one.target.name: one.target for one in found}.values())
    plans = [(one, _target_plan(one, rank[one.target.name])) for one in found]
    routes = [_route(one, plan, present, schema) for one, plan in sorted(plans, key=lambda pair: pair[1].rank)]
    return Plan(tuple(routes), _bind(plans, present))


def _route(one: _Checked, plan: TargetPlan, present: Present | None, schema: str) -> Route:
    if one.query is None or one.spec.query is None:
        return Route(one.source.name, plan)
    renew = renewal(one.spec, one.query, present, schema) if present else None
    return Route(one.query.root.name, plan, query_plan(one.query, plan, one.spec.truncate, one.spec.query.settle, renew))


def _target_plan(one: _Checked, rank: int) -> TargetPlan:
    columns = [column for name in one.spec.columns if (column := one.target.column(name))]
    names = [column.name for column in columns]
    key = tuple(names.index(name) for name in one.spec.key)
    items = _expressions(one, one.source.columns)[1]
    return TargetPlan(
        one.spec.name,
        one.target,
        tuple(columns),
        key,
        one.spec.deletes,
        _soft_delete(one)[0],
        rank,
        *_apart(one.spec, names),
        one.references,
        one.spec.halts,
        scope(one.spec, one.target, items) if one.spec.truncate is Truncates.APPLY else (),
        *spellings(one.spec.key, items, one.source, one.target),
        newest(one.spec, names),
    )


def _apart(spec: MappingSpec, names: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """The positions of columns that only an insert, and that only an update sets."""
    once, later = (frozenset(map(names.index, spec.only_at(moment))) for moment in (Moment.INSERT, Moment.UPDATE))
    return once, later


def _bind(plans: Sequence[tuple[_Checked, TargetPlan]], present: Present | None) -> Bind:
    def bind(table: Table) -> Sequence[RowPlan]:
        ours = [(one, plan) for one, plan in plans if one.source.name == table.name]
        if present is None or all(one.query is not None or alike(table, one.source) for one, _ in ours):
            return tuple(_row_plan(one, plan, table) for one, plan in ours)
        return tuple(_as_now(one, plan, table, present.table(table.name)) for one, plan in ours)

    return bind


def _as_now(one: _Checked, plan: TargetPlan, table: Table, found: tuple[Definition, Table] | None) -> RowPlan:
    """Bind a mapping to a shape that the catalogue did not have at the start: a newer one, or that of rows from before a change.

    The mapping must fit the table as it is; older rows may lack what it has now.
    """
    if found is None:
        raise gone(plan.mapping, table.name)
    definition, current = found
    one = replace(one, source=definition)
    if failed(problems := list(_check(one))):
        raise unfit(plan.mapping, table.name, next(problem for problem in problems if problem.level is Level.ERROR))
    if same_columns(table, definition):
        return _row_plan(one, plan, table)
    columns = _widened(one, table, current)
    wider = Table(table.name, columns, table.key, table.old)
    return padded(_row_plan(one, plan, wider), table, len(columns) - len(table.columns), current)


def _widened(one: _Checked, table: Table, current: Table) -> tuple[Column, ...]:
    """Return the columns that an older shape is bound with: its own, and behind them those that the mapping can't do without."""
    for columns in (table.columns, (*table.columns, *lacks(table.columns, current))):
        if not failed(_expressions(one, columns)[2]):
            return columns
    columns = without_others(table, current)
    return (*columns, *lacks(columns, current))


def _row_plan(one: _Checked, plan: TargetPlan, table: Table) -> RowPlan:
    where, items, problems = _expressions(one, table.columns)
    if failed(problems):
        raise unfit(plan.mapping, table.name, next(problem for problem in problems if problem.level is Level.ERROR))
    made = row_functions(plan.mapping, where, items, plan.key, by_column(plan.references), written(one.spec))
    asks = any(asks_about_change(item.node, len(table.columns)) for item in items)
    return RowPlan(plan, made.map_row, made.key_of, one.spec.truncate, made.text + described(one.spec), asks)
