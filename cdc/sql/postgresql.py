"""Target plans to PostgreSQL statements: upserts from staged rows, deletes, key changes. Placeholders are `$n`, values are text.

An upsert updates what differs and inserts what is missing. `insert … on conflict` would be shorter and wrong on an application's table:
it fails on existing rows where a NOT NULL column is not ours to fill, fires insert triggers for updates, and burns identity values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cdc.model.change import Value
from cdc.model.table import Column, TableName
from cdc.model.types import Kind, Type
from cdc.model.write import Deletes, TargetPlan
from cdc.sql.names import pg_name, pg_table, pg_text

_EQUAL = frozenset({Kind.BOOL, Kind.INT, Kind.BYTES, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT, Kind.UUID, Kind.ENUM, Kind.BITS})
"""Kinds whose `=` is true for the same text only."""
_FROM_TEXT = frozenset({Kind.ARRAY, Kind.OTHER})
"""Kinds that go through `unnest` as text: of an array of arrays it would make single elements."""
_MODIFIED = frozenset({Kind.TEXT, Kind.NUMERIC, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT})


def staged_type(of: Type) -> str:
    """Return a column's type without its length: a cast to `varchar(3)` would cut silently, where an assignment refuses."""
    if of.kind is Kind.TEXT and of.native.startswith("character("):
        return "bpchar"
    if of.kind is Kind.BITS:
        return "bit varying" if "varying" in of.native else '"bit"'
    return re.sub(r"\([\d,-]+\)", "", of.native) if of.kind in _MODIFIED and '"' not in of.native else of.native


def upsert(plan: TargetPlan, mask: Sequence[int], stage: str | None = None) -> str:
    """Return the statement that upserts rows of the columns at `mask`; its result is one row (updated, inserted, …).

    Where the plan has a clock, the last of the row is how many rows kept newer values.

    The rows come from the table `stage`, or from one array literal per column. When the mask lacks columns nothing is inserted:
    the result is (updated, places of the rows that are missing or marked as deleted, from 1).
    """
    columns = [plan.columns[i] for i in mask]
    partial = len(mask) < len(plan.columns)
    source = f"{stage} s" if stage else "s"
    staged = "" if stage else f"s as materialized ({_unnested(columns, numbered=partial)}), "
    update = _update(plan, mask, source)
    missing = f"not exists (select from {pg_table(plan.table.name)} t where {_keys(plan, mask, 't')}{_alive(plan, mask)})"
    kept = _kept(plan, mask, source, _keys(plan, mask, "t"))
    if partial:
        places = f"array(select s.n from {source} where {missing} order by s.n)"
        return f"with {staged}u as ({update}) select (select count(*) from u), {places}{kept}"
    inserted = [place for place, i in enumerate(mask) if i not in plan.later]
    named = [columns[place] for place in inserted]
    counted, overriding, returning = _identity(plan, named, "i")
    insert = (
        f"insert into {pg_table(plan.table.name)} as t ({_names(named)}){overriding} select {_staged(inserted)} from {source}"
        f" where {missing} and (select count(*) from u) is not null"  # updates first: they may give unique values free
        f" returning {returning}"
    )
    return f"with {staged}u as ({update}), i as ({insert}) select (select count(*) from u), (select count(*) from i){counted}{kept}"


def stage_table(name: str, plan: TargetPlan) -> str:
    """Return the statement that makes the session's temporary table for whole rows of the plan."""
    columns = ", ".join(f"c{i} {staged_type(column.type)}" for i, column in enumerate(plan.columns))
    return f"create temporary table {name} ({columns}) on commit delete rows"


def copy(plan: TargetPlan) -> str:
    """Return the COPY that inserts whole rows of the plan. An identity column takes the mapped value, ALWAYS or not."""
    return f"copy {pg_table(plan.table.name)} ({_names(plan.columns)}) from stdin"


def advance(plan: TargetPlan, column: Column) -> str:
    """Return the statement that lets a column's sequence go on behind `$1`, as an upsert does."""
    return _advance(plan, column, "$1::bigint as m")


PLAIN = (
    "select schema, name from unnest($1::text[], $2::text[]) wanted (schema, name)"
    " join pg_namespace n on nspname = schema join pg_class c on relnamespace = n.oid and relname = name"
    " where relkind in ('r', 'p') and not relhasrules and not relrowsecurity"
)
"""Those of the tables into which COPY writes as INSERT does: COPY knows no rules, and refuses row-level security."""


def remove(plan: TargetPlan) -> str:
    """Return the statement that deletes, or marks as deleted, the rows with the given keys; its result is their number.

    It takes one array literal per key column.
    """
    table, keys = pg_table(plan.table.name), [plan.columns[i] for i in plan.key]
    source = f"({_unnested(keys)}) s"
    match = _keys(plan, plan.key, "t")
    if plan.deletes is Deletes.SOFT:
        assigned = ", ".join(f"{pg_name(column.name)} = {_literal(column, text)}" for column, text in plan.soft_delete)
        change = f"update {table} t set {assigned} from {source} where {match}{unmarked(plan.soft_delete)}"
    else:
        change = f"delete from {table} t using {source} where {match}"
    return f"with d as ({change} returning 1) select count(*) from d"


def held(plan: TargetPlan, most: int) -> str:
    """Return the query for the keys of the rows that have what `plan.scope` says, less those that a soft delete has marked."""
    names = ", ".join(f"t.{pg_name(plan.columns[at].name)}::text" for at in plan.key)
    fixed = [(_comparable(column, f"t.{pg_name(column.name)}"), _comparable(column, _literal(column, text))) for column, text in plan.scope]
    scope = f" and not {_differ(fixed)}" if fixed else ""
    marks = unmarked(plan.soft_delete) if plan.soft_delete else ""
    return f"select {names} from {pg_table(plan.table.name)} t where true{scope}{marks} limit {most}"


def move(plan: TargetPlan, mask: Sequence[int]) -> str:
    """Return the statement that gives one row a new key and the values at `mask`; its result is (1, …), or (0, …) when it can't.

    It takes one array literal per column of the mask, then one per column of the old key. It can't when no row has the old key,
    another row has the new one, or the mask lacks columns and the row is marked as deleted.
    """
    table, columns = pg_table(plan.table.name), [plan.columns[i] for i in mask]
    old_keys = [plan.columns[i] for i in plan.key]
    updated = [(plan.columns[i], value) for i, value in _updating(plan, mask)]
    assigned = ", ".join(f"{pg_name(column.name)} = {value}" for column, value in updated)
    counted, _, returning = _identity(plan, [column for column, _ in updated], "u")
    taken = f"select from {table} x where {_keys(plan, mask, 'x')} and not ({_keys(plan, plan.key, 'x', 'o')})"
    kept = _kept(plan, mask, "s, o", f"{_keys(plan, plan.key, 't', 'o')}{_alive(plan, mask)} and not exists ({taken})")
    return (
        f"with s as materialized ({_unnested(columns)}), o as materialized ({_unnested(old_keys, first=len(columns) + 1)}), "
        f"u as (update {table} t set {assigned} from s, o where {_keys(plan, plan.key, 't', 'o')}{_alive(plan, mask)} and not exists ({taken})"
        f" returning {returning}) select (select count(*) from u){counted}{kept}"
    )


def array(values: Iterable[Value]) -> str:
    """Return an array literal of texts and NULLs."""
    return "{" + ",".join(["NULL" if v is None else '"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values]) + "}"  # type: ignore[union-attr]  # masks leave nothing absent


def _update(plan: TargetPlan, mask: Sequence[int], source: str) -> str:
    payload = [(i, value) for i, value in _updating(plan, mask) if i not in plan.key]
    if not payload:
        return "select where false"
    assigned = ", ".join(f"{pg_name(plan.columns[i].name)} = {value}" for i, value in payload)
    differs = _changes(plan, mask, [i for i, _ in payload])
    return f"update {pg_table(plan.table.name)} t set {assigned} from {source} where {_keys(plan, mask, 't')} and {differs} returning 1"


def _changes(plan: TargetPlan, mask: Sequence[int], payload: Sequence[int]) -> str:
    """Return the condition that a staged row changes anything of a row that is there."""
    timed = plan.newest.columns if plan.newest else frozenset()
    ever, later = ([i for i in payload if (i in timed) is by_time] for by_time in (False, True))
    if not later:
        return _differing(plan, mask, ever)
    differs = [_differing(plan, mask, ever)] if ever else []
    return f"({' or '.join([*differs, f'({_newer(plan, mask)}) and {_differing(plan, mask, later)}'])})"


def _differing(plan: TargetPlan, mask: Sequence[int], positions: Sequence[int]) -> str:
    """Return the condition that a staged row differs there from a row that is there."""
    columns = [(plan.columns[i], mask.index(i)) for i in positions]
    return _differ((_comparable(column, f"t.{pg_name(column.name)}"), _comparable(column, f"s.c{place}")) for column, place in columns)


def _updating(plan: TargetPlan, mask: Sequence[int]) -> list[tuple[int, str]]:
    """Return what a row that is there gets of a staged one: positions and expressions."""
    newer = _newer(plan, mask)
    made: list[tuple[int, str]] = []
    for place, i in enumerate(mask):
        if plan.newest is None or i not in plan.newest.columns:
            made.append((i, f"s.c{place}"))
        elif newer:
            made.append((i, f"(case when {newer} then s.c{place} else t.{pg_name(plan.columns[i].name)} end)"))
    return [(i, value) for i, value in made if i not in plan.once]


def _newer(plan: TargetPlan, mask: Sequence[int]) -> str:
    """Return the condition that a staged row is newer than the row that is there; nothing when the mask lacks its time."""
    if plan.newest is None or plan.newest.clock not in mask:
        return ""
    ours, given = f"t.{pg_name(plan.columns[plan.newest.clock].name)}", f"s.c{mask.index(plan.newest.clock)}"
    return f"{ours} is null or {given} >= {ours}" if plan.newest.ties else f"{given} > {ours} or ({ours} is null and {given} is not null)"


def _kept(plan: TargetPlan, mask: Sequence[int], source: str, found: str) -> str:
    """Return a further result: how many of the rows that are found keep newer values."""
    if plan.newest is None:
        return ""
    newer, differs = _newer(plan, mask), [i for i in mask if i in plan.newest.columns]
    if not newer:
        return ", 0"
    kept = f"{found} and ({newer}) is not true and {_differing(plan, mask, differs)}"
    return f", (select count(*) from {pg_table(plan.table.name)} t, {source} where {kept})"


def _alive(plan: TargetPlan, mask: Sequence[int]) -> str:
    """Return the further condition on a row that is to take values of some columns only: the others are up to date."""
    return unmarked(plan.soft_delete) if len(mask) < len(plan.columns) and plan.soft_delete else ""


def unmarked(soft_delete: Iterable[tuple[Column, Value]]) -> str:
    """Return the further condition that no soft delete has marked a row."""
    marks = [
        (_comparable(column, f"t.{pg_name(column.name)}"), _comparable(column, _literal(column, text))) for column, text in soft_delete
    ]
    return f" and {_differ(marks)}"


def _keys(plan: TargetPlan, mask: Sequence[int], alias: str, staged: str = "s") -> str:
    """Compare the key of a row of the target with a staged row; nothing stands around the target's columns, so its index serves.

    Where other texts are other rows' keys, the texts are compared letter by letter, too.
    """
    pairs = [(plan.columns[i].type, f"{alias}.{pg_name(plan.columns[i].name)}", f"{staged}.c{mask.index(i)}") for i in plan.key]
    exact = [f'{ours}::text collate "C" = {theirs}::text' for kind, ours, theirs in pairs if plan.exact and kind.kind is Kind.TEXT]
    return " and ".join([*(f"{ours} {equals(kind)} {theirs}" for kind, ours, theirs in pairs), *exact])


def equals(of: Type) -> str:
    """Return the type's own `=`. That of citext stands in the extension's schema, which no search path of ours names."""
    schema = re.match(r'("(?:[^"]|"")+"|[^".]+)\.', of.native) if of.kind is Kind.TEXT else None
    return f"operator({schema[1]}.=)" if schema else "="


def _differ(pairs: Iterable[tuple[str, str]]) -> str:
    ours, theirs = zip(*pairs, strict=True)
    return f"({', '.join(ours)}) is distinct from ({', '.join(theirs)})"


def _comparable(column: Column, text: str) -> str:
    """Return an expression that is equal only for the same text.

    `=` is too kind where types have many spellings of one value (numeric 1.0 and 1.00, interval 1 mon and 30 days, citext) and does not
    exist for json, xml or point.
    """
    kind = column.type
    if kind.kind in _EQUAL or (kind.kind is Kind.NUMERIC and kind.scale is not None):
        return text
    return f'{text}::text collate "C"'


def _unnested(columns: Sequence[Column], *, numbered: bool = False, first: int = 1) -> str:
    arrays = ", ".join(
        f"${first + i}::{'text' if column.type.kind in _FROM_TEXT else staged_type(column.type)}[]" for i, column in enumerate(columns)
    )
    names = [f"c{i}" for i in range(len(columns))]
    picked = ", ".join(
        f"{name}::{staged_type(column.type)} as {name}" if column.type.kind in _FROM_TEXT else name
        for name, column in zip(names, columns, strict=True)
    )
    if numbered:
        return f"select {picked}, n from unnest({arrays}) with ordinality a ({', '.join(names)}, n)"
    return f"select {picked} from unnest({arrays}) a ({', '.join(names)})"


def _literal(column: Column, text: Value) -> str:
    return f"{pg_text(text)}::{staged_type(column.type)}" if isinstance(text, str) else f"null::{staged_type(column.type)}"


def _names(columns: Iterable[Column]) -> str:
    return ", ".join(pg_name(column.name) for column in columns)


def _staged(places: Iterable[int]) -> str:
    return ", ".join(f"s.c{place}" for place in places)


def _identity(plan: TargetPlan, columns: Iterable[Column], written: str) -> tuple[str, str, str]:
    """Return what identity columns need that a mapping names: (further results, overriding clause, what `written` returns).

    The mapped value goes in, ALWAYS or not, and the sequence goes on behind it, so that the application's next row does not collide.
    """
    named = [column for column in columns if column.identity]
    if not named:
        return "", "", "1"
    results = "".join(f", ({_advance(plan, column, f'max({pg_name(column.name)})::bigint as m from {written}')})" for column in named)
    return results, " overriding system value", ", ".join(f"t.{pg_name(column.name)}" for column in named)


def sequence(table: TableName, column: Column) -> str:
    """Return an expression for the sequence that counts a column: its own one, else the one that its default takes numbers from."""
    named, default = f"{pg_text(pg_table(table))}, {pg_text(column.name)}", f"a.attrelid = {pg_text(pg_table(table))}::regclass"
    return (
        f"coalesce(pg_get_serial_sequence({named})::regclass, (select s.oid::regclass from pg_attribute a"
        " join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum"
        " join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_class'::regclass"
        f" join pg_class s on s.oid = d.refobjid and s.relkind = 'S' where {default} and a.attname = {pg_text(column.name)} limit 1))"
    )


def _advance(plan: TargetPlan, column: Column, highest: str) -> str:
    """Return a query that advances a sequence past the highest value written, where the role may: `check` tells where it may not."""
    return (
        f"select setval(q, m) from (select {sequence(plan.table.name, column)} as q, {highest}) x where case"
        " when has_sequence_privilege(q, 'update') and has_sequence_privilege(q, 'usage, select')"
        " then m > coalesce(pg_sequence_last_value(q), 0) end"
    )
