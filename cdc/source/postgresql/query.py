"""A mapping's query on a PostgreSQL source: read and described by the server, run for keys, and looked at before it is run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import psycopg
from psycopg import errors
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

from cdc.mapping.query.query import Query, Question, Refusal, Takes, changed, named, prove, read, sample, statement, writes
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
Header: TypeAlias = Sequence[tuple[bytes, int, int]]
"""What the server says of a result's columns: name, type, modifier."""
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
    found = _described(connection, text)
    if found.status != ExecStatus.COMMAND_OK:
        position = _said(found, DiagnosticField.STATEMENT_POSITION)
        message, hint = (_said(found, field) for field in (DiagnosticField.MESSAGE_PRIMARY, DiagnosticField.MESSAGE_HINT))
        return Refusal(
            message,
            hint or "try the query on the source, with a key in place of the parameter",
            back(int(position) - 1) if position else None,
        )
    reads = named(question, ANSI, "public", str.lower)
    there = tables(catalogue, [each.table for each in reads])
    return replace(query, columns=_columns(catalogue, _header(found)), reads=tuple(each for each in reads if each.table in there))


def _described(connection: psycopg.Connection, text: str) -> PGresult:
    """Let the server parse a query, and describe its result or say that the query is wrong; other errors are raised."""
    prepared = connection.pgconn.prepare(b"", text.encode())
    if prepared.status != ExecStatus.COMMAND_OK:
        state = _said(prepared, DiagnosticField.SQLSTATE)
        if state == _DENIED or not state.startswith(_WRONG):
            raise errors.error_from_result(prepared)
        return prepared
    return connection.pgconn.describe_prepared(b"")


def _header(result: PGresult) -> Header:
    return [(result.fname(at) or b"", result.ftype(at), result.fmod(at)) for at in range(result.nfields)]


def _columns(catalogue: psycopg.Connection, header: Header) -> tuple[Column, ...]:
    facts = type_facts(catalogue, [oid for _, oid, _ in header])
    return tuple(Column(name.decode(), type_of(oid, modifier, facts)) for name, oid, modifier in header)


class Asker:
    """Runs queries on one connection, and knows of each what it returned before."""

    def __init__(self, connection: psycopg.Connection, catalogue: psycopg.Connection) -> None:
        self._connection, self._catalogue = connection, catalogue
        self._proved: dict[Query, Header] = {}

    def run(self, query: Query, values: Sequence[Row]) -> Iterator[Row]:
        """Yield the rows as they come. The columns are named, so that a table that gets one more does not move the others."""
        size, columns = _CHUNK[query.takes], ", ".join(pg_name(column.name) for column in query.columns)
        try:
            with self._connection.transaction():
                self._look(query)
                for start in range(0, len(values), size):
                    text = f"select {columns} from (\n{statement(query, values[start : start + size], literal)}\n) q"
                    for rows in copied(self._connection, text, size):
                        yield from rows
        except errors.ReadOnlySqlTransaction as error:
            raise writes() from error

    def _look(self, query: Query) -> None:
        """Let the server parse the query again, which locks all that it reads until the transaction ends. COPY does not say what it returns."""
        found = _described(self._connection, sample(query, literal)[0])
        if found.status != ExecStatus.COMMAND_OK:
            raise changed(_said(found, DiagnosticField.MESSAGE_PRIMARY))
        if self._proved.get(query) != (header := _header(found)):
            prove(query, _columns(self._catalogue, header))
            self._proved[query] = header


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
