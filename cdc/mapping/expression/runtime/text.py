"""Text functions. Positions and lengths count characters.

https://www.postgresql.org/docs/current/functions-string.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from unicodedata import category

from cdc.mapping.expression.runtime.errors import BadValue

LIMIT = 1_000_000
"""Characters that `repeat`, `lpad`, `rpad` and `replace` make at most: a mistyped number must not fill the memory."""


class _Simple(dict[int, str]):
    """Code point → one character, filled as characters are met: Python's own methods may turn one character into several."""

    def __init__(self, convert: Callable[[str], str]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, code: int) -> str:
        self[code] = made = self._convert(chr(code))
        return made


def _simple_upper(character: str) -> str:
    return next((made for made in (character.upper(), character.title()) if len(made) == 1), character)


_UPPER = _Simple(_simple_upper)
_LOWER = _Simple(lambda character: character.lower()[0])


def upper(text: str) -> str:
    """Each character's capital; `ß` has none of one character and stays, as with the C library's locales."""
    made = text.upper()
    return made if len(made) == len(text) else text.translate(_UPPER)


def lower(text: str) -> str:
    made = text.lower()
    return made if len(made) == len(text) and "Σ" not in text else text.translate(_LOWER)  # Python knows the final sigma


def initcap(text: str) -> str:
    """Words are letters and digits."""
    made, inside = [], False
    for character in text:
        made.append(lower(character) if inside else upper(character))
        inside = character.isalpha() or character.isdecimal() or category(character) == "Nl"
    return "".join(made)


def reverse(text: str) -> str:
    return text[::-1]


def left(text: str, count: int) -> str:
    return text[:count]


def right(text: str, count: int) -> str:
    return text[-count:] if count < 0 else text[max(0, len(text) - count) :]


def substring(text: str, start: int) -> str:
    return text[max(0, start - 1) :]


def substring_for(text: str, start: int, length: int) -> str:
    """Positions before the first count, so that `substring('abc', 0, 2)` is `a`."""
    if length < 0:
        raise BadValue("negative substring length not allowed")
    return text[max(0, start - 1) : max(0, start - 1 + length)]


def position(text: str, part: str) -> int:
    return text.find(part) + 1


def replace(text: str, old: str, new: str) -> str:
    if not old:
        return text
    if len(new) > len(old) and len(text) * len(new) > LIMIT:
        _limited(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def repeat(text: str, count: int) -> str:
    _limited(len(text) * count)
    return text * count


def lpad(text: str, length: int, fill: str = " ") -> str:
    return _fill(text, length, fill) + text[: max(0, length)]


def rpad(text: str, length: int, fill: str = " ") -> str:
    return text[: max(0, length)] + _fill(text, length, fill)


def split_part(text: str, delimiter: str, field: int) -> str:
    if field == 0:
        raise BadValue("field position must not be zero")
    parts = text.split(delimiter) if delimiter and text else [text]
    at = field - 1 if field > 0 else len(parts) + field
    return parts[at] if 0 <= at < len(parts) else ""


def join(*parts: str) -> str:
    return "".join(parts)


def concat(*parts: str | None) -> str:
    """Joins what is not NULL."""
    return "".join([part for part in parts if part is not None])


def concat_ws(separator: str | None, *parts: str | None) -> str | None:
    """Joins what is not NULL; NULL when the separator is."""
    return None if separator is None else separator.join([part for part in parts if part is not None])


def translate(text: str, old: str, new: str) -> str:
    """Each character of `old` becomes the one that stands at its place in `new`, or nothing."""
    return text.translate(_table(old, new))


@lru_cache(256)
def _table(old: str, new: str) -> Mapping[int, str]:
    """Of a character that comes twice, the first one counts."""
    return {ord(character): new[at : at + 1] for at, character in reversed(list(enumerate(old)))}


def overlay(text: str, new: str, start: int, length: int | None = None) -> str:
    """`new` in the place of so many characters from a position; as many as it has itself when no number is given."""
    if start <= 0:
        raise BadValue("negative substring length not allowed")
    behind = start + (len(new) if length is None else length)
    return substring_for(text, 1, start - 1) + new + substring(text, behind)


def truncate(text: str, length: int) -> str:
    """cast(… as varchar(n)): what is too long is cut."""
    return text[:length]


def _fill(text: str, length: int, fill: str) -> str:
    missing = length - len(text)
    if missing <= 0 or not fill:
        return ""
    _limited(length)
    return (fill * (missing // len(fill) + 1))[:missing]


def _limited(length: int) -> None:
    if length > LIMIT:
        raise BadValue(f"requested length too large: more than {LIMIT} characters")
