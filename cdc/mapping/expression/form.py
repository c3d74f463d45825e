"""What is no plain call: CASE, COALESCE and its like, functions with a grammar of their own or any number of arguments, and CAST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from cdc.mapping.expression.cast import as_text, can_cast, cast
from cdc.mapping.expression.checker import Checker, Operand, refused
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Call, Case, Coalesce, Constant, Node, Text, is_null
from cdc.mapping.expression.runtime.identifier import ROOT, version_5
from cdc.mapping.expression.sqltype import INTEGERS, TEXT, TEXTS, TIMES, UNKNOWN, Sql, SqlType
from cdc.mapping.expression.typename import type_named
from cdc.mapping.expression.vocabulary import FUNCTIONS
from cdc.mapping.expression.vocabulary.signature import COMPARABLE

NOTHING = Constant(UNKNOWN, None)
_TRIM = {"LEADING": "ltrim", "TRAILING": "rtrim"}


def _case(checker: Checker, tree: exp.Case) -> Node:
    branches: list[exp.If] = tree.args["ifs"]
    default = tree.args.get("default")
    values = [checker.operand(branch.args["true"]) for branch in branches]
    otherwise = checker.operand(default) if default else (tree, NOTHING)
    wanted, (last, *converted) = checker.common("case", [otherwise, *values])
    if tree.this is None:
        return Case(wanted, tuple(zip([checker.condition(branch.this) for branch in branches], converted, strict=True)), last)
    subject, tests = checker.operand(tree.this), [checker.operand(branch.this) for branch in branches]

    def choose(shared: Node) -> Node:
        equal = [checker.apply(test[0], "=", [(subject[0], shared), test]) for test in tests]
        return Case(wanted, tuple(zip(equal, converted, strict=True)), last)

    return checker.share(_settled(subject[1]), choose)


def _settled(node: Node) -> Node:
    """A literal that nothing gives a type is a text."""
    return as_text(node) if node.type.sql is Sql.UNKNOWN else node


def _coalesce(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _at_least(tree, "coalesce", operands, 1)
    wanted, parts = checker.common("coalesce", operands)
    parts = [part for part in parts if not is_null(part)] or parts[:1]
    return parts[0] if len(parts) == 1 or isinstance(parts[0], Constant) else Coalesce(wanted, tuple(parts))


def _nullif(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    if len(operands) != 2:
        raise refused(tree, "no-function", "nullif takes two values")
    (at, first), second = operands

    def choose(shared: Node) -> Node:
        equal = checker.call(tree, "=", [(at, shared), second])
        alike = any({first.type.sql, second[1].type.sql} <= family for family in _COMPARED_AS_THEY_ARE)
        compared = shared if alike else equal.arguments[0]
        return Case(compared.type, ((fold(equal), Constant(compared.type, None)),), compared)

    return checker.share(first, choose)


def _extreme(name: str) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    def check(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        _at_least(tree, name, operands, 1)
        wanted, parts = checker.common(name, operands)
        if wanted.sql in TEXTS:
            wanted, parts = TEXT, [as_text(part) for part in parts]
        elif wanted.sql not in (*COMPARABLE, Sql.FLOAT4, Sql.FLOAT8, Sql.FLAG, Sql.ANY):
            raise refused(tree, "no-function", f"{name}: values of type {wanted} have no order", "write a cast")
        return fold(Call(wanted, name, tuple(parts), strict=False))

    return check


def _concat(_checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _at_least(tree, "concat", operands, 1)
    return fold(Call(TEXT, "concat", tuple(written(node) for _, node in operands), strict=False))


def _concat_ws(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _at_least(tree, "concat_ws", operands, 2)
    separator = checker.convert(*operands[0], TEXT)
    return fold(Call(TEXT, "concat_ws", (separator, *(written(node) for _, node in operands[1:])), strict=False))


def written(node: Node) -> Node:
    """A value as concat() writes it: as it travels, unlike cast(… as text) for boolean and char(n)."""
    return fold(Text(node)) if node.type.sql in (Sql.BOOL, Sql.BPCHAR) else as_text(node)


def _stable_uuid(_checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _at_least(tree, "stable_uuid", operands, 2)
    namespace = operands[0][1]
    if not (isinstance(namespace, Constant) and isinstance(namespace.native, str) and namespace.native):
        raise refused(operands[0][0], "bad-value", "the namespace of stable_uuid is a text literal", "write stable_uuid('customer', id)")
    values = tuple(as_text(node) for _, node in operands[1:])
    bound = Constant(SqlType(Sql.BYTES), version_5(ROOT.bytes, namespace.native))
    return Call(SqlType(Sql.UUID), "stable_uuid", (bound, *values))


def joined_texts(tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    """`||`: of the first two, one is a text; what follows is joined to a text."""
    for at, node in operands:
        if node.type.sql in _UNJOINED:
            raise refused(at, "no-function", f"{node.type} can't be joined by `||`", "write cast(… as text)")
    first, second = (node.type for _, node in operands[:2])
    if not {first.sql, second.sql} & {*TEXTS, Sql.UNKNOWN, Sql.ENUM, Sql.ANY}:
        raise refused(tree, "no-function", f"operator {first} || {second} does not exist", "write cast(… as text)")
    texts = tuple(as_text(node) for _, node in operands)
    return fold(Call(TEXT, " + ".join(["{}"] * len(texts)) if len(texts) < _SUMMED else "join", texts))


def _trim(checker: Checker, tree: exp.Trim) -> Node:
    name = _TRIM.get(tree.args.get("position") or "", "trim")
    return checker.apply(tree, name, [checker.operand(part) for part in (tree.this, tree.expression) if part])


def _position(checker: Checker, tree: exp.StrPosition) -> Node:
    return checker.apply(tree, "strpos", [checker.operand(tree.this), checker.operand(tree.args["substr"])])


def _cast(checker: Checker, tree: exp.Cast) -> Node:
    if any(tree.args.get(key) for key in ("format", "safe", "action", "default")):
        raise refused(tree, "not-allowed", "PostgreSQL's cast has no such option")
    wanted, node = type_named(tree), checker.node(tree.this)
    if not can_cast(node.type.sql, wanted.sql):
        raise refused(tree, "no-cast", f"{node.type} can't be cast to {wanted}", "cast it to text first, if that is what you mean")
    return cast(node, wanted)


def _at_least(tree: exp.Expr, name: str, operands: Sequence[Operand], count: int) -> None:
    if len(operands) < count:
        raise refused(
            tree, "no-function", f"{name} takes at least {count} value{'s' if count > 1 else ''}", "; ".join(FUNCTIONS[name].usage)
        )


_COMPARED_AS_THEY_ARE = (frozenset({*INTEGERS, Sql.FLAG}), frozenset({Sql.FLOAT4, Sql.FLOAT8}), frozenset(TIMES))
"""PostgreSQL has an operator for each pair of these types, so that nullif keeps the first one's type."""
_SUMMED = 10
"""Up to here `+` joins faster than a function."""
_UNJOINED = frozenset({Sql.JSON, Sql.JSONB, Sql.ARRAY, Sql.BYTES, Sql.BITS, Sql.OTHER})
FORMS: Mapping[str, Callable[[Checker, exp.Expr, Sequence[Operand]], Node]] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "concat": _concat,
    "concat_ws": _concat_ws,
    "stable_uuid": _stable_uuid,
}
HANDLERS: Mapping[type, Callable[[Checker, Any], Node]] = {
    exp.Case: _case,
    exp.Trim: _trim,
    exp.StrPosition: _position,
    exp.Cast: _cast,
}
