"""Dates as days and timestamps as microseconds since 2000-01-01, PostgreSQL's own representation: infinities and years BC included.

Text is read in ISO 8601 order only: what depends on a session's DateStyle is refused, not guessed.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from cdc.mapping.expression.runtime.errors import BadValue, invalid, out_of_range

INFINITY = 1 << 70
"""Greater than every date and timestamp; `-INFINITY` is less."""
DAY = 86_400_000_000
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - a clock on the wall
_SINCE_1970 = 10_957 * DAY
DATES = range(-2451545, 2145031949)
_TIMESTAMPS = range(-211813488000000000, 9223371331200000000)
"""4714-11-24 BC to the year 5874897, and to the year 294276: PostgreSQL's own bounds."""
_CANONICAL_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CANONICAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?")
_ISO = re.compile(
    r"""\s*(?:(?P<infinite>[+-]?infinity)
    | (?:(?P<year>[0-9]{4,7})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2}) | (?P<compact>[0-9]{8}))
      (?:(?:\s+|T)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>\.[0-9]*)?)?
        \s*(?P<zone>z|utc|gmt|[+-][0-9]{1,2}(?::?[0-9]{2}(?::[0-9]{2})?)?)?)?
      \s*(?P<era>\b(?:bc|ad))?)\s*""",
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_MAX_ZONE = 16 * 3600
UNITS = (1_000_000, 100_000, 10_000, 1_000, 100, 10, 1)
"""Microseconds of so many digits behind the second."""


def date_in(text: str) -> int:
    """cast(text as date)."""
    if _CANONICAL_DATE.fullmatch(text) and text[:4] != "0000":
        return ordinal(int(text[:4]), int(text[5:7]), int(text[8:]))
    found = _parsed(text, "date")
    if found["infinite"]:
        return _infinite(found)
    day = _day(found)
    _time(found)
    if day not in DATES:
        raise out_of_range("date")
    return day


@lru_cache(maxsize=10_000)
def date_out(day: int) -> str:
    """Days come again and again, and to write one costs a microsecond."""
    if -INFINITY < day < INFINITY:
        year, month, of_month = civil(day)
        return f"{year:04}-{month:02}-{of_month:02}" if year > 0 else f"{1 - year:04}-{month:02}-{of_month:02} BC"
    return "infinity" if day > 0 else "-infinity"


def timestamp_in(text: str) -> int:
    """cast(text as timestamp); a zone in the text is read and ignored, as PostgreSQL does."""
    if _CANONICAL.fullmatch(text):
        try:
            return _microseconds(datetime.fromisoformat(text) - _EPOCH)
        except ValueError:
            pass  # 24:00:00, :60 and what is no date: the long way tells them apart
    return _instant(text, "timestamp")[0]


def instant_in(text: str) -> int:
    """cast(text as timestamptz); a text without a zone is UTC."""
    if text.endswith("+00") and _CANONICAL.fullmatch(text[:-3]):
        return timestamp_in(text[:-3])
    local, offset = _instant(text, "timestamp with time zone")
    return local if abs(local) == INFINITY else bounded(local - offset)


def timestamp_out(stamp: int) -> str:
    return _stamp_out(stamp, "")


def instant_out(stamp: int) -> str:
    return _stamp_out(stamp, "+00")


def instant_of_epoch(seconds: float) -> int:
    """Seconds since 1970, as clocks count them."""
    return round(seconds * 1_000_000) - _SINCE_1970


def stamp_of_date(day: int) -> int:
    """Midnight."""
    return day if abs(day) == INFINITY else bounded(day * DAY)


def midnight(day: int) -> int:
    """A day as a timestamp to compare with, even if it is no timestamp's."""
    return day if abs(day) == INFINITY else day * DAY


def date_of_stamp(stamp: int) -> int:
    return stamp if abs(stamp) == INFINITY else stamp // DAY


def rounded(stamp: int, digits: int) -> int:
    """cast(… as timestamp(n)): half goes away from 2000-01-01."""
    unit = UNITS[digits]
    if abs(stamp) == INFINITY or unit == 1:
        return stamp
    return bounded((stamp + unit // 2) // unit * unit if stamp >= 0 else -((-stamp + unit // 2) // unit * unit))


def _stamp_out(stamp: int, zone: str) -> str:
    if abs(stamp) == INFINITY:
        return "infinity" if stamp > 0 else "-infinity"
    day, rest = divmod(stamp, DAY)
    text, _, era = date_out(day).partition(" ")
    seconds, fraction = divmod(rest, 1_000_000)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text} {clock}{f'.{fraction:06}'.rstrip('0') if fraction else ''}{zone}{' BC' if era else ''}"


def _parsed(text: str, type_name: str) -> re.Match[str]:
    found = _ISO.fullmatch(text)
    if found is None:
        raise invalid(type_name)
    return found


def _instant(text: str, type_name: str) -> tuple[int, int]:
    """Return the clock on the wall, and its distance to UTC, in microseconds."""
    found = _parsed(text, type_name)
    if found["infinite"]:
        return _infinite(found), 0
    return bounded(_day(found) * DAY + _time(found)), _zone(found["zone"])


def _infinite(found: re.Match[str]) -> int:
    return -INFINITY if found["infinite"].startswith("-") else INFINITY


def _day(found: re.Match[str]) -> int:
    if compact := found["compact"]:
        year, month, day = int(compact[:4]), int(compact[4:6]), int(compact[6:])
    else:
        year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    before_christ = (found["era"] or "").lower() == "bc"
    if year == 0:
        raise field_out_of_range()
    return ordinal(1 - year if before_christ else year, month, day)


def _time(found: re.Match[str]) -> int:
    if found["hour"] is None:
        return 0
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    fraction = round(float("0" + (found["fraction"] or ".") + "0") * 1_000_000)
    time = (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and time > DAY):
        raise field_out_of_range()
    return time


def _zone(text: str | None) -> int:
    if text is None or text[0] not in "+-":
        return 0
    digits = text[1:].replace(":", "")
    if len(text) == 4 and ":" not in text:  # +530 is 5:30
        digits = digits.zfill(4)
    hour, minute, second = int(digits[:2]), int(digits[2:4] or 0), int(digits[4:] or 0)
    seconds = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or seconds >= _MAX_ZONE:
        raise BadValue("time zone displacement out of range")
    return (-seconds if text[0] == "-" else seconds) * 1_000_000


def ordinal(year: int, month: int, day: int) -> int:
    """Return the days since 2000-01-01; year 0 is 1 BC. The calendar repeats itself every 400 years."""
    cycles, of_cycle = divmod(year - 1, 400)
    try:
        return cycles * 146097 + date(of_cycle + 1, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        raise field_out_of_range() from None


def civil(day: int) -> tuple[int, int, int]:
    """Return year (0 is 1 BC), month and day."""
    cycles, of_cycle = divmod(day + _EPOCH_DAY - 1, 146097)
    found = date.fromordinal(of_cycle + 1)
    return found.year + cycles * 400, found.month, found.day


def bounded(stamp: int) -> int:
    if stamp not in _TIMESTAMPS:
        raise out_of_range("timestamp")
    return stamp


def _microseconds(since: timedelta) -> int:
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def field_out_of_range() -> BadValue:
    return BadValue("date/time field value out of range")
