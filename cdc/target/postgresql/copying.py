"""Rows into a table of the session by COPY."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from cdc.model.change import Row
from cdc.target.postgresql.copy_text import copy_text

MANY = 100
"""Rows from which COPY beats arrays in the statement itself."""


def copied(connection: psycopg.Connection, statement: str, rows: Sequence[Row]) -> int:
    """Run a COPY from us; return how many rows it has written. Does not work inside a pipeline."""
    with connection.cursor() as cursor:
        with cursor.copy(statement.encode()) as copy:
            for text in copy_text(rows):
                copy.write(text)
        return cursor.rowcount
