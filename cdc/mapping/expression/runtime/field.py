"""What `extract` takes out of a date, a timestamp, a time or an interval, and what `date_trunc` leaves of them.

One function a field and a type, so that the field is looked up when the expression is compiled. `extract` gives numeric with PostgreSQL's
digits after the point, `date_part` the nearest double.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from cdc.mapping.expression.runtime.interval import HOUR, MINUTE, MONTHS_OF_YEAR, SECOND, Interval
from cdc.mapping.expression.runtime.interval_text import UNIT_NAMES
from cdc.mapping.expression.runtime.numeric import numeric_add, numeric_divide, numeric_round
from cdc.mapping.expression.runtime.temporal import DAY, INFINITY, civil, ordinal

Field: TypeAlias = Callable[[Any], Decimal | None]
JULIAN = 2_451_545
"""2000-01-01 as a Julian day."""
UNIX_EPOCH = 946_684_800_000_000
LARGEST = (1 << 63) - 1
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_CYCLE = 146_097
"""Days of 400 years."""
_INFINITE = Decimal("Infinity")
FIELD_NAMES: Mapping[str, str] = {
    **UNIT_NAMES,
    **{name: name for name in ("dow", "doy", "epoch", "isodow", "isoyear", "julian", "timezone")},
    "qtr": "quarter", "quarter": "quarter", "timezone_h": "timezone_hour", "timezone_hour": "timezone_hour",
    "timezone_m": "timezone_minute", "timezone_minute": "timezone_minute",
}  # fmt: skip
"""PostgreSQL's spellings of a field."""


def iso_calendar(day: int) -> tuple[int, int, int]:
    """Return year (0 is 1 BC), week and day of the week (Monday is 1)."""
    cycles, of_cycle = divmod(day + _CYCLE, _CYCLE)  # the calendar repeats itself every 400 years, weeks included
    year, week, weekday = date.fromordinal(of_cycle + _EPOCH_DAY).isocalendar()
    return year + (cycles - 1) * 400, week, weekday


def day_of_year(day: int) -> int:
    return day - ordinal(civil(day)[0], 1, 1) + 1


def weekday(day: int) -> int:
    """Sunday is 0, Saturday is 6; 2000-01-01 was one."""
    return (day + 6) % 7


def century(year: int, size: int = 100) -> int:
    """The century, or millennium, of a year (0 is 1 BC)."""
    return (year + size - 1) // size if year > 0 else -((size - year) // size)


def _shown(year: int) -> int:
    return year if year > 0 else year - 1


def _fraction(microseconds: int, digits: int = 6) -> Decimal:
    """So many digits go behind the point."""
    return Decimal(microseconds).scaleb(-digits)


_OF_TIME: Mapping[str, Callable[[int], Decimal]] = {
    "microsecond": lambda time: Decimal(time % MINUTE),
    "millisecond": lambda time: _fraction(time % MINUTE, 3),
    "second": lambda time: _fraction(time % MINUTE),
    "minute": lambda time: Decimal(time // MINUTE % 60),
    "hour": lambda time: Decimal(time // HOUR),
}
_OF_DAY: Mapping[str, Callable[[int], int]] = {
    "day": lambda day: civil(day)[2],
    "month": lambda day: civil(day)[1],
    "quarter": lambda day: (civil(day)[1] + 2) // 3,
    "year": lambda day: _shown(civil(day)[0]),
    "decade": lambda day: civil(day)[0] // 10,
    "century": lambda day: century(civil(day)[0]),
    "millennium": lambda day: century(civil(day)[0], 1000),
    "week": lambda day: iso_calendar(day)[1],
    "isoyear": lambda day: _shown(iso_calendar(day)[0]),
    "isodow": lambda day: iso_calendar(day)[2],
    "dow": weekday,
    "doy": day_of_year,
    "julian": lambda day: day + JULIAN,
}
_GROWS = frozenset({"year", "decade", "century", "millennium", "isoyear", "julian", "epoch"})
"""Fields that an infinite date has: the infinity."""


def finite(name: str, field: Callable[[int], Decimal]) -> Field:
    grows = name in _GROWS

    def of(given: int) -> Decimal | None:
        if -INFINITY < given < INFINITY:
            return field(given)
        return (_INFINITE if given > 0 else -_INFINITE) if grows else None

    return of


def _day(field: Callable[[int], int]) -> Callable[[int], Decimal]:
    return lambda day: Decimal(field(day))


def _day_of(field: Callable[[int], int]) -> Callable[[int], Decimal]:
    return lambda stamp: Decimal(field(stamp // DAY))


def _time_of(field: Callable[[int], Decimal]) -> Callable[[int], Decimal]:
    return lambda stamp: field(stamp % DAY)


def _julian(stamp: int) -> Decimal:
    day, time = divmod(stamp, DAY)
    return numeric_add(Decimal(day + JULIAN), numeric_divide(Decimal(time), Decimal(DAY)))


def _epoch(stamp: int) -> Decimal:
    """In the last two thousand years PostgreSQL divides, and loses digits."""
    since = stamp + UNIX_EPOCH
    return _fraction(since) if since < LARGEST else numeric_round(numeric_divide(Decimal(since), Decimal(SECOND)), 6)


def _span_in_seconds(given: Interval) -> Decimal:
    """A year has 365.25 days here."""
    years, months = cut(given.months, MONTHS_OF_YEAR), rest(given.months, MONTHS_OF_YEAR)
    return _fraction(((1461 * years + 120 * months + 4 * given.days) * 21_600) * SECOND + given.microseconds)


def cut(number: int, unit: int) -> int:
    return number // unit if number >= 0 else -(-number // unit)


def rest(number: int, unit: int) -> int:
    return number - cut(number, unit) * unit


def _years(given: Interval) -> int:
    return cut(given.months, MONTHS_OF_YEAR)


OF_TIME: Mapping[str, Field] = {**_OF_TIME, "epoch": _fraction}
OF_DATE: Mapping[str, Field] = {
    name: finite(name, field)
    for name, field in {
        **{name: _day(field) for name, field in _OF_DAY.items()},
        "epoch": lambda day: Decimal((day * DAY + UNIX_EPOCH) // SECOND),
    }.items()
}
OF_TIMESTAMP: Mapping[str, Field] = {
    name: finite(name, field)
    for name, field in {
        **{name: _day_of(field) for name, field in _OF_DAY.items()},
        **{name: _time_of(field) for name, field in _OF_TIME.items()},
        "julian": _julian,
        "epoch": _epoch,
    }.items()
}
OF_INSTANT: Mapping[str, Field] = {
    **OF_TIMESTAMP,
    **{name: finite(name, lambda _: Decimal(0)) for name in ("timezone", "timezone_hour", "timezone_minute")},
}
OF_INTERVAL: Mapping[str, Field] = {
    "microsecond": lambda given: Decimal(rest(given.microseconds, MINUTE)),
    "millisecond": lambda given: _fraction(rest(given.microseconds, MINUTE), 3),
    "second": lambda given: _fraction(rest(given.microseconds, MINUTE)),
    "minute": lambda given: Decimal(rest(cut(given.microseconds, MINUTE), 60)),
    "hour": lambda given: Decimal(cut(given.microseconds, HOUR)),
    "day": lambda given: Decimal(given.days),
    "month": lambda given: Decimal(rest(given.months, MONTHS_OF_YEAR)),
    "quarter": lambda given: Decimal(cut(rest(given.months, MONTHS_OF_YEAR), 3) + 1),
    "year": lambda given: Decimal(_years(given)),
    "decade": lambda given: Decimal(cut(_years(given), 10)),
    "century": lambda given: Decimal(cut(_years(given), 100)),
    "millennium": lambda given: Decimal(cut(_years(given), 1000)),
    "epoch": _span_in_seconds,
}
