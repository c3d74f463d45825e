"""LIKE and ILIKE in linear time: a pattern becomes pieces of fixed length, each searched once from the left.

https://www.postgresql.org/docs/current/functions-matching.html#FUNCTIONS-LIKE
"""

from __future__ import annotations

import re
from functools import lru_cache

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.text import lower
from cdc.model.value import value


@value
class Pattern:
    """`first%piece%…%last`. `pieces` are what stands between two `%`; without any `%` only `first` counts."""

    first: re.Pattern[str]
    pieces: tuple[re.Pattern[str], ...]
    last: re.Pattern[str] | None
    last_length: int

    def matches(self, text: str) -> bool:
        if self.last is None:
            return self.first.fullmatch(text) is not None
        found = self.first.match(text)
        for piece in self.pieces:
            found = found and piece.search(text, found.end())
        at = len(text) - self.last_length
        return found is not None and at >= found.end() and self.last.match(text, at) is not None


def like(text: str, pattern: str, escape: str = "\\") -> bool:
    return _compiled(pattern, escape, fold=False).matches(text)


def ilike(text: str, pattern: str, escape: str = "\\") -> bool:
    return _compiled(pattern, escape, fold=True).matches(lower(text))


@lru_cache(1024)
def _compiled(pattern: str, escape: str, *, fold: bool) -> Pattern:
    if len(escape) > 1:
        raise BadValue("invalid escape string: it must be empty or one character")
    pieces = _pieces(pattern, escape, fold=fold)
    first, *rest = [re.compile("".join(piece), re.DOTALL) for piece in pieces]
    return Pattern(first, tuple(rest[:-1]), rest[-1] if rest else None, len(pieces[-1]))


def _pieces(pattern: str, escape: str, *, fold: bool) -> list[list[str]]:
    """Split at `%` into lists of regular expressions for one character each."""
    pieces: list[list[str]] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            literal = next(characters, None)
            if literal is None:
                raise BadValue("LIKE pattern must not end with escape character")
            pieces[-1].append(_literal(literal, fold=fold))
        elif character == "%":
            pieces.append([])
        else:
            pieces[-1].append("." if character == "_" else _literal(character, fold=fold))
    return pieces


def _literal(character: str, *, fold: bool) -> str:
    return re.escape(lower(character) if fold else character)
