"""A PostgreSQL database's rows for people, by select alone: no slot, no snapshot of our own, no lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import psycopg

from cdc.mapping.query.query import Query
from cdc.model.change import Position, Row
from cdc.model.endpoint import Endpoint
from cdc.model.table import Definition, Table
from cdc.server.postgresql import translated
from cdc.source.postgresql.copy_text import copied, names_text, whole_rows
from cdc.source.postgresql.session import Session
from cdc.source.postgresql.shapes import table_of
from cdc.source.postgresql.source import PostgreSQLSource


class PostgreSQLReader:
    """Implements `Reader`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._name = endpoint.name
        self._session = Session(endpoint, "cdc look")
        self._source = PostgreSQLSource(endpoint, "look", (), "")

    def shape(self, definition: Definition) -> Table:
        return table_of(definition)

    def query(self, table: Table, limit: int | None = None) -> str:
        with translated(self._name):
            order = f" order by {names_text(table, table.key)}" if table.key else ""
            return whole_rows(self._connection(), table) + order + ("" if limit is None else f" limit {limit}")

    def rows(self, table: Table, limit: int | None, size: int) -> Iterator[list[Row]]:
        query = self.query(table, limit)
        with translated(self._name):
            yield from copied(self._connection(), query, size)

    def fetch(self, table: Table, keys: Sequence[Row]) -> Iterable[Row]:
        return self._source.fetch(table, keys, Position(""))

    def ask(self, query: Query, keys: Sequence[Row]) -> Iterable[Row]:
        return self._source.query(query, keys, Position(""))  # what is committed is seen, with no log to run behind

    def close(self) -> None:
        self._session.close()
        self._source.close()

    def _connection(self) -> psycopg.Connection:
        connection = self._session.connection()
        connection.execute("set session characteristics as transaction read only")
        return connection
