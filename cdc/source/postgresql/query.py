"""A mapping's query on a PostgreSQL source: read and described by the server, run for keys, and looked at before it is run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

from cdc.mapping.query.query import Query, Question, Refusal, Takes, named, read, sample, statement, writes
from cdc.mapping.spec.query_text import ANSI
from cdc.model.change import ABSENT, Row, Value
from cdc.model.table import Column, Definition
from cdc.model.types import Kind
from cdc.server.postgresql_catalogue import describe as tables
from cdc.server.postgresql_catalogue import type_facts
from cdc.server.postgresql_types import type_of
from cdc.source.postgresql.copy_text import copied
from cdc.source.postgresql.session import SETTINGS
from cdc.sql.names import pg_name, pg_table, pg_text

QUERY_SETTINGS: Mapping[str, str] = {
    **SETTINGS,
    "search_path": "public",
    "default_transaction_read_only": "on",
    "statement_timeout": "5min",
}
"""A mapping's tables without a schema are in `public`, in its query as well."""

LARGE = 10_000
"""Rows of a table that is better not read whole for a few keys."""
_CHUNK: Mapping[Takes, int] = {Takes.KEYS: 1_000, Takes.NAMED: 100}
"""Values in one statement: in a list they cost little, each of the others has a SELECT of its own."""
_SAMPLE = 3
_WRONG = ("42", "22", "0A", "54")
"""Classes of SQLSTATE that say that the query is wrong."""
_DENIED = "42501"

_SIZE = "select reltuples::bigint from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname = %s and relname = %s"


def describe(connection: psycopg.Connection, catalogue: psycopg.Connection, question: Question) -> Query | Refusal:
    """Let the server parse the query for NULL, and say what it returns; nothing is run. `catalogue` gives types their qualified names."""
    query = read(question, ANSI)
    if isinstance(query, Refusal):
        return query
    text, back = sample(query, literal)
    prepared = connection.pgconn.prepare(b"", text.encode())
    if prepared.status != ExecStatus.COMMAND_OK:
        state = _said(prepared, DiagnosticField.SQLSTATE)
        if state == _DENIED or not state.startswith(_WRONG):
            raise errors.error_from_result(prepared)
        position = _said(prepared, DiagnosticField.STATEMENT_POSITION)
        message, hint = (_said(prepared, field) for field in (DiagnosticField.MESSAGE_PRIMARY, DiagnosticField.MESSAGE_HINT))
        return Refusal(
            message,
            hint or "try the query on the source, with a key in place of the parameter",
            back(int(position) - 1) if position else None,
        )
    result = connection.pgconn.describe_prepared(b"")
    facts = type_facts(catalogue, [result.ftype(at) for at in range(result.nfields)])
    columns = ((result.fname(at) or b"", type_of(result.ftype(at), result.fmod(at), facts)) for at in range(result.nfields))
    reads = named(question, ANSI, "public", str.lower)
    there = tables(catalogue, [each.table for each in reads])
    return replace(
        query,
        columns=tuple(Column(name.decode(), given) for name, given in columns),
        reads=tuple(each for each in reads if each.table in there),
    )


def run(connection: psycopg.Connection, query: Query, values: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows as they come. The columns are named, so that a table that gets one more does not move the others."""
    size, columns = _CHUNK[query.takes], ", ".join(pg_name(column.name) for column in query.columns)
    try:
        for start in range(0, len(values), size):
            text = f"select {columns} from (\n{statement(query, values[start : start + size], literal)}\n) q"
            for rows in copied(connection, text, size):
                yield from rows
    except errors.ReadOnlySqlTransaction as error:
        raise writes() from error


def scans(connection: psycopg.Connection, query: Query, table: Definition) -> Iterator[str]:
    """Name the large tables that would be read from one end to the other for a few values of `table`."""
    columns = ", ".join(pg_name(column.name) for column in query.given)
    (values,) = list(copied(connection, f"select {columns} from {pg_table(table.name)} limit {_SAMPLE}", _SAMPLE)) or [[]]
    if not values:
        return
    row = connection.execute(f"explain (verbose, format json)\n{statement(query, values, literal)}".encode()).fetchone()
    assert row is not None
    for schema, name in sorted(set(_scanned(row[0][0]["Plan"] if not isinstance(row[0], str) else json.loads(row[0])[0]["Plan"]))):
        size = connection.execute(_SIZE, (schema, name)).fetchone()
        if size and size[0] >= LARGE:
            yield f"{schema}.{name} ({size[0]:,} rows)"


def _scanned(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if node["Node Type"] == "Seq Scan":
        yield node["Schema"], node["Relation Name"]
    for inner in node.get("Plans", ()):
        yield from _scanned(inner)


def literal(column: Column, text: Value) -> str:
    """Write a value. A text stays untyped: a cast to its column's own type would cut it, to another keep an index from being used."""
    assert text is not ABSENT, "a query is asked with whole values"
    if text is None:
        return "null"
    return pg_text(text) if column.type.kind is Kind.TEXT else f"cast({pg_text(text)} as {column.type.native})"


def _said(result: PGresult, field: DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode(errors="replace")
