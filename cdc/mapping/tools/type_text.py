"""A column's type as a migration writes it, read by sqlglot, to the type that the catalogue would show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp
from sqlglot.expressions.datatypes import DType

from cdc.model.types import Kind, Type

_INTEGERS: Mapping[DType, tuple[str, int, bool]] = {
    DType.TINYINT: ("tinyint", 1, False), DType.SMALLINT: ("smallint", 2, False), DType.MEDIUMINT: ("mediumint", 3, False),
    DType.INT: ("int", 4, False), DType.BIGINT: ("bigint", 8, False), DType.UTINYINT: ("tinyint unsigned", 1, True),
    DType.USMALLINT: ("smallint unsigned", 2, True), DType.UMEDIUMINT: ("mediumint unsigned", 3, True),
    DType.UINT: ("int unsigned", 4, True), DType.UBIGINT: ("bigint unsigned", 8, True), DType.SERIAL: ("int", 4, False), DType.BIGSERIAL: ("bigint", 8, False),
}  # fmt: skip
_PLAIN: Mapping[DType, Type] = {
    DType.FLOAT: Type(Kind.FLOAT, "real", 4), DType.DOUBLE: Type(Kind.FLOAT, "double precision", 8), DType.DATE: Type(Kind.DATE, "date"),
    DType.TEXT: Type(Kind.TEXT, "text"), DType.MEDIUMTEXT: Type(Kind.TEXT, "mediumtext"), DType.LONGTEXT: Type(Kind.TEXT, "longtext"),
    DType.TINYTEXT: Type(Kind.TEXT, "tinytext", 255), DType.UUID: Type(Kind.UUID, "uuid"), DType.JSON: Type(Kind.JSON, "json"), DType.JSONB: Type(Kind.JSON, "jsonb"),
    DType.BLOB: Type(Kind.BYTES, "blob"), DType.VARBINARY: Type(Kind.BYTES, "bytea"), DType.LONGBLOB: Type(Kind.BYTES, "longblob"),
}  # fmt: skip
_CLOCKS: Mapping[DType, Type] = {
    DType.TIMESTAMP: Type(Kind.TIMESTAMP, "timestamp"), DType.DATETIME: Type(Kind.TIMESTAMP, "datetime"),
    DType.TIMESTAMPTZ: Type(Kind.INSTANT, "timestamptz"), DType.TIME: Type(Kind.TIME, "time"),
}  # fmt: skip


def type_of(written: exp.DataType, *, mysql: bool) -> Type | None:
    """Return the type, None when it is none that is known here."""
    kind, numbers = written.this, _numbers(written)
    if kind in _INTEGERS:
        native, size, unsigned = _INTEGERS[kind]
        return Type(Kind.INT, native, size, unsigned)
    if kind is DType.BOOLEAN:
        return Type(Kind.INT, "tinyint(1)", 1) if mysql else Type(Kind.BOOL, "boolean")
    if kind is DType.DECIMAL:
        precision, scale = (*numbers, *((10, 0) if mysql else (None, None))[len(numbers) :])[:2]
        return Type(Kind.NUMERIC, f"numeric({precision},{scale or 0})" if precision else "numeric", precision=precision, scale=scale)
    if kind in (DType.VARCHAR, DType.CHAR, DType.NCHAR, DType.NVARCHAR):
        return _text(kind, numbers)
    if kind is DType.ENUM:
        labels = tuple(label.name for label in written.expressions)
        return Type(Kind.ENUM, f"enum({','.join(labels)})", labels=labels)
    clock = _CLOCKS.get(kind)
    return replace(clock, precision=numbers[0] if numbers else 0 if mysql else 6) if clock else _PLAIN.get(kind)


def _text(kind: DType, numbers: list[int]) -> Type:
    padded = kind in (DType.CHAR, DType.NCHAR)
    size = numbers[0] if numbers else 1 if padded else None
    return Type(Kind.TEXT, f"{'char' if padded else 'varchar'}{f'({size})' if size else ''}", size, padded=padded)


def _numbers(written: exp.DataType) -> list[int]:
    return [int(one.this.name) for one in written.expressions if isinstance(one, exp.DataTypeParam) and one.this.name.isdigit()]
