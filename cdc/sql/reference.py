"""Look-ups to statements: many at once, each with its place, two rows at most for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cdc.model.reference import Lookup
from cdc.model.table import Column, TableName
from cdc.model.types import Kind
from cdc.model.words import Words
from cdc.sql.mysql import Frame
from cdc.sql.names import my_name, my_table, pg_name, pg_table
from cdc.sql.postgresql import equals, staged_type


def pg_find(lookup: Lookup) -> str:
    """Return the query for the values to take: (place from 1, text). It takes one array literal per column of `by`."""
    arrays = ", ".join(f"${at}::{staged_type(column.type)}[]" for at, column in enumerate(lookup.by, start=1))
    names = ", ".join(f"c{at}" for at in range(len(lookup.by)))
    match = " and ".join(f"t.{pg_name(column.name)} {equals(column.type)} k.c{at}" for at, column in enumerate(lookup.by))
    found = f"select {_text(lookup.take)} as v from {pg_table(lookup.table.name)} t where {match} limit 2"
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
