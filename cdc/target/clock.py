"""Two times of a row → which of them is the later, without asking a server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

from cdc.model.change import ABSENT, Row, Value
from cdc.model.write import Newest

_Read: TypeAlias = tuple[Decimal | float | int | str, ...]

_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_MOMENT = re.compile(r"(\d{4,})-(\d\d-\d\d(?: \d\d:\d\d:\d\d)?)(?:\.(\d+))?(?:\+00)?( BC)?", re.ASCII)
_ENDS: Mapping[str, _Read] = {text: (float(text),) for text in ("infinity", "-infinity", "Infinity", "-Infinity")}


def wins(newest: Newest, given: Value, there: Value) -> bool | None:
    """Return whether a write of the time `given` is later than a row of the time `there`; None: only the server can tell.

    What a log did not carry is never later.
    """
    if given is ABSENT:
        return False
    if given == there:
        return newest.ties
    if not isinstance(given, str) or not isinstance(there, str):
        return given is not None
    ours, theirs = _read(given), _read(there)
    if ours is None or theirs is None:
        return None
    return ours > theirs or (newest.ties and ours == theirs)


def laid(newest: Newest, under: Row, over: Row) -> Row | None:
    """Return a later image of a row with what an earlier one keeps of it, both whole in what goes by the clock; None: only the server can tell."""
    absent = any(image[at] is ABSENT for image in (under, over) for at in newest.columns)
    won = None if absent else wins(newest, over[newest.clock], under[newest.clock])
    if won is None or won:
        return over if won else None
    return tuple(under[at] if at in newest.columns else text for at, text in enumerate(over))


def _read(text: str) -> _Read | None:
    """Return what compares as the servers compare it."""
    if _NUMBER.fullmatch(text):
        return (Decimal(text),)
    if found := _MOMENT.fullmatch(text):
        year, rest, fraction, before = found.groups()
        return (1 - int(year) if before else int(year), rest, (fraction or "").rstrip("0"))
    return _ENDS.get(text)
