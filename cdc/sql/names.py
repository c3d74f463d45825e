"""Identifiers and string literals, quoted for each engine."""

from __future__ import annotations

import re

from cdc.model.table import TableName


def pg_name(name: str) -> str:
    """Quote an identifier for PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def pg_table(table: TableName) -> str:
    """Quote a table's qualified name for PostgreSQL."""
    return f"{pg_name(table.schema)}.{pg_name(table.name)}"


def pg_written(table: TableName) -> str:
    """Name a table as people write it: quoted only where PostgreSQL needs that. Behind a dot it knows no reserved words."""
    return f"{table.schema}.{table.name}" if _PLAIN.fullmatch(table.schema) and _PLAIN.fullmatch(table.name) else pg_table(table)


_PLAIN = re.compile("[a-z_][a-z0-9_]*")


def pg_text(text: str) -> str:
    """Quote a string literal for PostgreSQL, right under either setting of standard_conforming_strings."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'" if "\\" not in text else " E'" + quoted.replace("\\", "\\\\") + "'"


def my_name(name: str) -> str:
    """Quote an identifier for MySQL and MariaDB."""
    return "`" + name.replace("`", "``") + "`"


def my_table(table: TableName) -> str:
    """Quote a table's qualified name for MySQL and MariaDB."""
    return f"{my_name(table.schema)}.{my_name(table.name)}"


def my_text(text: str) -> str:
    """Quote a string literal for MySQL and MariaDB. Sessions of ours never run with NO_BACKSLASH_ESCAPES."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''").replace("\0", "\\0") + "'"
