"""An endpoint → the connection that batches are applied on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from cdc.model.endpoint import Endpoint
from cdc.server.postgresql import SESSION, connect, translated
from cdc.sql.ledger import SCHEMA

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


_OURS_ASIDE = f"""
select set_config('search_path', coalesce((
    select string_agg(quote_ident(name), ', ' order by place) from unnest(current_schemas(false)) with ordinality s (name, place)
    where name <> '{SCHEMA}'), ''), false)
where '{SCHEMA}' = any(current_schemas(false))"""
"""A role that is named as our schema has it on its path before the application's: triggers of a table `parked` would find ours."""


def open_session(endpoint: Endpoint, pipeline: str) -> psycopg.Connection:
    """Connect for applying. Statements have `$1` placeholders, so that a `%` in a name is just a character."""
    connection = connect(endpoint, f"cdc {pipeline}", _SETTINGS)
    connection.cursor_factory = psycopg.RawCursor
    with closed_on_error(connection), translated(endpoint.name):
        connection.execute(_OURS_ASIDE)
    return connection


@contextmanager
def closed_on_error(connection: psycopg.Connection) -> Iterator[None]:
    """Close the connection when what is to make it ready fails."""
    try:
        yield
    except BaseException:
        connection.close()
        raise
