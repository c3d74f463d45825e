"""A mapping → the keys of its rows that are there, for a TRUNCATE that is to be applied."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from cdc.model.change import Row
from cdc.model.write import TargetPlan
from cdc.server.postgresql import translated
from cdc.sql import postgresql as sql
from cdc.target.plans import owner_of
from cdc.target.postgresql.reference import PostgreSQLStore
from cdc.target.reference import entered


def held(connection: psycopg.Connection, where: str, plan: TargetPlan, node: str, most: int) -> Sequence[Row]:
    """Do what `Target.held` says. `where` names the database in errors."""
    with translated(where):
        if owner := owner_of(plan):
            return entered(owner, PostgreSQLStore(connection), node, most)
        return connection.execute(sql.held(plan, most).encode()).fetchall()
