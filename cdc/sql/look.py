"""A target table's columns to the query that finds no row and shows what they are now, and holds off every ALTER until the transaction ends."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.model.table import TableName
from cdc.sql.names import my_name, my_table, pg_name, pg_table


def pg_look(table: TableName, columns: Sequence[str]) -> str:
    return f"select {', '.join(map(pg_name, columns))} from {pg_table(table)} limit 0"


def my_look(table: TableName, columns: Sequence[str]) -> str:
    return f"select {', '.join(map(my_name, columns))} from {my_table(table)} limit 0"
