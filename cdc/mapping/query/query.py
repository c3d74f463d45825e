"""A query that a mapping asks of the source: its text cut at its parameters, and the way back to one statement with values in their places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeAlias

from cdc.mapping.spec.query_text import Lexis, Misread, compared, cut, tables
from cdc.model.change import Row, Value
from cdc.model.errors import Drifted, Misconfigured
from cdc.model.table import Column, TableName
from cdc.model.value import identity, value

Literal: TypeAlias = Callable[[Column, Value], str]
"""A column and its value → a literal of the engine, quoted; NULL is one too."""


class Takes(Enum):
    """How a query takes its values."""

    KEYS = "keys"
    """As one list, `in (:keys)`: many in one statement."""
    NAMED = "named"
    """One by one, each value by its column's name: `where country = :id`."""


@identity
class Question:
    """A query as its mapping says it, before any server has read it."""

    text: str
    takes: Takes
    given: tuple[Column, ...]
    """The columns whose values it is asked with: the root's key, or all that the dependency's rows have."""


@value
class Read:
    """A table that a query names, and where."""

    table: TableName
    offset: int
    width: int


@identity
class Query:
    """A question that a server has read."""

    takes: Takes
    given: tuple[Column, ...]
    """The columns whose values it is asked with, in the order of a row of values."""
    pieces: tuple[str, ...]
    """The text around the parameters."""
    parameters: tuple[str, ...]
    """What stands between the pieces: `keys`, or names of `given`."""
    columns: tuple[Column, ...]
    """What a row of its result has."""
    reads: tuple[Read, ...] = ()
    """The tables that it names, as far as that can be seen."""


@value
class Refusal:
    """Why a server, or we, can't take a query. `offset` counts characters of the question's text; None: nobody knows where."""

    message: str
    hint: str
    offset: int | None
    width: int = 1


def read(question: Question, lexis: Lexis) -> Query | Refusal:
    """Cut a question's text at its parameters; what comes back is not known yet."""
    try:
        pieces, parameters = cut(question.text, lexis)
    except Misread as wrong:
        return Refusal(wrong.message, wrong.hint, wrong.offset, wrong.width)
    known = ("keys",) if question.takes is Takes.KEYS else tuple(column.name for column in question.given)
    for name, offset in parameters:
        if name not in known:
            return Refusal(f"unknown parameter ':{name}'", _known(known), offset, len(name) + 1)
    if question.takes is Takes.KEYS and not parameters:
        return Refusal("the query does not ask for ':keys'", "write `where p.id in (:keys)`: it must find the rows of given keys", None)
    if misordered := _misordered(question, lexis):
        return misordered
    names = tuple(name for name, _ in parameters)
    given = question.given if question.takes is Takes.KEYS else tuple(column for column in question.given if column.name in names)
    return Query(question.takes, given, pieces, names, ())


def _misordered(question: Question, lexis: Lexis) -> Refusal | None:
    """Find a row value that has the key's columns in another order: it would be compared with other rows' keys, without a word."""
    key = [column.name.lower() for column in question.given]
    for named, offset in compared(question.text, lexis) if question.takes is Takes.KEYS else ():
        folded = [name.lower() for name in named]
        if folded != key and sorted(folded) == sorted(key):
            columns = ", ".join(column.name for column in question.given)
            return Refusal("the key's columns stand in another order here", f"write `({columns}) in (:keys)`", offset)
    return None


def named(question: Question, lexis: Lexis, schema: str, folded: Callable[[str], str]) -> tuple[Read, ...]:
    """Return what the text may read; which of these are tables, the server knows."""
    return tuple(Read(TableName(given or schema, name), at, width) for given, name, at, width in tables(question.text, lexis, folded))


def statement(query: Query, rows: Sequence[Row], literal: Literal) -> str:
    """Return the query for these values. Values come in as literals alone. `rows` must not be empty."""
    if query.takes is Takes.KEYS:
        return filled(query, ", ".join(_key(query, row, literal) for row in rows))[0]
    asked = (filled(query, _named(query, row, literal))[0] for row in rows)
    return "\nunion all\n".join(f"select * from (\n{text}\n) q{number}" for number, text in enumerate(asked))


def sample(query: Query, literal: Literal) -> tuple[str, Callable[[int], int]]:
    """Return the query for a value that is NULL, and what leads from an offset in it to one in the question's text."""
    nothing = (None,) * len(query.given)
    return filled(query, _key(query, nothing, literal) if query.takes is Takes.KEYS else _named(query, nothing, literal))


def filled(query: Query, values: str | dict[str, str]) -> tuple[str, Callable[[int], int]]:
    """Put texts in the parameters' places; return the statement, and what leads from an offset in it back to one in the question's."""
    parts, steps, at, origin = [query.pieces[0]], [(0, 0)], len(query.pieces[0]), len(query.pieces[0])
    for name, piece in zip(query.parameters, query.pieces[1:], strict=True):
        text = values if isinstance(values, str) else values[name]
        steps.append((at, origin))
        at, origin = at + len(text), origin + len(name) + 1
        steps.append((at, origin))
        parts += [text, piece]
        at, origin = at + len(piece), origin + len(piece)

    def back(offset: int) -> int:
        place = max(number for number, (start, _) in enumerate(steps) if start <= offset)
        start, before = steps[place]
        return before if place % 2 else before + offset - start

    return "".join(parts), back


def prove(query: Query, now: Sequence[Column]) -> None:
    """Raise `Drifted` when a query's result is not what its mapping was compiled for. What it returns besides is not asked for."""
    there = {column.name: column.type for column in now}
    for name, before in ((column.name, column.type) for column in query.columns):
        if name not in there:
            raise changed(f"it does not return '{name}' any more")
        if there[name] != before:
            raise changed(f"it returns '{name}' as {there[name].native} now, and not as {before.native}")


def changed(how: str) -> Drifted:
    """Say that a query is no longer what its mapping was compiled for, though no table that is followed has changed."""
    return Drifted(
        f"what the query reads has changed: {how}",
        "Mend the view, table or function that it reads, or the mapping. The pipeline waits and goes on by itself once they fit.",
    )


def writes() -> Misconfigured:
    """Say that a query has tried to write, in a session that can't."""
    return Misconfigured("a mapping's query writes, by a function that it calls", "A mapping asks one SELECT, and it only reads.")


def _key(query: Query, row: Row, literal: Literal) -> str:
    texts = [literal(column, text) for column, text in zip(query.given, row, strict=True)]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _named(query: Query, row: Row, literal: Literal) -> dict[str, str]:
    return {column.name: literal(column, text) for column, text in zip(query.given, row, strict=True)}


def _known(names: Sequence[str]) -> str:
    return f"a parameter here is {', '.join(f':{name}' for name in names)}; for anything else put a blank behind the colon"
