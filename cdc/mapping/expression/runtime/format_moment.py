"""to_char of timestamps and intervals: a pattern becomes a function, part by part, when the expression is compiled.

https://www.postgresql.org/docs/15/functions-formatting.html#FUNCTIONS-FORMATTING-DATETIME-TABLE
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.field import JULIAN, cut, day_of_year, iso_calendar, rest, weekday
from cdc.mapping.expression.runtime.format_pattern import Part, Role, moment_parts
from cdc.mapping.expression.runtime.interval import HOUR, MINUTE, MONTHS_OF_YEAR, SECOND, Interval
from cdc.mapping.expression.runtime.temporal import DAY, INFINITY, civil

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


class Shown(NamedTuple):
    """What is formatted; the parts of an interval may be negative. `date` is a day, counted from 2000-01-01."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    microsecond: int
    date: int


Spell: TypeAlias = Callable[[Shown], str]


class _Number(NamedTuple):
    """A number's digits: at least `width`, and one more where `signed` is negative."""

    of: Callable[[Shown], int]
    width: int = 0
    signed: Callable[[Shown], int] | None = None
    always: bool = False
    """FM does not take the zeros away."""


def ordinal_suffix(digits: str) -> str:
    """`ST`, `ND`, `RD` or `TH`."""
    if not digits[-1:].isdecimal():
        raise BadValue("not a number")
    return "TH" if digits[-2:-1] == "1" else {"1": "ST", "2": "ND", "3": "RD"}.get(digits[-1], "TH")


def _twelve(shown: Shown) -> int:
    return rest(shown.hour, 12) or 12


def _year(shown: Shown) -> int:
    """As people write it: 1 BC is 1."""
    return shown.year if shown.year > 0 else 1 - shown.year


def _iso_year(shown: Shown) -> int:
    year = iso_calendar(shown.date)[0]
    return year if year > 0 else 1 - year


def _century(shown: Shown) -> int:
    return (shown.year - 1) // 100 + 1 if shown.year > 0 else cut(shown.year, 100) - 1


def _years(names: Sequence[str], of: Callable[[Shown], int]) -> Mapping[str, _Number]:
    """The year, and its last digits down to one."""
    numbers = (
        _Number(of, 4, of),
        _Number(lambda shown: rest(of(shown), 1000), 3, of),
        _Number(lambda shown: rest(of(shown), 100), 2, of),
        _Number(lambda shown: rest(of(shown), 10)),
    )
    return dict(zip(names, numbers, strict=True))


def _signed(of: Callable[[Shown], int]) -> _Number:
    return _Number(of, 2, of)


def _fraction(digits: int) -> _Number:
    return _Number(lambda shown: cut(shown.microsecond, 10 ** (6 - digits)), digits, always=True)


_YEARS, _ISO_YEARS = ("YYYY", "YYY", "YY", "Y"), ("IYYY", "IYY", "IY", "I")
_CLOCK: Mapping[str, _Number] = {
    "HH24": _signed(lambda shown: shown.hour),
    **dict.fromkeys(("HH12", "HH"), _Number(_twelve, 2, lambda shown: shown.hour)),
    "MI": _signed(lambda shown: shown.minute),
    "SS": _signed(lambda shown: shown.second),
    "MS": _fraction(3),
    "US": _fraction(6),
    **{f"FF{digits}": _fraction(digits) for digits in range(1, 7)},
    **dict.fromkeys(("SSSSS", "SSSS"), _Number(lambda shown: shown.hour * 3600 + shown.minute * 60 + shown.second)),
    "MM": _signed(lambda shown: shown.month),
    "DD": _Number(lambda shown: shown.day, 2),
}
_OF_INTERVAL: Mapping[str, _Number] = {
    **_CLOCK,
    **_years(_YEARS, lambda shown: shown.year),
    "CC": _signed(lambda shown: cut(shown.year, 100)),
}
_OF_STAMP: Mapping[str, _Number] = {
    **_CLOCK,
    **_years(_YEARS, _year),
    **_years(_ISO_YEARS, _iso_year),
    "CC": _signed(_century),
    "DDD": _Number(lambda shown: day_of_year(shown.date), 3),
    "IDDD": _Number(lambda shown: (iso_calendar(shown.date)[1] - 1) * 7 + iso_calendar(shown.date)[2], 3),
    "D": _Number(lambda shown: weekday(shown.date) + 1),
    "ID": _Number(lambda shown: weekday(shown.date) or 7),
    "W": _Number(lambda shown: (shown.day - 1) // 7 + 1),
    "WW": _Number(lambda shown: (day_of_year(shown.date) - 1) // 7 + 1, 2),
    "IW": _Number(lambda shown: iso_calendar(shown.date)[1], 2),
    "Q": _Number(lambda shown: (shown.month + 2) // 3),
    "J": _Number(lambda shown: shown.date + JULIAN),
}


def _spelled(number: _Number, part: Part) -> Spell:
    of, ordinal, signed = number.of, part.ordinal, number.signed
    width = 0 if part.fills and not number.always else number.width
    if not ordinal and not (signed and width):
        return lambda shown: f"{of(shown):0{width}}" if width else str(of(shown))

    def spell(shown: Shown) -> str:
        found = of(shown)
        digits = f"{found:0{width + (signed is not None and signed(shown) < 0)}}" if width else str(found)
        return digits + (_cased(ordinal_suffix(digits), ordinal) if ordinal else "")

    return spell


def _cased(text: str, like: str) -> str:
    return text if like.isupper() else text.lower()


def _thousands(_part: Part, of: Callable[[Shown], int]) -> Spell:
    return lambda shown: f"{cut(of(shown), 1000)},{rest(of(shown), 1000):03}"


def _name(names: Sequence[str], part: Part, of: Callable[[Shown], int], length: int | None = None) -> Spell:
    """A name in the pattern's letter case; full names are as wide as the longest."""
    word = part.text
    cased = [name.upper() if word.isupper() else name.lower() if word.islower() else name for name in names]
    cut_off = [name[:length] for name in cased]
    spelled = cut_off if length or part.fills else [name.ljust(9) for name in cut_off]
    return lambda shown: spelled[of(shown)]


def _either(part: Part, second: Callable[[Shown], bool], words: tuple[str, str]) -> Spell:
    """AM or PM, AD or BC: with dots and capitals as the pattern has them."""
    first, other = (_cased(".".join(word) + "." if "." in part.text else word, part.text) for word in words)
    return lambda shown: other if second(shown) else first


def _roman(part: Part) -> Spell:
    names = [_cased(name, part.text) for name in _ROMAN]
    spelled = names if part.fills else [name.ljust(4) for name in names]
    return lambda shown: spelled[shown.month - 1]


def _of_zone(word: str, zone: str) -> str:
    """UTC is the zone of every timestamptz; a timestamp has none."""
    return _cased(zone, word) if word.upper() == "TZ" else {"TZH": "+00", "TZM": "00", "OF": "+00"}[word.upper()]


def _half_of_day(shown: Shown) -> bool:
    return rest(shown.hour, 24) >= 12


def _word(part: Part, zone: str) -> Spell | None:
    """What is no plain number, of a timestamp."""
    word = part.text.upper()
    match word:
        case "MONTH" | "MON":
            return _name(MONTHS, part, lambda shown: shown.month - 1, 3 if word == "MON" else None)
        case "DAY" | "DY":
            return _name(DAYS, part, lambda shown: weekday(shown.date), 3 if word == "DY" else None)
        case "AD" | "BC" | "A.D." | "B.C.":
            return _either(part, lambda shown: shown.year <= 0, ("AD", "BC"))
        case "RM":
            return _roman(part)
        case "TZ" | "TZH" | "TZM" | "OF":
            text = _of_zone(part.text, zone)
            return lambda _: text
    return None


def _keyword(part: Part, numbers: Mapping[str, _Number], zone: str | None) -> Spell:
    word = part.text.upper()
    if word in numbers:
        return _spelled(numbers[word], part)
    if word in {"AM", "PM", "A.M.", "P.M."}:
        return _either(part, _half_of_day, ("AM", "PM"))
    if word == "Y,YYY":
        return _thousands(part, numbers["YYYY"].of)
    if word == "FX":
        return lambda _: ""
    found = _word(part, zone) if zone is not None else None
    if found is None:
        raise BadValue(f"pattern: {part.text} has no meaning for an interval")
    return found


def _compiled(pattern: str, numbers: Mapping[str, _Number], zone: str | None) -> Spell:
    parts = moment_parts(pattern)
    spells = [_keyword(part, numbers, zone) if part.role is Role.KEYWORD else _plain(part.text) for part in parts]
    return lambda shown: "".join([spell(shown) for spell in spells])


def _plain(text: str) -> Spell:
    return lambda _: text


def stamp_format(pattern: str, zone: str) -> Callable[[int], str | None]:
    """Return what formats a timestamp; infinity has no text. `zone` is empty for a timestamp, `UTC` for a timestamptz."""
    spell = _compiled(pattern, _OF_STAMP, zone)

    def form(stamp: int) -> str | None:
        if abs(stamp) == INFINITY:
            return None
        day, time = divmod(stamp, DAY)
        seconds, microsecond = divmod(time, SECOND)
        return spell(Shown(*civil(day), seconds // 3600, seconds // 60 % 60, seconds % 60, microsecond, day))

    return form


def interval_format(pattern: str) -> Callable[[Interval], str]:
    spell = _compiled(pattern, _OF_INTERVAL, None)

    def form(given: Interval) -> str:
        months, days, time = given
        clock = cut(time, HOUR), cut(rest(time, HOUR), MINUTE), cut(rest(time, MINUTE), SECOND), rest(time, SECOND)
        return spell(Shown(cut(months, MONTHS_OF_YEAR), rest(months, MONTHS_OF_YEAR), days, *clock, 0))

    return form
