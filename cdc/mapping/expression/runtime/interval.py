"""Intervals: months, days and microseconds apart from each other, as PostgreSQL keeps them.

Text is read as people and PostgreSQL write it (`1 year 2 mons -3 days 04:05:06.7`, `1-2`, `P1Y2M3DT4H5M6S`) and written in the style `postgres`.
https://www.postgresql.org/docs/15/datatype-datetime.html#DATATYPE-INTERVAL-INPUT
"""

from __future__ import annotations

import math
from typing import NamedTuple

from cdc.mapping.expression.runtime.errors import DIVISION_BY_ZERO, BadValue, out_of_range
from cdc.mapping.expression.runtime.temporal import DAY, UNITS

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
DAYS_OF_MONTH, MONTHS_OF_YEAR = 30, 12
_SECONDS_OF_DAY = 86_400
_INT4, _INT8 = range(-(1 << 31), 1 << 31), range(-(1 << 63), 1 << 63)


class Interval(NamedTuple):
    """Compared as PostgreSQL compares: a month has 30 days, a day 24 hours."""

    months: int
    days: int
    microseconds: int

    @property
    def span(self) -> int:
        return (self.months * DAYS_OF_MONTH + self.days) * DAY + self.microseconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Interval) and self.span == other.span

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.span)

    def __lt__(self, other: tuple[object, ...]) -> bool:
        return isinstance(other, Interval) and self.span < other.span

    def __le__(self, other: tuple[object, ...]) -> bool:
        return isinstance(other, Interval) and self.span <= other.span

    def __gt__(self, other: tuple[object, ...]) -> bool:
        return isinstance(other, Interval) and self.span > other.span

    def __ge__(self, other: tuple[object, ...]) -> bool:
        return isinstance(other, Interval) and self.span >= other.span


def interval(months: int, days: int, microseconds: int) -> Interval:
    """Return the interval, within PostgreSQL's bounds."""
    if months in _INT4 and days in _INT4 and microseconds in _INT8:
        return Interval(months, days, microseconds)
    raise out_of_range("interval")


def interval_out(given: Interval) -> str:
    """The style `postgres`: a part after a negative one shows its sign."""
    years, months = _divided(given.months, MONTHS_OF_YEAR)
    parts: list[str] = []
    negative = False
    for number, unit in ((years, "year"), (months, "mon"), (given.days, "day")):
        if number:
            parts.append(f"{'+' if negative and number > 0 else ''}{number} {unit}{'' if number == 1 else 's'}")
            negative = number < 0
    if given.microseconds or not parts:
        sign = "-" if given.microseconds < 0 else "+" if negative else ""
        parts.append(sign + clock_out(abs(given.microseconds)))
    return " ".join(parts)


def clock_out(microseconds: int) -> str:
    """`HH:MM:SS[.ffffff]` with as many hours as there are."""
    seconds, fraction = divmod(microseconds, SECOND)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{clock}.{fraction:06}".rstrip("0") if fraction else clock


def interval_add(a: Interval, b: Interval) -> Interval:
    return interval(a.months + b.months, a.days + b.days, a.microseconds + b.microseconds)


def interval_subtract(a: Interval, b: Interval) -> Interval:
    return interval(a.months - b.months, a.days - b.days, a.microseconds - b.microseconds)


def interval_negate(given: Interval) -> Interval:
    return interval(-given.months, -given.days, -given.microseconds)


def interval_multiply(given: Interval, factor: float) -> Interval:
    """What is left of a month goes into days (of 30 a month), what is left of a day into the time."""
    return _cascaded(given.months * factor, given.days * factor, given.microseconds * factor)


def interval_divide(given: Interval, divisor: float) -> Interval:
    if divisor == 0:
        raise BadValue(DIVISION_BY_ZERO)
    return _cascaded(given.months / divisor, given.days / divisor, given.microseconds / divisor)


def interval_rounded(given: Interval, digits: int) -> Interval:
    """cast(… as interval(n)): half goes away from zero."""
    unit = UNITS[digits]
    time = (abs(given.microseconds) + unit // 2) // unit * unit
    return interval(given.months, given.days, time if given.microseconds >= 0 else -time)


def justify_days(given: Interval) -> Interval:
    """30 days become a month."""
    months, days = _divided(given.days, DAYS_OF_MONTH)
    return interval(*_one_sign(given.months + months, days, DAYS_OF_MONTH), given.microseconds)


def justify_hours(given: Interval) -> Interval:
    """24 hours become a day."""
    days, time = _divided(given.microseconds, DAY)
    return interval(given.months, *_one_sign(given.days + days, time, DAY))


def justify_interval(given: Interval) -> Interval:
    """Both, and all parts get one sign."""
    more, time = _divided(given.microseconds, DAY)
    months, days = _divided(given.days + more, DAYS_OF_MONTH)
    months += given.months
    if months > 0 and (days, time) < (0, 0):
        months, days = months - 1, days + DAYS_OF_MONTH
    elif months < 0 and (days, time) > (0, 0):
        months, days = months + 1, days - DAYS_OF_MONTH
    return interval(months, *_one_sign(days, time, DAY))


def make_interval(years: int, months: int, weeks: int, days: int, hours: int, minutes: int, seconds: float) -> Interval:
    if not math.isfinite(seconds):
        raise out_of_range("interval")
    time = hours * HOUR + minutes * MINUTE + round(seconds * SECOND)
    return interval(years * MONTHS_OF_YEAR + months, weeks * 7 + days, time)


def interval_isfinite(_given: Interval) -> bool:
    return True


def _divided(number: int, unit: int) -> tuple[int, int]:
    """Quotient and remainder, cut toward zero."""
    whole = abs(number) // unit
    whole = whole if number >= 0 else -whole
    return whole, number - whole * unit


def _one_sign(large: int, small: int, unit: int) -> tuple[int, int]:
    if large > 0 > small:
        return large - 1, small + unit
    if large < 0 < small:
        return large + 1, small - unit
    return large, small


def _cascaded(months: float, days: float, time: float) -> Interval:
    """interval_mul of PostgreSQL's timestamp.c, with its roundings."""
    if not all(map(math.isfinite, (months, days, time))):
        raise out_of_range("interval")
    whole_months, whole_days = int(months), int(days)
    rest_days = _to_microseconds((months - whole_months) * DAYS_OF_MONTH)
    rest = _to_microseconds((days - whole_days + rest_days - int(rest_days)) * _SECONDS_OF_DAY)
    if abs(rest) >= _SECONDS_OF_DAY:
        more = int(rest / _SECONDS_OF_DAY)
        whole_days, rest = whole_days + more, rest - more * _SECONDS_OF_DAY
    return interval(whole_months, whole_days + int(rest_days), round(time + rest * SECOND))


def _to_microseconds(number: float) -> float:
    return round(number * 1_000_000.0) / 1_000_000.0
