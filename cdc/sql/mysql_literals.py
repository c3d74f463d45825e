"""Canonical text → literals of MySQL and MariaDB, and rows → tuples of literals.

A column of a chunk at a time: one tight loop per column costs half of a call per value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from cdc.model.change import Row
from cdc.model.errors import BadRow
from cdc.model.table import Column
from cdc.model.types import Kind
from cdc.sql.names import my_name, my_text

Literals: TypeAlias = Callable[[Sequence[Any]], list[str]]
"""One column's values (`str` or None) → its literals."""
Tuples: TypeAlias = Callable[[Sequence[Row]], list[bytes]]
"""Rows → `(…, …)` in UTF-8. Nothing absent may come in."""


def tuples(columns: Sequence[Column]) -> Tuples:
    """Return the function that writes rows of these columns as tuples. It raises `BadRow` for a value that is none of its column's type."""
    makers = [literals(column) for column in columns]

    def write(rows: Sequence[Row]) -> list[bytes]:
        made = [make(values) for make, values in zip(makers, zip(*rows, strict=True), strict=True)]
        return [encoded(f"({','.join(row)})") for row in zip(*made, strict=True)]

    return write


TEXTS = (Kind.TEXT, Kind.ENUM, Kind.SET)


def agrees(column: Column, literal: str) -> str:
    """Return the condition that a column has what a literal says. Texts are compared by their bytes: a collation may hold different texts equal."""
    if column.type.kind in TEXTS:
        return f"cast(convert({my_name(column.name)} using utf8mb4) as binary) <=> cast({literal} as binary)"
    return f"{my_name(column.name)} <=> {literal}"


def encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadRow("a text holds half of a surrogate pair, which UTF-8 can't carry", "Mend the row at the source.") from error


def literals(column: Column) -> Literals:
    """Return the function that writes one column's values."""
    if column.identity or (column.type.kind is Kind.INSTANT and not column.nullable):
        return _never_null(column, _of_type(column))
    return _of_type(column)


def _never_null(column: Column, write: Literals) -> Literals:
    """For NULL the server may put in a value of its own: the next number (AUTO_INCREMENT), the time (explicit_defaults_for_timestamp off)."""

    def checked(values: Sequence[Any]) -> list[str]:
        if None in values:
            raise BadRow(f"column {column.name} can't be null", "Give it a value in the mapping, or leave it to the target.")
        return write(values)

    return checked


def _of_type(column: Column) -> Literals:
    if column.type.padded:
        return _padded(column)
    if column.type.kind is Kind.FLOAT:
        return _float(column)
    if column.type.kind in _EXACT:
        return _checked(column, *_EXACT[column.type.kind])
    return _quoted


def _quoted(values: Sequence[Any]) -> list[str]:
    return ["null" if v is None else f"'{v}'" if "'" not in v and "\\" not in v and "\0" not in v else my_text(v) for v in values]


def _checked(column: Column, pattern: str, write: Callable[[str], str] | None) -> Literals:
    """Literals without quotes: what does not match the pattern never gets into a statement."""
    fits = re.compile(pattern, re.ASCII).fullmatch
    if write is None:
        return lambda values: ["null" if v is None else v if fits(v) else _misfit(column) for v in values]
    return lambda values: ["null" if v is None else write(v) if fits(v) else _misfit(column) for v in values]


def _padded(column: Column) -> Literals:
    """CHAR(n) and BINARY(n) lose and get their padding on the way in, but not in a comparison: a key has to be as the server holds it."""
    if column.type.kind is Kind.TEXT:
        return lambda values: _quoted([v and v.rstrip(" ") for v in values])
    digits = 2 * (column.type.size or 0)
    return _checked(column, _EXACT[Kind.BYTES][0], lambda text: f"x'{text[2:]:0<{digits}}'")


def _misfit(column: Column) -> str:
    raise BadRow(
        f"column {column.name} is {column.type.native or column.type.kind.value}, and the value is no such thing",
        "MySQL and MariaDB know no NaN and no infinity: map them, or mend the row at the source.",
    )


def _float(column: Column) -> Literals:
    """The largest float of four bytes, in its shortest spelling, is past the limit when it is read as a double. `-0` would be an integer."""
    if column.type.size == 4:
        return _checked(column, _FLOAT, lambda text: _spelled(text.replace("3.4028235e+38", "3.4028234663852886e+38")))
    fits = re.compile(rf"(?!-0\Z){_FLOAT}", re.ASCII).fullmatch
    checked = _checked(column, _FLOAT, _spelled)
    return lambda values: ["null" if v is None else v if fits(v) else checked([v])[0] for v in values]


def _spelled(text: str) -> str:
    return "-0e0" if text == "-0" else text


_FLOAT = r"-?\d+(\.\d+)?(e[+-]?\d+)?"
_PAIRS = r"\\x(?:[0-9a-f]{2})*+"
"""The last + keeps it from remembering each pair, which takes 150 bytes for one."""
_EXACT: Mapping[Kind, tuple[str, Callable[[str], str] | None]] = {
    Kind.INT: (r"-?\d+", None),
    Kind.NUMERIC: (r"-?\d+(\.\d+)?", None),
    Kind.BOOL: (r"[tf]", lambda text: "1" if text == "t" else "0"),
    **dict.fromkeys((Kind.BYTES, Kind.GEOMETRY), (_PAIRS, lambda text: f"x'{text[2:]}'")),
    Kind.BITS: (r"[01]+", lambda text: f"b'{text}'"),
    Kind.INSTANT: (r"[0-9:. -]+\+00", lambda text: f"'{text[:-3]}'"),
}


def canonical(columns: Sequence[Column]) -> Callable[[Sequence[Sequence[Any]]], set[Row]]:
    """Return the function that turns rows as the driver returns them undecoded into canonical text.

    Where the server's spelling may differ from ours (a fraction's zeros, a collation) it stays the server's.
    """
    readers = [_READERS.get(column.type.kind) for column in columns]
    if not any(readers):
        return lambda rows: {tuple(row) for row in rows}
    return lambda rows: {tuple(v if read is None else read(v) for read, v in zip(readers, row, strict=True)) for row in rows}


def reader(column: Column) -> Callable[[Any], str]:
    """Return the function that turns a column's value as the driver returns it undecoded into canonical text."""
    return _READERS.get(column.type.kind, str)


_READERS: Mapping[Kind, Callable[[Any], str]] = {
    Kind.BYTES: lambda raw: "\\x" + raw.hex(),
    Kind.BOOL: lambda text: "f" if text == "0" else "t",
    Kind.INSTANT: lambda text: f"{text}+00",
}
