"""The tables that a pipeline's look-ups read on the target: their definitions, and what keeps them from being read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from cdc.app.build import Line
from cdc.app.service.config import default_schema
from cdc.mapping.reference import looks_in
from cdc.model.errors import Denied, Exit, Finding, Misconfigured
from cdc.model.table import Definition, TableName
from cdc.sql.reference import read
from cdc.target.base import TargetAdmin


def look_ups(line: Line, admin: TargetAdmin) -> tuple[Mapping[TableName, Definition], Mapping[TableName, Finding]]:
    """Ask for the tables, and by a query for no row of each for the privilege to read it; return those that are, and those that lack it."""
    wanted = dict.fromkeys(each for spec in line.specs for each in looks_in(spec, default_schema(line.target)))
    if not wanted:
        return {}, {}
    unreadable = {table: found for table, columns in wanted if (found := _unreadable(admin, table, columns))}
    return admin.definitions(list(dict.fromkeys(table for table, _ in wanted))), unreadable


def _unreadable(admin: TargetAdmin, table: TableName, columns: tuple[str, ...]) -> Finding | None:
    try:
        with suppress(Misconfigured):  # what does not exist is reported with the mapping's line
            admin.ask(read(admin.words, table, columns))
    except Denied as error:
        return Finding("privilege", str(error), f"grant select on {admin.words.table(table)} to the account;", Exit.DENIED)
    return None
