"""A PostgreSQL database as a source: its logical replication slot's stream, snapshots, and rows by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

from cdc.mapping.query.query import Query
from cdc.model.change import ABSENT, Idle, Part, Position, Row, Transaction, Value
from cdc.model.endpoint import Endpoint
from cdc.model.table import Table, TableName
from cdc.server.postgresql import translated
from cdc.source.echo import Told
from cdc.source.feed import Feed
from cdc.source.postgresql.continuity import here
from cdc.source.postgresql.copy_text import copied, names_text, whole_rows
from cdc.source.postgresql.names import slot_name
from cdc.source.postgresql.position import lsn_text, place, position
from cdc.source.postgresql.query import QUERY_SETTINGS, Asker
from cdc.source.postgresql.session import Session
from cdc.source.postgresql.snapshot import PostgreSQLSnapshot, open_snapshot
from cdc.source.postgresql.stream import Stream, open_stream
from cdc.sql.names import pg_text

_FETCH = 1_000
"""Keys in one query of `fetch`."""

_LAG = "select greatest(pg_current_wal_lsn() - %s::pg_lsn, 0)::bigint"


class PostgreSQLSource:
    """Follows `tables` through the slot and publication of the pipeline. `target` is the name on our own transactions' markers; `told` are those of the
    tables of which their rows are told all the same.

    Connections are opened when they are first needed: the walsender with the reader's catalogue, one for the loop, one for `query`, one for `lag_bytes`.
    """

    def __init__(
        self, endpoint: Endpoint, pipeline: str, tables: Sequence[TableName], target: str, told: frozenset[TableName] = frozenset()
    ) -> None:
        self._endpoint = endpoint
        self._pipeline = pipeline
        self._tables = tables
        self._target, self._told = target, Told(endpoint.name, told)
        self._session = Session(endpoint, f"cdc {pipeline}")
        self._lag = Session(endpoint, f"cdc {pipeline} lag")
        self._queries = Session(endpoint, f"cdc {pipeline} query", QUERY_SETTINGS)
        self._asker: Asker | None = None
        self._stream: Stream | None = None
        self._feed: Feed | None = None
        self._confirmed = 0

    def head(self) -> Position:
        """Return the end of what is durable in the log."""
        with translated(self._endpoint.name):
            connection = self._session.connection()
            return position(here(lambda query: connection.execute(query).fetchall(), self._endpoint.name))

    def read(self, after: Position, until: Position | None = None) -> Iterator[Transaction | Part | Idle]:
        self._end_stream()
        end = None if until is None else place(until).lsn
        stream = open_stream(self._endpoint, slot_name(self._pipeline), self._tables, self._target, place(after), end, self._told)
        stream.confirm(self._confirmed)
        self._stream, self._feed = stream, Feed(stream, self._pipeline)
        yield from self._feed.items()

    def confirm(self, upto: Position) -> None:
        self._confirmed = place(upto).lsn
        if self._stream is not None:
            self._stream.confirm(self._confirmed)

    def snapshot(self, tables: Sequence[TableName]) -> AbstractContextManager[PostgreSQLSnapshot]:
        return open_snapshot(self._endpoint, self._pipeline, tables)

    def fetch(self, table: Table, keys: Sequence[Row], since: Position) -> Iterable[Row]:  # noqa: ARG002
        """The log's reader knows what it has told of; that a place in the log is visible can't be asked."""
        with translated(self._endpoint.name):
            connection = self._session.connection()
            if self._stream is not None:
                self._stream.unseen.wait(connection)
            query = whole_rows(connection, table)
            for start in range(0, len(keys), _FETCH):
                for rows in copied(connection, f"{query} where {_any_of(table, keys[start : start + _FETCH])}", _FETCH):
                    yield from rows

    def query(self, query: Query, values: Sequence[Row], since: Position) -> Iterable[Row]:  # noqa: ARG002
        """As `fetch` does."""
        with translated(self._endpoint.name):
            connection = self._queries.connection()
            if self._stream is not None:
                self._stream.unseen.wait(connection)
            self._asker = self._asker or Asker(connection, self._session.connection())
            yield from self._asker.run(query, values)

    def lag_bytes(self, after: Position) -> int:
        with translated(self._endpoint.name):
            row = self._lag.connection().execute(_LAG, (lsn_text(place(after).lsn),)).fetchone()
        return row[0] if row else 0

    def queued(self) -> int:
        return 0 if self._feed is None else self._feed.rows()

    def remarks(self) -> Iterator[str]:
        """Of columns that were made anew the tables' footing tells."""
        while (stream := self._stream) is not None and stream.remarks:
            yield stream.remarks.popleft()

    def close(self) -> None:
        self._end_stream()
        self._session.close()
        self._lag.close()
        self._queries.close()

    def _end_stream(self) -> None:
        if self._feed is not None:
            self._feed.close()
        if self._stream is not None:
            self._stream.close()
        self._stream = self._feed = None


def _any_of(table: Table, keys: Sequence[Row]) -> str:
    """Return the condition that the key is one of these. COPY takes no parameters, so the values stand as literals."""
    types = [table.columns[at].type.native for at in table.key]
    rows = (", ".join(map(_literal, key, types)) for key in keys)
    return f"({names_text(table, table.key)}) in (values {', '.join(f'({row})' for row in rows)})"


def _literal(text: Value, native: str) -> str:
    assert text is not ABSENT, "a row is fetched by a whole key"
    return f"cast({'null' if text is None else pg_text(text)} as {native})"
