"""A MySQL or MariaDB database as a source of changes."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any
from zlib import crc32

import pymysql
from pymysql.connections import Connection

from cdc.mapping.query.query import Query
from cdc.model.change import Idle, Part, Position, Row, Transaction
from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError
from cdc.model.table import Definition, Table, TableName
from cdc.server.mysql import connect, translated
from cdc.server.mysql_catalogue import describe
from cdc.source.echo import Told
from cdc.source.feed import Feed
from cdc.source.mysql import charsets, log, snapshot, text_rows
from cdc.source.mysql.assembler import Assembler
from cdc.source.mysql.driver import Dump, raw_rows
from cdc.source.mysql.position import LogPosition, parse
from cdc.source.mysql.progress import Progress
from cdc.source.mysql.query import Headers, connect_to_query, run, see
from cdc.source.mysql.shapes import Shapes
from cdc.source.mysql.stream import LogReader

_KEYS = 500
"""Keys in one query for whole rows."""


class MySQLSource:
    """Implements `Source`. Each thread has an ordinary connection of its own beside the one that the log comes on."""

    def __init__(
        self, endpoint: Endpoint, pipeline: str, tables: Sequence[TableName], target: str, told: frozenset[TableName] = frozenset()
    ) -> None:
        self._endpoint = endpoint
        self._pipeline = pipeline
        self._tables = tables
        self._target, self._told = target, Told(endpoint.name, told)
        self._sessions: dict[str, Connection[Any]] = {}
        self._reading: tuple[Feed, LogReader] | None = None
        self._headers: Headers = {}
        self._remarks: deque[str] = deque()

    def head(self) -> Position:
        with self._session("ask") as connection:
            return log.end(connection, log.inspect(connection)).text()

    def read(self, after: Position, until: Position | None = None) -> Iterator[Transaction | Part | Idle]:
        reader = self._reader(parse(after), parse(until) if until else None)
        feed = Feed(reader, self._endpoint.name)
        self._reading = feed, reader
        try:
            yield from feed.items()
        finally:
            self._stop()

    def confirm(self, upto: Position) -> None:
        """The server keeps its log by age, not by what we have read."""

    @contextmanager
    def snapshot(self, tables: Sequence[TableName]) -> Iterator[snapshot.TableSnapshot]:
        connection = connect(self._endpoint, database=False)
        try:
            with translated(self._endpoint.name):
                server = log.inspect(connection)
            yield snapshot.take(connection, server, tables, self._endpoint.name)
        finally:
            _close(connection)

    def fetch(self, table: Table, keys: Sequence[Row], since: Position) -> Iterable[Row]:
        rest, position = iter(keys), parse(since)
        while some := list(islice(rest, _KEYS)):
            query = f"{text_rows.select(table)} {text_rows.where(table, some)}"
            with self._session("ask") as connection:
                see(connection, position)
                found = list(text_rows.read(table, raw_rows(connection, query, self._endpoint.name)))
                connection.rollback()
            yield from found

    def query(self, query: Query, values: Sequence[Row], since: Position) -> Iterable[Row]:
        with self._session("query") as connection:
            yield from run(connection, query, values, parse(since), self._endpoint.name, self._headers)

    def lag_bytes(self, after: Position) -> int:
        with self._session("lag") as connection:
            return log.behind(log.files(connection), parse(after))

    def queued(self) -> int:
        reading = self._reading
        return reading[0].rows() if reading else 0

    def remarks(self) -> Iterator[str]:
        while self._remarks:
            yield self._remarks.popleft()

    def close(self) -> None:
        self._stop()
        for connection in list(self._sessions.values()):
            _close(connection)
        self._sessions = {}

    def _reader(self, after: LogPosition, until: LogPosition | None) -> LogReader:
        with self._session("log") as connection:
            server = log.inspect(connection)
            log.prove_continuity(connection, server, after, self._endpoint.name)
            known = charsets.read(connection)
        dump = Dump(self._endpoint, server_id(self._endpoint, self._pipeline), after)

        def definition(table: TableName) -> Definition | None:
            with self._session("log") as connection:
                return describe(connection, [table]).get(table)

        shapes = Shapes(self._tables, server, known, definition)
        self._remarks = shapes.renewed.remarks
        assembler = Assembler(Progress(after, server.identity), shapes, self._target, dump.checksum, self._told)
        return LogReader(dump, assembler, until, self._endpoint.name)

    @contextmanager
    def _session(self, role: str) -> Iterator[Connection[Any]]:
        """Give the connection that a thread asks on; it is replaced after an error."""
        if role not in self._sessions:
            self._sessions[role] = connect_to_query(self._endpoint) if role == "query" else connect(self._endpoint, database=False)
        try:
            with translated(self._endpoint.name):
                yield self._sessions[role]
        except CdcError:
            _close(self._sessions.pop(role))
            raise

    def _stop(self) -> None:
        if self._reading:
            feed, reader = self._reading
            self._reading = None
            feed.close()
            reader.close()


def server_id(endpoint: Endpoint, pipeline: str) -> int:
    """Return the number that we are known by as a reader of the log: stable, and far from those that people give to servers."""
    if given := endpoint.options.get("server_id"):
        return int(given)
    return 3_000_000_000 + crc32(f"{pipeline}@{socket.gethostname()}".encode()) % 1_000_000_000


def _close(connection: Connection[Any]) -> None:
    with suppress(pymysql.MySQLError, OSError):  # it may be broken already
        connection.close()
