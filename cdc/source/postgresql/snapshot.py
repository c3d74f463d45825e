"""The tables as they are at one place in the log: a temporary slot's exported snapshot, read by an ordinary connection."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace

import structlog

from cdc.model.change import Position, Row
from cdc.model.endpoint import Endpoint
from cdc.model.errors import Misconfigured
from cdc.model.table import Definition, Table, TableName
from cdc.server.postgresql import translated
from cdc.server.postgresql_catalogue import describe
from cdc.source.postgresql.continuity import here
from cdc.source.postgresql.copy_text import copied, names_text, whole_rows
from cdc.source.postgresql.position import Place, lsn_number, position
from cdc.source.postgresql.session import Session
from cdc.source.postgresql.shapes import table_of
from cdc.source.postgresql.walsender import Walsender
from cdc.sql.names import pg_name, pg_text

_PATIENCE = 5.0
"""Seconds of waiting for other transactions after which we say so."""

_WRITERS = """
select distinct pid from pg_locks
where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted and pid is not null order by pid"""
"""Every writing transaction holds the lock of its own number. pg_stat_activity would hide those of other roles."""

log = structlog.get_logger()


class PostgreSQLSnapshot:
    """One repeatable-read transaction on a connection that ends with it."""

    def __init__(self, session: Session, at: Place, definitions: Mapping[TableName, Definition]) -> None:
        self.position: Position = position(at)
        self._session = session
        self._definitions = definitions
        self._tables = {name: table_of(definition) for name, definition in definitions.items()}

    def estimate(self, table: TableName) -> int:
        return self._definitions[table].estimate

    def rows(self, table: TableName, size: int) -> Iterator[tuple[Table, list[Row]]]:
        shape = self._tables[table]
        with translated(self._session.name):
            connection = self._session.connection()
            order = f" order by {names_text(shape, shape.key)}" if shape.key else ""
            for rows in copied(connection, whole_rows(connection, shape) + order, size):
                yield shape, rows


@contextmanager
def open_snapshot(endpoint: Endpoint, pipeline: str, tables: Sequence[TableName]) -> Iterator[PostgreSQLSnapshot]:
    """Open a snapshot of the tables. It waits until all transactions that write now have ended, and says so if that takes a while."""
    with closing(Session(endpoint, f"cdc {pipeline} load")) as session:
        with closing(Walsender(endpoint, f"cdc {pipeline} load")) as walsender, translated(endpoint.name):
            at, exported = _export(walsender, session, pipeline)
            connection = session.connection()
            connection.execute("begin isolation level repeatable read, read only")
            connection.execute(f"set transaction snapshot {pg_text(exported)}")
        with translated(endpoint.name):
            definitions = describe(connection, tables)
        if missing := [str(table) for table in tables if table not in definitions]:
            raise Misconfigured(f"{endpoint.name}: there is no table {', '.join(missing)}", "Create it, or mend the mapping.")
        yield PostgreSQLSnapshot(session, at, definitions)


def _export(walsender: Walsender, session: Session, pipeline: str) -> tuple[Place, str]:
    """Make a temporary slot; return where it begins and the name of its snapshot. Both end with the walsender's connection."""
    log_end = here(walsender.execute, walsender.name)
    walsender.send(f"CREATE_REPLICATION_SLOT {pg_name(f'cdc_load_{secrets.token_hex(4)}')} TEMPORARY LOGICAL pgoutput")
    if not walsender.answered(_PATIENCE):
        pids = [pid for (pid,) in session.connection().execute(_WRITERS)]
        log.warning("the snapshot waits for open transactions", pipeline=pipeline, database=walsender.name, pids=pids)
    ((_, start, exported, _),) = walsender.answer()
    assert start is not None
    assert exported is not None
    return replace(log_end, lsn=lsn_number(start)), exported
