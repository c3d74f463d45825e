"""What a mapping file says of values that only one kind of server has: dates that are none, infinities, NaN."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cdc.mapping.files.shape import Literally, Shape

_WHAT = "`error`, `null`, or the value that it becomes."


def _becomes(what: str, *examples: Any) -> Any:
    return Field(default="error", description=f"{what}: {_WHAT}", examples=list(examples))


class DatesFile(Shape):
    """What dates and times become that the other server can't hold."""

    zero: Literally = _becomes("0000-00-00, a date without a month or a day, or one that does not exist", None, "1970-01-01")
    infinity: Literally = _becomes("infinity", "9999-12-31")
    minus_infinity: Literally = _becomes("-infinity", "0001-01-01")
    far: Literally = _becomes("A date before the year 1 or after 9999", None)
    span: Literally = _becomes("A time that is below 00:00:00 or above 24:00:00", None)


class NumbersFile(Shape):
    """What numbers become that the other server can't hold."""

    nan: Literally = _becomes("NaN", None, 0)
    infinity: Literally = _becomes("Infinity", None)
    minus_infinity: Literally = _becomes("-Infinity", None)
