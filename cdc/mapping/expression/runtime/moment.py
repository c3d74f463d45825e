"""Arithmetic of dates, timestamps and intervals: days since 2000-01-01, microseconds since then, months by the calendar.

A timestamptz is a clock in UTC here, as in a session whose TimeZone is UTC: its days have 24 hours.
"""

from __future__ import annotations

import math

from cdc.mapping.expression.runtime.clock import make_time
from cdc.mapping.expression.runtime.errors import BadValue, out_of_range
from cdc.mapping.expression.runtime.interval import MONTHS_OF_YEAR, SECOND, Interval, interval, justify_hours
from cdc.mapping.expression.runtime.temporal import (
    DATES,
    DAY,
    INFINITY,
    bounded,
    civil,
    field_out_of_range,
    ordinal,
    stamp_of_date,
)  # fmt: skip

_UNIX_EPOCH = 946_684_800
"""2000-01-01 in seconds since 1970."""
_SECONDS = (-210_866_803_200, 9_224_318_016_000)
"""What to_timestamp() takes: PostgreSQL's bounds in seconds since 1970."""


_DAYS_OF_MONTH = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def days_of_month(year: int, month: int) -> int:
    """Year 0 is 1 BC."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _DAYS_OF_MONTH[month] + leap


def date_add(day: int, days: int) -> int:
    if abs(day) == INFINITY:
        return day
    if day + days not in DATES:
        raise out_of_range("date")
    return day + days


def date_subtract(day: int, days: int) -> int:
    return date_add(day, -days)


def date_difference(a: int, b: int) -> int:
    if abs(a) == INFINITY or abs(b) == INFINITY:
        raise BadValue("cannot subtract infinite dates")
    return a - b


def date_and_time(day: int, time: int) -> int:
    stamp = stamp_of_date(day)
    return stamp if abs(stamp) == INFINITY else bounded(stamp + time)


def stamp_add(stamp: int, more: Interval) -> int:
    """Months first, where a day that the month lacks becomes its last; then days, then time. Each step stays within the bounds."""
    if abs(stamp) == INFINITY:
        return stamp
    months, days, time = more.months, more.days, more.microseconds
    if months:
        day, clock = divmod(stamp, DAY)
        year, month, of_month = civil(day)
        year, month = divmod(year * MONTHS_OF_YEAR + month - 1 + months, MONTHS_OF_YEAR)
        month += 1
        stamp = bounded(ordinal(year, month, min(of_month, days_of_month(year, month))) * DAY + clock)
    return bounded(bounded(stamp + days * DAY) + time)


def stamp_subtract(stamp: int, less: Interval) -> int:
    return stamp_add(stamp, Interval(-less.months, -less.days, -less.microseconds))


def stamp_difference(a: int, b: int) -> Interval:
    """Days and time."""
    if abs(a) == INFINITY or abs(b) == INFINITY:
        raise BadValue("cannot subtract infinite timestamps")
    return justify_hours(interval(0, 0, a - b))


def age(a: int, b: int) -> Interval:
    """Years, months, days and time between two timestamps, by the calendar."""
    if abs(a) == INFINITY or abs(b) == INFINITY:
        raise out_of_range("timestamp")
    if a < b:
        months, days, time = _age(b, a, a)
        return interval(-months, -days, -time)
    return interval(*_age(a, b, b))


def _age(later: int, earlier: int, lender: int) -> tuple[int, int, int]:
    """A negative number of days borrows a month as long as that of the earlier timestamp."""
    (late_day, late_time), (early_day, early_time) = divmod(later, DAY), divmod(earlier, DAY)
    late_year, late_month, late = civil(late_day)
    early_year, early_month, early = civil(early_day)
    months, days, time = (late_year - early_year) * MONTHS_OF_YEAR + late_month - early_month, late - early, late_time - early_time
    if time < 0:
        days, time = days - 1, time + DAY
    year, month, _ = civil(lender // DAY)
    while days < 0:
        months, days = months - 1, days + days_of_month(year, month)
    return months, days, time


def date_bin(stride: Interval, stamp: int, origin: int) -> int:
    """The beginning of the stride that the timestamp falls into."""
    if abs(stamp) == INFINITY:
        return stamp
    if abs(origin) == INFINITY:
        raise BadValue("origin out of range")
    if stride.months:
        raise BadValue("timestamps cannot be binned into intervals containing months or years")
    width = interval(0, 0, stride.days * DAY + stride.microseconds).microseconds
    if width <= 0:
        raise BadValue("stride must be greater than zero")
    return bounded(stamp - (stamp - origin) % width)


def make_date(year: int, month: int, day: int) -> int:
    """A negative year is BC."""
    if year == 0:
        raise field_out_of_range()
    made = ordinal(year if year > 0 else year + 1, month, day)
    if made not in DATES:
        raise out_of_range("date")
    return made


def make_timestamp(year: int, month: int, day: int, hour: int, minute: int, seconds: float) -> int:
    return bounded(make_date(year, month, day) * DAY + make_time(hour, minute, seconds))


def stamp_of_seconds(seconds: float) -> int:
    """to_timestamp(seconds since 1970)."""
    if math.isnan(seconds):
        raise BadValue("timestamp cannot be NaN")
    if math.isinf(seconds):
        return INFINITY if seconds > 0 else -INFINITY
    if not _SECONDS[0] <= seconds < _SECONDS[1]:
        raise out_of_range("timestamp")
    return bounded(round((seconds - _UNIX_EPOCH) * float(SECOND)))


def is_finite(given: int) -> bool:
    return abs(given) != INFINITY
