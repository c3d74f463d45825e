"""What `date_part` takes out: the fields of `extract` as double precision, by PostgreSQL's own steps where a fraction is rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from cdc.mapping.expression.runtime.field import (
    JULIAN,
    LARGEST,
    OF_INSTANT,
    OF_INTERVAL,
    OF_TIME,
    OF_TIMESTAMP,
    UNIX_EPOCH,
    Field,
    cut,
    rest,
)  # fmt: skip
from cdc.mapping.expression.runtime.interval import MINUTE, MONTHS_OF_YEAR, SECOND, Interval
from cdc.mapping.expression.runtime.temporal import DAY, INFINITY

Double: TypeAlias = Callable[[Any], float | None]
_MICRO = 1_000_000.0


def _second(time: int) -> float:
    time = rest(time, MINUTE)
    return cut(time, SECOND) + rest(time, SECOND) / _MICRO


def _millisecond(time: int) -> float:
    time = rest(time, MINUTE)
    return cut(time, SECOND) * 1000.0 + rest(time, SECOND) / 1000.0


def _julian(stamp: int) -> float:
    day, time = divmod(stamp, DAY)
    return day + JULIAN + (time // SECOND + time % SECOND / _MICRO) / 86_400.0


def _epoch(stamp: int) -> float:
    since = stamp + UNIX_EPOCH
    return (float(since) if since < LARGEST else float(stamp) + UNIX_EPOCH) / _MICRO


def _epoch_of_interval(given: Interval) -> float:
    years, months = cut(given.months, MONTHS_OF_YEAR), rest(given.months, MONTHS_OF_YEAR)
    return given.microseconds / _MICRO + 365.25 * 86_400 * years + 30.0 * 86_400 * months + 86_400.0 * given.days


def _finite(of_stamp: Callable[[int], float], field: Field) -> Double:
    """An infinite timestamp's field is that of extract()."""

    def of(given: int) -> float | None:
        return of_stamp(given) if -INFINITY < given < INFINITY else _plain(field)(given)

    return of


def _plain(field: Field) -> Double:
    def of(given: Any) -> float | None:
        found = field(given)
        return None if found is None else float(found)

    return of


def _doubles(fields: Mapping[str, Field], own: Mapping[str, Double]) -> Mapping[str, Double]:
    return {name: own.get(name) or _plain(field) for name, field in fields.items()}


_CLOCK: Mapping[str, Callable[[int], float]] = {
    "second": lambda stamp: _second(stamp % DAY),
    "millisecond": lambda stamp: _millisecond(stamp % DAY),
    "julian": _julian,
    "epoch": _epoch,
}
_OF_STAMP: Mapping[str, Double] = {name: _finite(of_stamp, OF_TIMESTAMP[name]) for name, of_stamp in _CLOCK.items()}
DOUBLE_OF_TIMESTAMP = _doubles(OF_TIMESTAMP, _OF_STAMP)
DOUBLE_OF_INSTANT = _doubles(OF_INSTANT, _OF_STAMP)
DOUBLE_OF_TIME = _doubles(OF_TIME, {"second": _second, "millisecond": _millisecond, "epoch": lambda time: time / _MICRO})
DOUBLE_OF_INTERVAL = _doubles(
    OF_INTERVAL,
    {
        "second": lambda given: _second(given.microseconds),
        "millisecond": lambda given: _millisecond(given.microseconds),
        "epoch": _epoch_of_interval,
    },
)
