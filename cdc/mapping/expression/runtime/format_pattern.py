"""A pattern of to_char, to_date and to_number to its parts: keywords with what stands around them, and text, as PostgreSQL's formatting.c splits it.

https://www.postgresql.org/docs/15/functions-formatting.html
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from cdc.mapping.expression.runtime.errors import BadValue


class Role(Enum):
    KEYWORD = "keyword"
    TEXT = "text"
    SEPARATOR = "separator"
    SPACE = "space"


class Part(NamedTuple):
    """`fills`: FM stands before it. `ordinal`: `TH` or `th` behind it."""

    role: Role
    text: str
    fills: bool = False
    ordinal: str = ""


_MOMENT_WORDS = """
    A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY Day Dy D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW IYYY IYY IY I J
    MI MM MONTH MON MS Month Mon OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y
    a.d. a.m. ad am b.c. bc cc day ddd dd dy d ff1 ff2 ff3 ff4 ff5 ff6 fx hh24 hh12 hh iddd id iw iyyy iyy iy i j
    mi mm month mon ms of p.m. pm q rm sssss ssss ss tzh tzm tz us ww w y,yyy yyyy yyy yy y"""
_NUMBER_WORDS = ", . 0 9 B C D EEEE FM G L MI PL PR RN SG SP S TH V b c d eeee fm g l mi pl pr rn sg sp s th v"
_OF_MOMENTS, _OF_NUMBERS = _MOMENT_WORDS.split(), _NUMBER_WORDS.split()
"""In the order in which PostgreSQL looks for them."""
_LONGEST = 200


def moment_parts(pattern: str) -> list[Part]:
    """Split a pattern for dates and times. Raises `BadValue`."""
    return _parts(pattern, _OF_MOMENTS, affixes=True)


def number_parts(pattern: str) -> list[Part]:
    """Split a pattern for numbers. Raises `BadValue`."""
    return _parts(pattern, _OF_NUMBERS, affixes=False)


def _parts(pattern: str, keywords: Sequence[str], *, affixes: bool) -> list[Part]:
    if not 0 < len(pattern) <= _LONGEST:
        raise BadValue(f"a pattern has 1 to {_LONGEST} characters")
    parts: list[Part] = []
    at = 0
    while at < len(pattern):
        if affixes and pattern[at : at + 2] in {"TM", "tm"}:
            raise BadValue("pattern: TM depends on the server's language")
        fills = affixes and pattern[at : at + 2] in {"FM", "fm"}
        at += 2 * fills
        found = next((word for word in keywords if pattern.startswith(word, at)), None)
        if found:
            at += len(found)
            ordinal = pattern[at : at + 2] if affixes and pattern[at : at + 2] in {"TH", "th"} else ""
            if affixes and pattern[at : at + 2] == "SP":
                raise BadValue("pattern: SP (spelled numbers) is not available")
            at += len(ordinal)
            parts.append(Part(Role.KEYWORD, found, fills, ordinal))
        elif at < len(pattern):
            text, at = _literal(pattern, at)
            parts.extend(text)
    return parts


def _literal(pattern: str, at: int) -> tuple[list[Part], int]:
    """A text in double quotes, or one character. A backslash counts only before a double quote, within quotes before anything."""
    if pattern[at] != '"':
        if pattern.startswith('\\"', at):
            at += 1
        return [Part(_role(pattern[at]), pattern[at])], at + 1
    made: list[Part] = []
    at += 1
    while at < len(pattern) and pattern[at] != '"':
        if pattern[at] == "\\" and at + 1 < len(pattern):
            at += 1
        made.append(Part(Role.TEXT, pattern[at]))
        at += 1
    return made, at + 1


def _role(character: str) -> Role:
    if character in " \t\n\v\f\r":
        return Role.SPACE
    return Role.SEPARATOR if "!" <= character <= "~" and not character.isalnum() else Role.TEXT
