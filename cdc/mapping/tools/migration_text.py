"""A migration file to its statements, as the engines' own clients would send them, each with the line that it begins in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter

import sqlglot
from sqlglot.tokenizer_core import Token, TokenType

_META = re.compile(r"^[ \t]*\\.*$", re.MULTILINE)
"""A line for psql, or the end of rows for COPY."""
_COPIED = re.compile(r"^([ \t]*copy\b[^;]*\bfrom\s+stdin\b[^;]*;)[ \t]*\n(.*?)^\\\.[ \t]*$", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_INCLUDES = re.compile(r"\\ir?\b|\\include", re.IGNORECASE)
_EXECUTED = re.compile(r"/\*M?!(?:\d{5,6})?(.*?)\*/", re.DOTALL)
"""What MySQL and MariaDB run though it looks like a comment."""
_DELIMITER = re.compile(r"^[ \t]*delimiter[ \t]+(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_BODY = re.compile(r"begin\s+atomic\b", re.IGNORECASE)
_END = re.compile(r"(?:^|[\s;])end\s*$", re.IGNORECASE)


def statements(sql: str, *, mysql: bool) -> Iterator[tuple[int, str]]:
    """Yield (line, statement), without what only the client reads."""
    if not mysql:
        yield from _psql(sql)
        return
    text = _EXECUTED.sub(lambda found: _blanked(found[0], keep=(found.start(1) - found.start(), found.end(1) - found.start())), sql)
    at, delimiter = 0, ";"
    for found in [*_DELIMITER.finditer(text), None]:
        yield from _delimited(text, at, found.start() if found else len(text), delimiter)
        if found:
            at, delimiter = found.end(), found[1]


def _psql(sql: str) -> Iterator[tuple[int, str]]:
    text = _COPIED.sub(lambda found: found[1] + _blanked(found[0][len(found[1]) :]), sql)
    includes = [(text.count("\n", 0, found.start()) + 1, found[0].strip()) for found in _META.finditer(text) if _INCLUDES.search(found[0])]
    yield from sorted([*_cut(_META.sub(lambda found: _blanked(found[0]), text), "postgres"), *includes], key=itemgetter(0))


def _blanked(text: str, keep: tuple[int, int] = (0, 0)) -> str:
    """Put blanks for all but what is to be kept; lines stay lines."""
    blank = re.sub(r"[^\n]", " ", text)
    return blank[: keep[0]] + text[keep[0] : keep[1]] + blank[keep[1] :]


def _delimited(text: str, begin: int, end: int, delimiter: str) -> Iterator[tuple[int, str]]:
    part = _blanked(text[:begin]) + text[begin:end]
    if delimiter == ";":
        yield from _cut(part, "mysql")
        return
    at = begin
    for piece in text[begin:end].split(delimiter):
        if piece.strip():
            yield part.count("\n", 0, at + len(piece) - len(piece.lstrip())) + 1, piece.strip()
        at += len(piece) + len(delimiter)


def _cut(sql: str, dialect: str) -> Iterator[tuple[int, str]]:
    """Cut at semicolons, but for those within a function's body."""
    piece: list[Token] = []
    for token in [*sqlglot.tokenize(sql, dialect=dialect), None]:
        text = sql[piece[0].start : piece[-1].end + 1] if piece else ""
        if token is not None and (token.token_type is not TokenType.SEMICOLON or (_BODY.search(text) and not _END.search(text))):
            piece.append(token)
        elif piece:
            yield piece[0].line, text
            piece = []


def actions(text: str, dialect: str) -> list[str]:
    """Cut what ALTER TABLE is to do at its commas."""
    found, depth, begin = [], 0, 0
    for token in sqlglot.tokenize(text, dialect=dialect):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if token.token_type is TokenType.COMMA and not depth:
            found.append(text[begin : token.start].strip())
            begin = token.end + 1
    return [*found, text[begin:].strip()]
