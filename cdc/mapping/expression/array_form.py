"""Arrays: what is made, read, searched and joined, by the type of the items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from cdc.mapping.expression.checker import ANYTHING, Checker, Operand, refused
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Call, Constant, Node, is_null
from cdc.mapping.expression.runtime.arrays import READ, array_in
from cdc.mapping.expression.sqltype import BOOL, IMPLICIT, TEXT, Sql, SqlType, array_of, element

_INT4 = SqlType(Sql.INT4)
_PATH = SqlType(Sql.ARRAY, native="text[]")


def as_path(tree: exp.Expr, node: Node) -> Node:
    """A text[]; a literal is read as one."""
    if isinstance(node, Constant) and node.type.sql is Sql.UNKNOWN:
        return Constant(_PATH, None if node.native is None else array_in(node.native, "text"))
    if node.type.sql is not Sql.ANY and (node.type.sql is not Sql.ARRAY or element(node.type) is not Sql.TEXT):
        raise refused(tree, "type-mismatch", f"text[] is needed here, this is {node.type}", "write '{key, …}' or array['key', …]")
    return fold(Call(_PATH, "array_steps", (node,)))


def _constructor(checker: Checker, tree: exp.Array) -> Node:
    operands = [checker.operand(part) for part in tree.expressions]
    if not operands:
        raise refused(tree, "ambiguous-type", "an array without items has no type", "write string_to_array('', ',') or a literal")
    wanted, items = checker.common("array", operands)
    if wanted.sql is Sql.ANY:
        return ANYTHING
    _known(tree, array_of(wanted.sql), wanted)
    return fold(Call(array_of(wanted.sql), "array_of", tuple(items), strict=False))


def _known(tree: exp.Expr, given: SqlType, shown: SqlType | None = None) -> Sql:
    item = element(given)
    if item is None or item.value not in READ:
        raise refused(tree, "no-function", f"items of type {shown or given} are not available in arrays", f"there are {', '.join(READ)}")
    return item


def _subscript(checker: Checker, tree: exp.Bracket) -> Node:
    array, indexes = checker.operand(tree.this), tree.expressions
    if len(indexes) != 1 or isinstance(indexes[0], exp.Slice):
        raise refused(tree, "not-allowed", "slices of arrays are not available", "one item: array[1]")
    index = checker.operand(indexes[0])
    if array[1].type.sql is Sql.ANY:
        return ANYTHING
    if array[1].type.sql is not Sql.ARRAY:
        raise refused(tree, "type-mismatch", f"an array is needed before [, this is {array[1].type}", "JSON has `->`")
    item = SqlType(_known(tree, array[1].type))
    return fold(Call(item, "array_item", (array[1], checker.convert(*index, _INT4)), maybe_null=True))


def is_any(tree: exp.Expr) -> bool:
    """Whether it is `any(array)`, which reads like a function's call."""
    return isinstance(tree, exp.Anonymous) and isinstance(tree.this, str) and tree.this.lower() == "any" and len(tree.expressions) == 1


def any_of(checker: Checker, tree: exp.EQ) -> Node:
    """`value = any(array)`."""
    value, array = checker.operand(tree.this), checker.operand(tree.expression.expressions[0])
    if Sql.ANY in (value[1].type.sql, array[1].type.sql):
        return ANYTHING
    if isinstance(array[1], Constant) and array[1].type.sql is Sql.UNKNOWN:
        given = array_of(value[1].type.sql)
        item = _known(tree, given, value[1].type)
        array = (array[0], Constant(given, None if array[1].native is None else array_in(array[1].native, item.value)))
    if array[1].type.sql is not Sql.ARRAY:
        raise refused(array[0], "not-allowed", "any() takes an array", "a list of values: `in (…)`; an expression sees one row")
    _known(array[0], array[1].type)
    made = _fitting(checker, array, value)
    return fold(Call(BOOL, "any_equal", (made, array[1]), maybe_null=True))


def _fitting(checker: Checker, array: Operand, value: Operand) -> Node:
    """The value as the type of the array's items."""
    wanted = _known(array[0], array[1].type)
    if wanted not in IMPLICIT[value[1].type.sql]:
        raise refused(value[0], "type-mismatch", f"{value[1].type} does not go with {array[1].type}", f"write cast(… as {wanted.value})")
    return checker.convert(value[0], value[1], SqlType(wanted))


def operator(tree: exp.Operator, name: str, operands: Sequence[Operand]) -> Node:
    """`@>`, `<@`, `&&`."""
    left, right = _alike(tree, operands[0], operands[1])
    if name == "<@":
        left, right = right, left
    return fold(Call(BOOL, "array_overlaps" if name == "&&" else "array_contains", (left, right)))


def _alike(tree: exp.Expr, first: Operand, second: Operand) -> tuple[Node, Node]:
    """Two arrays of the same items; a literal is read as the other's type."""
    types = [node.type for _, node in (first, second) if node.type.sql is Sql.ARRAY]
    item = _known(tree, types[0])
    made: list[Node] = []
    for at, node in (first, second):
        if isinstance(node, Constant) and node.type.sql is Sql.UNKNOWN:
            made.append(Constant(types[0], None if node.native is None else array_in(node.native, item.value)))
        elif node.type.sql is Sql.ARRAY and _known(at, node.type) is item:
            made.append(node)
        else:
            raise refused(at, "type-mismatch", f"{node.type} does not go with {types[0]}", "write a cast, or array[…]")
    return made[0], made[1]


def joined(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    """`||`: arrays with arrays and items."""
    made = operands[0]
    for operand in operands[1:]:
        made = tree, _joined(checker, tree, made, operand)
    return made[1]


def _joined(checker: Checker, tree: exp.Expr, left: Operand, right: Operand) -> Node:
    arrays = [node.type.sql is Sql.ARRAY for _, node in (left, right)]
    if all(arrays) or Sql.UNKNOWN in (left[1].type.sql, right[1].type.sql):
        return _cat(checker, tree, (left, right))
    if not any(arrays):
        raise refused(tree, "no-function", f"operator {left[1].type} || {right[1].type} does not exist", "write cast(… as text)")
    return _append(checker, tree, (left, right)) if arrays[0] else _prepend(checker, tree, (left, right))


def _cat(_checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    first, second = _count(tree, "array_cat", operands, 2)
    _array(tree, *(operand for operand in operands if operand[1].type.sql is not Sql.UNKNOWN))
    left, right = _alike(tree, first, second)
    return fold(Call(left.type, "array_cat", (left, right), strict=False))


def _count(tree: exp.Expr, name: str, operands: Sequence[Operand], *counts: int) -> Sequence[Operand]:
    if len(operands) not in counts:
        raise refused(tree, "no-function", f"{name} takes {' or '.join(map(str, counts))} values")
    return operands


def _array(tree: exp.Expr, *operands: Operand) -> SqlType:
    for at, node in operands:
        if node.type.sql is not Sql.ARRAY:
            raise refused(at, "type-mismatch", f"an array is needed here, this is {node.type}", "a literal needs a cast: '{…}'::text[]")
    if not operands:
        raise refused(tree, "ambiguous-type", "one of the values must be an array that has a type", "a literal needs a cast: '{…}'::text[]")
    _known(tree, operands[0][1].type)
    return operands[0][1].type


def _append(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    array, item = _count(tree, "array_append", operands, 2)
    given = _array(tree, array)
    return fold(Call(given, "array_append", (array[1], _fitting(checker, array, item)), strict=False))


def _prepend(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    item, array = _count(tree, "array_prepend", operands, 2)
    given = _array(tree, array)
    return fold(Call(given, "array_prepend", (_fitting(checker, array, item), array[1]), strict=False))


def _search(name: str, result: SqlType | None, *counts: int) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    """What looks items up in an array: the array, one or two items, and for array_position where to begin."""

    def check(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        array, *rest = _count(tree, name, operands, *counts)
        given = _array(tree, array)
        items = [
            checker.convert(*operand, _INT4) if name == "array_position" and at else _fitting(checker, array, operand)
            for at, operand in enumerate(rest)
        ]
        return fold(Call(result or given, name, (array[1], *items), strict=False, maybe_null=True))

    return check


def _measure(name: str, count: int) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    def check(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        array, *rest = _count(tree, name, operands, count)
        _array(tree, array)
        return fold(Call(_INT4, name, (array[1], *(checker.convert(*one, _INT4) for one in rest)), maybe_null=name != "cardinality"))

    return check


def _to_string(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    array, *texts = _count(tree, "array_to_string", operands, 2, 3)
    item = _known(tree, _array(tree, array))
    separator, *null = [checker.convert(*one, TEXT) for one in texts]
    if null and not is_null(null[0]):
        if not isinstance(null[0], Constant):
            raise refused(texts[1][0], "not-allowed", "what stands for NULL must be a text literal")
        return fold(Call(TEXT, f"array_to_string({{}}, {item.value!r}, {{}}, {{}})", (array[1], separator, null[0])))
    return fold(Call(TEXT, f"array_to_string({{}}, {item.value!r}, {{}})", (array[1], separator)))


def _split(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    texts = [checker.convert(*one, TEXT) for one in _count(tree, "string_to_array", operands, 2, 3)]
    return fold(Call(_PATH, "string_to_array", tuple(texts), strict=False, maybe_null=True))


def involves(operands: Sequence[Operand]) -> bool:
    """Whether one of the values is an array."""
    return any(node.type.sql is Sql.ARRAY for _, node in operands)


def _where_known(form: Callable[[Checker, exp.Expr, Sequence[Operand]], Node]) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    """Without the table's types there is nothing to say of the items."""

    def check(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        return ANYTHING if any(node.type.sql is Sql.ANY for _, node in operands) else form(checker, tree, operands)

    return check


_BY_NAME: Mapping[str, Callable[[Checker, exp.Expr, Sequence[Operand]], Node]] = {
    "array_append": _append,
    "array_prepend": _prepend,
    "array_cat": _cat,
    "array_position": _search("array_position", _INT4, 2, 3),
    "array_remove": _search("array_remove", None, 2),
    "array_replace": _search("array_replace", None, 3),
    "array_length": _measure("array_length", 2),
    "cardinality": _measure("cardinality", 1),
    "array_to_string": _to_string,
    "string_to_array": _split,
}
FORMS = {name: _where_known(form) for name, form in _BY_NAME.items()}
HANDLERS: Mapping[type, Callable[[Checker, Any], Node]] = {exp.Array: _constructor, exp.Bracket: _subscript}
