"""Which of our own tables a target has, of which layout, to the statements that are still needed; each is safe to run after a crash."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from cdc.model.errors import Misconfigured
from cdc.model.value import value
from cdc.sql import ledger

_MARK = "cdc layout "
_MARKED = re.compile(_MARK + r"(\d{1,6})")


@value
class Layout:
    """How one engine is asked for our tables, and how they are made."""

    columns: str
    """The query for (table, column, comment of the table) of our schema."""
    schema: str
    tables: Mapping[str, str]
    """Name → the statement that makes it as layout 1 had it, or as it came later."""
    alter: str
    """Adds columns to `checkpoint`: `{}` stands for them."""
    types: int
    """Place of the engine's types in `CHECKPOINT_ADDED`."""
    comment: str
    """Puts `{}` down as the comment of `checkpoint`. It comes last: what has it is whole."""


POSTGRESQL = Layout(
    f"""select c.relname, a.attname, coalesce(obj_description(c.oid, 'pg_class'), '') from pg_class c
join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = '{ledger.SCHEMA}' and c.relkind = 'r'""",
    ledger.POSTGRESQL[0],
    {ledger.CHECKPOINT: ledger.POSTGRESQL[1], ledger.AUDIT: ledger.POSTGRESQL_AUDIT, ledger.PARKED: ledger.POSTGRESQL_PARKED},
    f"alter table {ledger.SCHEMA}.{ledger.CHECKPOINT} {{}}",
    1,
    f"comment on table {ledger.SCHEMA}.{ledger.CHECKPOINT} is '{{}}'",
)
MYSQL = Layout(
    f"""select c.table_name, c.column_name, t.table_comment from information_schema.columns c
join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
where c.table_schema = '{ledger.SCHEMA}'""",
    ledger.MYSQL[0],
    {ledger.CHECKPOINT: ledger.MYSQL[1], ledger.AUDIT: ledger.MYSQL_AUDIT, ledger.PARKED: ledger.MYSQL_PARKED},
    f"alter table {ledger.SCHEMA}.{ledger.CHECKPOINT} {{}}",
    2,
    f"alter table {ledger.SCHEMA}.{ledger.CHECKPOINT} comment = '{{}}'",
)


@value
class Present:
    """Our tables as they are on a server."""

    columns: Mapping[str, Collection[str]]
    """Table → its columns."""
    number: int
    """The layout's; 0: there is no checkpoint table."""

    @property
    def whole(self) -> bool:
        """Whether the checkpoint's table is of the layout that this program works with."""
        return self.number == ledger.LAYOUT


def present(rows: Iterable[tuple[Any, ...]], where: str) -> Present:
    """Read what `Layout.columns` asked for. Raises `Misconfigured` for a layout that a later program made."""
    columns, number = defaultdict[str, set[str]](set), 0
    for table, column, comment in rows:
        columns[str(table)].add(str(column))
        if table == ledger.CHECKPOINT:
            found = _MARKED.fullmatch(str(comment))
            number = int(found[1]) if found else 1
    if number > ledger.LAYOUT:
        raise Misconfigured(
            f"{where}: our own tables are of layout {number}, this program knows {ledger.LAYOUT}: a later version has been here",
            "Run that version, or a later one.",
        )
    return Present(columns, number)


def needed(layout: Layout, there: Present, *, schema: bool) -> Iterator[str]:
    """Yield what is still needed, in order; `schema`: whether it exists."""
    if not schema:
        yield layout.schema
    yield from (statement for table, statement in layout.tables.items() if table not in there.columns)
    known = there.columns.get(ledger.CHECKPOINT, ())
    if lacking := [column for column in ledger.CHECKPOINT_ADDED if column[0] not in known]:
        yield layout.alter.format(", ".join(f"add column {column[0]} {column[layout.types]}" for column in lacking))
    if not there.whole:
        yield layout.comment.format(f"{_MARK}{ledger.LAYOUT}")
