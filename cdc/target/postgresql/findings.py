"""What keeps tables from being written, or would go wrong there: settings, privileges, row security and keys to findings. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from cdc.model.errors import Exit, Finding
from cdc.model.table import TableName
from cdc.sql.ledger import CHECKPOINT, SCHEMA
from cdc.sql.names import pg_name, pg_table

_OLDEST = 140000
"""The first version whose logical messages a reader can see in the stream."""

_SERVER = """select current_setting('server_version_num')::int, current_setting('server_version'), pg_is_in_recovery(),
array(select name from pg_settings where name in ('fsync', 'full_page_writes') and setting = 'off' order by name)"""

_ROLE = """select quote_ident(current_user), quote_ident(current_database()),
has_database_privilege(current_database(), 'temporary'), has_database_privilege(current_database(), 'create')"""

_LEDGER = f"""select n.oid is not null, coalesce(has_schema_privilege(n.oid, 'usage'), false), c.oid is not null,
coalesce(has_schema_privilege(n.oid, 'create'), false), array(
    select p from unnest(array['select', 'insert', 'update', 'delete']) p where c.oid is not null and not has_table_privilege(c.oid, p))
from (select) one left join pg_namespace n on n.nspname = '{SCHEMA}'
left join pg_class c on c.relnamespace = n.oid and c.relname = '{CHECKPOINT}'"""

_TABLE = """select has_schema_privilege(n.oid, 'usage'), array(
    select p from unnest(array['select', 'insert', 'update']) p where not has_any_column_privilege(c.oid, p)
    union all select 'delete' where not has_table_privilege(c.oid, 'delete')),
row_security_active(c.oid)
from pg_namespace n join pg_class c on c.relnamespace = n.oid where n.nspname = %s and c.relname = %s"""
"""Privileges on some columns will do: a role may be allowed just what the mappings name."""

_KEYS = """select c.relname, not i.indimmediate, array(
    select a.attname from unnest(i.indkey::int2[], i.indcollation::oid[]) k (attnum, colloid)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum join pg_type t on t.oid = a.atttypid
    left join pg_collation l on l.oid = k.colloid where t.typname = 'citext' or not l.collisdeterministic)
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class r on r.oid = i.indrelid join pg_namespace n on n.oid = r.relnamespace
where n.nspname = %s and r.relname = %s and i.indisunique order by c.relname"""

_SEQUENCES = """select a.attname, format('%%I.%%I', sn.nspname, s.relname), a.attidentity = '' and not has_sequence_privilege(s.oid, 'usage, update'),
not (has_sequence_privilege(s.oid, 'update') and has_sequence_privilege(s.oid, 'usage, select'))
from pg_namespace n join pg_class c on c.relnamespace = n.oid join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
cross join lateral (
    select d.objid as oid from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = a.attnum
    and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    union select d.refobjid from pg_attrdef f
    join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_class'::regclass
    where f.adrelid = c.oid and f.adnum = a.attnum
) q join pg_class s on s.oid = q.oid and s.relkind = 'S' join pg_namespace sn on sn.oid = s.relnamespace
where n.nspname = %s and c.relname = %s order by a.attnum"""
"""(column, sequence, its default fails, we can't advance it)."""


_OPEN = "select coalesce((select has_schema_privilege('public', oid, 'create') from pg_namespace where nspname = 'public'), false)"


def server_findings(connection: psycopg.Connection) -> Iterator[Finding]:
    number, version, standby, unsafe = _row(connection, _SERVER)
    if number < _OLDEST:
        yield Finding("server-version", f"PostgreSQL {version} is too old to mark our transactions", "Upgrade to 14 or later.", Exit.CONFIG)
    if standby:
        yield Finding("standby", "the server is a standby", "Let the service file name the primary.", Exit.CONFIG)
    for setting in unsafe:
        message = f"{setting} is off: a crash of the host may lose rows and checkpoints that were committed"
        yield Finding("durability", message, f"alter system set {setting} = on; select pg_reload_conf();", Exit.OK)


def role_findings(connection: psycopg.Connection) -> Iterator[Finding]:
    """What the role needs in the database and in our own schema. Tables of ours that are not there yet are the business of `setup`."""
    role, database, temporary, create = _row(connection, _ROLE)
    if not temporary:
        message = f"the role {role} may not make temporary tables"
        yield _denied(message, f"grant temporary on database {database} to {role};")
    schema, usage, table, room, lacking = _row(connection, _LEDGER)
    if not schema and not create:
        yield _denied(f"the role {role} may not make the schema {SCHEMA}", f"create schema {SCHEMA} authorization {role};")
    elif schema and not usage:
        yield _denied(f"the role {role} may not use the schema {SCHEMA}", f"grant usage on schema {SCHEMA} to {role};")
    elif schema and not table and not room:
        yield _denied(f"the role {role} may not make tables in the schema {SCHEMA}", f"grant create on schema {SCHEMA} to {role};")
    if lacking:
        yield _lacking(f"{SCHEMA}.{CHECKPOINT}", lacking, f"{SCHEMA}.{CHECKPOINT}", role)
    if _row(connection, _OPEN)[0]:
        # Triggers of applications need the role's own path, so that an operator for a column's very type is found there before the server's.
        message = "everybody may create functions and operators in the schema public, and so have statements of ours run them"
        yield Finding("search-path", message, "revoke create on schema public from public;", Exit.OK)


def table_findings(connection: psycopg.Connection, table: TableName) -> Iterator[Finding]:
    role = _row(connection, _ROLE)[0]
    usage, lacking, hidden = _row(connection, _TABLE, *table)
    if not usage:
        message = f"{table}: the role {role} may not use its schema"
        yield _denied(message, f"grant usage on schema {pg_name(table.schema)} to {role};")
    if lacking:
        yield _lacking(str(table), lacking, pg_table(table), role)
    if hidden:
        message = f"{table}: row security hides rows from the role {role}"
        yield Finding("row-security", message, f"alter role {role} bypassrls;", Exit.CONFIG)
    yield from _sequence_findings(connection, table, role)
    yield from _key_findings(connection, table)


def _sequence_findings(connection: psycopg.Connection, table: TableName, role: str) -> Iterator[Finding]:
    for column, sequence, unusable, stuck in connection.execute(_SEQUENCES.encode(), table):
        if unusable:
            message = f"{table}.{column}: the role {role} may not use its sequence, so that inserts without the column fail"
            yield _denied(message, f"grant usage on sequence {sequence} to {role};")
        if stuck:
            message = (
                f"{table}.{column}: the role {role} may not advance its sequence: if a mapping names it, new rows of others may collide"
            )
            yield Finding("sequence", message, f"grant usage, update on sequence {sequence} to {role};", Exit.OK)


def _key_findings(connection: psycopg.Connection, table: TableName) -> Iterator[Finding]:
    for index, deferrable, loose in connection.execute(_KEYS.encode(), table):
        if deferrable:
            message = f"{table}: the unique constraint {index} is deferrable and can't be a mapping's key"
            yield Finding("key-deferrable", message, "Let the mapping's key be another unique index.", Exit.OK)
        if loose:
            message = f"{table}: {', '.join(loose)} in the unique index {index}: of keys that differ in case or accents alone there can be only one"
            yield Finding("key-collation", message, "Give the columns a deterministic collation, if they are a mapping's key.", Exit.OK)


def _lacking(what: str, lacking: Sequence[str], table: str, role: str) -> Finding:
    grants = ", ".join(lacking)
    return _denied(f"{what}: the role {role} lacks {grants}", f"grant {grants} on {table} to {role};")


def _denied(message: str, grant: str) -> Finding:
    return Finding("privilege", message, grant, Exit.DENIED)


def _row(connection: psycopg.Connection, query: str, *given: str) -> tuple[Any, ...]:
    row = connection.execute(query.encode(), given).fetchone()
    assert row is not None
    return row
