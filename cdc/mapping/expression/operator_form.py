"""Operators of several families under one sign, and `||`: which family is meant, by the types of both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from cdc.mapping.expression import array_form, form, json_form, predicate, regexp_form
from cdc.mapping.expression.checker import ANYTHING, Checker, Operand, refused
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Call, Constant, Node
from cdc.mapping.expression.runtime.encoding import known_encoding
from cdc.mapping.expression.sqltype import TEXT, Sql, SqlType

_REGEXP = frozenset({"~", "~*", "!~", "!~*"})
_ARRAY = frozenset({"@>", "<@", "&&"})
_NO_TEXTS = frozenset({Sql.ARRAY, Sql.JSONB, Sql.BYTES})


def _operator(checker: Checker, tree: exp.Operator) -> Node:
    name = str(tree.args["operator"])
    if name in _REGEXP:
        return regexp_form.matches(checker, tree, name)
    operands = [checker.operand(tree.this), checker.operand(tree.expression)]
    if any(node.type.sql is Sql.ANY for _, node in operands):
        return ANYTHING
    if name in _ARRAY and array_form.involves(operands):
        return array_form.operator(tree, name, operands)
    if name == "&&":
        raise refused(tree, "no-function", "operator && joins arrays only", "for conditions write `and`")
    return json_form.operator(checker, tree, name, operands)


def _join(checker: Checker, tree: exp.DPipe) -> Node:
    """`||`: a chain is joined at once, by what its parts are."""
    parts: list[exp.Expr] = []
    rest: exp.Expr = tree
    while isinstance(rest, exp.DPipe):
        parts.append(rest.expression)
        rest = rest.this
    operands = [checker.operand(part) for part in (rest, *reversed(parts))]
    first_two = {node.type.sql for _, node in operands[:2]}
    if Sql.ANY in first_two and first_two & _NO_TEXTS:
        return ANYTHING
    if array_form.involves(operands[:2]):
        return array_form.joined(checker, tree, operands)
    if first_two <= {Sql.JSONB, Sql.UNKNOWN} and Sql.JSONB in first_two:
        return _folded(checker, operands, Sql.JSONB, "jsonb_join({}, {})")
    if first_two <= {Sql.BYTES, Sql.UNKNOWN} and Sql.BYTES in first_two:
        return _folded(checker, operands, Sql.BYTES, "bytea_join({}, {})")
    return form.joined_texts(tree, operands)


def _folded(checker: Checker, operands: Sequence[Operand], sql: Sql, call: str) -> Node:
    made, *rest = [checker.convert(at, node, SqlType(sql)) for at, node in operands]
    for node in rest:
        made = fold(Call(SqlType(sql), call, (made, node)))
    return made


def _substring(checker: Checker, tree: exp.Substring) -> Node:
    """With a text where a place is expected, it is a pattern."""
    parts = [checker.operand(part) for part in (tree.this, tree.args.get("start"), tree.args.get("length")) if part]
    if len(parts) == 2 and parts[1][1].type.sql in (Sql.TEXT, Sql.VARCHAR, Sql.BPCHAR, Sql.UNKNOWN):
        return regexp_form.substring(checker, tree, parts)
    return checker.apply(tree, "substring", parts)


def _escape(checker: Checker, tree: exp.Escape) -> Node:
    return regexp_form.similar(checker, tree) if isinstance(tree.this, exp.SimilarTo) else predicate.HANDLERS[exp.Escape](checker, tree)


def _equal(checker: Checker, tree: exp.EQ) -> Node:
    return array_form.any_of(checker, tree) if array_form.is_any(tree.expression) else predicate.HANDLERS[exp.EQ](checker, tree)


def _overlay(checker: Checker, tree: exp.Overlay) -> Node:
    parts = (tree.this, tree.expression, tree.args.get("from_"), tree.args.get("for_"))
    return checker.apply(tree, "overlay", [checker.operand(part) for part in parts if part])


def _power(checker: Checker, tree: exp.Pow) -> Node:
    operands = [checker.operand(tree.this), checker.operand(tree.expression)]
    return _power_of(checker, tree, operands, "^")


def _power_of(checker: Checker, tree: exp.Expr, operands: Sequence[Operand], name: str = "power") -> Node:
    """In floating point only: PostgreSQL would compute numeric with rules of its own."""
    made = checker.call(tree, name, operands)
    if made.type.sql is Sql.NUMERIC:
        raise refused(tree, "no-function", f"{name} of numeric is not available", "cast one side to double precision")
    return fold(made)


def _format(_checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    """format('…%s…', any, …)."""
    at, given = operands[0] if operands else (tree, form.NOTHING)
    text = given.native if isinstance(given, Constant) else None
    if not isinstance(text, str):
        raise refused(
            at, "not-allowed", "the first value of format() must be a text literal", "in it %s stands for a value, %% for a percent sign"
        )
    pieces = text.replace("%%", "\0").split("%s")
    if any("%" in piece for piece in pieces):
        raise refused(at, "not-allowed", "format() knows only %s and %% here", "pad with lpad() and rpad()")
    if len(pieces) > len(operands):
        raise refused(tree, "bad-value", "too few arguments for format()")
    parts: list[Node] = []
    for number, piece in enumerate(pieces):
        parts += [form.written(operands[number][1])] if number else []
        parts.append(Constant(TEXT, piece.replace("\0", "%")))
    return fold(Call(TEXT, "concat", tuple(parts), strict=False))


def _encoded(name: str) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    """What an encoding is named in: a wrong name is said when the mapping is compiled."""

    def check(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        made = checker.apply(tree, name, operands)
        if isinstance(made, Call) and isinstance(made.arguments[1], Constant) and made.arguments[1].native is not None:
            known_encoding(name, made.arguments[1].native)
        return made

    return check


FORMS: Mapping[str, Callable[[Checker, exp.Expr, Sequence[Operand]], Node]] = {
    "format": _format,
    **{name: _encoded(name) for name in ("encode", "decode", "convert_to", "convert_from")},
    "power": _power_of,
}
HANDLERS: Mapping[type, Callable[[Checker, Any], Node]] = {
    exp.Operator: _operator,
    exp.DPipe: _join,
    exp.Substring: _substring,
    exp.Escape: _escape,
    exp.EQ: _equal,
    exp.Overlay: _overlay,
    exp.Pow: _power,
}
