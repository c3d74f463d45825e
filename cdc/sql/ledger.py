"""Our own tables on the target, in a schema (PostgreSQL) or database (MySQL) named `cdc`.

`checkpoint` has one row per pipeline. Each of our transactions updates it first, which makes the row at once the fence
(compare-and-swap on `seq` and `epoch`), the loop marker (on MySQL and MariaDB the binary log's first row event of the transaction;
`origin` is the path) and the position. What operators want of the pipeline stands there too (`CHECKPOINT_ADDED`), so that it holds after a restart
and on another host.

`parked` has one row per row change that waits (`cdc.sql.parked`): with the row's values, since it is mapped again from them.

`audit_trail` has one row per act of an operator, and of the daemon in an operator's place: who, when, what; never a value of a row.

`crosswalk` has one row per entity, source database and source key: the target key that this row has here. It is there only where a mapping
uses `xref`. A source key is its value's text; several are joined by `,` (`cdc.sql.crosswalk`). On MySQL and MariaDB all databases of a
server share the table: `home` is the target's own, by the session.
"""

from __future__ import annotations

from collections.abc import Sequence

SCHEMA = "cdc"
CHECKPOINT = "checkpoint"
AUDIT = "audit_trail"
"""Not `audit`: of a role named `cdc`, our schema is the first on the search path, and applications have tables of that name."""
PARKED = "parked"
CROSSWALK = "crosswalk"
HEARTBEAT = "heartbeat"
"""A table on the *source*, where that is MySQL or MariaDB: a row per pipeline, written now and then, that comes back in the log."""
LAYOUT = 3
"""Number of the layout that this program makes and knows; it stands in the comment of `checkpoint`. Tables without one are of layout 1."""
MESSAGE_PREFIX = "cdc"
"""Prefix of the logical message that marks our transactions on PostgreSQL; its content is the path, joined by `,`."""

HEARTBEAT_PREFIX = "cdc.heartbeat"
"""Prefix of the logical message that is a heartbeat on PostgreSQL; its content is `pipeline,seconds since the epoch`."""

CHECKPOINT_ADDED: Sequence[tuple[str, str, str]] = (
    ("paused_at", "timestamptz", "timestamp(6) null"),
    ("paused_for", "text not null default ''", "varchar(255) not null default ''"),
    ("deletes_allowed", "smallint not null default 0", "smallint not null default 0"),
    ("mappings", "text", "longtext"),
    ("request", "text", "longtext"),
    ("answer", "text", "longtext"),
    ("parked_version", "bigint not null default 0", "bigint not null default 0"),
    ("footing", "text", "longtext"),
    ("resync", "text", "longtext"),
)
"""(column, type on PostgreSQL, on MySQL) of `checkpoint`, since its layout 1: since when and why it is paused, whether many deletes are
expected, what each mapping was compiled to (JSON), what an operator asks of the daemon and is answered (JSON), how often operators have changed
the parked rows, what the source's tables stood on when they were last looked at (JSON), and which mappings are to be repaired, or what became of that (JSON)."""

POSTGRESQL = (
    "create schema if not exists cdc",
    """create table if not exists cdc.checkpoint (
    pipeline text primary key,
    seq bigint not null,
    epoch bigint not null,
    phase text not null,
    position text,
    origin text not null,
    holder text not null,
    newest double precision not null,
    rows_applied bigint not null,
    updated_at timestamptz not null
)""",
)
POSTGRESQL_AUDIT = """create table if not exists cdc.audit_trail (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    who text not null,
    pipeline text not null,
    what text not null,
    detail text not null
)"""

POSTGRESQL_PARKED = """create table if not exists cdc.parked (
    id bigint generated always as identity primary key,
    pipeline text not null,
    mapping text not null,
    source_key text not null,
    moved_key text,
    table_schema text not null,
    table_name text not null,
    shape text not null,
    op text not null,
    old_row text,
    new_row text,
    committed_at double precision,
    position text not null,
    origin text not null,
    cause text,
    message text not null,
    hint text not null,
    waits smallint not null,
    asked smallint not null,
    parked_at timestamptz not null default clock_timestamp()
)"""

MYSQL = (
    "create database if not exists cdc character set utf8mb4",
    """create table if not exists cdc.checkpoint (
    pipeline varchar(63) character set ascii collate ascii_bin primary key,
    seq bigint not null,
    epoch bigint not null,
    phase varchar(16) not null,
    position longtext,
    origin text not null,
    holder varchar(255) not null,
    newest double not null,
    rows_applied bigint not null,
    updated_at timestamp(6) not null
) engine=InnoDB character set utf8mb4""",
)
MYSQL_AUDIT = """create table if not exists cdc.audit_trail (
    id bigint auto_increment primary key,
    at timestamp(6) not null default current_timestamp(6),
    who varchar(255) not null,
    pipeline varchar(63) not null,
    what varchar(63) not null,
    detail text not null
) engine=InnoDB character set utf8mb4"""
MYSQL_PARKED = """create table if not exists cdc.parked (
    id bigint auto_increment primary key,
    pipeline varchar(63) character set ascii collate ascii_bin not null,
    mapping varchar(63) character set utf8mb4 collate utf8mb4_bin not null,
    source_key longtext not null,
    moved_key longtext,
    table_schema varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
    table_name varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
    shape longtext not null,
    op varchar(16) not null,
    old_row longtext,
    new_row longtext,
    committed_at double,
    position longtext not null,
    origin text not null,
    cause varchar(63),
    message text not null,
    hint text not null,
    waits smallint not null,
    asked smallint not null,
    parked_at timestamp(6) not null default current_timestamp(6)
) engine=InnoDB character set utf8mb4"""
MYSQL_HEARTBEAT = (
    "create database if not exists cdc character set utf8mb4",
    """create table if not exists cdc.heartbeat (
    pipeline varchar(63) character set ascii collate ascii_bin primary key,
    at double not null
) engine=InnoDB character set utf8mb4""",
)

# The second index begins with the key, so that no planner without statistics takes it for the primary key's work.
POSTGRESQL_CROSSWALK = (
    """create table if not exists cdc.crosswalk (
    entity text not null,
    node text not null,
    source_key text not null,
    target_key text not null,
    created_at timestamptz not null,
    primary key (entity, node, source_key)
)""",
    "create index if not exists crosswalk_target_key on cdc.crosswalk (target_key, entity, node)",
)

MYSQL_CROSSWALK = (
    """create table if not exists cdc.crosswalk (
    home varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
    entity varchar(63) character set utf8mb4 collate utf8mb4_bin not null,
    node varchar(63) character set utf8mb4 collate utf8mb4_bin not null,
    source_key varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
    target_key varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
    created_at timestamp(6) not null,
    primary key (home, entity, node, source_key),
    key crosswalk_target_key (target_key, home, entity, node)
) engine=InnoDB character set utf8mb4""",
)
