"""What a server says of its log and of our slot, to the proof that nothing is missing after a position, or to the gap's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from cdc.model.errors import Gap, Misconfigured
from cdc.source.postgresql.position import Place, lsn_number, lsn_text
from cdc.source.postgresql.walsender import Answer
from cdc.sql.names import pg_text

Execute: TypeAlias = Callable[[str], Answer]

AGAIN = "Stop the pipeline and run `cdc resync --gap PIPELINE`: it compares the tables and writes what differs."

_HERE = """
select s.system_identifier::text, pg_walfile_name(l.lsn), l.lsn::text
from pg_control_system() s
cross join (select case when not pg_is_in_recovery() then pg_current_wal_flush_lsn() end) l (lsn)"""

_SLOT = """
select plugin, (database = current_database() and not temporary)::text, coalesce(wal_status, ''), confirmed_flush_lsn::text
from pg_replication_slots where slot_name = """


def here(execute: Execute, name: str) -> Place:
    """Return the end of the server's log. Raises `Misconfigured` on a standby."""
    ((system, file, lsn),) = execute(_HERE)
    if system is None or file is None or lsn is None:
        raise Misconfigured(f"{name}: the server is a standby", "Let the service file name the primary.")
    return Place(system, int(file[:8], 16), lsn_number(lsn))


def prove(execute: Execute, name: str, slot: str, after: Place) -> None:
    """Raise `Gap` unless the slot gives all that came after a place, of this very log."""
    now = here(execute, name)
    if now.system != after.system:
        raise Gap(f"{name}: the checkpoint is of the cluster {after.system}, this server is the cluster {now.system}", AGAIN)
    if now.timeline != after.timeline:
        raise Gap(
            f"{name}: the checkpoint is of timeline {after.timeline}, this server is on timeline {now.timeline}: after a failover or a"
            " recovery nothing proves that both hold the same changes up to the checkpoint",
            AGAIN,
        )
    if now.lsn < after.lsn:
        raise Gap(
            f"{name}: the checkpoint is at {lsn_text(after.lsn)}, the server's log ends at {lsn_text(now.lsn)}: the server has lost changes"
            " that are on the target",
            AGAIN,
        )
    _prove_slot(execute, name, slot, after)


def _prove_slot(execute: Execute, name: str, slot: str, after: Place) -> None:
    found = execute(_SLOT + pg_text(slot))
    if not found:
        raise Gap(f"{name}: the replication slot {slot} does not exist, so the log after {lsn_text(after.lsn)} was not kept", AGAIN)
    ((plugin, ours, wal, confirmed),) = found
    if (plugin, ours) != ("pgoutput", "true") or confirmed is None:
        raise Misconfigured(
            f"{name}: the replication slot {slot} is not one of ours", "Give the pipeline another name, or drop what uses that name."
        )
    if wal == "lost":
        raise Gap(f"{name}: the server has invalidated the replication slot {slot}: the log after {lsn_text(after.lsn)} is gone", AGAIN)
    if lsn_number(confirmed) > after.lsn:
        raise Gap(
            f"{name}: the replication slot {slot} begins at {confirmed}, the checkpoint is at {lsn_text(after.lsn)}: what lies between is gone",
            AGAIN,
        )
