"""Values written in a mapping file to the canonical text of a target column: literals, entries of value maps, soft deletes."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from cdc.mapping.convert import UTC, Unfit, converter
from cdc.mapping.expression.cast import literal
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Constant, Text
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.sqltype import BOOL, INT_BYTES, Sql, SqlType, of_column, to_column
from cdc.mapping.files.shape import Scalar
from cdc.model.types import Kind, Type


def fixed(given: Scalar, target: Type) -> str | None:
    """Return a scalar of a file as the column's text: numbers and truth values as such, a text as the type would read it.

    Raises `BadValue` when the column can't hold it.
    """
    if given is None:
        return None
    if isinstance(given, bool):
        return settled(Constant(BOOL, given), target)
    if isinstance(given, int):
        sql = next((sql for sql, size in INT_BYTES.items() if -(1 << 8 * size - 1) <= given < 1 << 8 * size - 1), Sql.NUMERIC)
        return settled(Constant(SqlType(sql), given if sql is not Sql.NUMERIC else Decimal(given)), target)
    if isinstance(given, Decimal):
        return settled(Constant(SqlType(Sql.NUMERIC), given), target)
    return _read(given, target)


def settled(node: Constant, target: Type) -> str | None:
    """Return a constant of an expression as the column's text. One without a type (`'x'`) is read as the column's type reads it."""
    if node.native is None or node.type.sql is Sql.UNKNOWN:
        return fixed(node.native, target)
    text = fold(Text(node))
    assert isinstance(text, Constant)
    return _fitted(str(text.native), _as_written(to_column(node.type), str(text.native)), target)


def _as_written(given: Type, text: str) -> Type:
    """A constant has as many digits of the second as it has, not as many as its type may have."""
    fraction = re.search(r"\.([0-9]+)", text)
    return replace(given, precision=len(fraction[1]) if fraction else 0) if given.kind in _CLOCKS else given


_CLOCKS = (Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT)


def _read(text: str, target: Type) -> str:
    if target.kind in (Kind.TEXT, Kind.ENUM, Kind.SET):
        return _fitted(text, Type(Kind.TEXT, "text"), target)
    wanted = SqlType(of_column(target).sql)
    made = literal(text, SqlType(Sql.INT2) if wanted.sql is Sql.FLAG else wanted)
    assert isinstance(made, Constant)
    return settled(made, target) or ""


def _fitted(text: str, given: Type, target: Type) -> str:
    convert = converter(given, target, UTC)
    if isinstance(convert, Unfit):
        raise BadValue(f"{convert.reason}{f': {convert.hint}' if convert.hint else ''}")
    return convert(text) if convert else text
