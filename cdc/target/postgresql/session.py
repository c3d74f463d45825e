"""An endpoint → the connection that batches are applied on."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from cdc.model.endpoint import Endpoint
from cdc.server.postgresql import SESSION, connect

_SETTINGS: Mapping[str, str] = {
    # The search path stays the role's own: our names are all qualified, those in the application's triggers often are not.
    **{key: text for key, text in SESSION.items() if key != "search_path"},
    # Staged rows have no statistics: left alone, the planner scans the target for each batch. Every join of ours is by a unique index.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_material": "off",
    "jit": "off",  # the cost of what is disabled would call for it each time
    "plan_cache_mode": "force_generic_plan",  # with no choice left, planning again is waste: 0.2 ms of a statement
    "synchronous_commit": "on",
    "lock_timeout": "30s",
    "statement_timeout": "5min",
    "idle_in_transaction_session_timeout": "0",
    "client_min_messages": "warning",
}


def open_session(endpoint: Endpoint, pipeline: str) -> psycopg.Connection:
    """Connect for applying. Statements have `$1` placeholders, so that a `%` in a name is just a character."""
    connection = connect(endpoint, f"cdc {pipeline}", _SETTINGS)
    connection.cursor_factory = psycopg.RawCursor
    return connection
