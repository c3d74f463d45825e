"""MariaDB's system-versioned tables: the log holds their history as rows too, of which only those of now are the table's.

An update is logged as an update and an insert of what was, a delete as an update of the row's end, `delete history` as deletes.

https://mariadb.com/kb/en/system-versioned-tables/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.change import Change, Op, Row
from cdc.model.table import Definition
from cdc.server.mysql_types import TIMESTAMP2
from cdc.source.mysql.table_map import TableMap

_HIDDEN = ["row_start", "row_end"]
"""Columns that nobody has named; they stand at the end."""
_DIGITS = 6
_NOW = frozenset(("2038-01-19 03:14:07.999999+00", "2106-02-07 06:28:15.999999+00"))
"""The end of a row that has none, before MariaDB 11.5 and since."""


def may_be(announced: TableMap) -> bool:
    """Return whether the catalogue is to be asked: such a table's primary key ends with the row's end."""
    return any(_is_end(announced, at) for at in announced.key or range(len(announced.names)))


def end_of(announced: TableMap, definition: Definition | None) -> int | None:
    """Return the position of the column that holds a row's end; None for ordinary tables.

    A table that was versioned when its rows were logged may not be so any more; hidden columns tell of themselves.
    """
    names = list(announced.names)
    if names[-2:] == _HIDDEN and _is_end(announced, len(names) - 1):
        return len(names) - 1
    name = definition.history if definition else None
    return names.index(name) if name in names and _is_end(announced, names.index(name)) else None


def current(changes: Sequence[Change], end: int) -> list[Change]:
    """Return what the changes do to the rows of now."""
    return list(_current(changes, end))


def _current(changes: Sequence[Change], end: int) -> Iterator[Change]:
    for change in changes:
        was, is_ = _lives(change.old, end), _lives(change.new, end)
        if was and is_:
            yield change
        elif is_:
            yield Change(change.table, Op.INSERT, None, change.new)
        elif was:
            yield Change(change.table, Op.DELETE, change.old, None)


def _lives(row: Row | None, end: int) -> bool:
    return row is not None and row[end] in _NOW


def _is_end(announced: TableMap, at: int) -> bool:
    column = announced.columns[at]
    return column.code in (TIMESTAMP2, CODE.TIMESTAMP) and column.length == _DIGITS and not announced.nullable[at]
