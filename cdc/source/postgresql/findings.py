"""What keeps tables from being followed: settings, slot, publication, privileges and replica identities to findings. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg

from cdc.model.errors import Exit, Finding
from cdc.model.table import Definition, TableName
from cdc.source.postgresql.continuity import AGAIN
from cdc.source.postgresql.publication import LOST, Publication
from cdc.source.postgresql.walsender import OLDEST
from cdc.sql.names import pg_name, pg_table

_SERVER = """
select current_setting('server_version_num')::int, current_setting('server_version'), pg_is_in_recovery(), current_setting('wal_level'),
    current_setting('server_encoding'),
    current_setting('max_replication_slots')::int - (select count(*) from pg_replication_slots)::int,
    current_setting('max_wal_senders')::int - (select count(*) from pg_stat_get_wal_senders())::int"""

_ROLE = """
select quote_ident(rolname), rolsuper or rolreplication or exists (
    select from pg_roles service where service.rolname = 'rds_replication' and pg_has_role(service.oid, 'member'))
from pg_roles where rolname = current_user"""
"""On Amazon RDS a role of that name stands for the attribute."""

_SLOT = """
select plugin = 'pgoutput' and database = current_database() and not temporary,
    wal_status = 'lost' or to_jsonb(s) ->> 'invalidation_reason' is not null
from pg_replication_slots s where slot_name = %s"""

_TABLES = """
select n.nspname, c.relname, has_schema_privilege(n.oid, 'usage'), has_table_privilege(c.oid, 'select'), row_security_active(c.oid),
    c.relpersistence = 'u' or exists (
        select from pg_partition_tree(c.oid) p join pg_class l on l.oid = p.relid where p.isleaf and (l.relpersistence = 'u' or l.relkind = 'f'))
from unnest(%s::text[], %s::text[]) with ordinality wanted (schema, name, place)
join pg_namespace n on n.nspname = wanted.schema join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
order by wanted.place"""

_OWNED = """
select n.nspname, c.relname, quote_ident(current_user), has_database_privilege(current_database(), 'create'), pg_has_role(c.relowner, 'usage')
from unnest(%s::text[], %s::text[]) with ordinality wanted (schema, name, place)
join pg_namespace n on n.nspname = wanted.schema join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
order by wanted.place"""

_LOAD_SLOTS, _LOAD_WALSENDERS = 2, 1
"""What a pipeline needs beside what it has before its first load: the permanent and the temporary slot, one walsender at a time."""


def server_findings(connection: psycopg.Connection, slot: str, *, waits: bool = False) -> Iterator[Finding]:
    """`waits`: a standby is one that somebody is about to promote."""
    row = connection.execute(_SERVER).fetchone()
    assert row is not None
    number, version, standby, wal_level, encoding, slots, walsenders = row
    if number < OLDEST:
        yield Finding(
            "server-version", f"PostgreSQL {version} has no logical messages in its stream", "Upgrade to 14 or later.", Exit.CONFIG
        )
    if standby:
        hint = "Let the service file name the primary, or promote this server." if waits else "Let the service file name the primary."
        yield Finding("standby", "the server is a standby", hint, Exit.UNREACHABLE if waits else Exit.CONFIG)
    if wal_level != "logical":
        yield Finding(
            "wal-level", f"wal_level is {wal_level}", "alter system set wal_level = 'logical'; then restart the server.", Exit.CONFIG
        )
    if encoding == "SQL_ASCII":
        message = "the database's encoding is SQL_ASCII, so that its texts may be of any; one that is not UTF-8 stops the pipeline"
        yield Finding("encoding", message, "Move the data to a database of encoding UTF8.", Exit.OK)
    if connection.execute(_SLOT, (slot,)).fetchone() is None:
        yield from _room(slots, walsenders)


def _room(slots: int, walsenders: int) -> Iterator[Finding]:
    if slots < _LOAD_SLOTS:
        hint = "alter system set max_replication_slots = …; then restart the server."
        yield Finding(
            "replication-slots", f"max_replication_slots leaves {slots} free, the initial load needs {_LOAD_SLOTS}", hint, Exit.OK
        )
    if walsenders < _LOAD_WALSENDERS:
        hint = "alter system set max_wal_senders = …; then restart the server."
        yield Finding("wal-senders", f"max_wal_senders leaves {walsenders} free", hint, Exit.OK)


def role_findings(connection: psycopg.Connection, tables: Sequence[TableName]) -> Iterator[Finding]:
    """Privileges and storage of the tables, as the server sees them for our role."""
    row = connection.execute(_ROLE).fetchone()
    assert row is not None
    role, replicates = row
    if not replicates:
        yield Finding("replication-role", f"the role {role} may not replicate", f"alter role {role} replication;", Exit.DENIED)
    for schema, name, usage, select, hidden, unlogged in connection.execute(
        _TABLES, ([n.schema for n in tables], [n.name for n in tables])
    ):
        table = TableName(schema, name)
        for applies, code, message, statement, exit_ in (
            (not usage, "schema-usage", "its schema may not be used", f"grant usage on schema {pg_name(schema)} to {role};", Exit.DENIED),
            (not select, "select", "may not be read", f"grant select on {pg_table(table)} to {role};", Exit.DENIED),
            (hidden, "row-security", "row security hides rows from the load", f"alter role {role} bypassrls;", Exit.DENIED),
            (unlogged, "unlogged", "it or a partition of it is not in the log", f"alter table {pg_table(table)} set logged;", Exit.CONFIG),
        ):
            if applies:
                yield Finding(code, f"{table}: {message}", statement, exit_)


def slot_findings(connection: psycopg.Connection, slot: str) -> Iterator[Finding]:
    row = connection.execute(_SLOT, (slot,)).fetchone()
    if row is None:
        return
    ours, lost = row
    if not ours:
        message = f"the replication slot {slot} is another's: of another database or plugin"
        yield Finding("slot-name", message, "Give the pipeline another name, or drop what uses that name.", Exit.CONFIG)
    elif lost:
        yield Finding("slot-lost", f"the server has invalidated the replication slot {slot}: log is missing", AGAIN, Exit.GAP)


def identity_findings(tables: Sequence[Definition]) -> Iterator[Finding]:
    """To publish such a table breaks the application that owns it."""
    for table in tables:
        if table.identity is None:
            message = f"{table.name}: no old rows are logged; once it is published, its updates and deletes fail"
            yield Finding("replica-identity", message, _identity_statement(table), Exit.CONFIG)
        elif late := next((unique for unique in table.uniques if unique.primary and not unique.exact), None):
            message = f"{table.name}: its primary key is deferrable: one statement may give rows each other's keys, which can't be done row by row"
            columns = ", ".join(map(pg_name, late.columns))
            mend = f"alter table {pg_table(table.name)} drop constraint {pg_name(late.name)}, add primary key ({columns});"
            yield Finding("key-deferrable", message, mend, Exit.CONFIG)


def _identity_statement(definition: Definition) -> str:
    table = f"alter table {pg_table(definition.name)}"
    exact = next((unique for unique in definition.uniques if unique.exact), None)
    if exact is None:
        return f"{table} add primary key (…); or {table} replica identity full;"
    if exact.primary:
        return f"{table} replica identity default; -- and its partitions, if it has any"
    return f"{table} replica identity using index {pg_name(exact.name)};"


def publisher_findings(connection: psycopg.Connection, statement: str, tables: Sequence[TableName]) -> Iterator[Finding]:
    """Whether our role may make the publication, by `statement`: only who owns the tables may."""
    rows = connection.execute(_OWNED, ([n.schema for n in tables], [n.name for n in tables])).fetchall()
    foreign = [str(TableName(schema, name)) for schema, name, _, _, owned in rows if not owned]
    role, create = rows[0][2:4]
    lacking = [f"does not own {', '.join(foreign)}"] * bool(foreign) + ["may not create in the database"] * (not create)
    if lacking:
        message = f"the role {role} can't make the publication: it {' and '.join(lacking)}"
        yield Finding("publisher", message, f"{statement};", Exit.DENIED)


def publication_findings(name: str, publication: Publication | None, tables: Sequence[TableName]) -> Iterator[Finding]:
    """What is not as `setup` makes it; but for tables too many, changes are missing from the stream."""
    if publication is None:
        return
    alter, wanted = f"alter publication {pg_name(name)}", set(tables)
    for table in tables:
        if not publication.by_root and table not in publication.published and (publication.everything or table in publication.members):
            message = f"{table}: the publication {name} gives its changes under its partitions' names"
            yield _mended("publication-root", message, f"{alter} set (publish_via_partition_root = true);")
        elif table not in publication.published:
            message = f"{table}: is not in the publication {name}"
            yield _mended("publication-table", message, f"{alter} add table only {pg_table(table)};")
    if not publication.all_operations:
        message = f"the publication {name} leaves out inserts, updates, deletes or truncates"
        yield _mended("publication-operations", message, f"{alter} set (publish = 'insert, update, delete, truncate');")
    if narrowed := publication.narrowed & wanted:
        yield _mended(
            "publication-filter", f"the publication {name} leaves out rows or columns of {_listed(narrowed)}", f"{alter} set table …;"
        )
    if more := publication.members - wanted:
        message = f"the publication {name} has tables that no mapping reads: {_listed(more)}"
        yield Finding("publication-more", message, f"`cdc setup` mends it: {alter} set table …;", Exit.OK)


def _mended(code: str, message: str, statement: str) -> Finding:
    return Finding(code, message, f"`cdc setup` mends it: {statement}\n{LOST}", Exit.CONFIG)


def _listed(tables: frozenset[TableName]) -> str:
    return ", ".join(sorted(map(str, tables)))
