"""Which source rows a command looks at: those of a key that its caller gave, or the first ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from cdc.app.trial.look import Look
from cdc.mapping.constant import fixed
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.plan import QueryPlan
from cdc.model.change import ABSENT, Change, Op, Row
from cdc.model.errors import CdcError
from cdc.model.table import Table
from cdc.model.types import Kind

_SIZE = 1_000
"""Rows that are held at once."""
_SPELLED = frozenset({Kind.BOOL, Kind.INT, Kind.NUMERIC, Kind.FLOAT, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT, Kind.UUID})
"""Kinds whose values not every text is."""


def by_key(look: Look, given: Sequence[str]) -> list[Change]:
    """Return the rows that `--key` names: values of the key's columns in their order, or `column=value` for any column of the table."""
    table = look.reader.shape(look.root)
    names = [column.name for column in table.columns]
    named = [_named(names, text) for text in given]
    places = [names.index(name) for name, _ in named if name]
    if not places:
        places = list(table.key)
        if len(places) != len(given):
            key = ", ".join(names[at] for at in places) or "none: name columns, `--key column=value`"
            each = ": give one --key for each" if places[1:] else ""
            raise click.UsageError(f"{len(given)} --key given; the key of {table.name} is {key}{each}")
    elif len(places) != len(named):
        raise click.UsageError("give --key values by position, or all as column=value")
    asked = Table(table.name, table.columns, tuple(places))
    rows = list(look.reader.fetch(asked, [tuple(_read(table, at, text) for at, (_, text) in zip(places, named, strict=True))]))
    if not rows:
        by = ", ".join(names[at] for at in places)
        raise CdcError(f"{table.name} has no row with this {by}", "Values are compared as the column's type reads them.")
    return _changes(look, table, rows)


def first(look: Look, limit: int | None) -> Iterator[Change]:
    """Yield the table's rows in its key's order, the first `limit` of them or all."""
    table = look.reader.shape(look.root)
    for rows in look.reader.rows(table, limit, _SIZE):
        yield from _changes(look, table, rows)


def of_keys(look: Look, keys: Sequence[Row]) -> list[Change]:
    """Return the rows of these keys of the mapping's table, as far as they are there."""
    table = look.reader.shape(look.root)
    return _changes(look, table, list(look.reader.fetch(table, keys)))


def _changes(look: Look, table: Table, rows: Sequence[Row]) -> list[Change]:
    """A row is tried as an update that keeps its key: so it may enter the condition, leave it, or stay.

    For a query mapping they are what the query returns for root rows.
    """
    if look.query is None:
        return [Change(look.table, Op.UPDATE, None, row) for row in rows]
    key_of = look.query.touches(table).keys[0]
    return of_roots(look, look.query, [key for row in rows if (key := key_of(row)) is not None])


def of_roots(look: Look, query: QueryPlan, keys: Sequence[Row]) -> list[Change]:
    """Return what a query mapping's query has for root keys now; one that it returns nothing for is a delete."""
    result = query.result
    found = list(look.reader.ask(query.query, keys))
    there = {tuple([row[at] for at in result.key]) for row in found}
    gone = [dict(zip(result.key, key, strict=True)) for key in keys if key not in there]
    return [
        *(Change(result, Op.UPDATE, None, row) for row in found),
        *(Change(result, Op.DELETE, tuple([known.get(at, ABSENT) for at in range(len(result.columns))]), None) for known in gone),
    ]


def _named(names: Sequence[str], text: str) -> tuple[str, str]:
    name, equals, given = text.partition("=")
    return (name, given) if equals and name in names else ("", text)


def _read(table: Table, at: int, text: str) -> str | None:
    """Return a value as the column's own text. Raises a usage error for what the column can't hold, which the server might cut."""
    column = table.columns[at]
    if column.type.kind is Kind.TEXT and column.type.size and len(text.rstrip(" ")) > column.type.size:
        raise click.UsageError(
            f"--key: '{column.name}' of {table.name} holds {column.type.size} characters; `cdc mapping preview` shows rows with their keys"
        )
    try:
        return fixed(text, column.type) if column.type.kind in _SPELLED else text
    except BadValue as error:
        kind = column.type.native or column.type.kind.value
        raise click.UsageError(
            f"--key: '{column.name}' of {table.name} is {kind}: {error}; `cdc mapping preview` shows rows with their keys"
        ) from None
