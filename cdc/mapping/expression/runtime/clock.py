"""Times of day as microseconds since midnight, 24:00 included."""

from __future__ import annotations

import re

from cdc.mapping.expression.runtime.errors import BadValue, invalid
from cdc.mapping.expression.runtime.interval import HOUR, MINUTE, SECOND, Interval
from cdc.mapping.expression.runtime.temporal import DAY, INFINITY, UNITS, timestamp_in

_CANONICAL = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,6}))?")
_TIME = re.compile(
    r"\s*T?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?P<fraction>\.[0-9]*)?)?\s*(?P<half>am|pm)?\s*",
    re.IGNORECASE | re.ASCII,
)
_COMPACT = re.compile(r"\s*([0-9]{2})([0-9]{2})([0-9]{2})\s*", re.ASCII)
_DURATION = re.compile(r"-?[0-9]{2,3}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?")


def time_in(text: str) -> int:
    """cast(text as time)."""
    if found := _CANONICAL.fullmatch(text):
        fraction = (found[4] or "0").ljust(6, "0")
        return int(found[1]) * HOUR + int(found[2]) * MINUTE + int(found[3]) * SECOND + int(fraction)
    given = _TIME.fullmatch(text)
    return _otherwise(text) if given is None else _spelled(given)


def _otherwise(text: str) -> int:
    """Six digits, or the clock of a timestamp."""
    if found := _COMPACT.fullmatch(text):
        return time_in(":".join(found.groups()))
    if _DURATION.fullmatch(text):
        raise _beyond()
    if text.count(":") == 0:
        raise invalid("time")
    return timestamp_in(text) % DAY


def _spelled(given: re.Match[str]) -> int:
    hour, minute, second = (int(given[part] or 0) for part in ("hour", "minute", "second"))
    if half := given["half"]:
        if hour > 12:
            raise _field()
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    time = hour * HOUR + minute * MINUTE + second * SECOND + round(float("0" + (given["fraction"] or ".") + "0") * SECOND)
    if minute > 59 or second > 60:
        raise _field()
    if time > DAY:
        raise _beyond()
    return time


def time_rounded(time: int, digits: int) -> int:
    """cast(… as time(n))."""
    unit = UNITS[digits]
    return (time + unit // 2) // unit * unit


def time_add(time: int, more: Interval) -> int:
    """Months and days count for nothing; beyond midnight it goes on from the beginning."""
    return (time + more.microseconds) % DAY


def time_subtract(time: int, less: Interval) -> int:
    return (time - less.microseconds) % DAY


def time_difference(a: int, b: int) -> Interval:
    return Interval(0, 0, a - b)


def interval_of_time(time: int) -> Interval:
    return Interval(0, 0, time)


def time_of_interval(given: Interval) -> int:
    return given.microseconds % DAY


def time_of_stamp(stamp: int) -> int | None:
    """The clock of a timestamp; infinity has none."""
    return None if abs(stamp) == INFINITY else stamp % DAY


def make_time(hour: int, minute: int, seconds: float) -> int:
    """Return the time; it is also the clock of make_timestamp."""
    if not 0 <= seconds <= 60 or not 0 <= minute <= 59 or not 0 <= hour <= 24:
        raise _field()
    time = hour * HOUR + minute * MINUTE + round(seconds * SECOND)
    if time > DAY:
        raise _field()
    return time


def _field() -> BadValue:
    return BadValue("date/time field value out of range")


def _beyond() -> BadValue:
    return BadValue("time is not within a day")
