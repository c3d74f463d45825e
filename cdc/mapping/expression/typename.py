"""The type that a CAST names, as PostgreSQL reads it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from cdc.mapping.expression.checker import refused
from cdc.mapping.expression.sqltype import Sql, SqlType, array_of, element

_TYPES: Mapping[exp.DType, Sql] = {
    exp.DType.BOOLEAN: Sql.BOOL, exp.DType.SMALLINT: Sql.INT2, exp.DType.INT: Sql.INT4, exp.DType.BIGINT: Sql.INT8,
    exp.DType.DECIMAL: Sql.NUMERIC, exp.DType.FLOAT: Sql.FLOAT4, exp.DType.DOUBLE: Sql.FLOAT8, exp.DType.TEXT: Sql.TEXT,
    exp.DType.VARCHAR: Sql.VARCHAR, exp.DType.CHAR: Sql.BPCHAR, exp.DType.BPCHAR: Sql.BPCHAR, exp.DType.DATE: Sql.DATE,
    exp.DType.TIMESTAMP: Sql.TIMESTAMP, exp.DType.TIMESTAMPTZ: Sql.INSTANT, exp.DType.UUID: Sql.UUID,
    exp.DType.JSON: Sql.JSON, exp.DType.JSONB: Sql.JSONB, exp.DType.VARBINARY: Sql.BYTES,
    exp.DType.TIME: Sql.TIME, exp.DType.INTERVAL: Sql.INTERVAL,
}  # fmt: skip
_BOUNDS: Mapping[Sql, tuple[range, ...]] = {
    Sql.NUMERIC: (range(1, 1001), range(1001)),
    Sql.VARCHAR: (range(1, 10_485_761),),
    Sql.BPCHAR: (range(1, 10_485_761),),
    Sql.TIMESTAMP: (range(7),),
    Sql.INSTANT: (range(7),),
    Sql.TIME: (range(7),),
    Sql.INTERVAL: (range(7),),
}
"""What may stand in brackets behind a type, in order."""
KNOWN = "smallint, integer, bigint, numeric, real, double precision, text, varchar, char, boolean, date, timestamp, timestamptz, time, interval, uuid, json, jsonb, bytea"


def type_named(tree: exp.Cast) -> SqlType:
    """Return the type that is asked for. Raises `Refused`."""
    given = tree.to
    if given.this is exp.DType.ARRAY and len(given.expressions) == 1:
        return _array(tree, given.expressions[0])
    sql = _TYPES.get(given.this)
    if sql is None or given.args.get("nested"):
        raise refused(tree, "unknown-type", f"type {given.sql('postgres').lower()} is not available in cast", f"there are {KNOWN}")
    numbers = [_number(tree, part) for part in given.expressions]
    bounds = _BOUNDS.get(sql, ())
    if len(numbers) > len(bounds) or any(number not in bound for number, bound in zip(numbers, bounds, strict=False)):
        raise refused(tree, "bad-value", f"type {sql.value} does not take ({', '.join(map(str, numbers))})")
    if given.this is exp.DType.CHAR and not numbers:
        return SqlType(sql, 1)
    scale = (numbers[1] if numbers[1:] else 0) if sql is Sql.NUMERIC and numbers else None
    return SqlType(sql, numbers[0] if numbers else None, scale)


def _array(tree: exp.Cast, item: exp.Expr) -> SqlType:
    sql = _TYPES.get(item.this)
    if sql is None or element(array_of(sql)) is None or item.expressions:
        raise refused(
            tree,
            "unknown-type",
            f"type {tree.to.sql('postgres').lower()} is not available in cast",
            "there are text[], integer[], numeric[] …",
        )
    return array_of(sql)


def _number(tree: exp.Cast, part: exp.Expr) -> int:
    text = part.name if isinstance(part, exp.DataTypeParam) else ""
    if not text.isdecimal():
        raise refused(tree, "bad-value", "a type's size is a number")
    return int(text)
