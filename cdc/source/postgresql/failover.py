"""A slot that goes with the log to a standby, from version 17 on: the statements that make one, and what keeps it from being of use there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import psycopg

from cdc.model.errors import Exit, Finding
from cdc.server.postgresql import FAILOVER
from cdc.sql.names import pg_name, pg_text

OLDEST = 170000
"""The first version whose standbys copy slots."""
COMMAND = "ALTER_REPLICATION_SLOT "
"""A command of the replication protocol begins so; there is no function that does it."""

_STATE = """
select current_setting('server_version_num')::int, current_setting('server_version'),
    coalesce(current_setting('synchronized_standby_slots', true), ''),
    exists (select from pg_stat_activity where application_name like '%%slotsync worker'),
    (select to_jsonb(s) ->> 'failover' from pg_replication_slots s where s.slot_name = %s)"""
"""A standby's worker asks the primary for its slots, and only while all settings are as they must be."""

_STANDBY = (
    "On each standby: sync_replication_slots = on, hot_standby_feedback = on, primary_slot_name = …, and a dbname in primary_conninfo; "
    "its own max_replication_slots with room for the slot."
)


def wanted(options: Mapping[str, str]) -> bool:
    return options.get(FAILOVER) == "true"


def creation(slot: str, *, failover: bool) -> str:
    return f"select pg_create_logical_replication_slot({pg_text(slot)}, 'pgoutput'{', failover => true' if failover else ''})"


def alteration(slot: str) -> str:
    """Return what makes a slot that is there one for failover; a walsender alone understands it."""
    return f"{COMMAND}{pg_name(slot)} (FAILOVER true)"


def failover_findings(connection: psycopg.Connection, slot: str) -> Iterator[Finding]:
    """What keeps the pipeline from going on at a standby that is promoted. The standbys themselves are not asked: they may be anywhere."""
    row = connection.execute(_STATE, (slot,)).fetchone()
    assert row is not None
    number, version, held_back, copied, failover = row
    if number < OLDEST:
        hint = "Leave `failover` out of the URL, or upgrade to 17 or later. Until then a failover is a gap: `cdc resync --gap` repairs it."
        yield Finding("failover-version", f"PostgreSQL {version} has no slots that go to a standby", hint, Exit.CONFIG)
        return
    if failover == "false":
        message = f"the replication slot {slot} does not go to a standby"
        yield Finding("failover-slot", message, f"Stop the pipeline and run `cdc setup`: {alteration(slot)};", Exit.OK)
    if not copied:
        yield Finding("failover-standby", "no standby copies slots from this server now: a failover would be a gap", _STANDBY, Exit.OK)
    if not held_back:
        message = "synchronized_standby_slots is empty: the target may be ahead of a standby that is promoted, which would be a gap"
        hint = "alter system set synchronized_standby_slots = '…'; with the standbys' primary_slot_name; then select pg_reload_conf();"
        yield Finding("failover-order", message, hint, Exit.OK)
