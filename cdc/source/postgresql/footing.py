"""Tables in the catalogue to what they stand on that no log tells of: their publication's entries, and their tree of partitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import psycopg

from cdc.model.footing import Footing, Partition
from cdc.model.table import TableName
from cdc.sql.names import pg_table

_WANTED = """
select n.nspname, c.relname, c.oid::text from unnest(%s::text[], %s::text[]) wanted (schema, name)
join pg_namespace n on n.nspname = wanted.schema join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name"""

_ENTRIES = """
select x.oid::text, p.entry from unnest(%s::oid[]) x (oid)
cross join lateral (select x.oid union select relid from pg_partition_ancestors(x.oid)) above (oid)
join pg_class c on c.oid = above.oid
join ({entries}) p on p.whole or p.relation = c.oid or p.schema = c.relnamespace"""

_OF_RELATIONS = """
select 'all ' || p.oid as entry, p.puballtables as whole, null::oid as relation, null::oid as schema
from pg_publication p where p.pubname = %s and p.puballtables
union all select 'table ' || m.oid, false, m.prrelid, null from pg_publication p join pg_publication_rel m on m.prpubid = p.oid where p.pubname = %s"""
_OF_SCHEMAS = """
union all select 'schema ' || s.oid, false, null, s.pnnspid from pg_publication p join pg_publication_namespace s on s.pnpubid = p.oid where p.pubname = %s"""
_WITH_SCHEMAS = 150000

_PARTS = """
select root::text, i.inhrelid::text, i.inhrelid::regclass::text, i.xmin::text from unnest(%s::oid[]) root
cross join lateral pg_partition_tree(root::regclass) t join pg_inherits i on i.inhrelid = t.relid and i.inhparent = t.parentrelid"""
"""An entry of pg_inherits is made when a partition is attached, and goes when it is detached."""

_COLUMNS = """
select attrelid::text, attname, attnum from pg_attribute where attrelid = any(%s::oid[]) and attnum > 0 and not attisdropped"""

_ATTACHED = """
select i.inhrelid::text from pg_inherits i where i.inhrelid = any(%s::oid[]) and not exists (
    select from pg_attribute made join pg_attribute a on a.attrelid = made.attrelid and a.attnum > 0 and not a.attisdropped
    where made.attrelid = i.inhrelid and made.attnum = -1 and made.xmin = i.xmin and a.xmin = made.xmin and a.cmin = made.cmin)"""
"""Those that were not made as partitions. To attach a table changes each of its columns' entries, but not the hidden ones' (the first of them
is -1); where one is as it was made, and made by the transaction that made it a partition, the table was never anything else."""

_LEAVES = """
select n.nspname, c.relname from pg_partition_tree(%s::oid::regclass) t
join pg_class c on c.oid = t.relid join pg_namespace n on n.oid = c.relnamespace where t.isleaf"""

_OLDER = """
select exists (select from only {leaf} l cross join pg_inherits i where i.inhrelid = %s::oid
    and (age(l.xmin) > age(i.xmin) or age(l.xmin) < 0 or (l.xmin = i.xmin and l.cmin::text::bigint < i.cmin::text::bigint)))"""
"""Whether a row was written before the attachment. What changed it since stands in the log as a row of the root. An age below 0 is that of a
row which is older than transaction numbers reach."""


def footings(
    connection: psycopg.Connection, publication: str, tables: Sequence[TableName], known: Mapping[TableName, Footing]
) -> Mapping[TableName, Footing]:
    """Say what the tables that exist stand on, and which partitions that a known one did not have were filled when they came."""
    rows = connection.execute(_WANTED, ([n.schema for n in tables], [n.name for n in tables]))
    wanted = {number: TableName(schema, name) for schema, name, number in rows}
    by = _entries(connection, publication, list(wanted))
    found = connection.execute(_PARTS, (list(wanted),)).fetchall()
    alone = _entries(connection, publication, list(dict.fromkeys(number for _, number, *_ in found)))
    filled = brought(connection, {number for root, number, _, since in found if _new(known.get(wanted[root]), number, since)})
    parts: dict[str, dict[str, Partition]] = {number: {} for number in wanted}
    for root, number, name, since in found:
        parts[root][number] = Partition(name, since, frozenset(alone[number] - by[root]), number in filled)
    columns: dict[str, dict[str, int]] = {number: {} for number in wanted}
    for number, name, place in connection.execute(_COLUMNS, (list(wanted),)):
        columns[number][name] = place
    return {name: Footing(number, frozenset(by[number]), parts[number], columns[number]) for number, name in wanted.items()}


def _new(known: Footing | None, number: str, since: str) -> bool:
    return known is not None and (number not in known.parts or known.parts[number].since != since)


def _entries(connection: psycopg.Connection, publication: str, relations: Sequence[str]) -> Mapping[str, set[str]]:
    """Return what of the publication gives each relation: entries for it, for what it is a partition of, and for their schemas."""
    found = defaultdict[str, set[str]](set)
    if relations:
        schemas = connection.info.server_version >= _WITH_SCHEMAS
        query = _ENTRIES.format(entries=_OF_RELATIONS + _OF_SCHEMAS * schemas)
        for number, entry in connection.execute(query.encode(), (list(relations), *[publication] * (2 + schemas))):
            found[number].add(entry)
    return found


def brought(connection: psycopg.Connection, partitions: Collection[str]) -> Collection[str]:
    """Return the numbers of those partitions that hold rows from before they were attached."""
    if not partitions:
        return ()
    attached = [number for (number,) in connection.execute(_ATTACHED, (list(partitions),))]
    return [number for number in attached if _holds_older(connection, number)]


def _holds_older(connection: psycopg.Connection, partition: str) -> bool:
    for leaf in connection.execute(_LEAVES, (partition,)).fetchall():
        row = connection.execute(_OLDER.format(leaf=pg_table(TableName(*leaf))).encode(), (partition,)).fetchone()
        if row and row[0]:
            return True
    return False
