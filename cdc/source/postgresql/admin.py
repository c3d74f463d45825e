"""The one-time work on a PostgreSQL source: what `check` finds, and the statements of `setup` and `teardown`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

from cdc.mapping.query.query import Query, Question, Refusal
from cdc.model.change import Position
from cdc.model.endpoint import Endpoint
from cdc.model.errors import Finding, Held, Misconfigured
from cdc.model.table import Definition, TableName
from cdc.server.postgresql import translated
from cdc.server.postgresql_catalogue import describe, table_names
from cdc.source.postgresql import query
from cdc.source.postgresql.continuity import prove
from cdc.source.postgresql.failover import COMMAND, alteration, creation, failover_findings, wanted
from cdc.source.postgresql.findings import (
    identity_findings,
    publication_findings,
    publisher_findings,
    role_findings,
    server_findings,
    slot_findings,
)
from cdc.source.postgresql.names import slot_name
from cdc.source.postgresql.position import place
from cdc.source.postgresql.publication import LOST, Publication, read_publication
from cdc.source.postgresql.session import Session
from cdc.source.postgresql.walsender import Walsender
from cdc.sql.names import pg_name, pg_table, pg_text

_SLOT = """
select active_pid, to_jsonb(s) ->> 'failover' = 'true' from pg_replication_slots s
where slot_name = %s and plugin = 'pgoutput' and database = current_database() and not temporary"""

_LOST = """
select from pg_replication_slots s
where slot_name = %s and plugin = 'pgoutput' and (wal_status = 'lost' or to_jsonb(s) ->> 'invalidation_reason' is not null)"""


class PostgreSQLSourceAdmin:
    """One pipeline's slot and publication, of the same name. Nothing is changed but by `execute`."""

    def __init__(self, endpoint: Endpoint, pipeline: str) -> None:
        self._name = slot_name(pipeline)
        self._where = endpoint.name
        self._endpoint = endpoint
        self._failover = wanted(endpoint.options)
        self._session = Session(endpoint, f"cdc {pipeline} admin")
        self._queries = Session(endpoint, f"cdc {pipeline} admin", query.QUERY_SETTINGS)

    def definitions(self, names: Sequence[TableName]) -> Mapping[TableName, Definition]:
        with translated(self._where):
            return describe(self._session.connection(), names)

    def findings(self, tables: Sequence[Definition]) -> Sequence[Finding]:
        with translated(self._where):
            connection = self._session.connection()
            names = [table.name for table in tables]
            publication = read_publication(connection, self._name)
            return [
                *server_findings(connection, self._name, waits=self._failover),
                *role_findings(connection, names),
                *identity_findings(tables),
                *slot_findings(connection, self._name),
                *(failover_findings(connection, self._name) if self._failover else ()),
                *publication_findings(self._name, publication, names),
                *(publisher_findings(connection, _create(self._name, names), names) if publication is None and names else ()),
            ]

    def hidden(self, names: Sequence[TableName]) -> Mapping[TableName, Finding]:  # noqa: ARG002
        """Return nothing: the catalogue shows every role all tables."""
        return {}

    def tables(self) -> Sequence[TableName]:
        with translated(self._where):
            return table_names(self._session.connection())

    def prove(self, after: Position) -> None:
        with closing(Walsender(self._endpoint, f"{self._name} admin")) as walsender:
            prove(walsender.execute, self._where, self._name, place(after))
        with translated(self._where):
            connection = self._session.connection()
            if read_publication(connection, self._name) is None:
                raise Misconfigured(f"{self._where}: the publication {self._name} does not exist", f"`cdc setup` makes it. {LOST}")

    def prepare(self, question: Question) -> Query | Refusal:
        with translated(self._where):
            return query.describe(self._queries.connection(), self._session.connection(), question)

    def scans(self, asked: Query, table: Definition) -> Sequence[str]:
        with translated(self._where):
            return tuple(query.scans(self._queries.connection(), asked, table))

    def setup(self, tables: Sequence[TableName], *, anew: bool = False) -> Sequence[str]:
        """The publication comes first: a slot can't use one that is younger than its log. One that the server has invalidated is of no use."""
        with translated(self._where):
            connection = self._session.connection()
            statements = _publication_statements(self._name, read_publication(connection, self._name), tables)
            lost = anew and connection.execute(_LOST, (self._name,)).fetchone() is not None
            if lost:
                statements.append(f"select pg_drop_replication_slot({pg_text(self._name)})")
            slot = connection.execute(_SLOT, (self._name,)).fetchone()
            if lost or slot is None:
                statements.append(creation(self._name, failover=self._failover))
            elif self._failover and slot[1] is False:
                statements.append(alteration(self._name))
            return statements

    def teardown(self) -> Sequence[str]:
        """Raises `Held`, naming the process, when the slot is in use."""
        with translated(self._where):
            connection = self._session.connection()
            statements = []
            if slot := connection.execute(_SLOT, (self._name,)).fetchone():
                if slot[0] is not None:
                    raise Held(f"{self._where}: the replication slot {self._name} is in use by process {slot[0]}", "Stop `cdc run` first.")
                statements.append(f"select pg_drop_replication_slot({pg_text(self._name)})")
            if read_publication(connection, self._name) is not None:
                statements.append(f"drop publication {pg_name(self._name)}")
            return statements

    def execute(self, statement: str) -> None:
        if statement.startswith(COMMAND):
            with closing(Walsender(self._endpoint, f"{self._name} admin")) as walsender:
                walsender.execute(statement)
            return
        with translated(self._where):
            self._session.connection().execute(statement)

    def close(self) -> None:
        self._session.close()
        self._queries.close()


def _publication_statements(name: str, publication: Publication | None, tables: Sequence[TableName]) -> list[str]:
    if publication is None:
        return [_create(name, tables)]
    alter, statements = f"alter publication {pg_name(name)}", []
    if not publication.everything and (publication.narrowed or publication.members != frozenset(tables)):
        statements.append(f"{alter} set table {_listed(tables)}")
    if not publication.by_root:
        statements.append(f"{alter} set (publish_via_partition_root = true)")
    if not publication.all_operations:
        statements.append(f"{alter} set (publish = 'insert, update, delete, truncate')")
    return statements


def _create(name: str, tables: Sequence[TableName]) -> str:
    return f"create publication {pg_name(name)} for table {_listed(tables)} with (publish_via_partition_root = true)"


def _listed(tables: Sequence[TableName]) -> str:
    """ONLY leaves out tables that inherit; partitions are always in."""
    return ", ".join(f"only {pg_table(table)}" for table in tables)
