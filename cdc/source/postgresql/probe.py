"""A pipeline's slot as its server sees it, heartbeats as logical messages, and the last way out: dropping the slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Finding
from cdc.model.footing import Footing
from cdc.model.retention import Retention
from cdc.model.table import TableName
from cdc.server.postgresql import translated
from cdc.source.postgresql import footing
from cdc.source.postgresql.names import slot_name
from cdc.source.postgresql.session import Session
from cdc.sql.ledger import HEARTBEAT_PREFIX

_BEAT = "select pg_logical_emit_message(true, %s, %s)"

_SLOT = """
select extract(epoch from clock_timestamp())::float8, greatest(pg_current_wal_lsn() - s.restart_lsn, 0)::bigint, s.safe_wal_size, s.active,
    coalesce(s.wal_status, ''), p.spill_bytes
from (select) one left join pg_replication_slots s on s.slot_name = %s left join pg_stat_replication_slots p on p.slot_name = s.slot_name"""

_GIVE_UP = """
select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = %s and active_pid is not null"""
_DROP = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s"


class PostgreSQLProbe:
    """Implements `Probe`."""

    def __init__(self, endpoint: Endpoint, pipeline: str) -> None:
        self._where, self._pipeline = endpoint.name, pipeline
        self._slot = slot_name(pipeline)
        self._session = Session(endpoint, f"cdc {pipeline} probe")

    def setup(self) -> Sequence[str]:
        """Every role may write logical messages."""
        return ()

    def teardown(self) -> Sequence[str]:
        return ()

    def findings(self) -> Sequence[Finding]:
        return ()

    def execute(self, statement: str) -> None:
        with translated(self._where):
            self._session.connection().execute(statement)

    def beat(self, at: float) -> bool:
        with translated(self._where):
            self._session.connection().execute(_BEAT, (HEARTBEAT_PREFIX, f"{self._pipeline},{at:.6f}"))
        return True

    def retention(self) -> Retention:
        with translated(self._where):
            row = self._session.connection().execute(_SLOT, (self._slot,)).fetchone()
        assert row is not None
        clock, retained, safe, active, status, spilled = row
        return Retention(clock, retained, safe, active, status or "", spilled)

    def footings(self, names: Sequence[TableName], known: Mapping[TableName, Footing]) -> Mapping[TableName, Footing]:
        with translated(self._where):
            return footing.footings(self._session.connection(), self._slot, names, known)

    def give_up(self) -> None:
        """Our own reader is ended first: a slot in use can't be dropped."""
        with translated(self._where):
            connection = self._session.connection()
            connection.execute(_GIVE_UP, (self._slot,))
            connection.execute(_DROP, (self._slot,))

    def close(self) -> None:
        self._session.close()
