"""COPY's text format to rows: the same canonical text as the stream gives, since both call the types' output functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import psycopg

from cdc.model.change import Row
from cdc.model.table import Table
from cdc.sql.names import pg_name, pg_table

_PARTITIONED = """
select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = %s and c.relname = %s and c.relkind = 'p'"""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def whole_rows(connection: psycopg.Connection, table: Table) -> str:
    """Return the query for all columns of a table and alias `t`; a table that others inherit from without theirs, as in the log."""
    partitioned = connection.execute(_PARTITIONED, tuple(table.name)).fetchone() is not None
    only = "" if partitioned else "only "
    return f"select {names_text(table, range(len(table.columns)))} from {only}{pg_table(table.name)} t"


def names_text(table: Table, places: Iterable[int]) -> str:
    return ", ".join(f"t.{pg_name(table.columns[at].name)}" for at in places)


def copied(connection: psycopg.Connection, query: str, size: int) -> Iterator[list[Row]]:
    """Yield a query's rows, `size` at a time, as they come: no more than that is held. The connection is busy until the end."""
    rows: list[Row] = []
    with connection.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout") as lines:
        for line in lines:
            rows.append(row(line))
            if len(rows) == size:
                yield rows
                rows = []
    if rows:
        yield rows


def row(line: bytes | bytearray | memoryview) -> Row:
    r"""Split a line, its end included. `\N` is NULL."""
    text = bytes(line[:-1]).decode()
    if "\\" not in text:
        return tuple(text.split("\t"))
    return tuple(None if field == "\\N" else _plain(field) for field in text.split("\t"))


def _plain(field: str) -> str:
    return _ESCAPE.sub(_unescaped, field) if "\\" in field else field


def _unescaped(match: re.Match[str]) -> str:
    character = match[1]
    return _LETTERS.get(character, character)
