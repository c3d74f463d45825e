"""What an account may do and see on MySQL and MariaDB, asked from the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from cdc.model.errors import BadRow, Denied, Misconfigured
from cdc.model.table import Definition, TableName
from cdc.sql.names import my_name, my_table, my_text

Rows: TypeAlias = Callable[[str], Sequence[tuple[Any, ...]]]
"""Runs a query and returns its rows. Raises `CdcError`."""

_HOST = "substring_index(current_user(), '@', -1)"
_GRANTEE = f"""concat('\\'', left(current_user(), char_length(current_user()) - char_length({_HOST}) - 1), '\\'@\\'', {_HOST}, '\\'')"""


def account(rows: Rows) -> str:
    """Return the account as `grant` wants it."""
    return str(rows(f"select {_GRANTEE}")[0][0])


def granted(rows: Rows, privilege: str, table: TableName) -> bool:
    """Return whether the account itself has the privilege on the table; one that comes by a role is not seen."""
    mine = f"grantee = {_GRANTEE} and privilege_type = {my_text(privilege)}"
    schema, name = my_text(table.schema), my_text(table.name)
    return bool(
        rows(
            f"select 1 from information_schema.user_privileges where {mine}"
            f" union all select 1 from information_schema.schema_privileges where {mine} and {schema} like table_schema"
            f" union all select 1 from information_schema.table_privileges where {mine} and table_schema = {schema} and table_name = {name}"
        )
    )


def sees_triggers(rows: Rows, table: TableName) -> bool:
    """Return whether the catalogue shows the table's triggers: to an account without this privilege it shows none."""
    return granted(rows, "TRIGGER", table)


def missing(rows: Rows, table: Definition) -> Iterator[str]:
    """Yield the privileges on a table that are missing, whichever way they would be granted: the server is asked to plan statements."""
    name = my_table(table.name)
    column = my_name(next(column.name for column in table.columns if not column.generated))
    for privilege, statement in (
        ("select", f"select 1 from {name}"),
        ("insert", f"insert into {name} ({column}) select null from dual where false"),
        ("update", f"update {name} set {column} = null where false"),
        ("delete", f"delete from {name} where false"),
    ):
        try:
            with suppress(BadRow, Misconfigured):  # past the privileges: at a column that needs a value, or at a setting that does not fit
                rows(f"explain {statement}")
        except Denied:
            yield privilege
