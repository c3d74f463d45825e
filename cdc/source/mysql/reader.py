"""A MySQL or MariaDB database's rows for people, by select alone: no lock, no snapshot of our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import pymysql
from pymysql.connections import Connection

from cdc.mapping.query.query import Query
from cdc.model.change import Row
from cdc.model.endpoint import Endpoint
from cdc.model.table import Definition, Table
from cdc.server.mysql import connect, translated
from cdc.source.mysql import text_rows
from cdc.source.mysql.driver import raw_rows
from cdc.source.mysql.shapes import table_of
from cdc.source.mysql.source import MySQLSource
from cdc.sql.names import my_name

_KEYS = 500
"""Keys in one statement."""


class MySQLReader:
    """Implements `Reader`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._opened: Connection[Any] | None = None
        self._source = MySQLSource(endpoint, "look", (), "")

    def shape(self, definition: Definition) -> Table:
        return table_of(definition)

    def query(self, table: Table, limit: int | None = None) -> str:
        order = ", ".join(my_name(table.columns[place].name) for place in table.key)
        ordered = f" order by {order}" if order else ""
        return text_rows.select(table) + ordered + ("" if limit is None else f" limit {limit}")

    def rows(self, table: Table, limit: int | None, size: int) -> Iterator[list[Row]]:
        packets = raw_rows(self._connection(), self.query(table, limit), self._endpoint.name)
        rows = iter(text_rows.read(table, packets))
        while chunk := list(islice(rows, size)):
            yield chunk

    def fetch(self, table: Table, keys: Sequence[Row]) -> Iterable[Row]:
        """A target has no log to be behind of, so this is not the source's `fetch`."""
        rest = iter(keys)
        while some := list(islice(rest, _KEYS)):
            query = f"{text_rows.select(table)} {text_rows.where(table, some)}"
            yield from text_rows.read(table, raw_rows(self._connection(), query, self._endpoint.name))

    def ask(self, query: Query, keys: Sequence[Row]) -> Iterable[Row]:
        return self._source.query(query, keys, self._source.head())

    def close(self) -> None:
        self._source.close()
        if self._opened is not None:
            with suppress(pymysql.MySQLError, OSError):  # it is given up anyway
                self._opened.close()

    def _connection(self) -> Connection[Any]:
        if self._opened is None:
            self._opened = connect(self._endpoint, database=False)
            with translated(self._endpoint.name), self._opened.cursor() as cursor:
                cursor.execute("set session transaction read only")
        return self._opened
