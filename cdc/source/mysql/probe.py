"""How old a server's binary log is and how long it is kept, and heartbeats as rows of a table of ours, where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias
from zlib import crc32

import pymysql
from pymysql.connections import Connection

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Exit, Finding, Misconfigured
from cdc.model.footing import Footing
from cdc.model.retention import Retention
from cdc.model.table import TableName
from cdc.server.mysql import connect, translated
from cdc.source.mysql import log
from cdc.source.mysql.driver import begun_at
from cdc.sql.ledger import HEARTBEAT, MYSQL_HEARTBEAT
from cdc.sql.names import my_text

_REFUSED = frozenset((1044, 1049, 1142, 1146, 1290, 1227))
"""No database, no table, no privilege, or a server that takes no writes: then there are no heartbeats."""
_BEAT = "insert into cdc.heartbeat (pipeline, at) values (%s, %s) on duplicate key update at = %s"
_TABLES = "select table_name from information_schema.tables where table_schema = 'cdc'"
_GRANTS = """
select privilege_type from information_schema.user_privileges where grantee = %s
union select privilege_type from information_schema.schema_privileges where grantee = %s and table_schema = 'cdc'"""
_OTHERS = "select count(*) from cdc.heartbeat where pipeline <> %s"
_KEEPS = """show global variables where variable_name in ('binlog_expire_logs_seconds', 'expire_logs_days')"""


_Rows: TypeAlias = Callable[..., Sequence[tuple[Any, ...]]]


def _tables(rows: _Rows) -> set[str]:
    return {str(name) for (name,) in rows(_TABLES)}


def _grantee(rows: _Rows) -> str:
    name, _, host = str(rows("select current_user()")[0][0]).rpartition("@")
    return f"'{name}'@'{host}'"


class MySQLProbe:
    """Implements `Probe`."""

    def __init__(self, endpoint: Endpoint, pipeline: str) -> None:
        self._endpoint, self._pipeline = endpoint, pipeline
        self._opened: Connection[Any] | None = None
        self._oldest: tuple[str, float] = ("", 0.0)

    def setup(self) -> Sequence[str]:
        if HEARTBEAT in _tables(self._rows) or not {"CREATE", "INSERT", "UPDATE"} <= {
            name for (name,) in self._rows(_GRANTS, *[_grantee(self._rows)] * 2)
        }:
            return ()
        return MYSQL_HEARTBEAT

    def teardown(self) -> Sequence[str]:
        """The table goes with the last pipeline, and with the last table our database."""
        tables = _tables(self._rows)
        if HEARTBEAT not in tables:
            return ()
        if self._rows(_OTHERS, self._pipeline)[0][0]:
            return (f"delete from cdc.heartbeat where pipeline = {my_text(self._pipeline)}",)
        return ("drop table cdc.heartbeat", *(["drop database cdc"] if tables == {HEARTBEAT} else []))

    def findings(self) -> Sequence[Finding]:
        if self.setup() or self._beats():
            return ()
        grant = f"grant insert, update on cdc.heartbeat to {_grantee(self._rows)};"
        hint = "\n".join(f"{statement};" for statement in MYSQL_HEARTBEAT) + f"\n{grant}\nOr say `heartbeat: off` under the pipeline."
        message = "our account may not write cdc.heartbeat: a quiet log shows no sign of life, and delay is measured in whole seconds"
        return (Finding("heartbeat", message, hint, Exit.OK),)

    def execute(self, statement: str) -> None:
        self._rows(statement)

    def beat(self, at: float) -> bool:
        connection = self._connection()
        with translated(self._endpoint.name), connection.cursor() as cursor:
            try:
                cursor.execute(_BEAT, (self._pipeline, at, at))
            except pymysql.MySQLError as error:
                if error.args and error.args[0] in _REFUSED:
                    return False
                raise
        return True

    def retention(self) -> Retention:
        connection = self._connection()
        with translated(self._endpoint.name), connection.cursor() as cursor:
            cursor.execute("select unix_timestamp(current_timestamp(6))")
            clock = float((cursor.fetchone() or (0,))[0])
            cursor.execute(_KEEPS)
            kept = {name: float(text) for name, text in cursor.fetchall()}
            file = next(iter(log.files(connection)), "")
        seconds = kept.get("binlog_expire_logs_seconds") or kept.get("expire_logs_days", 0.0) * 86400
        return Retention(clock, oldest=self._begun(file), keeps=seconds or None)

    def footings(self, names: Sequence[TableName], known: Mapping[TableName, Footing]) -> Mapping[TableName, Footing]:  # noqa: ARG002
        """Return nothing: the log has each statement about tables and partitions."""
        return {}

    def give_up(self) -> None:
        raise Misconfigured(f"{self._endpoint.name}: the server keeps its log by age, for nobody in particular", "Leave `give_up` out.")

    def close(self) -> None:
        if self._opened is not None:
            with suppress(pymysql.MySQLError, OSError):  # it may be broken already
                self._opened.close()
        self._opened = None

    def _beats(self) -> bool:
        """Try, and take it back: what is rolled back is not logged."""
        self._rows("begin")
        try:
            return self.beat(0.0)
        finally:
            self._rows("rollback")

    def _rows(self, statement: str, *given: str) -> Sequence[tuple[Any, ...]]:
        connection = self._connection()
        with translated(self._endpoint.name), connection.cursor() as cursor:
            cursor.execute(statement, given)
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _begun(self, file: str) -> float | None:
        """When a file was begun stands in its first event only; it is read once per file."""
        if file and file != self._oldest[0]:
            number = 2_000_000_000 + crc32(f"{self._pipeline} probe".encode()) % 1_000_000_000
            self._oldest = (file, begun_at(self._endpoint, number, file))
        return self._oldest[1] or None

    def _connection(self) -> Connection[Any]:
        if self._opened is None:
            self._opened = connect(self._endpoint, database=False)
        return self._opened
