"""The crosswalk's statements: what a batch asks of it and adds to it, on each engine, and how a source key is spelled in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cdc.model.table import Column
from cdc.model.write import TargetPlan
from cdc.sql.ledger import CROSSWALK, SCHEMA
from cdc.sql.names import my_text, pg_name, pg_table
from cdc.sql.postgresql import sequence

TABLE = f"{SCHEMA}.{CROSSWALK}"

PG_ENTRIES = f"""select k.s, x.target_key from unnest($3::text[]) k (s) cross join lateral (
    select target_key from {TABLE} where entity = $1 and node = $2 and source_key = k.s limit 1) x"""
"""Key by key by the index. A join is free to go the other way round, and does so without statistics: all entries for each key."""

PG_SOURCES = f"select source_key from {TABLE} where entity = $1 and node = $2 order by source_key limit $3::bigint"

PG_RECORD = f"""insert into {TABLE} (entity, node, source_key, target_key, created_at)
select $1, $2, s, t, clock_timestamp() from unnest($3::text[], $4::text[]) k (s, t)"""

PG_SHARED = f"""select k.t, x.n from unnest($3::text[]) k (t) cross join lateral (
    select count(*) as n from {TABLE} where entity = $1 and node = $2 and target_key = k.t) x where x.n > 1"""

PG_TAKEN = f"""select k.t from unnest($3::text[]) k (t) cross join lateral (
    select from {TABLE} where entity = $1 and node = $2 and target_key = k.t limit 1) x"""

PG_FORGET = f"delete from {TABLE} where entity = $1 and node = $2 and source_key = $3"

PG_RENAME = f"update {TABLE} set source_key = $4 where entity = $1 and node = $2 and source_key = $3"


def pg_reserve(plan: TargetPlan, column: Column) -> str:
    """Return the statement that takes at most $1 numbers from a column's sequence and returns those that no row has.

    A sequence may be behind the rows, where an application has named its keys itself; a number that is taken would be another's row.
    """
    table, name = pg_table(plan.table.name), pg_name(column.name)
    counted = sequence(plan.table.name, column)
    return (
        f"with s as materialized (select nextval({counted}) as n from generate_series(1, $1::int))"
        f" select n::text from s where not exists (select from {table} t where t.{name} = s.n)"
    )


def my_entries(entity: str, node: str, keys: Iterable[str]) -> str:
    listed = ", ".join(map(my_text, keys))
    return f"select source_key, target_key from {TABLE} where {_mine(entity, node)} and source_key in ({listed})"


def my_sources(entity: str, node: str, most: int) -> str:
    return f"select source_key from {TABLE} where {_mine(entity, node)} order by source_key limit {most}"


def my_record(entity: str, node: str, entries: Mapping[str, str]) -> str:
    head = f"database(), {my_text(entity)}, {my_text(node)}"
    rows = ", ".join(f"({head}, {my_text(source)}, {my_text(target)}, utc_timestamp(6))" for source, target in entries.items())
    return f"insert into {TABLE} (home, entity, node, source_key, target_key, created_at) values {rows}"


def my_shared(entity: str, node: str, keys: Iterable[str]) -> str:
    return f"{_by_target(entity, node, keys, 'target_key, count(*)')} having count(*) > 1"


def my_taken(entity: str, node: str, keys: Iterable[str]) -> str:
    return _by_target(entity, node, keys, "target_key")


def _by_target(entity: str, node: str, keys: Iterable[str], taken: str) -> str:
    """The index overlooks blanks at the end, and rows whose keys differ in these may be two: `exact` does not."""
    listed, exact = ", ".join(map(my_text, keys)), "cast(target_key as binary)"
    only = f"{_mine(entity, node)} and target_key in ({listed}) and {exact} in ({listed})"
    return f"select {taken} from {TABLE} where {only} group by target_key, {exact}"


def my_forget(entity: str, node: str, key: str) -> str:
    return f"delete from {TABLE} where {_mine(entity, node)} and source_key = {my_text(key)}"


def my_rename(entity: str, node: str, old: str, new: str) -> str:
    return f"update {TABLE} set source_key = {my_text(new)} where {_mine(entity, node)} and source_key = {my_text(old)}"


def _mine(entity: str, node: str) -> str:
    return f"home = database() and entity = {my_text(entity)} and node = {my_text(node)}"


def source_key(texts: Sequence[str | None]) -> str:
    r"""Return a source key as the crosswalk has it: its texts joined by `,`, spelled so that no two keys run together.

    None of them is NULL: there is no reference then. A comma or backslash in a text has a backslash before it; a blank at the end is `\s`, since MySQL overlooks such blanks.
    """
    return ",".join([_spelled(text) for text in texts if text is not None])


def source_texts(key: str) -> tuple[str, ...]:
    """Undo `source_key`."""
    texts = [""]
    escaped = False
    for mark in key:
        if escaped:
            texts[-1] += " " if mark == "s" else mark
            escaped = False
        elif mark == ",":
            texts.append("")
        elif mark == "\\":
            escaped = True
        else:
            texts[-1] += mark
    return tuple(texts)


def _spelled(text: str) -> str:
    if "\\" in text or "," in text:
        text = text.replace("\\", "\\\\").replace(",", "\\,")
    return f"{text[:-1]}\\s" if text.endswith(" ") else text
