"""to_date and to_timestamp: a text to a moment by a pattern, as PostgreSQL's formatting.c reads it.

PostgreSQL is generous: it skips what it does not expect and leaves off where the text ends. So is this, in the same way; the patterns that nobody
should read dates by (weeks, days of the week, parts of a year) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from cdc.mapping.expression.runtime.errors import BadValue, out_of_range
from cdc.mapping.expression.runtime.field import JULIAN
from cdc.mapping.expression.runtime.format_moment import DAYS, MONTHS
from cdc.mapping.expression.runtime.format_pattern import Part, Role, moment_parts
from cdc.mapping.expression.runtime.interval import SECOND
from cdc.mapping.expression.runtime.moment import days_of_month
from cdc.mapping.expression.runtime.temporal import DATES, DAY, bounded, field_out_of_range, ordinal, rounded

_LENGTHS: Mapping[str, int] = {
    "HH24": 2, "HH12": 2, "HH": 2, "MI": 2, "SS": 2, "MS": 3, "US": 6, "SSSS": 4, "SSSSS": 5,
    "DD": 2, "DDD": 3, "MM": 2, "YYYY": 4, "YYY": 3, "YY": 2, "Y": 1, "J": 1, "Q": 1, "TZH": 2, "TZM": 2,
    **{f"FF{digits}": digits for digits in range(1, 7)},
}  # fmt: skip
"""Digits of a number, where another one follows at once."""
_FIELDS: Mapping[str, str] = {
    "HH12": "HH", "HH24": "HH", "SSSSS": "SSSS", "YYY": "YYYY", "YY": "YYYY", "Y": "YYYY", **{f"FF{digits}": "US" for digits in range(1, 7)},
}  # fmt: skip
"""Keywords that fill the same field."""
_WORDS: Mapping[str, tuple[str, ...]] = {
    "MONTH": MONTHS, "MON": tuple(name[:3] for name in MONTHS), "DAY": DAYS, "DY": tuple(name[:3] for name in DAYS),
    **dict.fromkeys(("AM", "PM"), ("AM", "PM")), **dict.fromkeys(("A.M.", "P.M."), ("A.M.", "P.M.")),
    **dict.fromkeys(("AD", "BC"), ("AD", "BC")), **dict.fromkeys(("A.D.", "B.C."), ("A.D.", "B.C.")),
}  # fmt: skip
_WORD_FIELDS: Mapping[str, str] = {"MONTH": "MM", "MON": "MM", "DAY": "", "DY": "", "AM": "half", "PM": "half", "AD": "era", "BC": "era"}
_ALONE: Mapping[str, frozenset[str]] = {
    "J": frozenset({"YYYY", "MONTH", "MON", "MM", "DD", "DDD", "AD", "BC", "A.D.", "B.C."}),
    "DDD": frozenset({"MONTH", "MON", "MM", "DD"}),
    "SSSS": frozenset({"HH", "MI", "SS"}),
}
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)", re.ASCII)
_BLANK = " \t\n\v\f\r"
_INT4 = range(-(1 << 31), 1 << 31)
_MAX_ZONE_HOURS = 15


class _Reader:
    """One text while it is read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.skipped = 0
        """Characters passed over beyond those of the pattern."""
        self.fields: dict[str, int] = {}

    def blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in _BLANK:
            self.at += 1
            self.skipped += 1

    def separator(self) -> None:
        """One of the pattern stands for one of the text, if there is one."""
        self.skipped -= 1
        if self.text[self.at] in _BLANK or ("!" <= self.text[self.at] <= "~" and not self.text[self.at].isalnum()):
            self.at += 1
            self.skipped += 1

    def character(self) -> None:
        """Any character will do."""
        if self.skipped > 0:
            self.skipped -= 1
        else:
            self.at += 1

    def number(self, digits: int | None) -> tuple[int, int]:
        """Return a number of so many digits, or of as many as there are, and how many characters it takes."""
        given = self.text[self.at :] if digits is None else self.text[self.at : self.at + digits]
        found = _INTEGER.match(given)
        if digits is not None and (len(given) < digits or (found and found.end() < digits)):
            raise BadValue("source text is too short for the pattern")
        if found is None:
            raise BadValue("a number is expected in the text")
        self.at += found.end()
        if int(found[1]) not in _INT4:
            raise BadValue("value is out of range")
        return int(found[1]), found.end()

    def word(self, words: Sequence[str]) -> int:
        rest = self.text[self.at :].lower()
        for at, known in enumerate(words):
            if rest.startswith(known.lower()):
                self.at += len(known)
                return at
        raise BadValue("a word of the pattern is not in the text")

    def fill(self, field: str, found: int) -> None:
        if field and self.fields.setdefault(field, found) != found:
            if self.fields[field]:
                raise BadValue("conflicting values for a field of the pattern")
            self.fields[field] = found


_Step = Callable[[_Reader], None]


def _steps(pattern: str) -> list[tuple[Role, _Step | None]]:
    parts = moment_parts(pattern)
    _check_together([part.text.upper() for part in parts if part.role is Role.KEYWORD])
    return [(part.role, _step(part, parts[at + 1 : at + 2]) if part.role is Role.KEYWORD else None) for at, part in enumerate(parts)]


def _check_together(given: Sequence[str]) -> None:
    """Refuse what says the same in two ways."""
    if {"YYY", "YY", "Y"}.intersection(given) and sum(_FIELDS.get(word, word) == "YYYY" for word in given) > 1:
        raise BadValue("pattern: the year stands in it twice")
    words = {_FIELDS.get(word, word) for word in given}
    for word, others in _ALONE.items():
        if word in words and (other := sorted(others & words)):
            raise BadValue(f"pattern: {word} and {other[0]} can't be used together")


def _step(part: Part, following: Sequence[Part]) -> _Step:
    word = part.text.upper()
    if part.ordinal:
        raise BadValue("pattern: TH is not available for reading")
    if word in _WORDS:
        return _read_word(word)
    if word not in _LENGTHS:
        raise BadValue(f"pattern: {part.text} is not available for reading")
    digits = _LENGTHS[word] if not part.fills and following and _is_number(following[0]) else None
    if word in {"MS", "US"} or word.startswith("FF"):
        return _read_fraction(word, digits)
    if word == "TZH":
        return _read_zone(digits)
    return _read_number(word, digits)


def _is_number(part: Part) -> bool:
    """Whether a digit of the pattern's next part would be taken for this one's."""
    return part.text.upper() in _DIGITS if part.role is Role.KEYWORD else part.text.isdecimal()


_DIGITS = frozenset({*_LENGTHS, "CC", "D", "ID", "IDDD", "IW", "IYYY", "IYY", "IY", "I", "W", "WW", "Y,YYY"}) - {"TZH"}


def _read_word(word: str) -> _Step:
    words, field = _WORDS[word], _WORD_FIELDS[word.replace(".", "")]

    def read(reader: _Reader) -> None:
        found = reader.word(words)
        reader.fill(field, found + 1 if field == "MM" else found)
        if field == "half":
            reader.fields["twelve"] = 1

    return read


def _read_number(word: str, digits: int | None) -> _Step:
    field, twelve, short = _FIELDS.get(word, word), word in {"HH", "HH12"}, word in {"YYY", "YY", "Y"}

    def read(reader: _Reader) -> None:
        found, length = reader.number(digits)
        if field == "TZM":
            reader.fields.setdefault("sign", 1)
        if field != "Q":
            reader.fill(field, _full_year(found) if short and length < 4 else found)
        if twelve:
            reader.fields["twelve"] = 1

    return read


def _full_year(year: int) -> int:
    """The one that is nearest to 2020."""
    for below, century in ((70, 2000), (100, 1900), (520, 2000), (1000, 1000)):
        if year < below:
            return year + century
    return year


def _read_fraction(word: str, digits: int | None) -> _Step:
    field, most, precision = _FIELDS.get(word, word), 3 if word == "MS" else 6, int(word[2:] or 0)

    def read(reader: _Reader) -> None:
        found, length = reader.number(digits)
        reader.fill(field, found)
        reader.fields[field] = found * 10 ** max(0, most - length)
        if precision:
            reader.fields["precision"] = precision

    return read


def _read_zone(digits: int | None) -> _Step:
    def read(reader: _Reader) -> None:
        sign = reader.text[reader.at : reader.at + 1]
        swallowed = reader.skipped > 0 and reader.text[reader.at - 1] == "-"
        if sign in {"+", "-", " "}:
            reader.at += 1
            swallowed = sign == "-"
        reader.fields["sign"] = -1 if swallowed else 1
        reader.fill("TZH", reader.number(digits)[0])

    return read


def _read(steps: Sequence[tuple[Role, _Step | None]], text: str) -> Mapping[str, int]:
    reader = _Reader(text)
    for position, (role, step) in enumerate(steps):
        if reader.at >= len(text):
            break
        if step or position == 0:
            reader.blanks()
            if reader.at >= len(text) and not step:
                break
        if step:
            step(reader)
            reader.skipped = 0
            reader.blanks()
        elif role is Role.TEXT:
            reader.character()
        else:
            reader.separator()
    return reader.fields


def _clock(fields: Mapping[str, int]) -> int:
    seconds = fields.get("SSSS", 0)
    hour = fields.get("HH", 0) or seconds // 3600
    minute = fields.get("MI", 0) or seconds // 60 % 60
    second = fields.get("SS", 0) or seconds % 60
    if fields.get("twelve"):
        if not 1 <= hour <= 12:
            raise BadValue("hour is invalid for the 12-hour clock")
        hour = hour % 12 + (12 if fields.get("half") else 0)
    fraction = fields.get("MS", 0) * 1000 + fields.get("US", 0)
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60 and 0 <= fraction < SECOND):
        raise field_out_of_range()
    return ((hour * 60 + minute) * 60 + second) * SECOND + fraction


def _day(fields: Mapping[str, int]) -> int:
    """What is not given is that of 1 BC, January 1."""
    if fields.get("J"):
        return fields["J"] - JULIAN
    year, month, day = (fields.get(field, 0) for field in ("YYYY", "MM", "DD"))
    if year:
        year = -year if fields.get("era") else year
        year = year + 1 if year < 0 else year
    if not 0 <= month <= 12 or not 0 <= day <= 31:
        raise field_out_of_range()
    of_year = fields.get("DDD", 0)
    if of_year:
        return _day_of_year(year, of_year)
    if fields.get("YYYY") and month and day > days_of_month(year, month):
        raise field_out_of_range()
    return ordinal(year, month or 1, 1) + (day or 1) - 1


def _day_of_year(year: int, of_year: int) -> int:
    if not year:
        raise BadValue("cannot calculate day of year without year information")
    if of_year < 1 or of_year > (366 if days_of_month(year, 2) == 29 else 365):
        raise field_out_of_range()
    return ordinal(year, 1, 1) + of_year - 1


def _zone(fields: Mapping[str, int]) -> int:
    hours, minutes = fields.get("TZH", 0), fields.get("TZM", 0)
    if not 0 <= hours <= _MAX_ZONE_HOURS or not 0 <= minutes < 60:
        raise BadValue("time zone displacement out of range")
    return fields.get("sign", 0) * (hours * 60 + minutes) * 60 * SECOND


def date_reader(pattern: str) -> Callable[[str], int]:
    """Return to_date() by a pattern. Raises `BadValue`."""
    steps = _steps(pattern)

    def read(text: str) -> int:
        fields = _read(steps, text)
        _clock(fields)
        _zone(fields)
        day = _day(fields)
        if day not in DATES:
            raise out_of_range("date")
        return day

    return read


def stamp_reader(pattern: str) -> Callable[[str], int]:
    """Return to_timestamp() by a pattern. Raises `BadValue`."""
    steps = _steps(pattern)

    def read(text: str) -> int:
        fields = _read(steps, text)
        return rounded(bounded(bounded(_day(fields) * DAY + _clock(fields)) - _zone(fields)), fields.get("precision", 6))

    return read
