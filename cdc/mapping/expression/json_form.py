"""JSON's operators, and functions that make JSON of values of any type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from sqlglot import exp

from cdc.mapping.expression.array_form import as_path
from cdc.mapping.expression.cast import as_text, cast
from cdc.mapping.expression.checker import Checker, Operand, refused
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Call, Cast, Constant, Node, Text, is_null
from cdc.mapping.expression.runtime.arrays import READ
from cdc.mapping.expression.sqltype import INTEGERS, TEXT, TEXTS, TIMES, Sql, SqlType, element

_JSON, _JSONB = SqlType(Sql.JSON), SqlType(Sql.JSONB)
_WHOLE = (*INTEGERS, Sql.FLAG)
_PATHS = frozenset({"#>", "#>>", "#-", "?|", "?&"})


def operator(checker: Checker, tree: exp.Operator, name: str, operands: Sequence[Operand]) -> Node:
    """`->` and its like."""
    left, (at, right) = operands
    if left[1].type.sql is Sql.UNKNOWN and name not in ("@>", "<@"):
        raise refused(left[0], "ambiguous-type", f"{name} needs a json or jsonb on its left side", "write cast(… as jsonb)")
    return checker.apply(tree, name, [left, (at, as_path(at, right) if name in _PATHS else right)])


def as_jsonb(tree: exp.Expr, node: Node) -> Node:
    """A value as jsonb has it."""
    sql = node.type.sql
    if is_null(node):
        return Constant(_JSONB, None)
    if sql in (Sql.JSON, Sql.JSONB, Sql.ANY):
        return cast(node, _JSONB)
    if sql in (Sql.NUMERIC, Sql.FLOAT4, Sql.FLOAT8):
        return fold(Call(_JSONB, "jsonb_of_number", (Text(node),)))
    if sql is Sql.ARRAY:
        return fold(Call(_JSONB, f"jsonb_of_array({{}}, {_item(tree, node)!r})", (node,)))
    if sql in (Sql.BOOL, *_WHOLE):
        return fold(Cast(_JSONB, None if sql is Sql.BOOL else "Decimal", node))
    return fold(Cast(_JSONB, None, _written(tree, node)))


def as_json(tree: exp.Expr, node: Node) -> Node:
    """A value as the text that json is."""
    sql = node.type.sql
    if is_null(node):
        return Constant(_JSON, None)
    if sql in (Sql.JSON, Sql.JSONB, Sql.ANY):
        return cast(node, _JSON)
    if sql in (*_WHOLE, Sql.NUMERIC, Sql.FLOAT4, Sql.FLOAT8):
        return fold(Call(_JSON, "json_of_number", (Text(node),)))
    if sql is Sql.ARRAY:
        raise refused(tree, "no-function", "arrays as json are not available", "there is jsonb: to_jsonb(…)")
    if sql is Sql.BOOL:
        return fold(Cast(_JSON, "'true' if {} else 'false'", node))
    return fold(Cast(_JSON, "quoted", _written(tree, node)))


def _item(tree: exp.Expr, node: Node) -> str:
    item = element(node.type)
    if item is None or item.value not in READ:
        raise refused(tree, "no-function", f"items of {node.type} can't become JSON")
    return item.value


def _written(tree: exp.Expr, node: Node) -> Node:
    """A value as the text that it is in JSON."""
    if node.type.sql in (Sql.TIMESTAMP, Sql.INSTANT):
        return fold(Call(TEXT, "iso_8601", (Text(node),)))
    if node.type.sql in (Sql.BPCHAR, Sql.DATE):
        return fold(Text(node))
    if node.type.sql in (*TEXTS, Sql.UNKNOWN, Sql.ENUM, Sql.UUID, Sql.BYTES, Sql.TIME, Sql.BITS):
        return as_text(node)
    raise refused(tree, "no-function", f"{node.type} can't become JSON", "write cast(… as text)")


def _one(name: str, convert: Callable[[exp.Expr, Node], Node]) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    def check(_checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        if len(operands) != 1 or operands[0][1].type.sql is Sql.UNKNOWN:
            raise refused(tree, "no-function", f"{name} takes one value that has a type", "write cast(… as text)")
        return convert(*operands[0])

    return check


def _list(call: str, given: SqlType, convert: Callable[[exp.Expr, Node], Node]) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    def check(_checker: Checker, _tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        return fold(Call(given, call, tuple(convert(at, node) for at, node in operands), strict=False))

    return check


def _object(call: str, given: SqlType, convert: Callable[[exp.Expr, Node], Node]) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    def check(_checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        if len(operands) % 2:
            raise refused(tree, "no-function", "keys and values come in pairs", f"write {given}_build_object('key', value, …)")
        pairs = ((_key(*operands[at]), convert(*operands[at + 1])) for at in range(0, len(operands), 2))
        return fold(Call(given, call, tuple(chain.from_iterable(pairs)), strict=False))

    return check


def _key(tree: exp.Expr, node: Node) -> Node:
    if is_null(node):
        raise refused(tree, "bad-value", "a key must not be null")
    if node.type.sql in (Sql.JSON, Sql.JSONB, Sql.ARRAY):
        raise refused(tree, "no-function", f"a key can't be {node.type}", "a key is a text")
    if node.type.sql in TIMES:
        return _written(tree, node)
    return fold(Text(node)) if node.type.sql is Sql.BPCHAR else as_text(node)


def _steps(name: str, json: Sql) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    def check(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        if len(operands) < 2:
            raise refused(tree, "no-function", f"{name} takes a {json.value} and at least one step of a path")
        given = checker.convert(*operands[0], SqlType(json))
        path = [checker.convert(at, node, TEXT) for at, node in operands[1:]]
        call = ("json" if json is Sql.JSON else "jsonb") + ("_steps_text" if name.endswith("_text") else "_steps")
        return fold(Call(TEXT if name.endswith("_text") else SqlType(json), call, (given, *path), maybe_null=True))

    return check


def _set(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    paths = [(at, as_path(at, node) if index == 1 else node) for index, (at, node) in enumerate(operands)]
    return checker.apply(tree, "jsonb_set", paths)


FORMS: Mapping[str, Callable[[Checker, exp.Expr, Sequence[Operand]], Node]] = {
    "to_jsonb": _one("to_jsonb", as_jsonb),
    "to_json": _one("to_json", as_json),
    "jsonb_build_array": _list("jsonb_list", _JSONB, as_jsonb),
    "json_build_array": _list("json_list", _JSON, as_json),
    "jsonb_build_object": _object("jsonb_object", _JSONB, as_jsonb),
    "json_build_object": _object("json_object", _JSON, as_json),
    "jsonb_set": _set,
    **{
        name: _steps(name, Sql.JSON if name.startswith("json_") else Sql.JSONB)
        for name in ("json_extract_path", "json_extract_path_text", "jsonb_extract_path", "jsonb_extract_path_text")
    },
}
