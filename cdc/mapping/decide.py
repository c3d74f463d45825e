"""A decision table, with the source's types, to checked expressions: which rule fits a row, and what it gives a column or `where`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from cdc.mapping.constant import fixed, settled
from cdc.mapping.convert import Unfit, converter
from cdc.mapping.expression.check import check_condition, check_value
from cdc.mapping.expression.emit import nullable
from cdc.mapping.expression.node import And, Choose, Column, Constant, First, Fitted, Let, Local, Node, Refer, Which
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.sqltype import BOOL, TEXT, Sql, to_column
from cdc.mapping.files.csv import Cell
from cdc.mapping.files.document import Document
from cdc.mapping.files.problem import Place, Problem
from cdc.mapping.spec.decision import THIS
from cdc.mapping.spec.mapping import Condition, Decided, Decision, MappingSpec, Result
from cdc.model.table import Column as TargetColumn
from cdc.model.types import Type
from cdc.model.value import value

_LETS = 1000
"""Numbers of the locals that hold what a table's conditions are about, far above those within an expression."""
Make: TypeAlias = Callable[[Result, Scope], tuple[Node, list[Problem]]]
"""A result's cell → its value as it is needed."""


@value
class Table:
    """A decision table, checked. `cells` has for each rule a condition an input, None where nothing is asked."""

    inputs: tuple[Node, ...]
    cells: Sequence[tuple[Node | None, ...]]


def local(at: int, node: Node) -> Local:
    """Return what a condition reads of the input at this place."""
    return Local(node.type, _LETS + at, nullable(node))


def table(document: Document, decision: Decision, scope: Scope) -> tuple[Table, list[Problem]]:
    """Check the inputs and all conditions."""
    problems: list[Problem] = []
    inputs: list[Node] = []
    for sql in decision.inputs:
        node, refused = check_value(sql.text, scope)
        problems += [document.within(sql.path, one.offset, one.width).problem(one.code, one.message, one.help) for one in refused]
        if isinstance(node, Refer):
            problems.append(document.at(sql.path).problem("not-allowed", "a decision can't go by what only the target knows"))
        inputs.append(node)
    cells: list[tuple[Node | None, ...]] = []
    scopes = [replace(scope, cell=local(at, node)) for at, node in enumerate(inputs)]
    for rule in decision.rules if not problems else ():
        made = [_cell(condition, given) for condition, given in zip(rule.conditions, scopes, strict=True)]
        problems += [problem for _, found in made for problem in found]
        cells.append(tuple(node for node, _ in made))
    return Table(tuple(inputs), cells), problems


def _cell(condition: Condition | None, scope: Scope) -> tuple[Node | None, list[Problem]]:
    if condition is None:
        return None, []
    flag = scope.cell is not None and scope.cell.type.sql is Sql.FLAG
    node, refused = check_condition(_OF_FLAGS.get(condition.sql, condition.sql) if flag else condition.sql, scope)
    return node, [_problem(condition.cell, condition.shift, one) for one in refused]


_TRUTHS = {"true": True, "false": False}
_OF_FLAGS = {f"{THIS} = '{truth}'": f"{THIS} is {truth}" for truth in _TRUTHS}
"""A tinyint(1) is a number that means true or false."""


def _problem(cell: Cell, shift: int | None, refused: Refused) -> Problem:
    """Place what is wrong within a cell; conditions have words of ours before their own."""
    whole = shift is None or refused.offset < shift
    place = cell.place if whole or shift is None else cell.within(refused.offset - shift, refused.width)
    advice = refused.help
    if shift is None and refused.code in ("bad-value", "no-function", "type-mismatch"):
        advice = advice or "write a value of its type, or a condition: `>= 100`, `is null`"
    return place.problem(refused.code, refused.message, advice)


def check_apart(spec: MappingSpec, scope: Scope) -> list[Problem]:
    """Check what no column asks for: tables that nobody uses, and the expressions among results."""
    asked = {given.table for given in (*spec.columns.values(), spec.decided) if isinstance(given, Decided)}
    problems: list[Problem] = []
    for name, decision in spec.decisions.items():
        problems += table(spec.document, decision, scope)[1] if name not in asked else []
        results = [result for rule in decision.rules for result in rule.results] + list(decision.otherwise or ())
        problems += [problem for result in results if result.sql is not None for problem in _checked(result, scope, check_value)[1]]
    return problems


def tables(spec: MappingSpec, given: Iterable[object], scope: Scope) -> tuple[Mapping[str, Table], list[Problem]]:
    """Check the tables that columns, or `where`, ask for; those that are wrong are left out."""
    asked = {one.table for one in given if isinstance(one, Decided)}
    made = {name: table(spec.document, decision, scope) for name, decision in spec.decisions.items() if name in asked}
    right = {name: checked for name, (checked, problems) in made.items() if not problems}
    return right, [problem for _, problems in made.values() for problem in problems]


def decided_column(
    spec: MappingSpec, given: Decided, scope: Scope, target: TargetColumn, known: Mapping[str, Table]
) -> tuple[Node | None, list[Problem]]:
    """Return what a column takes of one of the known tables, as the column's text."""

    def make(result: Result, scope: Scope) -> tuple[Node, list[Problem]]:
        if result.sql is None:
            return _settled(partial(fixed, result.value), result.cell.place, target)
        node, problems = _checked(result, scope, check_value)
        if problems:
            return node, problems
        if isinstance(node, Constant):
            return _settled(partial(settled, node), result.cell.place, target)
        convert = converter(node.column if isinstance(node, Column) and node.column else to_column(node.type), target.type, spec.zones)
        if isinstance(convert, Unfit):
            return node, [result.cell.place.problem("type-mismatch", f"column '{target.name}': {convert.reason}", convert.hint)]
        return Fitted(node, convert or str), []

    return _chosen(spec, given, scope, make, known)


def decided_where(spec: MappingSpec, given: Decided, scope: Scope) -> tuple[Node | None, list[Problem]]:
    """Return a table's result as a condition."""

    def make(result: Result, scope: Scope) -> tuple[Node, list[Problem]]:
        if result.sql is not None:
            return _checked(result, scope, check_condition)
        truth = result.value if isinstance(result.value, bool) else _TRUTHS.get(str(result.value))
        if truth is None:
            return Constant(BOOL, None), [result.cell.place.problem("bad-value", "`where` needs true or false", "write true or false")]
        return Constant(BOOL, truth), []

    known, wrong = tables(spec, [given], scope)
    node, problems = _chosen(spec, given, scope, make, known)
    return (replace(node, type=BOOL) if isinstance(node, Choose) else node), wrong + problems


def _chosen(spec: MappingSpec, given: Decided, scope: Scope, make: Make, known: Mapping[str, Table]) -> tuple[Node | None, list[Problem]]:
    decision, checked = spec.decisions.get(given.table), known.get(given.table)
    if decision is None or checked is None or given.take not in decision.then:
        return None, []  # reported with the file's shape, or with the tables
    at = decision.then.index(given.take)
    speaking = [place for place, rule in enumerate(decision.rules) if not (decision.every and rule.results[at].empty)]
    results = [decision.rules[place].results[at] for place in speaking] + ([decision.otherwise[at]] if decision.otherwise else [])
    values: list[Node] = []
    problems: list[Problem] = []
    for result in results:
        node, found = make(result, scope)
        values.append(node)
        problems += found
    if not values:
        message = f"no rule of the decision '{decision.name}' says anything of '{given.take}'"
        place = spec.document.at_key(decision.path)
        return None, [place.problem("no-rules", message, "give it a value in some rule, or write `else:`")]
    label = f"{decision.name}.{given.take}" if decision.every else decision.name
    number: Node = First(tuple(_rule(checked.cells[rule]) for rule in speaking))
    for local_, node in reversed(list(enumerate(checked.inputs, _LETS))):
        number = Let(number.type, local_, node, number)
    return Choose(TEXT, decision.name, Which(label, number), tuple(values), decision.otherwise is not None), problems


def _rule(cells: Sequence[Node | None]) -> Node:
    asked = tuple(cell for cell in cells if cell is not None)
    return asked[0] if len(asked) == 1 else And(asked) if asked else Constant(BOOL, native=True)


def _checked(result: Result, scope: Scope, check: Callable[[str, Scope], tuple[Node, list[Refused]]]) -> tuple[Node, list[Problem]]:
    assert result.sql is not None
    node, refused = check(result.sql, scope)
    if isinstance(node, Refer):
        return node, [result.cell.place.problem("not-allowed", "a decision can't give what only the target knows")]
    return node, [result.cell.within(one.offset + 1, one.width).problem(one.code, one.message, one.help) for one in refused]


def _settled(settle: Callable[[Type], str | None], place: Place, target: TargetColumn) -> tuple[Node, list[Problem]]:
    try:
        return Constant(TEXT, settle(target.type)), []
    except BadValue as error:
        return Constant(TEXT, None), [place.problem("bad-value", f"column '{target.name}': {error}")]
