"""Tables as they were at one position of the log, for the initial load.

MariaDB gives the position of a consistent snapshot without any lock. MySQL has no such thing: where the account may (RELOAD), a global
read lock is held for as long as it takes to read the position and to begin the transaction; elsewhere the position is read first, so
the stream repeats what was committed between position and snapshot. That converges: each change writes what the row was after it, and
the last one writes what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from pymysql.connections import Connection

from cdc.model.change import Position, Row
from cdc.model.errors import Denied, Misconfigured, Transient
from cdc.model.table import Definition, Table, TableName
from cdc.server.mysql import translated
from cdc.server.mysql_catalogue import describe
from cdc.source.mysql import log, text_rows
from cdc.source.mysql.driver import raw_rows
from cdc.source.mysql.log import Server
from cdc.source.mysql.position import LogPosition
from cdc.source.mysql.shapes import table_of
from cdc.sql.names import my_name

_BEGIN = "start transaction with consistent snapshot"


class TableSnapshot:
    """Implements the source's `Snapshot` on a connection of its own."""

    def __init__(self, connection: Connection[Any], position: Position, definitions: Mapping[TableName, Definition], where: str) -> None:
        self.position = position
        self._connection = connection
        self._definitions = definitions
        self._where = where

    def estimate(self, table: TableName) -> int:
        return self._definitions[table].estimate

    def rows(self, table: TableName, size: int) -> Iterator[tuple[Table, list[Row]]]:
        shape = table_of(self._definitions[table])
        order = ", ".join(my_name(shape.columns[place].name) for place in shape.key)
        query = text_rows.select(shape) + (f" order by {order}" if order else "")
        rows = iter(text_rows.read(shape, raw_rows(self._connection, query, self._where)))
        while chunk := list(islice(rows, size)):
            yield shape, chunk


def take(connection: Connection[Any], server: Server, tables: Sequence[TableName], where: str) -> TableSnapshot:
    """Begin the snapshot on a fresh connection; it ends with the connection."""
    with translated(where), connection.cursor() as cursor:
        cursor.execute("set session transaction isolation level repeatable read")
        cursor.execute("set session net_write_timeout = 3600")
        cursor.execute("set session max_statement_time = 0" if server.mariadb else "set session max_execution_time = 0")
        position = _mariadb(connection, server) if server.mariadb else _mysql(connection, server)
        definitions = describe(connection, tables)
    missing = [str(name) for name in tables if name not in definitions]
    if missing:
        raise Misconfigured(f"{where}: no such table, or no privilege on it: {', '.join(missing)}", "Check the mappings and the grants.")
    return TableSnapshot(connection, position.text(), definitions, where)


def _mariadb(connection: Connection[Any], server: Server) -> LogPosition:
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN)
        cursor.execute("show status like 'binlog_snapshot_%'")
        status = {name.lower(): text for name, text in cursor.fetchall()}
    file, offset = status["binlog_snapshot_file"], int(status["binlog_snapshot_position"])
    return log.at(connection, server, file, offset)


def _mysql(connection: Connection[Any], server: Server) -> LogPosition:
    with connection.cursor() as cursor, _quiet(connection):
        position = log.end(connection, server)
        cursor.execute(_BEGIN)
    return position


@contextmanager
def _quiet(connection: Connection[Any]) -> Iterator[None]:
    """Hold the global read lock, if we may, and if no long query makes us wait for it: all writers would wait with us."""
    with connection.cursor() as cursor:
        cursor.execute("set session lock_wait_timeout = 5")
        try:
            with translated(""):
                cursor.execute("flush tables with read lock")
        except (Denied, Transient):
            yield
            return
        yield
        cursor.execute("unlock tables")
