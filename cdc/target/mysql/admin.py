"""The one-time work on a MySQL or MariaDB target, over an ordinary connection: what is missing, what would go wrong, who runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import pymysql

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Finding
from cdc.model.table import Definition, TableName
from cdc.model.words import ParkedWords, Words
from cdc.model.write import Checkpoint
from cdc.server import mysql
from cdc.server.mysql_catalogue import describe, may_read, table_names
from cdc.sql import mysql_checkpoint
from cdc.sql.crosswalk_admin import MYSQL as MYSQL_WORDS
from cdc.sql.layout import MYSQL, Present, needed, present
from cdc.sql.ledger import AUDIT, CHECKPOINT, CROSSWALK, MYSQL_CROSSWALK, PARKED, SCHEMA
from cdc.sql.names import my_table, my_text
from cdc.sql.parked import MYSQL as MYSQL_PARKED
from cdc.sql.parked import forget as forget_parked
from cdc.target.mysql.findings import LEDGER, findings, unwritable
from cdc.target.mysql.session import lock_name


class MySQLTargetAdmin:
    """A `TargetAdmin` on MySQL or MariaDB."""

    words: ClassVar[Words] = MYSQL_WORDS
    parked: ClassVar[ParkedWords] = MYSQL_PARKED

    def __init__(self, endpoint: Endpoint, pipeline: str) -> None:
        self._endpoint = endpoint
        self._pipeline = pipeline
        self._connection = mysql.connect_to_ask(endpoint)

    def definitions(self, names: Sequence[TableName]) -> Mapping[TableName, Definition]:
        with mysql.translated(self._endpoint.name):
            return describe(self._connection, names)

    def hidden(self, names: Sequence[TableName]) -> Mapping[TableName, Finding]:
        shown = self.definitions(names)
        with mysql.translated(self._endpoint.name):
            unseen = [name for name in names if name not in shown and not may_read(self._connection, name)]
        return {name: unwritable(self._endpoint.name, self.ask, name) for name in unseen}

    def tables(self) -> Sequence[TableName]:
        with mysql.translated(self._endpoint.name):
            return table_names(self._connection)

    def findings(self, tables: Sequence[Definition]) -> Sequence[Finding]:
        return list(findings(self._endpoint, self.ask, self.definitions([LEDGER]).get(LEDGER), tables))

    def setup(self, *, crosswalk: bool = False) -> Sequence[str]:
        there, made = self._present(), self.ask(f"select 1 from information_schema.schemata where schema_name = {my_text(SCHEMA)}")
        more = crosswalk and CROSSWALK not in there.columns
        return [*needed(MYSQL, there, schema=bool(made)), *(MYSQL_CROSSWALK if more else [])]

    def teardown(self, *, crosswalk: bool = False) -> Sequence[str]:
        tables = set(self._present().columns)
        if CHECKPOINT not in tables:
            return []
        pipelines = {row[0] for row in self.ask(mysql_checkpoint.PIPELINES)}
        if pipelines - {self._pipeline}:
            ours = [mysql_checkpoint.forget(self._pipeline)] if self._pipeline in pipelines else []
            return [*ours, *([forget_parked(self.parked, self._pipeline)] if ours and PARKED in tables else [])]
        gone = {CHECKPOINT} | ({AUDIT, PARKED} & tables) | ({CROSSWALK} & tables if crosswalk else set())
        return [
            *(f"drop table {my_table(TableName(SCHEMA, name))}" for name in sorted(gone)),
            *([f"drop database {SCHEMA}"] if tables == gone else []),
        ]

    def execute(self, statement: str) -> None:
        self.ask(statement)

    def checkpoint(self) -> Checkpoint | None:
        stored = self._stored()
        return stored.checkpoint if stored else None

    def holder(self) -> str | None:
        number = self.ask(f"select is_used_lock({my_text(lock_name(self._pipeline))})")[0][0]
        if number is None:
            return None
        stored = self._stored()
        return f"{stored.holder if stored else 'unknown'} (connection {number})"

    def close(self) -> None:
        with suppress(pymysql.MySQLError, OSError):  # it may be gone already
            self._connection.close()

    def ask(self, statement: str) -> Sequence[tuple[Any, ...]]:
        with mysql.translated(self._endpoint.name), self._connection.cursor() as cursor:
            cursor.execute(statement)
            found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return found

    def _present(self) -> Present:
        return present(self.ask(MYSQL.columns), self._endpoint.name)

    def _stored(self) -> mysql_checkpoint.Stored | None:
        if not self._present().number:
            return None
        return mysql_checkpoint.stored(self.ask(mysql_checkpoint.select(self._pipeline, lock=False)))
