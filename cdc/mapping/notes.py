"""What the types leave open, told before a row shows it: values that may be too long, too large or NULL for their target column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from cdc.mapping.column import Item
from cdc.mapping.expression.node import Call, Case, Cast, Choose, Coalesce, Constant, Let, Local, Node, Text, Translate, children
from cdc.mapping.expression.node import Column as SourceColumn
from cdc.mapping.expression.sqltype import TEXTS, SqlType, to_column
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import MappingSpec, OnFail
from cdc.model.table import Definition
from cdc.model.types import Kind, Type

_Doubt: TypeAlias = Callable[[Type, Type], str]
"""A source and a target type → what may go wrong, or nothing."""


def notes(spec: MappingSpec, source: Definition, target: Definition, items: list[Item]) -> Iterator[Problem]:
    """Yield a note for each column where some values of the source's type would be errors of their rows."""
    for item in items:
        column = target.column(item.column)
        if column is None or isinstance(item.node, (Choose, Constant, Translate)):
            continue
        given = _given(item.node)
        if _handled(spec, item.column):
            continue
        replaced = replace(column.type, charset=None) if _replaced(spec, item.column) else column.type
        if doubt := _doubt(given, replaced, item.node):
            yield spec.place(item.column).note("may-not-fit", f"column '{item.column}': {doubt}", _advice(doubt, given, replaced))
        if not column.nullable and item.column not in spec.key and _may_be_null(item.node, source):
            yield spec.place(item.column).note(
                "may-be-null",
                f"column '{item.column}' is not null, its value may be",
                "write coalesce(…, …), or let `where` leave such rows out",
            )


def _handled(spec: MappingSpec, column: str) -> bool:
    """Whether the mapping says what becomes of values that do not fit."""
    options = spec.options.get(column)
    return options is not None and options.on_fail in {OnFail.NULL, OnFail.TRUNCATE}


def _replaced(spec: MappingSpec, column: str) -> bool:
    """Whether characters that the column lacks are replaced."""
    options = spec.options.get(column)
    return options is not None and options.on_fail is OnFail.REPLACE


def _given(node: Node) -> Type:
    return node.column if isinstance(node, SourceColumn) and node.column else to_column(node.type)


def _doubt(given: Type, wanted: Type, node: Node) -> str:
    if wanted.kind is Kind.TEXT:
        return " and ".join(doubt for doubt in (_too_long(given, wanted, node), _foreign(given, wanted)) if doubt)
    rule = _DOUBTS.get((given.kind, wanted.kind))
    return rule(given, wanted) if rule else ""


def _too_long(given: Type, wanted: Type, node: Node) -> str:
    longest = _longest(node) if given.kind is Kind.TEXT else _spelled(given)
    if wanted.size is None or wanted.size >= _HUGE or (longest is not None and longest <= wanted.size):
        return ""
    said = "a text" if longest is None else f"up to {longest} characters"
    return f"{said} may be longer than {wanted.size} characters"


_HUGE = 1 << 30
"""Characters that no text of PostgreSQL has, and hardly one of MySQL."""


def _foreign(given: Type, wanted: Type) -> str:
    if given.kind is not Kind.TEXT or wanted.charset in {None, "utf8mb4", given.charset}:
        return ""
    return f"a character may be missing in {wanted.charset}"


def _spelled(given: Type) -> int | None:
    """How many characters a value that is no text has at most, where the kind says so."""
    if given.kind is Kind.INT:
        return len(str(-(1 << (8 * (given.size or 8) - 1))))
    if given.kind is Kind.NUMERIC and given.precision is not None:
        return given.precision + 2
    if given.kind in {Kind.ENUM, Kind.SET}:
        return len(",".join(given.labels)) if given.kind is Kind.SET else max(map(len, given.labels), default=0)
    return _LENGTHS.get(given.kind)


_LENGTHS: Mapping[Kind, int] = {
    Kind.BOOL: 5, Kind.FLOAT: 25, Kind.DATE: 13, Kind.TIME: 18, Kind.TIMESTAMP: 32, Kind.INSTANT: 35, Kind.UUID: 36, Kind.INTERVAL: 60,
}  # fmt: skip


def _longest(node: Node) -> int | None:
    """How many characters a text has at most; None: not known."""
    found: int | None
    match node:
        case SourceColumn(column=Type() as column):
            found = column.size
        case Constant():
            found = len(node.native) if isinstance(node.native, str) else 0
        case Call():
            found = _made(node)
        case Text():
            found = _longest(node.inner) if node.inner.type.sql in TEXTS else _spelled(_given(node.inner))
        case Cast(type=SqlType(size=None)) | Let():
            found = _longest(node.inner if isinstance(node, Cast) else node.body)
        case Case() | Coalesce():
            branches = node.parts if isinstance(node, Coalesce) else (node.default, *(value for _, value in node.whens))
            found = _all(max, map(_longest, branches))
        case _:
            found = node.type.size
    return found


def _made(node: Call) -> int | None:
    """How many characters a function gives at most."""
    match node:
        case Call(call="left", arguments=(_, Constant(native=int() as count))) if count >= 0:
            return count
        case Call(call=call) if call in _KEEP or call.startswith(_STRIP):
            return _longest(node.arguments[0])
        case Call(call=call) if set(call.split(" + ")) == {"{}"}:
            return _all(sum, map(_longest, node.arguments))
    return node.type.size


_KEEP = frozenset({"upper", "lower", "initcap", "reverse"})
_STRIP = ("{}.strip", "{}.lstrip", "{}.rstrip")


def _all(join: Callable[[list[int]], int], lengths: Iterable[int | None]) -> int | None:
    found = list(lengths)
    known = [length for length in found if length is not None]
    return join(known) if known and len(known) == len(found) else None


def _range(given: Type) -> tuple[int, int]:
    bits = 8 * (given.size or 8)
    return (0, (1 << bits) - 1) if given.unsigned else (-1 << (bits - 1), (1 << (bits - 1)) - 1)


def _integers(given: Type, wanted: Type) -> str:
    (low, high), (least, most) = _range(given), _range(wanted)
    if low < least and high <= most:
        return f"a value below {least} does not fit {wanted.native}"
    return "" if least <= low and high <= most else f"a value of {given.native} may be too large for {wanted.native}"


def _whole(given: Type, wanted: Type) -> str:
    if given.scale == 0 and given.precision is not None and 10**given.precision - 1 <= _range(wanted)[1] and not wanted.unsigned:
        return ""
    return f"a value of {given.native} may have a fraction, or be too large for {wanted.native}"


def _digits(given: Type, wanted: Type) -> str:
    if wanted.precision is None:
        return ""
    room, scale = wanted.precision - (wanted.scale or 0), wanted.scale or 0
    if given.kind is Kind.INT:
        return "" if len(str(_range(given)[1])) <= room else f"a value of {given.native} may be too large for {wanted.native}"
    if (
        given.kind is Kind.NUMERIC
        and given.precision is not None
        and given.precision - (given.scale or 0) <= room
        and (given.scale or 0) <= scale
    ):
        return ""
    return f"a value of {given.native} may have more digits than {wanted.native} holds"


def _labels(given: Type, wanted: Type) -> str:
    missing = [label for label in given.labels if label not in wanted.labels]
    if given.labels and not missing:
        return ""
    return f"a text may be none of the labels of {wanted.native}" if not given.labels else f"the target has no label '{missing[0]}'"


_NUMBERS = (Kind.INT, Kind.NUMERIC, Kind.FLOAT)
_DOUBTS: Mapping[tuple[Kind, Kind], _Doubt] = {
    (Kind.INT, Kind.INT): _integers,
    (Kind.NUMERIC, Kind.INT): _whole,
    (Kind.FLOAT, Kind.INT): _whole,
    **{(kind, Kind.NUMERIC): _digits for kind in _NUMBERS},
    (Kind.TEXT, Kind.ENUM): _labels,
    (Kind.ENUM, Kind.ENUM): _labels,
}


def _advice(doubt: str, given: Type, wanted: Type) -> str:
    if doubt == _foreign(given, wanted):
        return "write `on_fail: replace`, or translate such characters: replace(…), strip_accents(…)"
    if wanted.kind is Kind.TEXT:
        return f"write left(…, {wanted.size}), or `on_fail: truncate`, or a `check`"
    if wanted.kind is Kind.ENUM:
        return "a value map with a default takes any text" if given.kind is Kind.TEXT else "translate it by a value map"
    return f"write cast(… as {wanted.native}), or a `check`"


def _may_be_null(node: Node, source: Definition) -> bool:
    """Whether NULL may come out; a source column that is not null never gives it."""
    if isinstance(node, SourceColumn):
        found = source.column(node.name)
        return found is None or found.nullable
    if isinstance(node, (Constant, Local)):  # what a local stands for is looked at where it is bound
        return isinstance(node, Constant) and node.native is None
    if isinstance(node, Coalesce):
        return all(_may_be_null(part, source) for part in node.parts)
    if isinstance(node, Case):
        return any(_may_be_null(value, source) for value in (node.default, *(value for _, value in node.whens)))
    return any(_may_be_null(inner, source) for inner in children(node))
