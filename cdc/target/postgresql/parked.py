"""A PostgreSQL session → what it has of a pipeline's parked row changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from cdc.model.endpoint import Endpoint
from cdc.server.postgresql import translated
from cdc.sql.parked import POSTGRESQL
from cdc.target.parked import StoredRows


def stored_rows(connection: psycopg.Connection, endpoint: Endpoint, pipeline: str) -> StoredRows:
    def read(statement: str) -> Sequence[tuple[Any, ...]]:
        with translated(endpoint.name):
            return connection.execute(statement.encode()).fetchall()

    return StoredRows(POSTGRESQL, pipeline, read, lambda statement: connection.execute(statement.encode()))
