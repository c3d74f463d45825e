"""Characters of a regular expression of PostgreSQL in the engine's spelling: letters, escapes, classes and sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.letters import CAPITALS, LETTERS, SMALL
from cdc.mapping.expression.runtime.text import lower, upper

_FOLDED = 2_000
_LETTER = r"\p{L}\p{Nl}" + LETTERS
_SPACE = r"\t-\r \x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}"
_NAMED: Mapping[str, str] = {
    "digit": "0-9", "xdigit": "0-9A-Fa-f", "alpha": _LETTER, "alnum": _LETTER + "0-9", "upper": r"\p{Lu}" + CAPITALS,
    "lower": r"\p{Ll}" + SMALL, "space": _SPACE, "blank": r"\t ",
}  # fmt: skip
SHORT: Mapping[str, str] = {"d": "0-9", "s": _SPACE, "w": _LETTER + "0-9_"}
"""What `\\d` and its like stand for."""
_CHARACTERS: Mapping[str, str] = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "e": "\033", "B": "\\"}
_CODES: Mapping[str, int] = {"u": 4, "U": 8}
_UNAVAILABLE: Mapping[str, str] = {
    "m": "the word boundary \\m", "M": "the word boundary \\M", "y": "the word boundary \\y", "Y": "the word boundary \\Y",
    "b": "the backspace \\b (and a word boundary is no part of it)",
}  # fmt: skip


class Cursor:
    """A place in a pattern. Places are counted from 1 in what people read."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def more(self) -> bool:
        return self.at < len(self.pattern)

    def peek(self, width: int = 1) -> str:
        return self.pattern[self.at : self.at + width]

    def next(self) -> str:
        """Take a character; empty at the end."""
        self.at += 1
        return self.pattern[self.at - 1 : self.at]

    def take(self, text: str) -> bool:
        found = self.pattern.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def digit(self) -> bool:
        return self.peek() in set("0123456789")

    def number(self) -> int:
        start = self.at
        while self.digit():
            self.at += 1
        return int(self.pattern[start : self.at][:9])

    def refuse(self, said: str, at: int | None = None) -> NoReturn:
        raise BadValue(f"regular expression, character {(self.at if at is None else at) + 1}: {said}")


def literal(character: str, *, fold: bool) -> str:
    """One character, and the other case of its letter when that does not count."""
    same = {character, lower(character), upper(character)} if fold else {character}
    return _one(character) if len(same) == 1 else f"[{''.join(map(_one, sorted(same)))}]"


def _one(character: str) -> str:
    return character if character.isalnum() and character.isascii() else f"\\x{{{ord(character):x}}}"


def escaped(cursor: Cursor) -> str:
    """Read a backslash and return the character that it stands for."""
    start = cursor.at
    cursor.at += 1
    character = cursor.next()
    if not character:
        cursor.refuse("it ends with a backslash", start)
    if character in _CHARACTERS:
        return _CHARACTERS[character]
    if character in _CODES:
        return _code(cursor, _CODES[character], start)
    if character.isalnum():
        what = "a back reference" if character.isdecimal() else f"the escape \\{character}"
        cursor.refuse(f"{_UNAVAILABLE.get(character, what)} is not available", start)
    return character


def _code(cursor: Cursor, width: int, start: int) -> str:
    digits = cursor.peek(width)
    cursor.at += width
    if len(digits) < width or not set(digits) <= set("0123456789abcdefABCDEF") or int(digits, 16) > 0x10FFFF:
        cursor.refuse("bad escape", start)
    return chr(int(digits, 16))


def characters(cursor: Cursor, *, fold: bool, line: bool) -> str:
    """Read `[…]`. `line`: what is negated does not match a line's end."""
    start = cursor.at
    cursor.at += 1
    negated = cursor.take("^")
    parts = [_member(cursor, start, fold=fold)]
    while not cursor.take("]"):
        parts.append(_member(cursor, start, fold=fold))
    return f"[{'^' if negated else ''}{''.join(parts)}{chr(92) + 'n' if negated and line else ''}]"


def _member(cursor: Cursor, start: int, *, fold: bool) -> str:
    if not cursor.more():
        cursor.refuse("the bracket is not closed", start)
    if cursor.peek(2) in ("[.", "[="):
        cursor.refuse("collating elements are not available")
    if cursor.take("[:"):
        return _class(cursor, start, fold=fold)
    if cursor.peek() == "\\" and cursor.peek(2)[1:] in SHORT:
        cursor.at += 2
        return SHORT[cursor.pattern[cursor.at - 1]]
    low = _point(cursor, start)
    if cursor.peek() != "-" or cursor.peek(2) == "-]":
        return _range(low, low, fold=fold)
    cursor.at += 1
    if cursor.peek(2) in ("[:", "[.", "[="):
        cursor.refuse("a class can't end a range")
    high = _point(cursor, start)
    if low > high:
        cursor.refuse("the range's end comes before its beginning")
    if fold and ord(high) - ord(low) > _FOLDED:
        cursor.refuse(f"a range of more than {_FOLDED:,} characters is not available whatever their case")
    return _range(low, high, fold=fold)


def _point(cursor: Cursor, start: int) -> str:
    if cursor.peek() == "\\":
        return escaped(cursor)
    return cursor.next() or cursor.refuse("the bracket is not closed", start)


def _class(cursor: Cursor, start: int, *, fold: bool) -> str:
    end = cursor.pattern.find(":]", cursor.at)
    name = cursor.pattern[cursor.at : end] if end >= 0 else ""
    if name not in _NAMED:
        cursor.refuse(f"this class of characters is not available; there are {', '.join(_NAMED)}", start)
    cursor.at = end + 2
    return _NAMED["alpha" if fold and name in ("upper", "lower") else name]


def _range(low: str, high: str, *, fold: bool) -> str:
    """With the other case of its letters when that does not count."""
    plain = _one(low) if low == high else f"{_one(low)}-{_one(high)}"
    if not fold:
        return plain
    inside = [chr(code) for code in range(ord(low), ord(high) + 1)]
    others = {other for each in inside for other in (lower(each), upper(each)) if not low <= other <= high}
    return plain + "".join(map(_one, sorted(others)))
