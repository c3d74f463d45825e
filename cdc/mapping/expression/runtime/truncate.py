"""date_trunc: a timestamp or an interval to the beginning of its hour, day, month, …; one function a unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cdc.mapping.expression.runtime.field import century, cut
from cdc.mapping.expression.runtime.interval import HOUR, MINUTE, MONTHS_OF_YEAR, SECOND, Interval
from cdc.mapping.expression.runtime.temporal import DAY, INFINITY, bounded, civil, ordinal
from cdc.mapping.expression.runtime.timezone import Zone, stamp_of_wall, wall

_CLOCK: Mapping[str, int] = {"microsecond": 1, "millisecond": 1_000, "second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY}


def _beginning(size: int) -> Callable[[int], int]:
    """The year in which the decade begins (its first year can be divided by ten), or the century or millennium (the year after)."""
    if size == 10:
        return lambda year: year // 10 * 10
    return lambda year: century(year, size) * size - size + 1 if year > 0 else century(year, size) * size + 1


_YEARS: Mapping[str, Callable[[int], int]] = {
    "year": lambda year: year,
    "decade": _beginning(10),
    "century": _beginning(100),
    "millennium": _beginning(1000),
}
_MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3}


def _of_clock(width: int) -> Callable[[int], int]:
    return lambda stamp: stamp if abs(stamp) == INFINITY else stamp - stamp % width


def _of_day(first: Callable[[int], int]) -> Callable[[int], int]:
    """A beginning may lie before the first timestamp that there is, never behind the last."""

    def of(stamp: int) -> int:
        if abs(stamp) == INFINITY:
            return stamp
        begun = first(stamp // DAY) * DAY
        return begun if begun > 0 else bounded(begun)

    return of


def _first_of_year(begin: Callable[[int], int]) -> Callable[[int], int]:
    return lambda day: ordinal(begin(civil(day)[0]), 1, 1)


def _first_of_month(size: int) -> Callable[[int], int]:
    def first(day: int) -> int:
        year, month, _ = civil(day)
        return ordinal(year, month - (month - 1) % size, 1)

    return first


def _of_months(size: int) -> Callable[[Interval], Interval]:
    return lambda given: Interval(cut(given.months, size) * size, 0, 0)


def _of_time(width: int) -> Callable[[Interval], Interval]:
    return lambda given: Interval(given.months, given.days, cut(given.microseconds, width) * width)


TRUNCATED: Mapping[str, Callable[[int], int]] = {
    **{name: _of_clock(width) for name, width in _CLOCK.items()},
    "week": _of_day(lambda day: day - (day + 5) % 7),
    **{name: _of_day(_first_of_month(size)) for name, size in _MONTHS.items()},
    **{name: _of_day(_first_of_year(begin)) for name, begin in _YEARS.items()},
}
"""Unit → the beginning, of a timestamp."""
TRUNCATED_INTERVAL: Mapping[str, Callable[[Interval], Interval]] = {
    **{name: _of_time(width) for name, width in _CLOCK.items() if name != "day"},
    "day": lambda given: Interval(given.months, given.days, 0),
    **{name: _of_months(size) for name, size in _MONTHS.items()},
    "year": _of_months(MONTHS_OF_YEAR),
    "decade": _of_months(10 * MONTHS_OF_YEAR),
    "century": _of_months(100 * MONTHS_OF_YEAR),
    "millennium": _of_months(1000 * MONTHS_OF_YEAR),
}


def truncated_in_zone(unit: str) -> Callable[[Zone, int], int]:
    """Return what truncates by the clock of a zone; hours and less keep the distance to UTC that the moment has."""
    truncate, keeps = TRUNCATED[unit], unit in _CLOCK and unit != "day"

    def of(zone: Zone, stamp: int) -> int:
        if abs(stamp) == INFINITY:
            return stamp
        shown = wall(zone, stamp)
        return stamp - shown + truncate(shown) if keeps else stamp_of_wall(zone, truncate(shown))

    return of
