"""A publication in the catalogue to a value: what it publishes, and how."""

from __future__ import annotations

from collections.abc import Collection

import psycopg

from cdc.model.errors import Unfollowed
from cdc.model.table import TableName
from cdc.model.value import value

_PUBLICATION = """
select puballtables, pubviaroot, pubinsert and pubupdate and pubdelete and pubtruncate from pg_publication where pubname = %s"""

_MEMBERS = """
select n.nspname, c.relname, coalesce(to_jsonb(m) ->> 'prqual', to_jsonb(m) ->> 'prattrs') is not null
from pg_publication p join pg_publication_rel m on m.prpubid = p.oid
join pg_class c on c.oid = m.prrelid join pg_namespace n on n.oid = c.relnamespace where p.pubname = %s"""
"""Row filters and column lists came with version 15; through jsonb an older catalogue is asked in the same words."""

_PUBLISHED = "select schemaname, tablename from pg_publication_tables where pubname = %s"


_BY_LEAVES = """
select n.nspname, c.relname from unnest(%s::text[], %s::text[]) wanted (schema, name)
join pg_namespace n on n.nspname = wanted.schema join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
cross join lateral (
    select bool_and(p.tablename is not null) as whole from pg_partition_tree(c.oid) t
    join pg_class l on l.oid = t.relid join pg_namespace s on s.oid = l.relnamespace
    left join pg_publication_tables p on p.pubname = %s and p.schemaname = s.nspname and p.tablename = l.relname where t.isleaf
) leaves
where c.relkind = 'p' and leaves.whole"""


@value
class Publication:
    everything: bool
    """FOR ALL TABLES."""
    by_root: bool
    """Partitions' changes come under the partitioned table's name."""
    all_operations: bool
    members: frozenset[TableName]
    """Tables that it names."""
    narrowed: frozenset[TableName]
    """Members with a row filter or a column list."""
    published: frozenset[TableName]
    """Tables whose changes come, by the name that the log gives them."""


def read_publication(connection: psycopg.Connection, name: str) -> Publication | None:
    """Return the publication of that name, or None."""
    found = connection.execute(_PUBLICATION, (name,)).fetchone()
    if found is None:
        return None
    everything, by_root, all_operations = found
    members = [(TableName(schema, table), narrow) for schema, table, narrow in connection.execute(_MEMBERS, (name,))]
    return Publication(
        everything,
        by_root,
        all_operations,
        frozenset(table for table, _ in members),
        frozenset(table for table, narrow in members if narrow),
        published(connection, name),
    )


LOST = "If it was followed before, changes are lost: run `cdc teardown` and `cdc setup`, then `cdc run` loads the tables again."


def unpublished(where: str, name: str, missing: Collection[TableName]) -> Unfollowed:
    """Say that a pipeline that runs has lost tables: their changes come no more, without a word."""
    tables = ", ".join(sorted(map(str, missing)))
    return Unfollowed(f"{where}: the publication {name} does not publish {tables}", f"`cdc setup` publishes it from then on. {LOST}")


def by_leaves(connection: psycopg.Connection, name: str, tables: Collection[TableName]) -> frozenset[TableName]:
    """Return those of the partitioned tables whose changes come under the names of their partitions, all of them."""
    rows = connection.execute(_BY_LEAVES, ([t.schema for t in tables], [t.name for t in tables], name))
    return frozenset(TableName(*row) for row in rows)


def published(connection: psycopg.Connection, name: str) -> frozenset[TableName]:
    return frozenset(TableName(*row) for row in connection.execute(_PUBLISHED, (name,)))
