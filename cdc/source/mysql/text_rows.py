"""Rows of a table as a query gives them, in the text protocol, to the same canonical text as the binary log's rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from cdc.model.change import Row
from cdc.model.errors import CdcError
from cdc.model.table import Column, Table
from cdc.model.types import Kind, Type
from cdc.source.mysql.packets import Packet
from cdc.source.mysql.values import double_text, single_text
from cdc.sql.names import my_name, my_table, my_text

_Convert: TypeAlias = Callable[[bytes], str]

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")
_SIZES = {252: 2, 253: 3, 254: 8}
_ZERO = ord("0")


def select(table: Table) -> str:
    """Return the query for all of a table's columns. A FLOAT is rounded when it is printed, and a double made of it is not."""
    return f"select {expressions(table)} from {my_table(table.name)}"


def expressions(table: Table) -> str:
    return ", ".join(_expression(column) for column in table.columns)


def as_they_are(table: Table) -> str:
    """Return what is to be asked for behind `expressions`, for the sake of the result's header: a double made of anything is a double."""
    return "".join(f", {my_name(column.name)}" for column in table.columns if column.type.kind is Kind.FLOAT)


def where(table: Table, keys: Sequence[Row]) -> str:
    """Return the condition for rows by their keys."""
    columns = [table.columns[place] for place in table.key]
    rows = ", ".join(f"({', '.join(map(literal, columns, key))})" for key in keys)
    return f"where ({', '.join(my_name(column.name) for column in columns)}) in ({rows})"


def read(table: Table, packets: Iterable[Packet]) -> Iterable[Row]:
    """Yield the rows of `select`'s result."""
    converters = [_converter(column.type) for column in table.columns]
    for data, at, _ in packets:
        yield _row(data, at, converters)


def _row(data: bytes, at: int, converters: Sequence[_Convert]) -> Row:
    values: list[str | None] = []
    for convert in converters:
        size = data[at]
        at += 1
        if size > 250:
            if size == 251:
                values.append(None)
                continue
            width = _SIZES[size]
            size = int.from_bytes(data[at : at + width], "little")
            at += width
        end = at + size
        values.append(convert(data[at:end]))
        at = end
    return tuple(values)


def _expression(column: Column) -> str:
    name = my_name(column.name)
    return f"{name} * 1e0" if column.type.kind is Kind.FLOAT else name


def _converter(kind: Type) -> _Convert:
    if kind.kind is Kind.FLOAT:
        return _single if kind.size == 4 else _double
    if kind.kind is Kind.BITS:
        width = f"0{kind.size}b"
        return lambda raw: format(int.from_bytes(raw, "big"), width)
    return _CONVERTERS.get(kind.kind, bytes.decode)


def _integer(raw: bytes) -> str:
    """ZEROFILL and YEAR are printed with zeros in front."""
    return raw.decode() if raw[0] != _ZERO else str(int(raw))


def _numeric(raw: bytes) -> str:
    if raw[0] != _ZERO:
        return raw.decode()
    whole, point, fraction = raw.decode().partition(".")
    return f"{whole.lstrip('0') or '0'}{point}{fraction}"


def _hexadecimal(raw: bytes) -> str:
    return "\\x" + raw.hex()


def _instant(raw: bytes) -> str:
    return raw.decode() + "+00"


def _single(raw: bytes) -> str:
    return single_text(float(raw))


def _double(raw: bytes) -> str:
    return double_text(float(raw))


_CONVERTERS: dict[Kind, _Convert] = {
    Kind.INT: _integer,
    Kind.NUMERIC: _numeric,
    Kind.BYTES: _hexadecimal,
    Kind.GEOMETRY: _hexadecimal,
    Kind.INSTANT: _instant,
}


def literal(column: Column, value: object) -> str:
    """Write a key's value; keys are whole and never NULL. Numbers stand unquoted: as texts the server would compare them as doubles."""
    if not isinstance(value, str):
        raise CdcError(f"a row of column {column.name} can't be asked for without its key")
    kind = column.type.kind
    if kind in (Kind.INT, Kind.NUMERIC, Kind.FLOAT):
        if not _NUMBER.fullmatch(value):
            raise CdcError(f"a key in column {column.name} is no number")
        return value
    if kind is Kind.BYTES:
        return f"x'{value[2:]}'"
    if kind is Kind.BITS:
        return f"b'{value}'"
    return my_text(value.removesuffix("+00") if kind is Kind.INSTANT else value)
