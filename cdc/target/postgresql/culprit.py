"""A value that the server refuses → the column it was for: the server's own message is about the value alone."""

from __future__ import annotations

import psycopg

from cdc.model.write import Write
from cdc.sql.postgresql import staged_type

_DATA = "22"


def culprit(connection: psycopg.Connection, error: psycopg.Error | UnicodeError, write: Write) -> str:
    """Return the name of the column whose value its type does not read; empty when none is found. A transaction is open and stays so.

    Each value is read once more, by itself. Only rows that are refused cost that.
    """
    if isinstance(error, psycopg.Error) and error.sqlstate and not error.sqlstate.startswith(_DATA):
        return ""
    for column, text in zip(write.plan.columns, write.image or (), strict=False):
        if isinstance(text, str) and not _reads(connection, staged_type(column.type), text):
            return column.name
    return ""


def _reads(connection: psycopg.Connection, native: str, text: str) -> bool:
    try:
        with connection.transaction():
            connection.execute(f"select $1::text::{native}".encode(), [text], prepare=False)
    except (psycopg.DataError, UnicodeError):
        return False
    return True
