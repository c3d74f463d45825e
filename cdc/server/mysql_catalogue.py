"""The catalogue of MySQL and MariaDB to definitions of tables, in a few queries for all tables at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pymysql.connections import Connection

from cdc.model.errors import Denied, Misconfigured
from cdc.model.table import Column, Definition, ForeignKey, TableName, Unique
from cdc.model.types import Kind
from cdc.server.mysql import translated
from cdc.server.mysql_types import Facts, labels_of, type_of
from cdc.sql.names import my_table

_TABLES = """
select t.table_schema, t.table_name, coalesce(t.table_rows, 0), t.table_type
from information_schema.tables t
where t.table_schema in %s and t.table_name in %s and t.table_type in ('BASE TABLE', 'SYSTEM VERSIONED')"""

_NAMES = """
select table_schema, table_name from information_schema.tables where table_type in ('BASE TABLE', 'SYSTEM VERSIONED')
and table_schema not in ('information_schema', 'mysql', 'performance_schema', 'sys')"""

_TRIGGERS = """
select distinct event_object_schema, event_object_table from information_schema.triggers
where event_object_schema in %s and event_object_table in %s"""

_COLUMNS = """
select table_schema, table_name, column_name, data_type, column_type, is_nullable,
    case when column_default <> 'NULL' or version() not like '%%mariadb%%' then column_default end,
    case when generation_expression = 'ROW END' then concat(extra, ', ROW END') else extra end,
    character_maximum_length, numeric_precision, numeric_scale, datetime_precision, character_set_name, collation_name
from information_schema.columns
where table_schema in %s and table_name in %s
order by table_schema, table_name, ordinal_position"""
"""MariaDB says NULL where nothing is the default, and puts texts in quotes; MySQL does neither."""

_UNIQUES = """
select table_schema, table_name, index_name, column_name, nullable = 'YES' or sub_part is not null or column_name is null
from information_schema.statistics
where table_schema in %s and table_name in %s and non_unique = 0
order by table_schema, table_name, index_name <> 'PRIMARY', index_name, seq_in_index"""
"""A functional key part has no column name."""

_FOREIGN_KEYS = """
select k.table_schema, k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema, k.referenced_table_name,
    k.referenced_column_name, r.delete_rule not in ('NO ACTION', 'RESTRICT') or r.update_rule not in ('NO ACTION', 'RESTRICT')
from information_schema.key_column_usage k
join information_schema.referential_constraints r
    on r.constraint_schema = k.constraint_schema and r.table_name = k.table_name and r.constraint_name = k.constraint_name
where k.table_schema in %s and k.table_name in %s and k.referenced_table_name is not null
order by k.table_schema, k.table_name, k.constraint_name, k.ordinal_position"""

_Rows = Mapping[TableName, list[tuple[Any, ...]]]


def describe(connection: Connection[Any], names: Sequence[TableName]) -> dict[TableName, Definition]:
    """Describe the tables among `names`, by the names asked for; views, and tables that do not exist, are left out.

    A table that this account has no privilege on does not exist either: so says information_schema.
    """
    if not names:
        return {}
    fold = str.lower if folds_case(connection) else str
    asked = {(fold(name.schema), fold(name.name)): name for name in names}

    def read(query: str) -> _Rows:
        """Group a query's rows by table: the query compares schemas and names each on its own, and without case."""
        found = defaultdict[TableName, list[tuple[Any, ...]]](list)
        with connection.cursor() as cursor:
            cursor.execute(query, ({name.schema for name in names}, {name.name for name in names}))
            for schema, table, *rest in cursor.fetchall():
                if name := asked.get((fold(schema), fold(table))):
                    found[name].append(tuple(rest))
        return found

    tables, triggers, columns, uniques, foreign_keys = (read(query) for query in (_TABLES, _TRIGGERS, _COLUMNS, _UNIQUES, _FOREIGN_KEYS))
    return {
        name: _definition(name, found[0], columns[name], uniques[name], foreign_keys[name], name in triggers)
        for name, found in tables.items()
        if name in columns
    }


def table_names(connection: Connection[Any]) -> list[TableName]:
    """Name all tables that the account may see, but the server's own."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES)
        return [TableName(schema, name) for schema, name in cursor.fetchall()]


def may_read(connection: Connection[Any], table: TableName) -> bool:
    """Return whether the account may read the whole table. Where there is none, it may if it may know that."""
    try:
        with translated(""), connection.cursor() as cursor:
            cursor.execute(f"select * from {my_table(table)} limit 0")
    except Denied:
        return False
    except Misconfigured:
        pass  # there is no such table, which others will say
    return True


def folds_case(connection: Connection[Any]) -> bool:
    """Return whether the server takes table names that differ in case for the same (lower_case_table_names)."""
    with connection.cursor() as cursor:
        cursor.execute("select @@lower_case_table_names")
        row = cursor.fetchone()
    return bool(row and row[0])


def _definition(
    name: TableName,
    facts: tuple[Any, ...],
    columns: Sequence[tuple[Any, ...]],
    unique_parts: Sequence[tuple[Any, ...]],
    foreign_parts: Sequence[tuple[Any, ...]],
    triggers: bool,
) -> Definition:
    described = tuple(_column(*row) for *row, _ in columns)
    loose = {column.name: row[-1] for column, row in zip(described, columns, strict=True) if _loose(column, row[-1])}
    history = _history(str(facts[1]), columns)
    uniques = tuple(_uniques([part for part in unique_parts if part[1] != history]))
    followed = any(unique.exact for unique in uniques)
    identity = tuple(column.name for column in described) if followed else None
    keys = tuple(_foreign_keys(foreign_parts))
    return Definition(name, described, uniques, keys, identity, triggers, int(facts[0]), loose, history)


def _history(table_type: str, columns: Sequence[tuple[Any, ...]]) -> str | None:
    """Of rows of now the server keeps unique keys, to which it has added this column. Without a name it is hidden."""
    named = (name for name, _, _, _, _, extra, *_ in columns if "row end" in extra.lower())
    return next(named, "row_end" if table_type == "SYSTEM VERSIONED" else None)


def _loose(column: Column, collation: str | None) -> bool:
    """Most collations leave blanks at the end out of a comparison, `_bin` too; in a char(n) there are none."""
    if collation is None or column.type.kind is not Kind.TEXT:
        return False
    return not collation.endswith(("_nopad_bin", "_0900_bin")) and not (column.type.padded and collation.endswith("_bin"))


def _column(
    name: str, data_type: str, column_type: str, nullable: str, default: str | None, extra: str, *numbers: Any
) -> Column:  # fmt: skip
    length, precision, scale, fraction, charset = numbers
    words = extra.lower()
    facts = Facts(
        data_type.lower(),
        column_type,
        "unsigned" in column_type and data_type not in ("enum", "set"),
        length,
        precision,
        scale,
        fraction,
        labels_of(column_type) if data_type in ("enum", "set") else (),
        charset,
    )
    automatic = "auto_increment" in words
    return Column(
        name,
        type_of(facts),
        nullable == "YES",
        automatic or default is not None,
        "virtual generated" in words or "stored generated" in words,
        automatic,
    )


def _uniques(parts: Sequence[tuple[Any, ...]]) -> list[Unique]:
    grouped = defaultdict[str, list[tuple[str | None, int]]](list)
    for index, column, vague in parts:
        grouped[index].append((column, vague))
    return [
        Unique(index, tuple(column for column, _ in group if column), index == "PRIMARY", not any(vague for _, vague in group))
        for index, group in grouped.items()
    ]


def _foreign_keys(parts: Sequence[tuple[Any, ...]]) -> list[ForeignKey]:
    grouped = defaultdict[str, list[tuple[Any, ...]]](list)
    for constraint, *rest in parts:
        grouped[constraint].append(tuple(rest))
    return [
        ForeignKey(
            constraint,
            tuple(column for column, *_ in group),
            TableName(group[0][1], group[0][2]),
            tuple(parent_column for _, _, _, parent_column, _ in group),
            bool(group[0][4]),
        )
        for constraint, group in grouped.items()
    ]
