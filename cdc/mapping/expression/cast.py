"""Values of one type as another: what PostgreSQL's casts do, as nodes. Constants are converted at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Call, Cast, Column, Constant, Node, Text
from cdc.mapping.expression.runtime.arrays import array_in
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.sqltype import IMPLICIT, INTEGERS, TEXT, TEXTS, Sql, SqlType, element
from cdc.mapping.expression.vocabulary.signature import CHECKED

_STAYS: tuple[str | None, bool] = (None, True)
"""Neither the Python value nor the canonical text changes."""


def _numbers() -> dict[tuple[Sql, Sql], tuple[str | None, bool]]:
    table: dict[tuple[Sql, Sql], tuple[str | None, bool]] = {}
    for at, sql in enumerate(INTEGERS):
        table |= {(sql, wider): _STAYS for wider in INTEGERS[at + 1 :]}
        table |= {(sql, narrower): (CHECKED[narrower], False) for narrower in INTEGERS[:at]}
        table[sql, Sql.NUMERIC] = ("Decimal", True)
        table[sql, Sql.FLOAT8] = ("float", False)
        table[sql, Sql.FLOAT4] = ("real(float({}))", False)
        table[Sql.NUMERIC, sql] = (f"{CHECKED[sql]}(int_from_numeric({{}}))", False)
        for floating in (Sql.FLOAT4, Sql.FLOAT8):
            table[floating, sql] = (f"{CHECKED[sql]}(int_from_float({{}}))", False)
        table[Sql.TEXT, sql] = (f"{CHECKED[sql]}(int_in({{}}, {sql.value!r}))", False)
    table |= {(Sql.FLAG, sql): table.get((Sql.INT2, sql), _STAYS) for sql in (*INTEGERS, Sql.NUMERIC, Sql.FLOAT4, Sql.FLOAT8)}
    return table


_CASTS: Mapping[tuple[Sql, Sql], tuple[str | None, bool]] = {
    **_numbers(),
    (Sql.NUMERIC, Sql.FLOAT8): ("double_from_numeric", False),
    (Sql.NUMERIC, Sql.FLOAT4): ("real(double_from_numeric({}))", False),
    (Sql.FLOAT4, Sql.FLOAT8): (None, False),
    (Sql.FLOAT8, Sql.FLOAT4): ("real", False),
    (Sql.FLOAT8, Sql.NUMERIC): ("numeric_from_double", False),
    (Sql.FLOAT4, Sql.NUMERIC): ("numeric_from_real", False),
    (Sql.INT4, Sql.BOOL): ("{} != 0", False),
    (Sql.FLAG, Sql.BOOL): ("{} != 0", False),
    (Sql.BOOL, Sql.INT4): ("int", False),
    (Sql.TEXT, Sql.NUMERIC): ("numeric_in", False),
    (Sql.TEXT, Sql.FLOAT8): ("double_in", False),
    (Sql.TEXT, Sql.FLOAT4): ("real_in", False),
    (Sql.TEXT, Sql.BOOL): ("boolean_in", False),
    (Sql.TEXT, Sql.DATE): ("date_in", False),
    (Sql.TEXT, Sql.TIMESTAMP): ("timestamp_in", False),
    (Sql.TEXT, Sql.INSTANT): ("instant_in", False),
    (Sql.TEXT, Sql.UUID): ("uuid_in", False),
    (Sql.TEXT, Sql.TIME): ("time_in", False),
    (Sql.TEXT, Sql.INTERVAL): ("interval_in", False),
    **{(sql, other): _STAYS for sql in (Sql.TEXT, Sql.VARCHAR) for other in TEXTS if other is not sql},
    **{(Sql.BPCHAR, other): ("{}.rstrip(' ')", False) for other in (Sql.TEXT, Sql.VARCHAR)},
    (Sql.ENUM, Sql.TEXT): _STAYS,
    (Sql.TEXT, Sql.BYTES): ("bytea_in", False),
    (Sql.TEXT, Sql.JSON): ("json_checked", False),
    (Sql.TEXT, Sql.JSONB): ("jsonb_in", False),
    (Sql.JSON, Sql.JSONB): ("jsonb_in", False),
    (Sql.JSONB, Sql.JSON): ("jsonb_out", False),
    (Sql.JSONB, Sql.BOOL): ("jsonb_bool", False),
    (Sql.JSONB, Sql.NUMERIC): ("jsonb_number", False),
    **{(Sql.JSONB, sql): (f"{CHECKED[sql]}(int_from_numeric(jsonb_number({{}})))", False) for sql in INTEGERS},
    (Sql.JSONB, Sql.FLOAT8): ("double_from_numeric(jsonb_number({}))", False),
    (Sql.JSONB, Sql.FLOAT4): ("real(double_from_numeric(jsonb_number({})))", False),
    (Sql.DATE, Sql.TIMESTAMP): ("stamp_of_date", False),
    (Sql.DATE, Sql.INSTANT): ("stamp_of_date", False),
    (Sql.TIMESTAMP, Sql.INSTANT): (None, False),
    (Sql.INSTANT, Sql.TIMESTAMP): (None, False),
    (Sql.TIMESTAMP, Sql.DATE): ("date_of_stamp", False),
    (Sql.INSTANT, Sql.DATE): ("date_of_stamp", False),
    (Sql.TIMESTAMP, Sql.TIME): ("time_of_stamp", False),
    (Sql.INSTANT, Sql.TIME): ("time_of_stamp", False),
    (Sql.TIME, Sql.INTERVAL): ("interval_of_time", True),
    (Sql.INTERVAL, Sql.TIME): ("time_of_interval", False),
}  # fmt: skip
"""(from, to) → what changes the Python value, and whether the canonical text stays."""

_SPELLED: Mapping[Sql, str] = {
    Sql.BOOL: "'true' if {} else 'false'",
    Sql.FLOAT4: "real_out",
    Sql.FLOAT8: "double_out",
    Sql.TIMESTAMP: "timestamp_out",
    Sql.INSTANT: "instant_out",
    Sql.BPCHAR: "{}.rstrip(' ')",
}
"""Types whose text in expressions is not simply what travels."""


def can_cast(given: Sql, wanted: Sql) -> bool:
    """Whether cast() turns the one into the other."""
    if Sql.ANY in (given, wanted) or given is wanted or wanted in TEXTS or (given, wanted) in _CASTS:
        return True
    return given in (*TEXTS, Sql.UNKNOWN) and (wanted is Sql.ARRAY or (Sql.TEXT, wanted) in _CASTS)


def coerce(node: Node, wanted: SqlType) -> Node:
    """Convert where PostgreSQL converts by itself: `wanted` is among the node's implicit types."""
    if node.type.sql is wanted.sql or Sql.ANY in (node.type.sql, wanted.sql):
        return node
    if isinstance(node, Constant) and node.type.sql is Sql.UNKNOWN:
        return literal(node.native, wanted)
    assert wanted.sql in IMPLICIT[node.type.sql]
    return _converted(node, SqlType(wanted.sql))


def cast(node: Node, wanted: SqlType) -> Node:
    """Convert as CAST does: to the type, then by its modifiers. The pair is one that `can_cast`."""
    if Sql.ANY in (node.type.sql, wanted.sql):
        return Cast(wanted, None, node)
    if isinstance(node, Constant) and node.type.sql is Sql.UNKNOWN:
        return literal(node.native, wanted)
    if node.type == wanted:
        return node
    return _modified(_converted(node, SqlType(wanted.sql, native=wanted.native if wanted.sql is Sql.ARRAY else "")), wanted)


def literal(text: str | None, wanted: SqlType) -> Node:
    """A text literal, or NULL, as a value of a type. Raises `BadValue`."""
    if text is None or wanted.sql in (Sql.TEXT, Sql.ENUM, Sql.ANY):
        return Constant(wanted, text)
    if wanted.sql is Sql.ARRAY and (item := element(wanted)):
        return Constant(wanted, array_in(text, item.value))
    if not can_cast(Sql.TEXT, wanted.sql):
        raise BadValue(f"a literal of type {wanted} is not available")
    return _modified(_converted(Constant(TEXT, text), SqlType(wanted.sql)), wanted)


def as_text(node: Node) -> Node:
    """The text that cast(… as text) gives, without blanks at the end of a char(n)."""
    sql = node.type.sql
    if sql is Sql.UNKNOWN and isinstance(node, Constant):
        return Constant(TEXT, node.native)
    if sql in (Sql.TEXT, Sql.ANY):
        return node
    if sql is Sql.JSONB and not (isinstance(node, Column) and node.column and node.column.native == "jsonb"):
        return fold(Call(TEXT, "jsonb_out", (node,)))  # a column of MySQL has its numbers written in another way
    if sql in _SPELLED:
        return fold(Call(TEXT, _SPELLED[sql], (node,)))
    return fold(Text(node))


def _converted(node: Node, wanted: SqlType) -> Node:
    given = node.type.sql
    if given is wanted.sql and (given is not Sql.ARRAY or node.type.native == wanted.native):
        return node
    if wanted.sql is Sql.ARRAY:
        return _array(node, wanted)
    if (given, wanted.sql) in _CASTS:
        call, keeps = _CASTS[given, wanted.sql]
        return fold(Cast(wanted, call, node, keeps))
    text = as_text(node)
    return text if wanted.sql is Sql.TEXT else _converted(text, wanted)


def _array(node: Node, wanted: SqlType) -> Node:
    """An array read from a text. Another array would have to be converted item by item."""
    item = element(wanted)
    if item is None or node.type.sql is Sql.ARRAY:
        raise BadValue(f"{node.type} can't be cast to {wanted}")
    return fold(Call(wanted, f"array_in({{}}, {item.value!r})", (as_text(node),)))


def _modified(node: Node, wanted: SqlType) -> Node:
    """Round, cut or pad to what the type's modifiers say."""
    size = wanted.size
    calls: Mapping[Sql, Any] = {
        Sql.NUMERIC: f"numeric_fit({{}}, {size}, {wanted.scale or 0})",
        Sql.VARCHAR: f"{{}}[:{size}]",
        Sql.BPCHAR: f"{{}}[:{size}].ljust({size})",
        Sql.TIMESTAMP: f"rounded({{}}, {size})",
        Sql.INSTANT: f"rounded({{}}, {size})",
        Sql.TIME: f"time_rounded({{}}, {size})",
        Sql.INTERVAL: f"interval_rounded({{}}, {size})",
    }
    if size is None or wanted.sql not in calls or node.type == wanted:
        return node
    return fold(Call(wanted, calls[wanted.sql], (node,)))
