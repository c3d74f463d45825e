"""`dates` and `numbers` of a mapping: values that only one kind of server has, to what they become before anything else is done to them."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

from cdc.mapping.column import Item
from cdc.mapping.constant import fixed
from cdc.mapping.convert import Convert
from cdc.mapping.expression.node import Choose, Constant, Node, Refer, Translate
from cdc.mapping.expression.node import Column as Read
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.sqltype import to_column
from cdc.mapping.files.document import Path
from cdc.mapping.files.problem import Problem
from cdc.mapping.files.shape import Scalar
from cdc.mapping.spec.mapping import EVERY, MappingSpec
from cdc.model.table import Column
from cdc.model.types import Kind

_Test: TypeAlias = Callable[[str], bool]
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: |$)")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):|24:00:00(?:\.0+)?$")


def _zero(text: str) -> bool:
    found = _DAY.match(text)
    if not found or text.endswith(" BC"):
        return False
    year, month, day = map(int, found.groups())
    return not year or not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]


def _far(text: str) -> bool:
    return text.endswith(" BC") or (not text.endswith("infinity") and not _DAY.match(text))


_MOMENTS: Mapping[str, _Test] = {"zero": _zero, "infinity": "infinity".__eq__, "minus_infinity": "-infinity".__eq__, "far": _far}
_NUMBERS: Mapping[str, _Test] = {"nan": "NaN".__eq__, "infinity": "Infinity".__eq__, "minus_infinity": "-Infinity".__eq__}
_TESTS: Mapping[Kind, tuple[str, Mapping[str, _Test]]] = {
    **dict.fromkeys((Kind.DATE, Kind.TIMESTAMP, Kind.INSTANT), ("dates", _MOMENTS)),
    Kind.TIME: ("dates", {"span": lambda text: not _CLOCK.match(text)}),
    **dict.fromkeys((Kind.NUMERIC, Kind.FLOAT), ("numbers", _NUMBERS)),
}
"""Kind of a value → the key that is about it, and how each special value is told."""


def with_specials(spec: MappingSpec, items: Sequence[Item], targets: Mapping[str, Column]) -> tuple[list[Item], list[Problem]]:
    """Let each item replace the values that the mapping says."""
    if not spec.special:
        return list(items), []
    made: list[Item] = []
    problems: list[Problem] = []
    for item in items:
        target = targets.get(item.column)
        instead: list[tuple[_Test, str | None]] = []
        for test, path, given in _asked(spec, item, target) if target else ():
            try:
                instead.append((test, _settled(spec, given, path, target)))
            except _WrongError as error:
                if not _carried_over(spec, path):
                    problems.append(error.problem)
        made.append(replace(item, convert=_replacing(instead, item.convert)) if instead else item)
    return made, [*problems, *_unused(spec, items)]


def _asked(spec: MappingSpec, item: Item, target: Column | None) -> Iterator[tuple[_Test, Path, Scalar]]:
    """Yield what is asked for of an item. What is said of all columns is about dates among dates, and leaves the key alone."""
    key, tests = _tests(item.node)
    own, every = (spec.special.get((column, key), {}) for column in (item.column, EVERY))
    if target is None or item.column in spec.key or target.type.kind not in _TESTS or _TESTS[target.type.kind][0] != key:
        every = {}
    for name, test in tests.items():
        path: Path = ("columns", item.column, key, name) if name in own else (key, name)
        given = own.get(name, every.get(name, "error"))
        if given != "error":
            yield test, path, given


def _tests(node: Node) -> tuple[str, Mapping[str, _Test]]:
    if isinstance(node, (Choose, Constant, Refer, Translate)):
        return "", {}
    kind = node.column.kind if isinstance(node, Read) and node.column else to_column(node.type).kind
    return _TESTS.get(kind, ("", {}))


def _carried_over(spec: MappingSpec, path: Path) -> bool:
    """Whether it is the other direction's file that says so: what a column of this side can't take is an error of the row then."""
    spot = spec.document.spot(path)
    return spot is not None and spot.derived


class _WrongError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _settled(spec: MappingSpec, given: Scalar, path: Path, target: Column | None) -> str | None:
    """Return what a special value becomes, as the column's text."""
    assert target is not None
    place = spec.document.at(path)
    if target.name in spec.key:
        message = f"the key '{target.name}' can't be altered: another row may have what it would become"
        raise _WrongError(place.problem("key-altered", message, "write `error`"))
    if given is None and not target.nullable:
        message = f"column '{target.name}' is not null: it can't become NULL"
        raise _WrongError(place.problem("not-nullable", message, "write `error`, or a value that the column holds"))
    try:
        return fixed(given, target.type)
    except BadValue as error:
        raise _WrongError(place.problem("bad-value", f"column '{target.name}': {error}")) from None


def _replacing(instead: Sequence[tuple[_Test, str | None]], convert: Convert | None) -> Convert:
    def replaced(text: str) -> str | None:
        for test, other in instead:
            if test(text):
                return other
        return convert(text) if convert else text

    return cast("Convert", replaced)  # generated code takes NULL from it: no key has one


def _unused(spec: MappingSpec, items: Sequence[Item]) -> Iterator[Problem]:
    """A column's own word about values that it never has."""
    nodes = {item.column: item.node for item in items}
    for (column, key), given in spec.special.items():
        if column == EVERY or column not in nodes:
            continue
        known, tests = _tests(nodes[column])
        for name in given:
            if known != key or name not in tests:
                place = spec.document.at_key(("columns", column, key, name))
                yield place.problem("unused-key", f"column '{column}' never has a value that '{name}' is about", "remove it")


def described(spec: MappingSpec) -> str:
    """Return what the service file, these keys and `clock` add to the generated functions, as comments: whoever compares two plans has to see it."""
    lines = [f"# {column or 'all columns'}: {key} {dict(given)}\n" for (column, key), given in sorted(spec.special.items())]
    if spec.clock:
        lines.append(f"# newest by {spec.clock.column}, ties to the {spec.clock.ties}: {', '.join(spec.newest())}\n")
    if any(spec.zones):
        lines.append(f"# clocks: {spec.zones.source or 'unknown'} to {spec.zones.target or 'unknown'}\n")
    return "".join(lines)
