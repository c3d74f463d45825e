"""Our own tables on the target, in a schema (PostgreSQL) or database (MySQL) named `cdc`.

`checkpoint` has one row per pipeline. Each of our transactions updates it first, which makes the row at once the fence
(compare-and-swap on `seq` and `epoch`), the loop marker (on MySQL and MariaDB the binary log's first row event of the transaction;
`origin` is the path) and the position.
"""

from __future__ import annotations

SCHEMA = "cdc"
CHECKPOINT = "checkpoint"
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
