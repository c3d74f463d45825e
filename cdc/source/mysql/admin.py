"""What `check` looks at on a MySQL or MariaDB source; there is nothing to set up there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pymysql
from pymysql.connections import Connection

from cdc.mapping.query.query import Query, Question, Refusal
from cdc.model.change import Position
from cdc.model.endpoint import Endpoint
from cdc.model.errors import Denied, Exit, Finding, Misconfigured
from cdc.model.table import Definition, TableName
from cdc.model.types import Kind
from cdc.model.value import value
from cdc.server.mysql import connect_to_ask, translated
from cdc.server.mysql_catalogue import describe, may_read, table_names
from cdc.source.mysql import log, query
from cdc.source.mysql.log import Server
from cdc.source.mysql.position import parse
from cdc.sql.names import my_table

_SECONDS = 30
"""For a question that is only asked to see what it is."""


@value
class _Setting:
    variable: str
    good: tuple[str, ...]
    code: str
    because: str
    mend: str
    exit: Exit = Exit.CONFIG


_REOPEN = "-- sessions that are open keep the old one: reconnect the applications"
_SETTINGS = (
    _Setting("log_bin", ("ON", "1"), "log-bin", "there is no log to read", "Set log_bin in the server's configuration and restart it."),
    _Setting("binlog_format", ("ROW",), "binlog-format", "statements don't say which rows they change", f"set global binlog_format = ROW; {_REOPEN}"),
    _Setting(
        "binlog_row_image", ("FULL", "FULL_NODUP"), "row-image", "rows are logged in part", f"set global binlog_row_image = FULL; {_REOPEN}"
    ),
    _Setting(
        "binlog_row_metadata", ("FULL",), "row-metadata", "rows are logged without their columns' names",
        "set global binlog_row_metadata = FULL;",
    ),
    _Setting(
        "sync_binlog", ("1",), "durability", "after a crash the log may lack what was read from it already",
        "set global sync_binlog = 1;", Exit.OK,
    ),
    _Setting(
        "innodb_flush_log_at_trx_commit", ("1",), "durability", "after a crash tables may lack what was read from the log already",
        "set global innodb_flush_log_at_trx_commit = 1;", Exit.OK,
    ),
    _Setting(
        "binlog_checksum", ("CRC32",), "checksum", "without TLS, nobody notices what the network does to the log",
        "set global binlog_checksum = CRC32;", Exit.OK,
    ),
    _Setting(
        "gtid_mode", ("ON",), "gtid-mode", "without GTIDs the log can't be followed to another server after a failover",
        "Set gtid_mode = ON, by way of OFF_PERMISSIVE and ON_PERMISSIVE.", Exit.OK,
    ),
)  # fmt: skip


class MySQLSourceAdmin:
    """Implements `SourceAdmin`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._opened: Connection[Any] | None = None
        self._queries: Connection[Any] | None = None

    def definitions(self, names: Sequence[TableName]) -> Mapping[TableName, Definition]:
        with translated(self._endpoint.name):
            return describe(self._connection(), names)

    def findings(self, tables: Sequence[Definition]) -> Sequence[Finding]:
        connection = self._connection()
        with translated(self._endpoint.name):
            server = log.inspect(connection)
            user = _one(connection, "select current_user()")
            return [
                *_version(server),
                *_settings(connection),
                *_privileges(connection, server, user),
                *_filters(connection, server, tables),
                *(finding for table in tables for finding in _table(connection, server, table)),
            ]

    def hidden(self, names: Sequence[TableName]) -> Mapping[TableName, Finding]:
        connection = self._connection()
        with translated(self._endpoint.name):
            user = _one(connection, "select current_user()")
            return {name: _unreadable(name, user) for name in names if not may_read(connection, name)}

    def tables(self) -> Sequence[TableName]:
        with translated(self._endpoint.name):
            return table_names(self._connection())

    def prove(self, after: Position) -> None:
        connection = self._connection()
        with translated(self._endpoint.name):
            log.prove_continuity(connection, log.inspect(connection), parse(after), self._endpoint.name)

    def prepare(self, question: Question) -> Query | Refusal:
        with translated(self._endpoint.name):
            return query.describe(self._questioned(), question, self._endpoint.database)

    def scans(self, asked: Query, table: Definition) -> Sequence[str]:
        with translated(self._endpoint.name):
            return tuple(query.scans(self._questioned(), asked, table))

    def setup(self, tables: Sequence[TableName], *, anew: bool = False) -> Sequence[str]:  # noqa: ARG002
        """Return nothing: the server's log is all that is needed."""
        return ()

    def teardown(self) -> Sequence[str]:
        """Return nothing: nothing was made."""
        return ()

    def execute(self, statement: str) -> None:
        with translated(self._endpoint.name), self._connection().cursor() as cursor:
            cursor.execute(statement)

    def close(self) -> None:
        for opened in (self._opened, self._queries):
            if opened:
                with suppress(pymysql.MySQLError, OSError):  # it may be broken already
                    opened.close()
        self._opened = self._queries = None

    def _questioned(self) -> Connection[Any]:
        if self._queries is None:
            self._queries = query.connect_to_query(self._endpoint, seconds=_SECONDS)
        return self._queries

    def _connection(self) -> Connection[Any]:
        if self._opened is None:
            self._opened = connect_to_ask(self._endpoint)
        return self._opened


def _version(server: Server) -> Iterator[Finding]:
    oldest = (10, 5) if server.mariadb else (8, 0)
    if server.version < oldest:
        name = "MariaDB" if server.mariadb else "MySQL"
        found = ".".join(map(str, server.version))
        yield Finding(
            "version", f"{name} {found} does not log columns' names", f"Upgrade to {name} {oldest[0]}.{oldest[1]} or later.", Exit.CONFIG
        )


def _settings(connection: Connection[Any]) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("show global variables where variable_name in %s", [{*(each.variable for each in _SETTINGS), "server_id"}])
        found = dict(cursor.fetchall())
    for each in _SETTINGS:
        text = found.get(each.variable)
        if text is not None and text.upper() not in each.good:
            yield Finding(each.code, f"{each.variable} is {text or 'empty'}: {each.because}", each.mend, each.exit)
    if found.get("server_id") == "0":
        yield Finding("server-id", "server_id is 0: the server sends its log to nobody", "set global server_id = 1;", Exit.CONFIG)


def _privileges(connection: Connection[Any], server: Server, user: str) -> Iterator[Finding]:
    grants = _grants(connection, server)
    monitor = "binlog monitor" if server.mariadb else "replication client"
    for privilege, synonyms in (
        ("replication slave", ("REPLICATION SLAVE",)),
        (monitor, ("BINLOG MONITOR", "REPLICATION CLIENT", "SUPER")),
    ):
        if not any(name in grant for grant in grants for name in (*synonyms, "ALL PRIVILEGES")):
            yield Finding("privilege", f"{user} lacks {privilege}", f"grant {privilege} on *.* to {_account(user)};", Exit.DENIED)


def _grants(connection: Connection[Any], server: Server) -> list[str]:
    """Return the global grants of this account and of the roles that it has taken on."""
    query = "show grants"
    roles = "NONE" if server.mariadb else _one(connection, "select current_role()")
    if roles != "NONE":
        query = f"show grants for current_user() using {roles}"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [grant for (grant,) in cursor.fetchall() if " ON *.* TO " in grant]


def _filters(connection: Connection[Any], server: Server, tables: Sequence[Definition]) -> Iterator[Finding]:
    """`binlog_do_db` and `binlog_ignore_db` stand in no variable, only in the log's status."""
    try:
        with translated(""):
            only, never = log.filters(connection, server)
    except (Denied, Misconfigured):  # both are findings already
        return
    for schema in sorted({table.name.schema for table in tables}):
        if schema in never or (only and schema not in only):
            yield Finding(
                "log-filter", f"changes in database {schema} are not logged", "Mend binlog_do_db and binlog_ignore_db.", Exit.CONFIG
            )


def _unreadable(name: TableName, user: str) -> Finding:
    return Finding("privilege", f"{user} may not read {name}", f"grant select on {my_table(name)} to {_account(user)};", Exit.DENIED)


def _table(connection: Connection[Any], server: Server, table: Definition) -> Iterator[Finding]:
    name = table.name
    if table.identity is None:
        yield Finding(
            "no-key", f"{name} has no primary key, and no unique one without NULLs: its rows can't be told apart",
            f"alter table {my_table(name)} add primary key (…);", Exit.CONFIG,
        )  # fmt: skip
    if server.mariadb or server.version < (9, 6):
        for key in table.foreign_keys:
            if key.cascades:
                yield Finding(
                    "cascade", f"{name}: what foreign key {key.name} changes when {key.parent} changes is not logged",
                    f"Recreate {key.name} without CASCADE and SET NULL, or map nothing that depends on it.", Exit.OK,
                )  # fmt: skip
    if table.history and (end := table.column(table.history)) and end.type.kind is not Kind.INSTANT:
        yield Finding(
            "history", f"{name} keeps its history by transactions: what changes it is logged as statements, not as rows",
            "Let it keep its history by timestamps (`timestamp(6) generated always as row start`, `… as row end`).", Exit.CONFIG,
        )  # fmt: skip
    engine = _one(connection, "select engine from information_schema.tables where table_schema = %s and table_name = %s", *name)
    if engine != "InnoDB":
        yield Finding(
            "engine", f"{name} is a table of {engine}: its changes are not transactions", f"alter table {my_table(name)} engine = InnoDB;",
            Exit.OK,
        )  # fmt: skip


def _account(user: str) -> str:
    name, _, host = user.rpartition("@")
    return f"'{name}'@'{host}'"


def _one(connection: Connection[Any], query: str, *arguments: object) -> str:
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        row = cursor.fetchone()
    return str(row[0]) if row else ""
