"""Triggers on target tables that write down what the daemon does there, so that each effect can be counted.

A row's versions may only rise: a version that is applied twice, or after a later one, means that something was done again after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg
from pymysql.connections import Connection

from demo.stage import DAEMON

Query: TypeAlias = Callable[[str], list[dict[str, Any]]]

ON_CRM = {"accounts": ("erp_version", "{0}.deleted"), "sales_orders": ("erp_version", "0"), "invoices": ("erp_version", "{0}.deleted")}
"""Table → its version, and whether a row there is marked as deleted."""
ON_ERP = {"sales_opportunity": ("crm_revision", "not {0}.active"), "support_case": ("crm_revision", "false")}

_AUDIT = "create table audit (id {number} primary key, name varchar(40) not null, entity varchar(40) not null, version int, gone boolean not null)"


@dataclass(frozen=True)
class Effects:
    """What happened to one audited table."""

    table: str
    effects: int
    rows: int
    again: int
    """Effects that brought a version which the row had had before, or an older one. None should."""


def install(erp: psycopg.Connection, crm: Connection[Any]) -> None:
    """Make audit tables and triggers on both sides."""
    erp.execute(_AUDIT.format(number="bigint generated always as identity"))
    for table, (version, gone) in ON_ERP.items():
        for statement in _postgresql(table, version, gone):
            erp.execute(statement)
    with crm.cursor() as cursor:
        cursor.execute(_AUDIT.format(number="bigint auto_increment"))
        for table, (version, gone) in ON_CRM.items():
            for operation, row, mark in (("insert", "new", gone), ("update", "new", gone), ("delete", "old", "1")):
                cursor.execute(
                    f"""create trigger {table}_{operation} after {operation} on {table} for each row
                        insert into audit (name, entity, version, gone) select '{table}', {row}.id, {row}.{version}, {mark.format(row)}
                        from dual where substring_index(user(), '@', 1) = '{DAEMON}'"""
                )


def _postgresql(table: str, version: str, gone: str) -> Sequence[str]:
    return (
        f"""create function {table}_audit() returns trigger language plpgsql security definer as $$
            begin
                if session_user = '{DAEMON}' then
                    if tg_op = 'DELETE' then
                        insert into public.audit (name, entity, version, gone) values ('{table}', old.crm_id, old.{version}, true);
                    else
                        insert into public.audit (name, entity, version, gone) values ('{table}', new.crm_id, new.{version}, {gone.format("new")});
                    end if;
                end if;
                return null;
            end $$""",
        f"create trigger audit after insert or update or delete on {table} for each row execute function {table}_audit()",
    )


def effects(query: Query) -> list[Effects]:
    """Count the effects on one side's audited tables."""
    rows = query(
        """select name, count(*) as effects, count(distinct entity) as entities, sum(case when again then 1 else 0 end) as again
           from (select name, entity, 2 * version + case when gone then 1 else 0 end
                          <= max(2 * version + case when gone then 1 else 0 end)
                             over (partition by name, entity order by id rows between unbounded preceding and 1 preceding) as again
                 from audit) judged
           group by name order by name"""
    )
    return [Effects(row["name"], row["effects"], row["entities"], int(row["again"])) for row in rows]
