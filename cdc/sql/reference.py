"""Look-ups to statements: many at once, each with its place, two rows at most for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cdc.model.reference import Lookup, Match
from cdc.model.table import Column, TableName
from cdc.model.types import Kind
from cdc.model.words import Words
from cdc.sql.mysql import Frame, marks
from cdc.sql.names import my_name, my_table, pg_name, pg_table
from cdc.sql.postgresql import equals, staged_type, unmarked


def pg_find(lookup: Lookup) -> str:
    """Return the query for the values to take: (place from 1, text). It takes one array literal per column of `by`."""
    return _pg_each(lookup)


def pg_agreeing(match: Match) -> str:
    """As `pg_find`, for the keys of rows that agree."""
    return _pg_each(match, unmarked(match.marks) if match.marks else "")


def _pg_each(asked: Lookup | Match, further: str = "") -> str:
    arrays = ", ".join(f"${at}::{staged_type(column.type)}[]" for at, column in enumerate(asked.by, start=1))
    names = ", ".join(f"c{at}" for at in range(len(asked.by)))
    agree = " and ".join(f"t.{pg_name(column.name)} {equals(column.type)} k.c{at}" for at, column in enumerate(asked.by))
    found = f"select {_text(asked.take)} as v from {pg_table(asked.table.name)} t where {agree}{further} limit 2"
    return f"select k.n, f.v from unnest({arrays}) with ordinality k ({names}, n) cross join lateral ({found}) f"


def read(words: Words, table: TableName, columns: Iterable[str]) -> str:
    """Return a query for no row that needs the privileges of a look-up."""
    return f"select {', '.join(map(words.name, columns))} from {words.table(table)} limit 0"


def _text(column: Column) -> str:
    name = f"t.{pg_name(column.name)}"
    return f"case {name} when true then 't' when false then 'f' end" if column.type.kind is Kind.BOOL else f"{name}::text"


def my_find(lookup: Lookup) -> Frame:
    """Return the query for the columns of `by` and the value to take, for a list of keys."""
    by = ", ".join(my_name(column.name) for column in lookup.by)
    head = f"select {by}, {my_name(lookup.take.name)} from {my_table(lookup.table.name)} where ({by}) in ("
    return Frame(head.encode(), b")", keys=True)


def my_find_each(lookup: Lookup, keys: Sequence[bytes]) -> bytes:
    """Return the query for (place from 0, value to take), where each key is compared by the server alone."""
    by = ", ".join(my_name(column.name) for column in lookup.by).encode()
    table, take = my_table(lookup.table.name).encode(), my_name(lookup.take.name).encode()
    return b" union all ".join(
        b"(select %d, %b from %b where (%b) = %b limit 2)" % (at, take, table, by, key) for at, key in enumerate(keys)
    )


def my_agreeing(match: Match) -> Callable[[int, Sequence[bytes]], bytes]:
    """Return what makes the query for (place, key of a row that agrees) from a place and the texts' literals: the server compares.

    One condition a column: MariaDB scans for a row of columns.
    """
    table, take = my_table(match.table.name).encode(), my_name(match.take.name).encode()
    names = [my_name(column.name).encode() for column in match.by]
    alive = f" and not {marks(match.marks)}".encode() if match.marks else b""

    def query(at: int, texts: Sequence[bytes]) -> bytes:
        agree = b" and ".join(b"%b = %b" % pair for pair in zip(names, texts, strict=True))
        return b"(select %d, %b from %b where %b%b limit 2)" % (at, take, table, agree, alive)

    return query
