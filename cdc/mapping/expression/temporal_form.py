"""Syntax and functions of dates and times whose field, unit, zone or pattern is a word of the expression: looked up when it is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlglot import exp

from cdc.mapping.expression.cast import literal
from cdc.mapping.expression.checker import Checker, Operand, refused
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Call, Constant, Node, is_null
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.field import FIELD_NAMES, OF_DATE, OF_INSTANT, OF_INTERVAL, OF_TIME, OF_TIMESTAMP
from cdc.mapping.expression.runtime.field_double import DOUBLE_OF_INSTANT, DOUBLE_OF_INTERVAL, DOUBLE_OF_TIME, DOUBLE_OF_TIMESTAMP
from cdc.mapping.expression.runtime.format_moment import interval_format, stamp_format
from cdc.mapping.expression.runtime.format_number import double_format, integer_format, numeric_format, real_format
from cdc.mapping.expression.runtime.format_number_read import number_reader
from cdc.mapping.expression.runtime.format_read import date_reader, stamp_reader
from cdc.mapping.expression.runtime.interval_text import UNIT_NAMES
from cdc.mapping.expression.runtime.timezone import zone_at, zone_named, zone_names
from cdc.mapping.expression.runtime.truncate import TRUNCATED, TRUNCATED_INTERVAL, truncated_in_zone
from cdc.mapping.expression.sqltype import ANY, TEXT, Sql, SqlType
from cdc.mapping.files.problem import did_you_mean

_Form: TypeAlias = Callable[[Checker, exp.Expr, Sequence[Operand]], Node]
_EXTRACTED: Mapping[Sql, Mapping[str, Callable[[Any], Any]]] = {
    Sql.DATE: OF_DATE, Sql.TIMESTAMP: OF_TIMESTAMP, Sql.INSTANT: OF_INSTANT, Sql.TIME: OF_TIME, Sql.INTERVAL: OF_INTERVAL,
}  # fmt: skip
_PARTS: Mapping[Sql, Mapping[str, Callable[[Any], Any]]] = {
    Sql.TIMESTAMP: DOUBLE_OF_TIMESTAMP, Sql.INSTANT: DOUBLE_OF_INSTANT, Sql.TIME: DOUBLE_OF_TIME, Sql.INTERVAL: DOUBLE_OF_INTERVAL,
}  # fmt: skip
_TRUNCATED: Mapping[Sql, Mapping[str, Callable[[Any], Any]]] = {
    Sql.TIMESTAMP: TRUNCATED, Sql.INSTANT: TRUNCATED, Sql.INTERVAL: TRUNCATED_INTERVAL,
}  # fmt: skip
_ABBREVIATION = 4
"""Letters of `CEST`: what is so short is no misspelt name."""
_OFFSET = re.compile(r"^[^/]*[0-9]")
_BOUND = "{1}({0})"
"""A value, and the function that was chosen for it."""
_FORMATS: Mapping[Sql, Callable[[str], Callable[[Any], str | None]]] = {
    Sql.TIMESTAMP: lambda pattern: stamp_format(pattern, ""),
    Sql.INSTANT: lambda pattern: stamp_format(pattern, "UTC"),
    Sql.INTERVAL: interval_format,
    Sql.INT4: integer_format,
    Sql.INT8: integer_format,
    Sql.NUMERIC: numeric_format,
    Sql.FLOAT4: real_format,
    Sql.FLOAT8: double_format,
}
"""What a pattern becomes."""
_NO_FIELD = "the field is a word: extract(year from …), date_trunc('month', …)"
_CLOCK_OF_ROW = "age() with one value depends on the clock"


def bound(function: object, said: str) -> Constant:
    """A Python function, or a value that only the runtime knows, as an argument; `said` is what it is, for people."""
    return Constant(ANY, function, said)


def word(at: exp.Expr, node: Node, what: str, help: str) -> str:  # noqa: A002 - the report's word
    """Return the text that must be known when the expression is checked."""
    if isinstance(node, Constant) and isinstance(node.native, str):
        return node.native
    raise refused(at, "bad-value", f"{what} is a text literal here", help)


def _extract(checker: Checker, tree: exp.Extract) -> Node:
    made = checker.call(tree, "extract", [checker.operand(tree.expression)])
    return _taken(tree, made, made.arguments[0], tree.this.name, _EXTRACTED)


def _date_part(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    made = checker.call(tree, "date_part", operands)
    field, given = word(operands[0][0], made.arguments[0], "the field", _NO_FIELD), made.arguments[1]
    if given.type.sql is Sql.DATE:
        given = checker.convert(operands[1][0], given, SqlType(Sql.TIMESTAMP))
    return _taken(tree, made, given, field, _PARTS)


def _taken(tree: exp.Expr, made: Call, given: Node, written: str, known: Mapping[Sql, Mapping[str, Callable[[Any], Any]]]) -> Node:
    field = FIELD_NAMES.get(written.lower())
    if field is None:
        raise refused(tree, "bad-value", f"'{written}' is no field", did_you_mean(written.lower(), FIELD_NAMES) or _NO_FIELD)
    if given.type.sql is Sql.ANY:
        return made
    take = known[given.type.sql].get(field)
    if take is None:
        raise refused(tree, "bad-value", f"{given.type} has no field '{field}'", f"there are {', '.join(known[given.type.sql])}")
    return fold(Call(made.type, _BOUND, (given, bound(take, f"extract({field})")), maybe_null=True))


def _date_trunc(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    made = checker.call(tree, "date_trunc", operands)
    written = word(operands[0][0], made.arguments[0], "the unit", _NO_FIELD)
    units = {**UNIT_NAMES, "quarter": "quarter", "qtr": "quarter"}
    unit = units.get(written.lower())
    if unit is None:
        raise refused(operands[0][0], "bad-value", f"'{written}' is no unit", did_you_mean(written.lower(), units) or _NO_FIELD)
    if made.type.sql is Sql.ANY:
        return made
    if unit not in _TRUNCATED[made.type.sql]:
        raise refused(operands[0][0], "bad-value", f"{made.type} can't be cut to {unit}")
    given = made.arguments[1]
    if len(operands) == 3:
        zone = _zone(*operands[2], made.arguments[2])
        return fold(Call(made.type, "{1}({2}, {0})", (given, bound(truncated_in_zone(unit), f"date_trunc('{unit}')"), zone)))
    return fold(Call(made.type, _BOUND, (given, bound(_TRUNCATED[made.type.sql][unit], f"date_trunc('{unit}')"))))


def _zone(at: exp.Expr, written: Node, node: Node) -> Node:
    """A zone's name that is known is looked up now."""
    if not isinstance(node, Constant):
        return Call(ANY, "zone_named", (node,))
    name = word(at, written, "the zone", "")
    return bound(_known_zone(at, name), f"the zone {name}")


def _known_zone(at: exp.Expr, name: str) -> object:
    names = zone_names()
    if name.lower() in names:
        return zone_named(name)
    if not names:
        raise refused(at, "bad-value", "this host has no time zone database", "install the system's package tzdata")
    near = did_you_mean(name, names.values()) if len(name) > _ABBREVIATION and not _OFFSET.search(name) else ""
    advice = near or "write a name like 'Europe/Berlin', or interval '2 hours' for what lies east of UTC"
    raise refused(at, "bad-value", f"time zone '{name}' is not a name of the IANA database", advice)


def _timezone(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    made = checker.call(tree, "timezone", operands)
    zone = made.arguments[0]
    if made.type.sql is Sql.ANY or not isinstance(zone, Constant) or zone.native is None:
        return fold(made)
    known = _known_zone(operands[0][0], zone.native) if zone.type.sql is Sql.TEXT else zone_at(zone.native)
    return fold(Call(made.type, made.call.partition("(")[0], (bound(known, f"the zone {zone.native}"), made.arguments[1])))


def _at_time_zone(checker: Checker, tree: exp.AtTimeZone) -> Node:
    return _timezone(checker, tree, [checker.operand(tree.args["zone"]), checker.operand(tree.this)])


def _age(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    if len(operands) == 1:
        raise refused(tree, "not-allowed", _CLOCK_OF_ROW, "write age(later, earlier)")
    return checker.apply(tree, "age", operands)


def _make_interval(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    zero = Constant(SqlType(Sql.INT4), 0)
    return checker.apply(tree, "make_interval", [*operands, *[(tree, zero)] * (7 - len(operands))])


def _to_char(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    made = checker.call(tree, "to_char", operands)
    given, pattern = made.arguments
    if given.type.sql is Sql.ANY or is_null(pattern):
        return made
    example = "YYYY-MM-DD" if given.type.sql in _TRUNCATED else "FM999990.00"
    form = _of_pattern(operands[1][0], pattern, _FORMATS[given.type.sql], f"write to_char(…, '{example}')")
    return fold(Call(TEXT, _BOUND, (given, form), maybe_null=True))


def _of_pattern(at: exp.Expr, node: Node, compiled: Callable[[str], object], help: str) -> Constant:  # noqa: A002 - the report's word
    """What a pattern becomes; what is wrong with it stands at its place."""
    try:
        pattern = word(at, node, "the pattern", help)
        return bound(compiled(pattern), f"the pattern {pattern!r}")
    except BadValue as error:
        raise refused(at, "bad-value", str(error), "the reference of expressions lists what patterns may have") from None


def _by_pattern(name: str, reader: Callable[[str], Callable[[str], Any]], example: str = "YYYY-MM-DD") -> _Form:
    def check(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        made = checker.call(tree, name, operands)
        if len(operands) == 1 or made.type.sql is Sql.ANY or is_null(made.arguments[1]):
            return fold(made)
        pattern = _of_pattern(operands[1][0], made.arguments[1], reader, f"write {name}(…, '{example}')")
        return fold(Call(made.type, _BOUND, (made.arguments[0], pattern)))

    return check


def _interval(_checker: Checker, tree: exp.Interval) -> Node:
    written, unit = tree.this.name, tree.args.get("unit")
    if unit:
        if not written.strip().lstrip("+-").replace(".", "", 1).isdecimal():
            raise refused(tree, "bad-value", f"a number stands before {unit.name}", "write interval '1 day 2 hours'")
        written = f"{written} {unit.name}"
    return literal(written, SqlType(Sql.INTERVAL))


FORMS: Mapping[str, _Form] = {
    "date_part": _date_part,
    "date_trunc": _date_trunc,
    "timezone": _timezone,
    "age": _age,
    "to_char": _to_char,
    "to_date": _by_pattern("to_date", date_reader),
    "to_number": _by_pattern("to_number", number_reader, "FM999,990.00"),
    "to_timestamp": _by_pattern("to_timestamp", stamp_reader),
    "make_interval": _make_interval,
}
HANDLERS: Mapping[type, Callable[[Checker, Any], Node]] = {
    exp.Extract: _extract,
    exp.AtTimeZone: _at_time_zone,
    exp.Interval: _interval,
}
