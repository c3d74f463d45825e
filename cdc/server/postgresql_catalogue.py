"""PostgreSQL's catalogue to definitions of tables, in a few queries for all tables at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg
from psycopg.pq import TransactionStatus

from cdc.model.table import Column, Definition, ForeignKey, TableName, Unique
from cdc.model.types import Kind
from cdc.server.postgresql_types import BUILTIN, Facts, type_of

_TABLES = """
select c.oid, n.nspname, c.relname,
    exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled in ('O', 'A')),
    case c.relkind when 'r' then greatest(c.reltuples, 0) else (
        select coalesce(sum(greatest(l.reltuples, 0)), 0) from pg_partition_tree(c.oid) p join pg_class l on l.oid = p.relid where p.isleaf
    ) end::bigint
from unnest(%s::text[], %s::text[]) wanted (schema, name)
join pg_namespace n on n.nspname = wanted.schema
join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
where c.relkind in ('r', 'p')"""

_NAMES = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'"""

_COLUMNS = """
select a.attrelid, a.attname, a.atttypid, a.atttypmod, not a.attnotnull, a.atthasdef, a.attgenerated <> '',
    a.attidentity <> '' or coalesce((select nullif(t.typbasetype, 0) from pg_type t where t.oid = a.atttypid), a.atttypid) in (20, 21, 23, 1700) and (exists (
        select from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
        and d.classid = 'pg_class'::regclass and d.deptype = 'a' and a.atthasdef and exists (
            select from pg_class s where s.oid = d.objid and s.relkind = 'S')) or exists (
        select from pg_attrdef f join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_class'::regclass
        join pg_class s on s.oid = d.refobjid and s.relkind = 'S'
        where f.adrelid = a.attrelid and f.adnum = a.attnum and pg_get_expr(f.adbin, f.adrelid) ~ '^nextval[(]''([^'']|'''')*''::regclass[)]$')),
    coalesce((select b.typname from pg_type t join pg_type b on b.oid in (t.oid, t.typbasetype) where t.oid = a.atttypid and b.typname = 'citext'),
        (select l.collname from pg_collation l where l.oid = a.attcollation and not l.collisdeterministic))
from pg_attribute a where a.attrelid = any(%s::oid[]) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum"""
"""A serial column is a column with a default that owns a sequence. One that only takes numbers from a sequence is counted by it as well; the types are int8, int2, int4 and numeric."""

_TYPES = """
with recursive needed (oid) as (
    select unnest(%s::oid[])
    union
    select part.oid from needed join pg_type t on t.oid = needed.oid
    cross join lateral (values (t.typbasetype), (t.typelem)) part (oid) where part.oid <> 0
)
select t.oid,
    case when e.oid is not null then 'array' when t.typtype = 'e' then 'enum' when t.typtype = 'b' and t.typcategory = 'S' then 'text' else 'other' end,
    format_type(t.oid, null), t.typbasetype, t.typtypmod, coalesce(e.oid, 0),
    case t.typtype
        when 'e' then array(select l.enumlabel::text from pg_enum l where l.enumtypid = t.oid order by l.enumsortorder)
        when 'c' then array(
            select quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) from pg_attribute a
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum)
        when 'r' then array(select format_type(r.rngsubtype, null) from pg_range r where r.rngtypid = t.oid)
        when 'm' then array(select format_type(r.rngsubtype, null) from pg_range r where r.rngmultitypid = t.oid)
        else '{}' end,
    t.typnotnull, t.typdefault is not null
from needed join pg_type t on t.oid = needed.oid left join pg_type e on e.oid = t.typelem and e.typarray = t.oid"""

_UNIQUES = """
select i.indrelid, c.relname, key.names, i.indisprimary,
    i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null and key.filled
from pg_index i join pg_class c on c.oid = i.indexrelid
cross join lateral (
    select coalesce(array_agg(a.attname::text order by k.place), '{}') as names, bool_and(a.attnotnull) as filled
    from unnest(i.indkey) with ordinality k (attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum where k.place <= i.indnkeyatts
) key
where i.indrelid = any(%s::oid[]) and i.indisunique and i.indislive
order by i.indrelid, i.indisprimary desc, c.relname"""

_FOREIGN_KEYS = """
select k.conrelid, k.conname, array(
        select a.attname::text from unnest(k.conkey) with ordinality f (attnum, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = f.attnum order by f.place),
    n.nspname, c.relname, array(
        select a.attname::text from unnest(k.confkey) with ordinality f (attnum, place)
        join pg_attribute a on a.attrelid = k.confrelid and a.attnum = f.attnum order by f.place),
    k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd')
from pg_constraint k join pg_class c on c.oid = k.confrelid join pg_namespace n on n.oid = c.relnamespace
where k.conrelid = any(%s::oid[]) and k.contype = 'f'
    and not exists (select from pg_constraint p where p.oid = k.conparentid and p.conrelid = k.conrelid)
order by k.conrelid, k.conname"""
"""A key that refers to a partitioned table has a further row for each of its partitions: only the first is meant."""

_IDENTITIES = """
select root.oid, c.relreplident = 'f', array(
    select a.attname::text from pg_index i cross join lateral unnest(i.indkey) with ordinality k (attnum, place)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
    where i.indrelid = c.oid and i.indisvalid and i.indimmediate and k.place <= i.indnkeyatts
    and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
    order by k.place)
from unnest(%s::oid[]) root (oid)
cross join lateral unnest(coalesce(
    (select array_agg(p.relid::oid) from pg_partition_tree(root.oid) p where p.isleaf), array[root.oid])) carrier (oid)
join pg_class c on c.oid = carrier.oid
order by root.oid, carrier.oid"""
"""What the log carries of an old row is a matter of each partition, whatever its root says."""


def describe(connection: psycopg.Connection, names: Sequence[TableName]) -> dict[TableName, Definition]:
    """Describe the ordinary and partitioned tables among `names`; others, and those that do not exist, are left out.

    All is read in one snapshot: the caller's, if it is in a transaction that has one.
    """
    with _snapshot(connection):
        tables = connection.execute(_TABLES, ([n.schema for n in names], [n.name for n in names])).fetchall()
        oids = [oid for oid, *_ in tables]
        (columns, loose), uniques = _columns(connection, oids), _uniques(connection, oids)
        foreign_keys, identities = _foreign_keys(connection, oids), _identities(connection, oids)
    return {
        TableName(schema, name): Definition(
            TableName(schema, name),
            tuple(columns[oid]),
            tuple(uniques[oid]),
            tuple(foreign_keys[oid]),
            _identity(columns[oid], identities[oid]),
            triggers,
            estimate,
            loose[oid],
        )
        for oid, schema, name, triggers, estimate in tables
    }


def table_names(connection: psycopg.Connection) -> list[TableName]:
    """Name all tables but the server's own."""
    return [TableName(schema, name) for schema, name in connection.execute(_NAMES)]


def type_facts(connection: psycopg.Connection, oids: Iterable[int]) -> dict[int, Facts]:
    """Read what `type_of` needs for these types: themselves, and what domains and arrays among them are made of."""
    wanted = sorted(set(oids) - BUILTIN)
    rows = connection.execute(_TYPES, (wanted,)).fetchall() if wanted else []
    return {
        oid: Facts(Kind(kind), native, base, modifier, element, tuple(labels), not_null, default)
        for oid, kind, native, base, modifier, element, labels, not_null, default in rows
    }


@contextmanager
def _snapshot(connection: psycopg.Connection) -> Iterator[None]:
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        yield
        return
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        yield


def _columns(connection: psycopg.Connection, oids: Sequence[int]) -> tuple[Mapping[int, list[Column]], Mapping[int, dict[str, str]]]:
    """Return each table's columns, and by what those are compared that are not compared letter by letter."""
    rows = connection.execute(_COLUMNS, (oids,)).fetchall()
    facts = type_facts(connection, (row[2] for row in rows))
    found, loose = defaultdict[int, list[Column]](list), defaultdict[int, dict[str, str]](dict)
    for table, name, oid, modifier, nullable, default, generated, identity, compared in rows:
        if compared:
            loose[table][name] = compared
        domains = list(_domains(oid, facts))
        found[table].append(
            Column(
                name,
                type_of(oid, modifier, facts),
                nullable and not any(domain.not_null for domain in domains),
                default or identity or any(domain.default for domain in domains),
                generated,
                identity,
            )
        )
    return found, loose


def _domains(oid: int, facts: Mapping[int, Facts]) -> Iterator[Facts]:
    """Yield the domain that a type is, and the domains that it is made of."""
    while (fact := facts.get(oid)) and fact.base:
        yield fact
        oid = fact.base


def _uniques(connection: psycopg.Connection, oids: Sequence[int]) -> Mapping[int, list[Unique]]:
    found = defaultdict[int, list[Unique]](list)
    for table, name, columns, primary, exact in connection.execute(_UNIQUES, (oids,)):
        found[table].append(Unique(name, tuple(columns), primary, exact))
    return found


def _foreign_keys(connection: psycopg.Connection, oids: Sequence[int]) -> Mapping[int, list[ForeignKey]]:
    found = defaultdict[int, list[ForeignKey]](list)
    for table, name, columns, schema, parent, parent_columns, cascades in connection.execute(_FOREIGN_KEYS, (oids,)):
        found[table].append(ForeignKey(name, tuple(columns), TableName(schema, parent), tuple(parent_columns), cascades))
    return found


def _identities(connection: psycopg.Connection, oids: Sequence[int]) -> Mapping[int, list[tuple[str, ...] | None]]:
    """Return what each part of a table logs of an old row: columns of its replica identity; None: the whole row."""
    found = defaultdict[int, list[tuple[str, ...] | None]](list)
    for table, whole, columns in connection.execute(_IDENTITIES, (oids,)):
        found[table].append(None if whole else tuple(columns))
    return found


def _identity(columns: Sequence[Column], parts: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """Return the columns that the old rows of all parts carry; None when one part logs no old rows."""
    stored = tuple(column.name for column in columns if not column.generated)
    carried = [stored if part is None else part for part in parts]
    return tuple(name for name in carried[0] if all(name in part for part in carried)) or None
