"""The statements around a pipeline's row of `cdc.checkpoint` on PostgreSQL: lock, fence, marker, position."""

from __future__ import annotations

from hashlib import blake2b

from cdc.sql import ledger
from cdc.sql.names import pg_text

_TABLE = f"{ledger.SCHEMA}.{ledger.CHECKPOINT}"

LOCK = "select pg_try_advisory_lock($1)"

HOLDER = f"""select coalesce((select holder from {_TABLE} where pipeline = $2), ''), l.pid, coalesce(a.client_addr::text, 'local')
from pg_locks l left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and (l.classid::bigint << 32 | l.objid::bigint) = $1
and l.database = (select oid from pg_database where datname = current_database())"""
"""(holder, pid, client) of the session that has the lock."""

END = "select pg_terminate_backend($1)"

TAKE = f"""insert into {_TABLE} (pipeline, seq, epoch, phase, position, origin, holder, newest, rows_applied, updated_at)
values ($1, 0, 1, 'loading', null, '', $2, 0, 0, clock_timestamp())
on conflict (pipeline) do update set epoch = {ledger.CHECKPOINT}.epoch + 1, holder = excluded.holder, updated_at = excluded.updated_at
returning seq, epoch, parked_version, position, phase, rows_applied, newest"""

PIPELINES = f"select pipeline from {_TABLE}"

READ = f"select position, phase, rows_applied, newest from {_TABLE} where pipeline = $1"

SWAP = f"""update {_TABLE} set seq = seq + 1, position = $4, phase = $5, origin = $6, newest = coalesce(nullif($7::float8, 0), newest),
rows_applied = rows_applied + $8, updated_at = clock_timestamp() where pipeline = $1 and seq = $2 and epoch = $3
and parked_version = $9
returning pg_logical_emit_message(true, {pg_text(ledger.MESSAGE_PREFIX)}, $6)::text"""
"""Fence, position and marker at once. No row: another process moved the checkpoint, or an operator changed the parked rows."""

MOVE = f"""update {_TABLE} set position = $4, phase = $5, newest = coalesce(nullif($6::float8, 0), newest),
rows_applied = rows_applied + $7, updated_at = clock_timestamp() where pipeline = $1 and seq = $2 + 1 and epoch = $3 returning 1"""
"""The end of a transaction in parts: what `SWAP` could not say yet. The row is locked since then."""

SETTLE = f"select seq, epoch from {_TABLE} where pipeline = $1 for update"
"""Waits for a commit that may still be under way."""


def forget(pipeline: str) -> str:
    return f"delete from {_TABLE} where pipeline = {pg_text(pipeline)}"


def lock_key(pipeline: str) -> int:
    """Return the advisory lock's number for a pipeline: 64 bits of a hash, the same on every machine."""
    return int.from_bytes(blake2b(f"cdc {pipeline}".encode(), digest_size=8).digest(), "big", signed=True)
