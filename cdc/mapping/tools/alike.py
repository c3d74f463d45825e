"""A column's type to the form in which two canonical texts are equal when the server holds them equal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from cdc.model.types import Kind, Type

_FRACTION = re.compile(r"\.(\d*?)0+(?=\+00$|$)")


def comparable(of: Type) -> Callable[[Any], object]:
    """Return the function to compare by. What is no text (NULL, absent) stays itself.

    Beyond the text: numbers by value, fractions of a second and padding without what means nothing, JSON by content. An interval, an
    array or a type of the server's own counts as different where its spelling is.
    """
    form = _FORMS.get(of.kind)
    if of.padded:
        form = _unpadded_bytes if of.kind is Kind.BYTES else _unpadded
    if form is None:
        return lambda given: given
    return lambda given: form(given) if isinstance(given, str) else given


def _number(text: str) -> object:
    try:
        made = Decimal(text)
    except InvalidOperation:
        return text
    return "NaN" if made.is_nan() else made


def _float(text: str) -> object:
    try:
        made = float(text)
    except ValueError:
        return text
    return made if made == made else "NaN"  # noqa: PLR0124, NaN alone differs from itself


def _clock(text: str) -> str:
    return _FRACTION.sub(lambda found: f".{found[1]}" if found[1] else "", text)


def _unpadded(text: str) -> str:
    return text.rstrip(" ")


def _unpadded_bytes(text: str) -> str:
    return re.sub(r"(?:00)+$", "", text[2:])


def _content(text: str) -> object:
    try:
        return json.dumps(json.loads(text, parse_float=lambda number: str(Decimal(number).normalize())), sort_keys=True)
    except ValueError:
        return text


_FORMS: Mapping[Kind, Callable[[str], object]] = {
    Kind.INT: _number, Kind.NUMERIC: _number, Kind.FLOAT: _float, Kind.TIME: _clock, Kind.TIMESTAMP: _clock, Kind.INSTANT: _clock,
    Kind.JSON: _content,
}  # fmt: skip
