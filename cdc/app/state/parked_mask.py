"""A row's values → texts of the same form that say nothing of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from cdc.model.change import ABSENT, Row
from cdc.model.table import Table
from cdc.model.types import Kind

_LETTER, _CAPITAL, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"[A-Z]"), re.compile(r"\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d")
_SMALL = frozenset({Kind.BOOL, Kind.ENUM, Kind.SET})
"""Values of a few words that stand in the table's definition."""
_NUMBERS = frozenset({Kind.INT, Kind.NUMERIC, Kind.FLOAT})


def masked(table: Table, row: Row) -> Mapping[str, str | None]:
    """Return column → masked value, of the columns that the log carried."""
    columns = zip(table.columns, row, strict=True)
    return {column.name: None if text is None else _mask(column.type.kind)(text) for column, text in columns if text is not ABSENT}


def _mask(kind: Kind) -> Callable[[str], str]:
    if kind in _SMALL:
        return str
    return _number if kind in _NUMBERS else _text


def _number(text: str) -> str:
    return _DIGIT.sub("1", text)


def _text(text: str) -> str:
    """Case and punctuation stay: what fails is often about them. A date stays one."""
    if _MOMENT.match(text):
        return "2000-01-01" + _DIGIT.sub("0", text[10:])
    return _DIGIT.sub("0", _LETTER.sub("x", _CAPITAL.sub("\0", text)).replace("\0", "X"))
