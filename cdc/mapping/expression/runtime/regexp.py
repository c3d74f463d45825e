"""Regular expressions in linear time, with PostgreSQL's matches: the leftmost one, and of these the longest.

https://www.postgresql.org/docs/15/functions-matching.html#FUNCTIONS-POSIX-REGEXP
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import re2

from cdc.mapping.expression.are import flags_of, spelled, tree
from cdc.mapping.expression.runtime.capture import Part, Search, part_of
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.model.value import value

_SIZE, _MEMORY = 100_000, 32 << 20
"""Instructions and bytes that a compiled pattern takes at most."""
_STEPS, _LOOKED = 4_000_000_000, 1_000_000_000
"""Bytes times instructions, and bytes times matches, that one call may cost in the worst case."""
_MADE = 1_000_000
"""Characters that a replacement makes at most."""
Span: TypeAlias = tuple[int, int]


@value
class Pattern:
    """A compiled pattern. Places in texts are those of their UTF-8 bytes."""

    engine: Any
    groups: int
    part: Part | None
    size: int
    maybe_empty: bool

    def found(self, data: bytes, at: int = 0) -> Span | None:
        found = self.engine.search(data, at)
        return None if found is None else found.span()

    def all(self, data: bytes, at: int = 0) -> Iterator[Span]:
        """All matches from a place on; one that is empty is followed by the next character."""
        most = _LOOKED // (len(data) + 1)
        for seen, span in enumerate(self._spans(data, at)):
            if seen > most:
                raise BadValue("the text is too long for so many matches of the regular expression")
            yield span

    def _spans(self, data: bytes, at: int) -> Iterator[Span]:
        if not self.maybe_empty and at <= len(data):
            for found in self.engine.finditer(data, at):
                yield found.span()
            return
        while at <= len(data) and (span := self.found(data, at)):
            yield span
            at = span[1] if span[1] > span[0] else _next(data, span[1])

    def split(self, data: bytes, span: Span) -> list[Span | None]:
        """Return the match and its groups."""
        if self.part is None:
            return [span]
        search = Search(data, self.groups)
        search.spans[0] = span
        if not self.part.split(search, *span):
            raise BadValue("the groups of this regular expression can't be told apart")
        return search.spans


def compiled(pattern: str, letters: str = "", *, whole: bool = False) -> Pattern:
    """Compile a pattern. `letters` are flags without `g`. Raises `BadValue`."""
    made, groups = tree(pattern, flags_of(letters))
    text = spelled(made)
    engine = _engine(rf"\A(?:{text})\z" if whole else text)
    return Pattern(engine, groups, part_of(made, _engine) if groups else None, engine.programsize, bool(engine.fullmatch(b"")))


@lru_cache(4096)
def _engine(text: str) -> Any:
    options = re2.Options()
    options.longest_match, options.log_errors, options.max_mem = True, False, _MEMORY
    try:
        made = re2.compile(text.encode(), options)
    except re2.error:
        raise BadValue("the regular expression is too large") from None
    if made.programsize > _SIZE:
        raise BadValue("the regular expression is too large")
    return made


def similar_pattern(pattern: str, escape: str = "\\") -> str:
    """A pattern of SIMILAR TO as a regular expression, which must match the whole text: similar_escape of PostgreSQL's regexp.c."""
    if len(escape) > 1:
        raise BadValue("invalid escape string: it must be empty or one character")
    made, inside, escaped = [], False, False
    for character in pattern:
        if escaped:
            if character == '"':
                raise BadValue("SIMILAR TO: the separator escape-double-quote is not available")
            made.append("\\" + character)
            escaped = False
        elif character == escape:
            escaped = True
        elif inside:
            made.append("\\\\" if character == "\\" else character)
            inside = character != "]"
        else:
            made.append(_SIMILAR.get(character, character))
            inside = character == "["
    return "".join(made)


_SIMILAR = {"%": ".*", "_": ".", "(": "(?:", "\\": "\\\\", ".": "\\.", "^": "\\^", "$": "\\$"}


def _next(data: bytes, at: int) -> int:
    """The next character's place."""
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


def _encoded(text: str, pattern: Pattern) -> bytes:
    data = text.encode()
    if len(data) * pattern.size > _STEPS:
        raise BadValue("the text is too long for this regular expression")
    return data


def _from(text: str, pattern: Pattern, start: int) -> tuple[bytes, int]:
    """The text's bytes, and the place of a character counted from 1."""
    if start < 1:
        raise BadValue("invalid value for parameter start: it counts from 1")
    data = _encoded(text, pattern)
    return data, len(data) + 1 if start > len(text) + 1 else len(text[: start - 1].encode())


def _text(data: bytes, span: Span | None) -> str | None:
    return None if span is None else data[span[0] : span[1]].decode()


def regexp_like(text: str, pattern: Pattern) -> bool:
    return pattern.engine.search(_encoded(text, pattern)) is not None


def regexp_replace(text: str, pattern: Pattern, replacement: str, every: bool = False) -> str:
    r"""Replace the first match, or every one. `\1` … `\9` are groups, `\&` the match."""
    return _replaced(text, pattern, replacement, 1, 0 if every else 1)


def regexp_replace_from(text: str, pattern: Pattern, replacement: str, start: int, number: int = 1) -> str:
    """Replace the match of that number, counted from a place; 0: every one."""
    if number < 0:
        raise BadValue("invalid value for parameter n: it counts from 1")
    return _replaced(text, pattern, replacement, start, number)


def _replaced(text: str, pattern: Pattern, replacement: str, start: int, number: int) -> str:
    data, at = _from(text, pattern, start)
    pieces = _pieces(replacement)
    made: list[bytes] = []
    end = size = 0
    for seen, span in enumerate(pattern.all(data, at), 1):
        if seen < number:
            continue
        new = _filled(pieces, data, pattern, span)
        size += len(new)
        if size > _MADE:
            raise BadValue(f"requested length too large: more than {_MADE} characters")
        made += (data[end : span[0]], new)
        end = span[1]
        if number:
            break
    return b"".join((*made, data[end:])).decode() if made else text


@lru_cache(1024)
def _pieces(replacement: str) -> list[bytes | int]:
    """Texts and numbers of groups; 0 is the match."""
    parts = re.split(r"\\([1-9&\\])", replacement)
    made: list[bytes | int] = [
        part.encode() if not at % 2 else b"\\" if part == "\\" else 0 if part == "&" else int(part) for at, part in enumerate(parts)
    ]
    return [piece for piece in made if piece != b""]


def _filled(pieces: list[bytes | int], data: bytes, pattern: Pattern, span: Span) -> bytes:
    if not pieces or (len(pieces) == 1 and isinstance(pieces[0], bytes)):
        return pieces[0] if pieces and isinstance(pieces[0], bytes) else b""
    spans = pattern.split(data, span)
    made = []
    for piece in pieces:
        if isinstance(piece, bytes):
            made.append(piece)
        elif piece < len(spans) and (group := spans[piece]):
            made.append(data[group[0] : group[1]])
    return b"".join(made)


def regexp_match(text: str, pattern: Pattern) -> list[str | None] | None:
    """The groups of the first match, or all of it when there are none; NULL when nothing matches."""
    data = _encoded(text, pattern)
    span = pattern.found(data)
    if span is None:
        return None
    return [_text(data, each) for each in pattern.split(data, span)[1 if pattern.groups else 0 :]]


def regexp_substring(text: str, pattern: Pattern) -> str | None:
    """substring(text from pattern): the first group, or all of the match when there is none."""
    data = _encoded(text, pattern)
    span = pattern.found(data)
    if span is None:
        return None
    return _text(data, pattern.split(data, span)[1] if pattern.groups else span)


def regexp_count(text: str, pattern: Pattern, start: int = 1) -> int:
    return sum(1 for _ in pattern.all(*_from(text, pattern, start)))


def regexp_substr(text: str, pattern: Pattern, start: int = 1, which: int = 1, group: int = 0) -> str | None:
    """The match of that number, or one of its groups."""
    data, span = _numbered(text, pattern, (start, which, group))
    return _text(data, span)


def regexp_instr(text: str, pattern: Pattern, start: int = 1, which: int = 1, behind: int = 0, group: int = 0) -> int:
    """Where the match of that number begins, or what follows it; 0: nowhere."""
    if behind not in (0, 1):
        raise BadValue("invalid value for parameter endoption: it is 0 or 1")
    data, span = _numbered(text, pattern, (start, which, group))
    return 0 if span is None else len(data[: span[behind]].decode()) + 1


def _numbered(text: str, pattern: Pattern, asked: tuple[int, int, int]) -> tuple[bytes, Span | None]:
    start, which, group = asked
    if which < 1 or group < 0:
        raise BadValue("invalid value for parameter n or subexpr: n counts from 1, subexpr from 0")
    data, at = _from(text, pattern, start)
    if group > pattern.groups:
        return data, None
    span = next((each for number, each in enumerate(pattern.all(data, at), 1) if number == which), None)
    return data, span if span is None or not group else pattern.split(data, span)[group]


def regexp_split(text: str, pattern: Pattern) -> list[str | None]:
    """The parts between matches. Empty matches at the ends and right behind another one don't count."""
    data = _encoded(text, pattern)
    made: list[str | None] = []
    end = last = 0
    for begin, until in pattern.all(data):
        if begin < len(data) and until > last:
            made.append(_text(data, (end, begin)))
            end = until
        last = until
    return [*made, _text(data, (end, len(data)))]
