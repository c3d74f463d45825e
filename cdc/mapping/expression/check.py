"""An expression's text to a checked node: an allow-list of syntax, columns looked up, functions resolved, types inferred."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp

from cdc.mapping.expression import array_form, change_form, form, operator_form, predicate, regexp_form, temporal_form
from cdc.mapping.expression.call import call
from cdc.mapping.expression.checker import Checker, refused
from cdc.mapping.expression.node import Constant, Node
from cdc.mapping.expression.parse import parse, place
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.runtime.numeric import numeric_in
from cdc.mapping.expression.scope import CELL, Scope
from cdc.mapping.expression.sqltype import BOOL, INT_BYTES, UNKNOWN, Sql, SqlType

_ARITHMETIC: Mapping[type, str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


def check_value(text: str, scope: Scope) -> tuple[Node, list[Refused]]:
    """Return the expression, which means something only when nothing is wrong with it, and all that is wrong.

    A text literal or NULL that nothing gives a type comes back as UNKNOWN: the target column gives it one.
    """
    return _checked(text, scope, Checker.node)


def check_condition(text: str, scope: Scope) -> tuple[Node, list[Refused]]:
    """The same for `where`, which must be true or false."""
    return _checked(text, scope, _condition)


def _condition(checker: Checker, tree: exp.Expr) -> Node:
    node = checker.node(tree)
    return node if checker.problems else checker.convert(tree, node, BOOL, "a condition must be true or false")


def _checked(text: str, scope: Scope, check: Callable[[Checker, exp.Expr], Node]) -> tuple[Node, list[Refused]]:
    checker = Checker(scope, _HANDLERS)
    try:
        return check(checker, parse(text)), checker.problems
    except Refused as problem:
        return Constant(UNKNOWN, None), [*checker.problems, problem]


def _column(checker: Checker, tree: exp.Column) -> Node:
    if not isinstance(tree.this, exp.Identifier):
        return checker.node(tree.this)
    if checker.scope.cell and tree.name == CELL:
        return checker.scope.cell
    if tree.args.get("table") and change_form.is_old(tree):
        return change_form.old(checker, tree)
    if tree.args.get("table"):
        raise refused(tree, "qualified-column", "columns have no table before them", f"write {tree.name}")
    if tree.name.lower() in _SESSION and not tree.this.args.get("quoted"):
        raise refused(tree, "not-allowed", f"{tree.name} is not a function of the row", "the same row must always give the same values")
    offset, width = place(tree)
    return checker.scope.column(tree.name, quoted=bool(tree.this.args.get("quoted")), offset=offset, width=width)


def _literal(_checker: Checker, tree: exp.Literal) -> Node:
    text = str(tree.this)
    if tree.is_string:
        return Constant(UNKNOWN, text)
    given = numeric_in(text)
    fits = [sql for sql, size in INT_BYTES.items() if size > 2 and text.isdecimal() and given < 1 << (8 * size - 1)]
    return Constant(SqlType(fits[0]), int(given)) if fits else Constant(SqlType(Sql.NUMERIC), given)


_SESSION = frozenset(
    {"current_date", "current_role", "current_time", "current_timestamp", "current_user", "localtime", "localtimestamp", "session_user"}
)


def _arithmetic(checker: Checker, tree: exp.Binary) -> Node:
    return checker.apply(tree, _ARITHMETIC[type(tree)], [checker.operand(tree.this), checker.operand(tree.expression)])


def _negative(checker: Checker, tree: exp.Neg) -> Node:
    """PostgreSQL reads a sign before a number as part of it: the least integer is an integer."""
    made = checker.apply(tree, "-", [checker.operand(tree.this)])
    given = tree.this.unnest()
    if isinstance(made, Constant) and isinstance(given, exp.Literal) and str(given.this).isdecimal():
        fits = [sql for sql, size in INT_BYTES.items() if size > 2 and made.native >= -1 << (8 * size - 1)]
        return Constant(SqlType(fits[0]), int(made.native)) if fits else made
    return made


_HANDLERS: Mapping[type, Callable[[Checker, Any], Node]] = {
    **form.HANDLERS,
    **predicate.HANDLERS,
    **temporal_form.HANDLERS,
    **regexp_form.HANDLERS,
    **array_form.HANDLERS,
    **operator_form.HANDLERS,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    exp.Anonymous: call,
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Null: lambda _, __: Constant(UNKNOWN, None),
    exp.Boolean: lambda _, tree: Constant(BOOL, bool(tree.this)),
    exp.Paren: lambda checker, tree: checker.node(tree.this),
    exp.Neg: _negative,
}
