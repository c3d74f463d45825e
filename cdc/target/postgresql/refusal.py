"""Errors of the server about a row → `BadRow` that names mapping, table, constraint and key, and shows no value."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors

from cdc.model.errors import BadRow, key_text
from cdc.model.write import Write
from cdc.server.postgresql import classify
from cdc.target.refusal import ALIKE

_QUOTED = re.compile('".*"', re.DOTALL)


def refused(error: psycopg.Error | UnicodeError) -> bool:
    """Return whether the error is about a row's data. Some data the driver itself refuses, without a SQLSTATE."""
    if isinstance(error, UnicodeError):
        return True
    return isinstance(classify(error, ""), BadRow) or (isinstance(error, psycopg.DataError) and not error.sqlstate)


def bad_row(error: psycopg.Error | UnicodeError, write: Write, column: str = "") -> BadRow:
    """`column`: the one whose value it is about, where the message does not say so."""
    target = f"{write.plan.table.name} (key {key_text(write.moved or write.key)}){f': column {column}' if column else ''}"
    waits = isinstance(error, errors.ForeignKeyViolation)
    hint = ALIKE if write.plan.exact and isinstance(error, errors.UniqueViolation) else _hint(error)
    return BadRow(f"mapping {write.plan.mapping}: {target}: {_reason(error)}", hint, waits=waits)


def _reason(error: psycopg.Error | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "a text is not valid Unicode"
    if error.sqlstate is None:
        return str(error)
    diag, state = error.diag, f"(SQLSTATE {error.sqlstate})"
    if error.sqlstate.startswith(("23", "44")):
        return f"{diag.message_primary} {state}"  # names constraint or column, and no value
    if error.sqlstate.startswith("22"):
        return f"{_QUOTED.sub('…', diag.message_primary or '')} {state}"
    return f"a trigger or a rule of the database refuses the row {state}"


def _hint(error: psycopg.Error | UnicodeError) -> str:
    state = (error.sqlstate or "") if isinstance(error, psycopg.Error) else ""
    return _HINTS.get(state) or _HINTS.get(state[:2]) or "Mend the row at the source, or the mapping's expression."


_HINTS = {
    "23502": "Name the column in the mapping, or give it a default on the target.",
    "23503": "The row it refers to is missing on the target: map that table too, or mend the row at the source.",
    "23505": "Another row of the target has this value already: find it there, and mend one of the two.",
    "23514": "Mend the row at the source, or the mapping's expression, so that it satisfies the check.",
    "P0001": "The server's log has the text that the trigger raised.",
}
