"""The server's refusal of a row → `BadRow` that names mapping, table, constraint and key, and shows no value."""

from __future__ import annotations

from collections.abc import Mapping

import pymysql

from cdc.model.errors import BadRow, CdcError, key_text
from cdc.model.write import Write
from cdc.target.refusal import ALIKE


def named(error: BadRow, write: Write) -> BadRow:
    """Say which write was refused. The text of `error` has no value in it."""
    target = f"{write.plan.table.name} (key {key_text(write.moved or write.key)})"
    number = _number(error)
    hint = ALIKE if write.plan.exact and number in _DUPLICATE else error.hint or _HINTS.get(number, _MEND)
    return BadRow(f"mapping {write.plan.mapping}: {target}: {error}", hint, waits=number in _REFERS)


def clashes(error: BadRow) -> bool:
    """Return whether the server refused a row because of another with the same unique value."""
    return _number(error) in _DUPLICATE


def scans(error: CdcError) -> bool:
    """Return whether the server refused a statement because it would have to scan the table."""
    return _number(error) == 1175


def _number(error: CdcError) -> int:
    cause = error.__cause__
    return int(cause.args[0]) if isinstance(cause, pymysql.MySQLError) else 0


_DUPLICATE = (1062, 1586)
_REFERS = (1216, 1217, 1451, 1452)
"""A foreign key fails."""
_MEND = "Mend the row at the source, or the mapping's expression."
_HINTS: Mapping[int, str] = {
    **dict.fromkeys((1048, 1364), "Name the column in the mapping, or give it a default on the target."),
    **dict.fromkeys(_DUPLICATE, "Another row of the target has this value already: find it there, and mend one of the two."),
    **dict.fromkeys((1216, 1452), "The row it refers to is missing on the target: map that table too, or mend the row at the source."),
    **dict.fromkeys((1217, 1451), "Rows of the target still refer to it: map their table too, or delete them there."),
    **dict.fromkeys((3819, 4025), "Mend the row at the source, or the mapping's expression, so that it satisfies the check."),
    1644: "Look at the triggers of the table on the target.",
}
