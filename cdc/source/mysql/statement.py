"""The text of a query event to what it means for a reader of rows. The text itself never leaves this module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from cdc.model.table import TableName
from cdc.model.value import value


class Effect(Enum):
    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SAVEPOINT = "savepoint"
    ROLLBACK_TO = "rollback to savepoint"
    NONE = "none"
    """It changes no rows, or (DDL) none that could be followed."""
    ROWS = "rows"
    """It changes rows, and the log has only the statement."""
    UNKNOWN = "unknown"


@value
class Statement:
    effect: Effect
    word: str = ""
    """The keyword that decided; none of the statement's own text."""
    emptied: tuple[TableName, ...] = ()
    """Tables that lose rows without a row event: TRUNCATE, DROP TABLE, ALTER TABLE … TRUNCATE PARTITION."""
    altered: tuple[TableName, ...] = ()
    """Tables that may look otherwise afterwards."""
    created: TableName | None = None
    renamed: tuple[tuple[TableName, TableName], ...] = ()
    """Old and new names, in the order in which they are given."""
    schema: str | None = None
    """A database that is dropped with all its tables."""
    dropped: tuple[str, ...] = ()
    """Columns that the altered table loses."""
    added: tuple[str, ...] = ()
    """Columns that it gets, after that. Of several in brackets, the first."""


_HARMLESS = frozenset(
    ("create", "alter", "drop", "rename", "grant", "revoke", "set", "analyze", "optimize", "repair", "check", "flush", "install",
     "uninstall", "release", "xa", "truncate", "comment", "lock", "unlock", "reset", "purge", "use")
)  # fmt: skip
_EFFECTS = {
    "begin": Effect.BEGIN, "start": Effect.BEGIN, "commit": Effect.COMMIT, "savepoint": Effect.SAVEPOINT,
    **dict.fromkeys(("insert", "update", "delete", "replace", "load", "call", "select", "with", "do", "execute", "values"), Effect.ROWS),
}  # fmt: skip
_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|--(?:\s[^\n]*|$)|/\*(?!M?!).*?(?:\*/|\Z)    # blanks and comments
    |/\*M?!\d*|\*/                                        # marks of a comment that the server executes
    |(?P<quoted>`(?:[^`]|``)*`|"(?:[^"]|"")*")
    |'(?:[^'\\]|''|\\.)*'
    |(?P<word>[^\W\d][\w$]*|\d[\w$]*)
    |(?P<mark>.)""",
    re.DOTALL | re.VERBOSE,
)
_PARTS = frozenset(("column", "index", "key", "constraint"))
"""What ALTER TABLE … RENAME may be about, other than the table."""
_NO_COLUMN = frozenset(
    ("index", "key", "unique", "primary", "constraint", "foreign", "fulltext", "spatial", "vector", "check", "partition", "period", "system",
     "default", "partitioning")
)  # fmt: skip
"""What ALTER TABLE … ADD or DROP may be about, other than a column."""
_LOSSES = frozenset(
    (("truncate", "partition"), ("drop", "partition"), ("exchange", "partition"), ("convert", "partition"), ("convert", "table"),
     ("discard", "tablespace"), ("import", "tablespace"))
)  # fmt: skip
_OTHERS = frozenset((("with", "table"), ("to", "table"), ("convert", "table")))
"""What stands before the name of the table that a partition is exchanged with, or becomes, or was."""


def read(text: str, schema: str) -> Statement:
    """Say what a statement does; `schema` is the session's database, where unqualified names belong."""
    tokens = _Tokens(text)
    word = tokens.word()
    if word == "set" and tokens.has("statement"):
        word = tokens.word_after("for")
    if word == "xa" and tokens.word() in ("start", "begin", "end"):
        return Statement(Effect.BEGIN, word)
    if word == "rollback":
        return Statement(Effect.ROLLBACK_TO if tokens.word() else Effect.ROLLBACK, word)
    if effect := _EFFECTS.get(word):
        return Statement(effect, word)
    return _definition(word, tokens, schema) if word in _HARMLESS else Statement(Effect.UNKNOWN)


def goes_on(text: str) -> bool:
    """Return whether rows of the same transaction follow a DDL statement: MySQL writes `create table … select` so."""
    return text[:13].lower() == "create table " and text.rstrip()[-18:].lower() == " start transaction"


def _definition(word: str, tokens: _Tokens, schema: str) -> Statement:
    if word == "truncate":
        tokens.skip("table")
        return Statement(Effect.NONE, word, tuple(tokens.names(schema)))
    if word in ("drop", "create"):
        return _drop_or_create(word, tokens, schema)
    if word == "rename" and (tokens.has("table") or tokens.has("tables")):
        tokens.skip("if", "exists")
        return Statement(Effect.NONE, word, renamed=tuple(tokens.renamings(schema)))
    if word == "alter" and tokens.skip("online", "ignore") == "table":
        tokens.skip("table")
        tokens.skip("if", "exists")
        name = tokens.name(schema)
        if name:
            return _alter(name, tokens, schema)
    return Statement(Effect.NONE, word)


def _alter(name: TableName, tokens: _Tokens, schema: str) -> Statement:
    """What ALTER TABLE does: columns that go or come, partitions that go, come or are exchanged, and another name."""
    previous, loses, exchanged, renamed = "", False, [], []
    columns: dict[str, list[str]] = {"drop": [], "add": []}
    while tokens.more():
        if tokens.skip("rename") not in _PARTS and tokens.skipped:
            tokens.skip("to", "as")
            tokens.mark("=")
            renamed += [(name, after)] if (after := tokens.name(schema)) else []
            continue
        word = "rename" if tokens.skipped else tokens.word()
        loses = loses or (previous, word) in _LOSSES
        if (previous, word) in _OTHERS:
            exchanged += [other] if (other := tokens.name(schema)) else []
        if word in columns and tokens.skip("column", "if", "not", "exists") not in _NO_COLUMN:
            columns[word] += [column] if (column := tokens.identifier()) else []
        previous = word
    gone = (name, *exchanged) if loses else ()
    return Statement(Effect.NONE, "alter", gone, (name,), None, tuple(renamed), None, tuple(columns["drop"]), tuple(columns["add"]))


def _drop_or_create(word: str, tokens: _Tokens, schema: str) -> Statement:
    kind = tokens.skip("or", "replace")
    replaced = tokens.skipped
    if kind in ("database", "schema") and (word == "drop" or replaced):
        tokens.skip("database", "schema")
        tokens.skip("if", "exists")
        return Statement(Effect.NONE, word, schema=tokens.identifier())
    if kind in ("table", "tables") and (word == "drop" or replaced):
        tokens.skip("table", "tables")
        tokens.skip("if", "exists")
        names = tuple(tokens.names(schema)) if word == "drop" else tuple(filter(None, (tokens.name(schema),)))
        return Statement(Effect.NONE, word, names, names)
    if kind == "table":
        tokens.skip("table", "if", "not", "exists")
        return Statement(Effect.NONE, word, created=tokens.name(schema))
    return Statement(Effect.NONE, word)


class _Tokens:
    """The words, names and marks of a statement, without its comments."""

    def __init__(self, text: str) -> None:
        self._rest = self._split(text)
        self._next: tuple[str, str] = next(self._rest, ("", ""))
        self.skipped = False

    @staticmethod
    def _split(text: str) -> Iterator[tuple[str, str]]:
        for found in _TOKEN.finditer(text):
            if found.lastgroup and found[0] != "(":
                yield found.lastgroup, found[0]

    def take(self) -> tuple[str, str]:
        taken, self._next = self._next, next(self._rest, ("", ""))
        return taken

    def word(self) -> str:
        """Take the next token; return it in lower case when it is a word."""
        kind, text = self.take()
        return text.lower() if kind == "word" else ""

    def has(self, word: str) -> bool:
        """Pass over `word`; return whether it was there."""
        self.skip(word)
        return self.skipped

    def word_after(self, word: str) -> str:
        """Pass over all up to `word`, and take the one behind it (MariaDB's `set statement a = 1 for …`)."""
        while self._next[0] and self.word() != word:
            pass
        return self.word()

    def skip(self, *words: str) -> str:
        """Pass over any of `words`; return the word after them, which stays."""
        self.skipped = False
        while self._next[0] == "word" and self._next[1].lower() in words:
            self.take()
            self.skipped = True
        return self._next[1].lower() if self._next[0] == "word" else ""

    def identifier(self) -> str | None:
        kind, text = self.take()
        if kind == "quoted":
            return text[1:-1].replace(text[0] * 2, text[0])
        return text if kind == "word" else None

    def name(self, schema: str) -> TableName | None:
        first = self.identifier()
        if first is None or self._next != ("mark", "."):
            return None if first is None else TableName(schema, first)
        self.take()
        second = self.identifier()
        return None if second is None else TableName(first, second)

    def names(self, schema: str) -> Iterator[TableName]:
        while name := self.name(schema):
            yield name
            if self._next != ("mark", ","):
                return
            self.take()

    def renamings(self, schema: str) -> Iterator[tuple[TableName, TableName]]:
        """Yield the pairs of a RENAME TABLE. MariaDB's `wait 5` and `nowait` may stand before `to`."""
        while before := self.name(schema):
            while self._next[0] and self.word() != "to":
                pass
            if after := self.name(schema):
                yield before, after
            if not self.mark(","):
                return

    def more(self) -> bool:
        return bool(self._next[0])

    def mark(self, mark: str) -> bool:
        """Pass over a mark; return whether it was there."""
        there = self._next == ("mark", mark)
        if there:
            self.take()
        return there
