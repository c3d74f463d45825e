"""The text of a query to pieces and parameters: a tokenizer that knows what is a string, a comment or a cast, and refuses all but one SELECT."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from cdc.model.value import value


class Misread(Exception):
    """The text is not one SELECT."""

    def __init__(self, message: str, hint: str, offset: int, width: int = 1) -> None:
        super().__init__(message)
        self.message, self.hint, self.offset, self.width = message, hint, offset, width


@value
class Lexis:
    """What an engine's SQL is made of, as far as it matters for what is code and what is not."""

    strings: str
    """A string literal, as a regular expression."""
    names: str
    """A quoted identifier."""
    comments: str
    """A comment to the end of its line."""
    nests: bool
    """A comment may stand in a comment."""
    dollars: bool
    """Strings may be quoted by `$$` and `$tag$`."""


ANSI = Lexis(
    strings=r"""[eE]'(?:[^'\\]|\\.|'')*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'""",
    names=r'"(?:[^"]|"")*"',
    comments=r"--[^\n]*",
    nests=True,
    dollars=True,
)
"""Double quotes make names, backslashes mean nothing in a plain string."""
BACKSLASHED = Lexis(
    strings=r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*\"""",
    names=r"`(?:[^`]|``)*`",
    comments=r"--(?=[\s\x00]|$)[^\n]*|\#[^\n]*",
    nests=False,
    dollars=False,
)
"""Either quote makes a string with backslashes in it, backticks make names."""


@value
class _Token:
    kind: str
    text: str
    offset: int


_NOT_ONE = "a mapping asks one SELECT"
_BEGINS = frozenset({"select", "with", "("})
_WRITES = frozenset({"insert", "update", "delete", "merge", "replace"})
_LOCKS = frozenset({"update", "share", "no", "key"})


def cut(text: str, lexis: Lexis) -> tuple[tuple[str, ...], list[tuple[str, int]]]:
    """Return the pieces of the text around its parameters, and the parameters with their offsets. Raises `Misread`.

    A `;` at the very end is left out.
    """
    tokens = list(_tokens(text, lexis))
    while tokens and tokens[-1].text == ";":
        text = text[: tokens[-1].offset] + " " + text[tokens.pop().offset + 1 :]
    _refuse(text, tokens)
    parameters = [(token.text[1:], token.offset) for token in tokens if token.kind == "parameter"]
    pieces, at = [], 0
    for name, offset in parameters:
        pieces.append(text[at:offset])
        at = offset + len(name) + 1
    return (*pieces, text[at:]), parameters


def names(text: str, lexis: Lexis, wanted: str) -> Iterator[tuple[int, int]]:
    """Yield offset and width of each word or name of the code that is `wanted`, whatever its letters' case."""
    for token in _tokens(text, lexis):
        if token.kind in ("word", "name") and token.text.strip('"`').lower() == wanted.lower():
            yield token.offset, len(token.text)


def tables(text: str, lexis: Lexis, folded: Callable[[str], str]) -> Iterator[tuple[str, str, int, int]]:
    """Yield what may be a table that is read, behind FROM or JOIN: schema (empty: none is named), name, offset and width.

    Names without quotes are `folded`. Some are no tables: `extract(year from day)` looks the same.
    """
    tokens = list(_tokens(text, lexis))
    for at, token in enumerate(tokens):
        if token.kind == "word" and token.text.lower() in ("from", "join"):
            yield from _listed(tokens, at + 1, folded)


def _listed(tokens: list[_Token], at: int, folded: Callable[[str], str]) -> Iterator[tuple[str, str, int, int]]:
    while found := _named(tokens, at, folded):
        parts, end = found
        if end < len(tokens) and tokens[end].text == "(":  # a function
            return
        last = tokens[end - 1]
        yield parts[-2] if len(parts) > 1 else "", parts[-1], tokens[at].offset, last.offset + len(last.text) - tokens[at].offset
        at = end
        while at < len(tokens) and tokens[at].kind in ("word", "name") and tokens[at].text.lower() not in _AFTER:  # an alias
            at += 1
        if at >= len(tokens) or tokens[at].text != ",":
            return
        at += 1


_AFTER = frozenset(
    {"where", "join", "left", "right", "inner", "cross", "natural", "on", "group", "order", "limit", "union", "full", "straight_join"}
)


def _named(tokens: list[_Token], at: int, folded: Callable[[str], str]) -> tuple[list[str], int] | None:
    """Read a name that may have others before it; return its parts and where it ends."""
    parts: list[str] = []
    while at < len(tokens) and tokens[at].kind in ("word", "name"):
        text = tokens[at].text
        parts.append(folded(text) if tokens[at].kind == "word" else text[1:-1])
        at += 1
        if at >= len(tokens) or tokens[at].text != ".":
            return parts, at
        at += 1
    return None


def compared(text: str, lexis: Lexis) -> Iterator[tuple[list[str], int]]:
    """Yield what stands before each `in (:parameter)` in parentheses: the last parts of its names, and where it begins."""
    tokens = list(_tokens(text, lexis))
    for at, token in enumerate(tokens):
        before = [each.text.lower() for each in tokens[max(0, at - 3) : at]]
        if token.kind != "parameter" or before != [")", "in", "("]:
            continue
        start = next((place for place in range(at - 3, -1, -1) if tokens[place].text == "("), 0)
        inside = tokens[start + 1 : at - 3]
        ends = [each for each, after in zip(inside, [*inside[1:], None], strict=True) if after is None or after.text == ","]
        yield [each.text.strip('"`') for each in ends if each.kind in ("word", "name")], tokens[start].offset


def _refuse(text: str, tokens: list[_Token]) -> None:
    words = [token.text.lower() if token.kind != "name" else "" for token in tokens]
    if not words:
        raise Misread("the query is empty", f"{_NOT_ONE}: write `select …`", 0, max(1, len(text.strip())))
    if words[0] not in _BEGINS:
        raise Misread("the query is not a SELECT", _NOT_ONE, tokens[0].offset, len(words[0]))
    for at, word in enumerate(words):
        after = words[at + 1] if at + 1 < len(words) else ""
        before = words[at - 1] if at else ""
        if word == ";":
            raise Misread("a second statement begins here", _NOT_ONE, tokens[at].offset)
        if word == "into":
            raise Misread("SELECT INTO writes", f"{_NOT_ONE}, and it only reads", tokens[at].offset, len(word))
        if word in _WRITES and before == "(" and after != "(":
            raise Misread(f"{word.upper()} writes", f"{_NOT_ONE}, and it only reads", tokens[at].offset, len(word))
        if (word == "for" and after in _LOCKS) or (word == "lock" and after == "in"):
            raise Misread("the query locks what it reads", "leave the locking clause out", tokens[at].offset, len(word))


def _tokens(text: str, lexis: Lexis) -> Iterator[_Token]:
    """Yield what is code, without blanks, strings and comments."""
    pattern, at = _pattern(lexis), 0
    while at < len(text):
        found = pattern.match(text, at)
        assert found is not None
        assert found.lastgroup is not None
        kind, end = found.lastgroup, found.end()
        if kind == "block":
            end = _block_end(text, at, nests=lexis.nests)
        elif kind == "dollar":
            end = _closed(text, text.find(found[0], end), at, len(found[0]))
        elif kind == "open":
            raise Misread("a quote is never closed", f"{_NOT_ONE}, whole", at)
        elif kind not in ("blank", "comment", "string"):
            yield _Token(kind, found[0], at)
        at = end


@cache
def _pattern_of(strings: str, names_: str, comments: str, dollars: bool) -> re.Pattern[str]:
    kinds: Mapping[str, str] = {
        "blank": r"\s+",
        "comment": comments,
        "block": r"/\*",
        "string": strings,
        "name": names_,
        **({"dollar": r"\$(?:[^\W\d]\w*)?\$"} if dollars else {}),
        "open": r"""['"`]""",
        "cast": r"::|:=",
        "parameter": r":[^\W\d]\w*",
        "word": r"[^\W\d][\w$]*",
        "number": r"\d[\w.]*",
        "mark": r".",
    }
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()), re.DOTALL)


def _pattern(lexis: Lexis) -> re.Pattern[str]:
    return _pattern_of(lexis.strings, lexis.names, lexis.comments, lexis.dollars)


def _block_end(text: str, start: int, *, nests: bool) -> int:
    if re.match(r"/\*M?!", text[start : start + 4]):
        raise Misread("a comment that is code on some servers", "write it as code, or leave it out", start, 3)
    depth, at = 0, start
    while True:
        found = re.compile(r"/\*|\*/").search(text, at)
        if found is None:
            raise Misread("a comment is never closed", "write `*/` behind it", start, 2)
        depth += 1 if found[0] == "/*" and (nests or depth == 0) else -1 if found[0] == "*/" else 0
        at = found.end()
        if depth == 0:
            return at


def _closed(text: str, found: int, start: int, width: int) -> int:
    if found < 0:
        raise Misread("a quote is never closed", f"write {text[start : start + width]} behind it", start, width)
    return found + width
