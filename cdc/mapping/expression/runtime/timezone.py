"""Clocks in time zones: a moment in UTC to what the clock on the wall shows there, and back.

Names are those of the IANA time zone database. A text that PostgreSQL would read as an abbreviation (`CET`: one hour all year) or as a POSIX
offset (`+02`: two hours *west*) is refused, since nobody means that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.interval import SECOND, Interval
from cdc.mapping.expression.runtime.temporal import DAY, INFINITY, bounded

Zone: TypeAlias = ZoneInfo | int
"""A zone by name, or microseconds to the east of UTC."""
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - a clock on the wall
_MICROSECOND = timedelta(microseconds=1)
_CYCLE = 146_097 * DAY
"""400 years, after which the calendar and its weekdays repeat themselves."""
_FIRST, _LAST = -1990 * 365 * DAY, 7900 * 365 * DAY
"""What Python's datetime can hold, with room on both sides: about the years 11 and 9895."""
_ABBREVIATIONS = frozenset({"cet", "eet", "est", "hst", "met", "mst", "wet"})
"""PostgreSQL takes these names of the database as abbreviations, without their summer time."""
_NO_ZONES = frozenset({"localtime", "factory"})


def zone_named(name: str) -> ZoneInfo:
    """Return the zone. Raises `BadValue`."""
    found = zone_names().get(name.lower())
    if found is None:
        raise BadValue("time zone is not a name of the IANA database")
    return _zone(found)


@lru_cache(1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(1)
def zone_names() -> Mapping[str, str]:
    """The names that may be used, by their small letters."""
    return {name.lower(): name for name in available_timezones() if name.lower() not in _ABBREVIATIONS | _NO_ZONES}


def zone_at(offset: Interval) -> int:
    """A fixed distance to the east of UTC."""
    if offset.months or offset.days:
        raise BadValue("a time zone's interval must not include months or days")
    whole = abs(offset.microseconds) // SECOND * SECOND
    return whole if offset.microseconds >= 0 else -whole


def wall_of_stamp(zone: Zone, stamp: int) -> int:
    """timestamptz `at time zone`: what the clock there shows."""
    return stamp if abs(stamp) == INFINITY else bounded(wall(zone, stamp))


def wall(zone: Zone, stamp: int) -> int:
    """What the clock shows, even if no timestamp can: at both ends of the calendar."""
    if isinstance(zone, int):
        return stamp + zone
    near, shift = _within_python(stamp)
    shown = zone.fromutc((_EPOCH + timedelta(microseconds=near)).replace(tzinfo=zone))
    return (shown.replace(tzinfo=None) - _EPOCH) // _MICROSECOND + shift


def stamp_of_wall(zone: Zone, shown: int) -> int:
    """timestamp `at time zone`: when the clock there shows it.

    What the clock skips in spring is taken as if it had not been put forward yet, what it shows twice in autumn is the second time.
    """
    if abs(shown) == INFINITY:
        return shown
    if isinstance(zone, int):
        return bounded(shown - zone)
    near, _ = _within_python(shown)
    clock = (_EPOCH + timedelta(microseconds=near)).replace(tzinfo=zone)
    first, second = clock.utcoffset(), clock.replace(fold=1).utcoffset()
    assert first is not None
    assert second is not None
    return bounded(shown - min(first, second) // _MICROSECOND)


def _within_python(stamp: int) -> tuple[int, int]:
    """Return a moment that Python's datetime can hold, some cycles of 400 years away, and how far. Zones began in the 19th century."""
    if _FIRST < stamp < _LAST:
        return stamp, 0
    cycles = (stamp - _LAST) // _CYCLE + 1 if stamp >= _LAST else -((_FIRST - stamp) // _CYCLE + 1)
    return stamp - cycles * _CYCLE, cycles * _CYCLE
