"""Conditions: logic of three values, comparisons, IS, BETWEEN, IN, LIKE."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from cdc.mapping.expression.checker import Checker, Operand, refused
from cdc.mapping.expression.node import Among, And, Call, Constant, Distinct, IsNull, IsTruth, Node, Not, Or
from cdc.mapping.expression.runtime.like import like
from cdc.mapping.expression.sqltype import Sql
from cdc.mapping.expression.vocabulary.signature import COMPARABLE

_COMPARISONS: Mapping[type, str] = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}


def _compare(checker: Checker, tree: exp.Expr) -> Node:
    for inner in (tree.this, tree.expression):
        if type(inner) in _COMPARISONS:
            raise refused(tree, "sql-syntax", "comparisons can't be chained", "join them by `and`, or put brackets around one")
    return checker.apply(tree, _COMPARISONS[type(tree)], [checker.operand(tree.this), checker.operand(tree.expression)])


def _logic(kind: type[exp.Expr], made: type[And | Or]) -> Callable[[Checker, exp.Expr], Node]:
    """A chain of one operator becomes one node."""

    def check(checker: Checker, tree: exp.Expr) -> Node:
        parts: list[exp.Expr] = []
        while isinstance(tree, kind):
            parts.append(tree.expression)
            tree = tree.this
        return made(tuple(checker.condition(part) for part in (tree, *reversed(parts))))

    return check


def _not(checker: Checker, tree: exp.Not) -> Node:
    return Not(checker.condition(tree.this))


def _is(checker: Checker, tree: exp.Is) -> Node:
    asked = tree.expression
    if isinstance(asked, exp.Null):
        made: Node = IsNull(checker.node(tree.this))
    elif isinstance(asked, exp.Boolean):
        made = IsTruth(checker.condition(tree.this), bool(asked.this))
    else:
        raise refused(tree, "not-allowed", "`is` asks for null, true, false, unknown or distinct from", "write `=`")
    return Not(made) if tree.args.get("negate") else made


def _distinct(checker: Checker, tree: exp.NullSafeNEQ | exp.NullSafeEQ) -> Node:
    equal = checker.call(tree, "=", [checker.operand(tree.this), checker.operand(tree.expression)])
    left, right = equal.arguments
    made = Distinct(equal.call, left, right)
    return Not(made) if isinstance(tree, exp.NullSafeEQ) else made


def _between(checker: Checker, tree: exp.Between) -> Node:
    value, low, high = (checker.operand(part) for part in (tree.this, tree.args["low"], tree.args["high"]))

    def within(shared: Node) -> Node:
        subject = (value[0], shared)

        def between(least: Operand, most: Operand) -> Node:
            return And((checker.apply(tree, ">=", [subject, least]), checker.apply(tree, "<=", [subject, most])))

        return Or((between(low, high), between(high, low))) if tree.args.get("symmetric") else between(low, high)

    return checker.share(value[1], within)


def _in(checker: Checker, tree: exp.In) -> Node:
    if tree.args.get("query") or not tree.expressions:
        raise refused(tree, "not-allowed", "`in` takes a list of values", "an expression sees one row: no subqueries")
    subject, *items = [checker.operand(part) for part in (tree.this, *tree.expressions)]
    constants = [item for item in items if isinstance(item[1], Constant)]
    known = _among(checker, subject, constants) if len(constants) > 1 else None
    others = [item for item in items if not known or not isinstance(item[1], Constant)]
    if known and not others:
        return known

    def equal(shared: Node) -> Node:
        among = _among(checker, (subject[0], shared), constants) if known else None
        parts = [*([among] if among else []), *(checker.apply(tree, "=", [(subject[0], shared), item]) for item in others)]
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    return checker.share(subject[1], equal)


def _among(checker: Checker, subject: Operand, constants: Sequence[Operand]) -> Among | None:
    """Look a value up in a set; None when equality is more than that."""
    wanted, (value, *items) = checker.common("in", [subject, *constants])
    natives = [item.native for item in items if isinstance(item, Constant)]
    if wanted.sql not in _HASHABLE or any(native != native for native in natives):  # noqa: PLR0124 - NaN
        return None
    return Among(value, frozenset(native for native in natives if native is not None), None in natives)


def _match(name: str) -> Callable[[Checker, exp.Expr], Node]:
    def check(checker: Checker, tree: exp.Expr) -> Node:
        return _matched(checker, tree, name, [tree.this, tree.expression])

    return check


def _escape(checker: Checker, tree: exp.Escape) -> Node:
    inner = tree.this
    if not isinstance(inner, (exp.Like, exp.ILike)):
        raise refused(tree, "not-allowed", "`escape` belongs to like and ilike")
    name = "like" if isinstance(inner, exp.Like) else "ilike"
    return _matched(checker, inner, name, [inner.this, inner.expression, tree.expression])


def _matched(checker: Checker, tree: exp.Expr, name: str, parts: Sequence[exp.Expr]) -> Node:
    made = checker.apply(tree, name, [checker.operand(part) for part in parts])
    pattern = made.arguments[1:] if isinstance(made, Call) else ()
    if pattern and all(isinstance(part, Constant) and part.native is not None for part in pattern):
        like("", *(part.native for part in pattern if isinstance(part, Constant)))  # a pattern that no text can match fails now
    return Not(made) if tree.args.get("negate") else made


_HASHABLE = frozenset({*COMPARABLE, Sql.VARCHAR, Sql.ENUM, Sql.FLAG, Sql.FLOAT4, Sql.FLOAT8}) - {Sql.BPCHAR}
HANDLERS: Mapping[type, Callable[[Checker, Any], Node]] = {
    **dict.fromkeys(_COMPARISONS, _compare),
    exp.And: _logic(exp.And, And),
    exp.Or: _logic(exp.Or, Or),
    exp.Not: _not,
    exp.Is: _is,
    exp.NullSafeEQ: _distinct,
    exp.NullSafeNEQ: _distinct,
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _match("like"),
    exp.ILike: _match("ilike"),
    exp.Escape: _escape,
}
