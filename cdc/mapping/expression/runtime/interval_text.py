"""An interval's text to the interval, as PostgreSQL's datetime.c reads it: from right to left, so that a number meets its unit first.

What PostgreSQL reads and this does not is an error, never another interval: exponents, and ISO 8601 without its letters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cdc.mapping.expression.runtime.errors import BadValue, invalid
from cdc.mapping.expression.runtime.interval import DAYS_OF_MONTH, HOUR, MINUTE, MONTHS_OF_YEAR, SECOND, Interval, interval
from cdc.mapping.expression.runtime.temporal import DAY


class _Unit(NamedTuple):
    """What one of them is, and what a fraction of it goes into (of which it has `share`)."""

    months: int
    days: int
    microseconds: int
    share: int


_UNITS: Mapping[str, _Unit] = {
    "millennium": _Unit(12_000, 0, 0, 12_000), "century": _Unit(1_200, 0, 0, 1_200), "decade": _Unit(120, 0, 0, 120),
    "year": _Unit(12, 0, 0, 12), "month": _Unit(1, 0, 0, DAYS_OF_MONTH), "week": _Unit(0, 7, 0, 7), "day": _Unit(0, 1, 0, DAY),
    "hour": _Unit(0, 0, HOUR, HOUR), "minute": _Unit(0, 0, MINUTE, MINUTE), "second": _Unit(0, 0, SECOND, SECOND),
    "millisecond": _Unit(0, 0, 1_000, 1_000), "microsecond": _Unit(0, 0, 1, 1),
}  # fmt: skip
UNIT_NAMES: Mapping[str, str] = {
    spelled: unit
    for unit, names in {
        "millennium": "mil millennia millennium mils", "century": "c cent centuries century", "decade": "dec decade decades decs",
        "year": "y year years yr yrs", "month": "mon mons month months", "week": "w week weeks", "day": "d day days",
        "hour": "h hour hours hr hrs", "minute": "m min mins minute minutes", "second": "s sec second seconds secs",
        "millisecond": "millisecond milliseconds ms msec msecond mseconds msecs",
        "microsecond": "microsecond microseconds us usec usecond useconds usecs",
    }.items()
    for spelled in names.split()
}  # fmt: skip
"""PostgreSQL's spellings of a unit."""
_ISO_UNITS: Mapping[str, str] = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_ISO_CLOCK: Mapping[str, str] = {"H": "hour", "M": "minute", "S": "second"}
_CANONICAL = re.compile(
    r"(?:([+-]?[0-9]{1,9}) years? ?)?(?:([+-]?[0-9]{1,9}) mons? ?)?(?:([+-]?[0-9]{1,9}) days? ?)?"
    r"(?:([+-]?)([0-9]{2,9}):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,6}))?)?"
)
"""What `interval_out` writes."""
_TOKEN = re.compile(
    r"""(?P<sign>[+-]\s*)?(?:(?P<clock>(?>[0-9]+:[0-9]+(?::[0-9]+)?(?:\.[0-9]*)?))(?![.:-])
    | (?P<years>[0-9]+)-(?P<months>[0-9]+)(?![0-9.:-]) | (?P<number>(?>[0-9]+(?:\.[0-9]*)?|(?<![+-])\.[0-9]+))(?![.:-]))
    | (?P<word>[A-Za-z]+)(?![0-9A-Za-z+./-]) | (?P<between>[\s,@]+)""",
    re.VERBOSE | re.ASCII,
)
_ISO = re.compile(r"P(?P<date>(?:[+-]?[0-9]+(?:\.[0-9]*)?[YMWD])*)(?:T(?P<clock>(?:[+-]?[0-9]+(?:\.[0-9]*)?[HMS])+))?", re.ASCII)
_ISO_PART = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?)([A-Z])")
_SECONDS = frozenset({"second", "millisecond", "microsecond"})


def interval_in(text: str) -> Interval:
    """cast(text as interval)."""
    found = _CANONICAL.fullmatch(text)
    if found and text and text[-1] != " ":
        years, months, days, sign, hours, minutes, seconds, fraction = found.groups("0")
        time = (int(hours) * 60 + int(minutes)) * MINUTE + int(seconds) * SECOND + int(fraction.ljust(6, "0"))
        return interval(int(years) * MONTHS_OF_YEAR + int(months), int(days), -time if sign == "-" else time)
    return _iso(text) if text.strip().startswith("P") else _traditional(text)


class _Reading:
    """What has been read so far. `seen`: fields that may not come twice."""

    def __init__(self) -> None:
        self.months = self.days = self.microseconds = 0
        self.seen: set[str] = set()

    def add(self, unit: str, whole: int, fraction: float, also: Sequence[str] = ()) -> None:
        names = {unit, *also}
        if self.seen & names:
            raise invalid("interval")
        self.seen |= names
        months, days, microseconds, share = _UNITS[unit]
        self.months += whole * months
        self.days += whole * days
        self.microseconds += whole * microseconds
        if fraction:
            self._fraction(unit, fraction * share)

    def _fraction(self, unit: str, part: float) -> None:
        if _UNITS[unit].months > 1:
            self.months += round(part)
        elif unit in {"month", "week"}:
            whole = int(part)
            self.days += whole
            self.microseconds += _half_toward_zero((part - whole) * DAY)
        else:
            self.microseconds += _half_toward_zero(part)

    def result(self, *, ago: bool) -> Interval:
        if not self.seen:
            raise invalid("interval")
        sign = -1 if ago else 1
        return interval(sign * self.months, sign * self.days, sign * self.microseconds)


def _half_toward_zero(part: float) -> int:
    whole = int(part)
    rest = part - whole
    return whole + (rest > 0.5) - (rest < -0.5)


def _traditional(text: str) -> Interval:
    reading, unit, ago = _Reading(), "second", False
    for token in reversed(_tokens(text)):
        if word := token["word"]:
            ago = ago or word.lower() == "ago"
            unit = _unit(word.lower())
        elif token["clock"]:
            _clock(reading, token)
            unit = "day"
        else:
            unit = _number(reading, token, unit)
    return reading.result(ago=ago)


def _unit(word: str) -> str:
    if word != "ago" and word not in UNIT_NAMES:
        raise invalid("interval")
    return UNIT_NAMES.get(word, word)


def _tokens(text: str) -> list[re.Match[str]]:
    tokens: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise invalid("interval")
        at = found.end()
        if not found["between"]:
            tokens.append(found)
    return tokens


def _number(reading: _Reading, token: re.Match[str], unit: str) -> str:
    """Add a number of the unit behind it; return the unit that a number before it has."""
    negative = (token["sign"] or "").startswith("-")
    sign = -1 if negative else 1
    if token["years"]:
        if int(token["months"]) >= MONTHS_OF_YEAR:
            raise _overflow()
        reading.add("month", sign * (int(token["years"]) * MONTHS_OF_YEAR + int(token["months"])), 0.0)
        return "month"
    if unit not in _UNITS:
        raise invalid("interval")
    whole, _, fraction = token["number"].partition(".")
    part = float(f"0.{fraction or 0}")
    reading.add(unit, sign * int(whole or 0), sign * part, tuple(_SECONDS) if part and unit == "second" else ())
    return "day" if unit == "hour" else unit


def _clock(reading: _Reading, token: re.Match[str]) -> None:
    clock, _, fraction = token["clock"].partition(".")
    numbers = [int(number) for number in clock.split(":")]
    if len(numbers) == 2:
        numbers = [0, *numbers] if fraction or token["clock"].endswith(".") else [*numbers, 0]
    hours, minutes, seconds = numbers
    if minutes > 59 or seconds > 60:
        raise _overflow()
    if reading.microseconds:  # of a fraction behind it
        raise invalid("interval")
    time = hours * HOUR + minutes * MINUTE + seconds * SECOND + round(float(f"0.{fraction or 0}") * SECOND)
    reading.add("hour", 0, 0.0, ("minute", *_SECONDS))
    reading.microseconds = -time if (token["sign"] or "").startswith("-") else time


def _iso(text: str) -> Interval:
    found = _ISO.fullmatch(text.strip())
    if found is None:
        raise invalid("interval")
    reading = _Reading()
    for part, units in ((found["date"], _ISO_UNITS), (found["clock"] or "", _ISO_CLOCK)):
        for sign, number, letter in _ISO_PART.findall(part):
            whole, _, fraction = number.partition(".")
            factor = -1 if sign == "-" else 1
            reading.seen.discard(units[letter])
            reading.add(units[letter], factor * int(whole), factor * float(f"0.{fraction or 0}"))
    return reading.result(ago=False)


def _overflow() -> BadValue:
    return BadValue("interval field value out of range")
