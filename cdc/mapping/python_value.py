"""Canonical text → the Python value that a person writing a function expects, and what the function returns → a column's text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from cdc.mapping.convert import Convert, Unfit, converter
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.floating import double_out
from cdc.mapping.expression.runtime.numeric import numeric_out
from cdc.model.types import Kind, Type, Zones

Load: TypeAlias = Callable[[str], object]
_Result: TypeAlias = tuple[Callable[[Any], str], Convert | Unfit | None]


def loader(of: Type) -> Load | None:
    """Return what reads a column's text; None: the function gets the text. It raises `ValueError` for what Python has no value for."""
    return _LOADS.get(of.kind)


def dumper(target: Type, zones: Zones) -> Callable[[object], str]:
    """Return what writes a value, which is not None, as the target column's text. It raises `BadValue`."""
    digits = 6 if target.kind not in _CLOCKS or target.precision is None else target.precision
    results: Mapping[type, _Result] = {kind: (dump, converter(source, target, zones)) for kind, (dump, source) in _dumps(digits).items()}

    def dumped(made: object) -> str:
        kind = _kind(made)
        if kind is None:
            raise BadValue(f"it returned a value of the type {type(made).__name__}, which no column has")
        dump, convert = results[kind]
        if isinstance(convert, Unfit):
            raise BadValue(f"it returned a value of the type {type(made).__name__}: {convert.reason}")
        text = dump(made)
        return convert(text) if convert else text

    return dumped


class _Large(int):
    """Beyond eight bytes."""


class _Aware(datetime):
    """With a time zone."""


def _kind(made: object) -> type | None:
    """Return which of the kinds a value is; the first of its bases that is one."""
    if isinstance(made, datetime):
        return _Aware if made.tzinfo is not None else datetime
    if isinstance(made, int) and not -(2**63) <= made < 2**63:
        return _Large
    return next((kind for kind in type(made).__mro__ if kind in _KINDS), None)


def _dumps(digits: int) -> Mapping[type, tuple[Callable[[Any], str], Type]]:
    """Each kind of value with what writes it and its type; `digits` of the second are what the column has."""
    clock, aware = partial(_clock, digits), partial(_instant, digits)
    return {
        bool: (lambda made: "t" if made else "f", Type(Kind.BOOL, "boolean")),
        int: (_integer, Type(Kind.INT, "bigint", 8)),
        _Large: (_integer, Type(Kind.NUMERIC, "numeric")),
        Decimal: (numeric_out, Type(Kind.NUMERIC, "numeric")),
        float: (double_out, Type(Kind.FLOAT, "double precision", 8)),
        str: (_text, Type(Kind.TEXT, "text")),
        bytes: (lambda made: f"\\x{made.hex()}", Type(Kind.BYTES, "bytea")),
        UUID: (str, Type(Kind.UUID, "uuid")),
        date: (date.isoformat, Type(Kind.DATE, "date")),
        datetime: (clock, Type(Kind.TIMESTAMP, "timestamp", precision=digits)),
        _Aware: (aware, Type(Kind.INSTANT, "timestamp with time zone", precision=digits)),
        time: (clock, Type(Kind.TIME, "time", precision=digits)),
    }


def _integer(made: int) -> str:
    return str(int(made))


def _text(made: str) -> str:
    """A text of a subclass, as it is: that of an enum would show its name."""
    return str.__str__(made)


def _clock(digits: int, made: datetime | time) -> str:
    """No zeros behind the last digit of the second, and no digits that the column has no room for."""
    if made.microsecond % 10 ** (6 - digits):
        raise BadValue(f"it returned a time with more than {digits} digits behind the second")
    if isinstance(made, time) and made.tzinfo is not None:
        raise BadValue("it returned a time of day with a zone, which no column has")
    text = made.isoformat(" ") if isinstance(made, datetime) else made.isoformat()
    return text.rstrip("0") if "." in text else text


def _instant(digits: int, made: datetime) -> str:
    return f"{_clock(digits, made.astimezone(UTC).replace(tzinfo=None))}+00"


def _load_instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_LOADS: Mapping[Kind, Load] = {
    Kind.BOOL: lambda text: text == "t",
    Kind.INT: int,
    Kind.NUMERIC: Decimal,
    Kind.FLOAT: float,
    Kind.DATE: date.fromisoformat,
    Kind.TIME: time.fromisoformat,
    Kind.TIMESTAMP: datetime.fromisoformat,
    Kind.INSTANT: _load_instant,
    Kind.UUID: UUID,
    Kind.BYTES: lambda text: bytes.fromhex(text[2:]),
}
_KINDS = frozenset(_dumps(6))
_CLOCKS = frozenset({Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT})
