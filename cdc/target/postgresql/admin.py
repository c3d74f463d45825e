"""The one-time work on a PostgreSQL target, over an ordinary connection: what is missing, what would go wrong, who runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import psycopg

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Finding
from cdc.model.table import Definition, TableName
from cdc.model.words import ParkedWords, Words
from cdc.model.write import Checkpoint
from cdc.server.postgresql import connect, translated
from cdc.server.postgresql_catalogue import describe, table_names
from cdc.sql import postgresql_checkpoint as sql
from cdc.sql.crosswalk_admin import POSTGRESQL as POSTGRESQL_WORDS
from cdc.sql.layout import POSTGRESQL, Present, needed, present
from cdc.sql.ledger import AUDIT, CHECKPOINT, CROSSWALK, PARKED, POSTGRESQL_CROSSWALK, SCHEMA
from cdc.sql.parked import POSTGRESQL as POSTGRESQL_PARKED
from cdc.sql.parked import forget as forget_parked
from cdc.target.postgresql.fence import holder, stored
from cdc.target.postgresql.findings import role_findings, server_findings, table_findings

_OURS = """select c.relname from pg_namespace n left join pg_class c on c.relnamespace = n.oid and c.relkind not in ('i', 'S')
where n.nspname = $1"""
"""The relations in our schema, less what only belongs to one; one row of NULL when it has none, no row when it does not exist."""


class PostgreSQLTargetAdmin:
    """A `TargetAdmin`. Nothing is changed but by `execute`."""

    words: ClassVar[Words] = POSTGRESQL_WORDS
    parked: ClassVar[ParkedWords] = POSTGRESQL_PARKED

    def __init__(self, endpoint: Endpoint, pipeline: str) -> None:
        self._where = endpoint.name
        self._pipeline = pipeline
        self._connection = connect(endpoint, f"cdc {pipeline} admin")

    def definitions(self, names: Sequence[TableName]) -> Mapping[TableName, Definition]:
        with translated(self._where):
            return describe(self._connection, names)

    def hidden(self, names: Sequence[TableName]) -> Mapping[TableName, Finding]:  # noqa: ARG002
        """Return nothing: the catalogue shows every role all tables."""
        return {}

    def tables(self) -> Sequence[TableName]:
        with translated(self._where):
            return table_names(self._connection)

    def findings(self, tables: Sequence[Definition]) -> Sequence[Finding]:
        with translated(self._where):
            return [
                *server_findings(self._connection),
                *role_findings(self._connection),
                *(finding for table in tables for finding in table_findings(self._connection, table.name)),
            ]

    def setup(self, *, crosswalk: bool = False) -> Sequence[str]:
        there = self._relations()
        more = crosswalk and CROSSWALK not in there
        return [*needed(POSTGRESQL, self._present(), schema=bool(there)), *(POSTGRESQL_CROSSWALK if more else [])]

    def teardown(self, *, crosswalk: bool = False) -> Sequence[str]:
        """Our schema goes with the last pipeline, unless someone has put a thing of their own into it."""
        there = self._relations()
        if CHECKPOINT not in there:
            return []
        pipelines = {pipeline for (pipeline,) in self.ask(sql.PIPELINES)}
        if pipelines - {self._pipeline}:
            ours = [sql.forget(self._pipeline)] if self._pipeline in pipelines else []
            return [*ours, *([forget_parked(self.parked, self._pipeline)] if ours and PARKED in there else [])]
        gone = {CHECKPOINT} | ({AUDIT, PARKED} & there) | ({CROSSWALK} & there if crosswalk else set())
        return [*(f"drop table {SCHEMA}.{name}" for name in sorted(gone)), *([f"drop schema {SCHEMA}"] if there == gone else [])]

    def execute(self, statement: str) -> None:
        self.ask(statement)

    def checkpoint(self) -> Checkpoint | None:
        rows = self.ask(sql.READ, self._pipeline) if self._present().number else []
        return stored(*rows[0]) if rows else None

    def holder(self) -> str | None:
        if CHECKPOINT not in self._relations():
            return None
        with translated(self._where):
            return holder(self._connection, self._pipeline)

    def close(self) -> None:
        with suppress(psycopg.Error):  # it may be gone already
            self._connection.close()

    def _present(self) -> Present:
        return present(self.ask(POSTGRESQL.columns), self._where)

    def _relations(self) -> set[str | None]:
        return {name for (name,) in self.ask(_OURS, SCHEMA)}

    def ask(self, statement: str, *given: str) -> Sequence[tuple[Any, ...]]:
        with translated(self._where), psycopg.RawCursor(self._connection) as cursor:
            cursor.execute(statement.encode(), given)
            return cursor.fetchall() if cursor.description else []
