"""A mapping's query on a MySQL or MariaDB source: read and described by the server, run for keys, and looked at before it is run."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import pymysql
from pymysql.connections import Connection

from cdc.mapping.query.query import Query, Question, Refusal, Takes, changed, named, prove, read, sample, statement, writes
from cdc.mapping.spec.query_text import BACKSLASHED, names
from cdc.model.change import Row, Value
from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError, Transient
from cdc.model.table import Column, Definition, Table, TableName
from cdc.server.mysql import connect, translated
from cdc.server.mysql_catalogue import describe as tables
from cdc.source.mysql import text_rows
from cdc.source.mysql.driver import ResultColumn, header, raw_rows, result_columns, rows_behind
from cdc.source.mysql.log import inspect
from cdc.source.mysql.packets import Packet
from cdc.source.mysql.position import LogPosition
from cdc.source.mysql.result import type_of

LARGE = 10_000
"""Rows of a table that is better not read whole for a few keys."""
_CHUNK: Mapping[Takes, int] = {Takes.KEYS: 1_000, Takes.NAMED: 100}
"""Values in one statement: in a list they cost little, each of the others has a SELECT of its own."""
_SAMPLE = 3
Headers: TypeAlias = dict[Query, set[tuple[bytes, ...]]]
"""What answers to a query looked like when they were what the mapping was compiled for. A computed column's length is that of its values."""
_SECONDS = 300
_BEGIN = "start transaction with consistent snapshot, read only"
_PAUSE, _PATIENCE = 0.002, 30.0
_UNPROVED = 0.1
"""Seconds after which a commit that is in the log counts as visible, on a server that does not say."""

_SYNTAX, _READ_ONLY = 1064, 1792
_WRONG = frozenset(
    (1052, 1054, 1055, 1056, 1060, 1064, 1066, 1109, 1111, 1140, 1146, 1222, 1241, 1248, 1305, 1582, 1584, 1630, 4002, 4003, 4078)
)
"""Numbers of errors that say that the query is wrong."""
_GONE = frozenset((1054, 1146, 1305, 1356))
"""Those that say that something is gone which a query reads; a view says so of what it reads itself."""
_NEAR = re.compile(r"near '(.*)' at line (\d+)$", re.DOTALL)
_QUOTED = re.compile(r"['`]([^'`]+)['`]")


def connect_to_query(endpoint: Endpoint, *, seconds: int = _SECONDS) -> Connection[Any]:
    """Open a session that can't write. Tables without a schema are in the URL's database."""
    connection = connect(endpoint)
    with translated(endpoint.name), connection.cursor() as cursor:
        mariadb = inspect(connection).mariadb
        limit = f"max_statement_time = {seconds}" if mariadb else f"max_execution_time = {seconds}000"
        cursor.execute(f"set session {limit}, net_write_timeout = 3600")
        cursor.execute("set session transaction isolation level repeatable read, read only")
    return connection


def describe(connection: Connection[Any], question: Question, schema: str) -> Query | Refusal:
    """Run the query for NULL, which finds nothing, and see what it would return."""
    query = read(question, BACKSLASHED)
    if isinstance(query, Refusal):
        return query
    text, back = sample(query, literal)
    try:
        found = result_columns(connection, text)
    except pymysql.MySQLError as error:
        number = error.args[0] if error.args else 0
        if number == _READ_ONLY:
            return Refusal(str(writes()), writes().hint, None)
        if number not in _WRONG:
            raise
        return _refusal(number, str(error.args[-1]), text, question, back)
    reads = named(question, BACKSLASHED, schema, str)
    known = tables(connection, [each.table for each in reads])
    return replace(query, columns=_columns(connection, found), reads=tuple(each for each in reads if each.table in known))


def _columns(connection: Connection[Any], found: Sequence[ResultColumn]) -> tuple[Column, ...]:
    known = tables(connection, list(dict.fromkeys(TableName(each.schema, each.table) for each in found if each.table)))
    return tuple(Column(each.name, type_of(each, _declared(each, known))) for each in found)


def _declared(found: ResultColumn, known: Mapping[TableName, Definition]) -> Column | None:
    """A column of a table that goes into the result as it is has its table's type: the result's own description is a rough one."""
    table = known.get(TableName(found.schema, found.table))
    return table.column(found.column) if table else None


def run(
    connection: Connection[Any], query: Query, values: Sequence[Row], since: LogPosition, where: str, headers: Headers
) -> Iterator[Row]:
    """Yield the rows as they come, all of one state of the database that is not before `since`.

    The columns are named, so that a table that gets one more does not move the others.
    """
    with translated(where):
        see(connection, since)
    shape = Table(TableName("", ""), query.columns, ())
    size, wanted = _CHUNK[query.takes], f"{text_rows.expressions(shape)}{text_rows.as_they_are(shape)}"
    for start in range(0, len(values), size):
        text = f"select {wanted} from (\n{statement(query, values[start : start + size], literal)}\n) q"
        try:
            yield from text_rows.read(shape, _asked(connection, query, text, where, headers))
        except CdcError as error:
            raise _meant(error) from error.__cause__
    with translated(where), connection.cursor() as cursor:
        cursor.execute("rollback")


def _asked(connection: Connection[Any], query: Query, text: str, where: str, headers: Headers) -> Iterator[Packet]:
    """Yield the rows of an answer that is what the mapping was compiled for. An unknown header is looked into, once: nothing that the
    query reads can change before the transaction ends.
    """
    if (told := header(connection, text, where)) not in headers.setdefault(query, set()):
        for _ in rows_behind(connection, where):
            pass
        with translated(where):
            prove(query, _columns(connection, result_columns(connection, sample(query, literal)[0])))
        headers[query].add(told)
        header(connection, text, where)
    return rows_behind(connection, where)


def _meant(error: CdcError) -> CdcError:
    """Return what an error means of a query that the server has taken before."""
    number = error.__cause__.args[0] if isinstance(error.__cause__, pymysql.MySQLError) and error.__cause__.args else 0
    if number == _READ_ONLY:
        return writes()
    return changed(str(error)) if number in _GONE else error


def scans(connection: Connection[Any], query: Query, table: Definition) -> Iterator[str]:
    """Name what the server would read from one end to the other, if it is large, for a few values of `table`."""
    shape = Table(table.name, query.given, ())
    text = f"{text_rows.select(shape)} limit {_SAMPLE}"
    values = list(text_rows.read(shape, raw_rows(connection, text, "")))
    if not values:
        return
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(f"explain format=traditional {statement(query, values, literal)}")  # MySQL 9 shows a tree by default
        for step in cursor.fetchall():
            name, rows = str(step["table"]), int(step["rows"] or 0)
            if step["type"] in ("ALL", "index") and rows >= LARGE and not name.startswith("<"):
                yield f"{name} ({rows:,} rows)"


def literal(column: Column, text: Value) -> str:
    return "null" if text is None else text_rows.literal(column, text)


def see(connection: Connection[Any], since: LogPosition) -> None:
    """Begin a transaction that sees all up to a position. The log is sent before the storage engine has committed.

    MariaDB says at which place of the log a consistent snapshot is; MySQL, which transactions are committed.
    """
    server, until = inspect(connection), time.monotonic() + _PATIENCE
    with connection.cursor() as cursor:
        if not server.mariadb and not since.gtids:
            time.sleep(_UNPROVED)
        while True:
            seen = server.mariadb or _committed(cursor, since)
            cursor.execute(_BEGIN)
            if server.identity != since.server or (_snapshot_is_behind(cursor, since) if server.mariadb else seen):
                return
            cursor.execute("rollback")
            if time.monotonic() > until:
                raise Transient(
                    "the log tells of transactions that no session sees yet", "See whether the semi-synchronous replica answers."
                )
            time.sleep(_PAUSE)


def _committed(cursor: Any, since: LogPosition) -> bool:
    if not since.gtids:
        return True
    cursor.execute("select gtid_subset(%s, @@gtid_executed)", (since.gtids,))
    return bool(cursor.fetchone()[0])


def _snapshot_is_behind(cursor: Any, since: LogPosition) -> bool:
    """Return whether the transaction's snapshot was taken behind the position."""
    cursor.execute("show status like 'binlog_snapshot_%'")
    status = {name.lower(): text for name, text in cursor.fetchall()}
    file, offset = status["binlog_snapshot_file"], int(status["binlog_snapshot_position"])
    return replace(since, file=file, offset=offset).place() >= since.place()


def _refusal(number: int, message: str, text: str, question: Question, back: Any) -> Refusal:
    """Find where an error is. The server says what it stumbled over, and of syntax what follows from there."""
    hint = "try the query on the source, with a key in place of the parameter"
    if number == _SYNTAX and (near := _NEAR.search(message)):
        at = text.rfind(near[1]) if near[1] else len(text.rstrip())
        return Refusal(f"syntax error near line {near[2]} of the query", hint, back(at) if at >= 0 else None)
    quoted = _QUOTED.search(message)
    wanted = quoted[1].rpartition(".")[2] if quoted else ""
    offset, width = next(names(question.text, BACKSLASHED, wanted), (None, 1))
    return Refusal(message, hint, offset, width)
