"""What a server says of its log and of our slot, to the proof that nothing is missing after a position, or to the gap's name.

After a promotion the proof is in two things that the server itself has written down: its timeline's history says up to where the log is the
former primary's, and its slot says that it was copied from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
select plugin, (database = current_database() and not temporary)::text, confirmed_flush_lsn::text,
    coalesce(to_jsonb(s) ->> 'invalidation_reason', case when wal_status = 'lost' then 'wal_removed' end), to_jsonb(s) ->> 'synced'
from pg_replication_slots s where slot_name = """
"""Both came with version 17; through jsonb an older catalogue is asked in the same words."""


def here(execute: Execute, name: str) -> Place:
    """Return the end of the server's log. Raises `Misconfigured` on a standby."""
    ((system, file, lsn),) = execute(_HERE)
    if system is None or file is None or lsn is None:
        raise Misconfigured(f"{name}: the server is a standby", "Let the service file name the primary.")
    return Place(system, int(file[:8], 16), lsn_number(lsn))


def prove(execute: Execute, name: str, slot: str, after: Place) -> Place:
    """Return the place, on the timeline that the server is on now. Raise `Gap` unless the slot gives all that came after it, of this very log.

    `execute` is a walsender's: only there can be asked for a timeline's history.
    """
    now = here(execute, name)
    if now.system != after.system:
        raise Gap(f"{name}: the checkpoint is of the cluster {after.system}, this server is the cluster {now.system}", AGAIN)
    if now.timeline != after.timeline:
        _prove_history(execute, name, now, after)
    if now.lsn < after.lsn:
        raise Gap(
            f"{name}: the checkpoint is at {lsn_text(after.lsn)}, the server's log ends at {lsn_text(now.lsn)}: the server has lost changes"
            " that are on the target",
            AGAIN,
        )
    _prove_slot(execute, name, slot, after, promoted=now.timeline != after.timeline)
    return replace(after, timeline=now.timeline)


def _prove_history(execute: Execute, name: str, now: Place, after: Place) -> None:
    """Raise `Gap` unless the log up to the checkpoint is that of the timeline which the checkpoint is of."""
    ((_, history),) = execute(f"TIMELINE_HISTORY {now.timeline}") if now.timeline > after.timeline else ((None, None),)
    left = _left(history or "", after.timeline)
    if left is None:
        raise Gap(
            f"{name}: the checkpoint is of timeline {after.timeline}, this server is on timeline {now.timeline}, which does not come of it",
            AGAIN,
        )
    if left < after.lsn:
        raise Gap(
            f"{name}: the checkpoint is at {lsn_text(after.lsn)} of timeline {after.timeline}, and this server was promoted at {lsn_text(left)}:"
            " it never had changes that are on the target",
            AGAIN,
        )


def _left(history: str, timeline: int) -> int | None:
    """Return where a history, one line for each timeline before, left one of them."""
    found = (words[1] for words in map(str.split, history.splitlines()) if words[:1] == [str(timeline)])
    return next(map(lsn_number, found), None)


def _prove_slot(execute: Execute, name: str, slot: str, after: Place, *, promoted: bool) -> None:
    found = execute(_SLOT + pg_text(slot))
    if not found:
        raise Gap(f"{name}: the replication slot {slot} does not exist, so the log after {lsn_text(after.lsn)} was not kept", AGAIN)
    ((plugin, ours, confirmed, invalid, synced),) = found
    if (plugin, ours) != ("pgoutput", "true") or confirmed is None:
        raise Misconfigured(
            f"{name}: the replication slot {slot} is not one of ours", "Give the pipeline another name, or drop what uses that name."
        )
    if invalid:
        reason = f"the server has invalidated the replication slot {slot} ({invalid}): the log after {lsn_text(after.lsn)} is gone"
        raise Gap(f"{name}: {reason}", AGAIN)
    if promoted and synced != "true":
        raise Gap(
            f"{name}: the server was promoted after the checkpoint, and the replication slot {slot} was not copied from the former primary",
            f"{AGAIN} From version 17 on, `failover=true` in the source's URL lets the slot go to a standby.",
        )
    if lsn_number(confirmed) > after.lsn:
        raise Gap(
            f"{name}: the replication slot {slot} begins at {confirmed}, the checkpoint is at {lsn_text(after.lsn)}: what lies between is gone",
            AGAIN,
        )
