"""Our own tables on the target, in a schema (PostgreSQL) or database (MySQL) named `cdc`.

`checkpoint` has one row per pipeline. Each of our transactions updates it first, which makes the row at once the fence
(compare-and-swap on `seq` and `epoch`), the loop marker (on MySQL and MariaDB the binary log's first row event of the transaction;
`origin` is the path) and the position.

`crosswalk` has one row per entity, source database and source key: the target key that this row has here. It is there only where a mapping
uses `xref`. A source key is its value's text; several are joined by `,` (`cdc.sql.crosswalk`). On MySQL and MariaDB all databases of a
server share the table: `home` is the target's own, by the session.
"""

from __future__ import annotations

SCHEMA = "cdc"
CHECKPOINT = "checkpoint"
CROSSWALK = "crosswalk"
MESSAGE_PREFIX = "cdc"
"""Prefix of the logical message that marks our transactions on PostgreSQL; its content is the path, joined by `,`."""

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
