"""One connection to a MySQL or MariaDB target: what the session sets, how statements run, and what a warning means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any

import pymysql

from cdc.failpoint import reach
from cdc.model.endpoint import Endpoint
from cdc.model.errors import BadRow, CdcError, Held
from cdc.server import mysql
from cdc.sql import mysql as sql
from cdc.sql.names import my_text
from cdc.target.lost import give_up, is_lost

_PATIENCE = 10
"""Seconds that the pipeline's lock is tried: a killed process's session may still be ending."""
_LIMIT = 300
"""Seconds that one statement may take."""

_SMALLEST_PACKET = 1024
"""max_allowed_packet at its least; we stay so far below it."""

_SETTINGS = (
    "autocommit = 0, completion_type = 0, innodb_lock_wait_timeout = 30, lock_wait_timeout = 30, foreign_key_checks = 1, unique_checks = 1,"
    " sql_safe_updates = 0, sql_select_limit = 18446744073709551615, sql_notes = 1, wait_timeout = 900"
)
_MARIADB = (
    f", check_constraint_checks = 1, max_error_count = 64, max_statement_time = {_LIMIT}, in_predicate_conversion_threshold = 0"
    f", idle_write_transaction_timeout = {_LIMIT}"  # of a host that has vanished; it would keep its rows locked for as long as wait_timeout
)
_MYSQL = f", max_execution_time = {_LIMIT * 1000}, range_optimizer_max_mem_size = 0"
"""A long list of keys is to stay a range over the index, never a scan."""

_DATA_WARNINGS = frozenset((1048, 1263, 1264, 1265, 1292, 1300, 1364, 1366, 1367, 1406, 1411, 1525, 1690, 1916, 1977, 3854))
"""Warnings and notes that say: what was stored or compared is not what we wrote."""


class Session:
    """A transaction is always open (autocommit is off), so that nothing can run outside of one after the server rolled back."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.where, self._endpoint = endpoint.name, endpoint
        self._connection = mysql.connect(endpoint)
        self._connection.decoders = {}  # values come as the server's text
        self._cursor = self._connection.cursor()
        self.number = 0
        self.underway = False
        """A transaction in parts is open: nothing may end it but its end."""
        self.limit = _SMALLEST_PACKET
        """Bytes of a statement at most."""
        try:
            version, packet, number = self.rows("select version(), @@max_allowed_packet, connection_id()")[0]
            self.dialect = _dialect(version)
            self.limit = int(packet) - _SMALLEST_PACKET
            self.number = int(number)
            self.execute("set session transaction read write")
            self.execute("set session " + _SETTINGS + (_MARIADB if self.dialect is sql.MARIADB else _MYSQL))
        except BaseException:
            self.close()
            raise

    def execute(self, statement: str | bytes) -> int:
        """Run a statement; return how many rows it changed.

        Raises `BadRow` when the server altered a value to make it fit, or would cut the connection over the statement's length.
        """
        if len(statement) > self.limit:
            raise sql.too_long(len(statement), self.limit)
        with mysql.translated(self.where):
            reach("apply.statement")
            affected: int = self._cursor.execute(statement)
            if self._cursor.warning_count:
                self._check(self._connection.show_warnings())  # type: ignore[no-untyped-call]
        return affected

    def rows(self, statement: str | bytes) -> Sequence[tuple[Any, ...]]:
        """Run a query; return its rows, undecoded."""
        self.execute(statement)
        found: Sequence[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def read(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """Run a query between two transactions, or in one that comes in parts; return its rows, undecoded."""
        found = self.rows(statement)
        self.let_go()
        return found

    def let_go(self) -> None:
        """End the transaction that a mere look has begun."""
        if not self.underway:
            self.rollback()

    def described(self, statement: str) -> Sequence[tuple[str, object]]:
        """Run a query that finds nothing; return its columns' names with all that the server says of each."""
        self.execute(statement)
        return [(column[0], column[1:]) for column in self._cursor.description]

    def insert(self, statement: bytes) -> str:
        """Insert one row; return the number that AUTO_INCREMENT gave it."""
        self.execute(statement)
        return str(self._cursor.lastrowid)

    def _check(self, warnings: Sequence[tuple[str, str, str]]) -> None:
        for _, given, text in warnings:
            number = int(given)
            if number in _DATA_WARNINGS:
                error = mysql.classify(pymysql.err.DataError(number, text), self.where)
                raise BadRow(str(error), "The value does not fit the column as it is: mend the mapping or the row.")

    def reaches(self, point: str) -> None:
        """Pass a failpoint that may raise what the server would."""
        with mysql.translated(self.where):
            reach(point)

    def commit(self) -> None:
        with mysql.translated(self.where):
            self._connection.commit()

    def rollback(self, *, part: bool = False) -> None:
        """Roll back, or undo the last part. Does not raise: a connection that is gone has undone everything, and so have some errors."""
        with suppress(pymysql.MySQLError, OSError):
            if part:
                self._cursor.execute("rollback to savepoint part")
            else:
                self._connection.rollback()

    def lock(self, pipeline: str, holder: str) -> None:
        """Take the pipeline's lock for as long as the session lives. Raises `Held`; `holder` says who was the last to take it."""
        name = my_text(lock_name(pipeline))
        if (by := self.rows(f"select is_used_lock({name})")[0][0]) is not None and is_lost(self._endpoint, int(by)):
            self.kill(int(by), pipeline)  # we have given it up, and the server has not noticed
        if self.rows(f"select get_lock({name}, {_PATIENCE})")[0][0] != "1":
            number = self.rows(f"select is_used_lock({name})")[0][0]
            raise Held(
                f"{self.where}: pipeline {pipeline} runs in another process: {holder} (connection {number})",
                f"Stop the other process. If its host is gone, end its session on the server: kill {number};",
            )

    def kill(self, other: int, pipeline: str) -> None:
        """End a session of ours that was lost and may not have noticed: if it is the one that has the pipeline's lock."""
        if self.rows(f"select is_used_lock({my_text(lock_name(pipeline))})")[0][0] == str(other):
            with suppress(CdcError):  # it ended meanwhile
                self.execute(f"kill {other}")

    def close(self) -> None:
        give_up(self._endpoint, self.number)
        with suppress(pymysql.MySQLError, OSError):
            self._connection.close()


def _dialect(version: str) -> sql.Dialect:
    if "mariadb" in version.lower():
        return sql.MARIADB
    return sql.MYSQL if [int(part) for part in re.findall(r"\d+", version)[:3]] > [8, 0, 18] else sql.MYSQL_8_0_18


def lock_name(pipeline: str) -> str:
    """Return the name of a pipeline's lock; MySQL allows 64 characters."""
    name = f"cdc.{pipeline}"
    return name if len(name) <= 64 else "cdc." + blake2b(pipeline.encode(), digest_size=16).hexdigest()
