"""The demo's own oracle: reads both databases with plain SQL, works out in plain Python what the mappings promise, and lists every difference.

It shares no code with the daemon, so that a mistake there is not made here once more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from pymysql.connections import Connection
from pymysql.cursors import DictCursor

from demo.own import Own
from demo.promises import PROMISES, Promise

Key: TypeAlias = tuple[Any, ...]
Row: TypeAlias = dict[str, Any]
Query: TypeAlias = Callable[[str], list[Row]]


@dataclass(frozen=True)
class Difference:
    mapping: str
    kind: str
    """`missing`, `extra`, `different`, `not deleted`, or `not ours`: a column or row that no mapping names has changed."""
    key: Key
    column: str = ""
    expected: Any = None
    found: Any = None


@dataclass(frozen=True)
class Result:
    """What the comparison of one mapping looked at, and found."""

    mapping: str
    target: str
    rows: int
    values: int
    deleted: int
    """Rows that are there, marked as deleted."""
    own: int
    """Rows of the target table that are the target's own."""
    differences: Sequence[Difference]


@dataclass(frozen=True)
class Before:
    """The databases before the daemon saw them."""

    own: Mapping[str, Mapping[Key, Row]]
    """Target table → rows that it had."""
    due: Mapping[str, frozenset[Key]]
    """Mapping → keys that the initial load has to bring."""
    untouched: Mapping[str, list[Row]]
    """Tables that nobody has any business with during the demo."""


UNTOUCHED = {"crm": ("users", "contacts", "quotes"), "erp": ("employee",)}


@dataclass(frozen=True)
class Databases:
    """Both databases, each as a function from a query to rows."""

    erp: Query
    crm: Query

    def source(self, promise: Promise) -> list[Row]:
        return (self.erp if promise.to == "crm" else self.crm)(promise.query)

    def target(self, promise: Promise) -> dict[Key, Row]:
        rows = (self.crm if promise.to == "crm" else self.erp)(f"select * from {promise.target}")
        return {tuple(row[name] for name in promise.key): row for row in rows}


def databases(erp: psycopg.Connection, crm: Connection[Any]) -> Databases:
    """Read through these two connections, both in autocommit."""

    def from_erp(query: str) -> list[Row]:
        with erp.cursor(row_factory=dict_row) as cursor:
            return [_plain(row) for row in cursor.execute(query).fetchall()]

    def from_crm(query: str) -> list[Row]:
        with crm.cursor(DictCursor) as cursor:
            cursor.execute(query)
            return [_plain(row) for row in cursor.fetchall()]

    return Databases(from_erp, from_crm)


def before(both: Databases) -> Before:
    """Remember the databases; call it before the daemon's first start."""
    return Before(
        own={promise.target: both.target(promise) for promise in PROMISES},
        due={promise.mapping: frozenset(_expected(promise, both.source(promise))) for promise in PROMISES},
        untouched=_untouched(both),
    )


def compare(both: Databases, then: Before, own: Sequence[Own]) -> list[Result]:
    """Compare every mapped column of every row, both ways, and everything in the target tables that is not ours.

    Call it when nobody writes and the daemon has caught up.
    """
    return [_compare(promise, both, then, own) for promise in PROMISES]


def touched(both: Databases, then: Before) -> list[str]:
    """Return which of the tables that nobody has any business with have changed: none should."""
    now = _untouched(both)
    return [table for table, rows in then.untouched.items() if now[table] != rows]


def _untouched(both: Databases) -> dict[str, list[Row]]:
    return {
        **{table: both.erp(f"select * from {table} order by id") for table in UNTOUCHED["erp"]},
        **{table: both.crm(f"select * from {table} order by id") for table in UNTOUCHED["crm"]},
    }


def _compare(promise: Promise, both: Databases, then: Before, own: Sequence[Own]) -> Result:
    expected, found = _expected(promise, both.source(promise)), both.target(promise)
    theirs = set(then.own[promise.target]) | {
        key for users in own for key in users.keys(promise.target) if "id" in users.of(promise.target, key)
    }
    left = {key for key in found if key not in expected and key not in theirs}
    edits = {key: _overlay(own, promise.target, key) for key in {*expected, *found}}
    differences = [
        *_rows(promise, expected, found),
        *_leftovers(promise, left, found),
        *_marks(promise, then.due[promise.mapping] - set(expected), found),
        *_not_ours(promise, {key: row for key, row in found.items() if key not in theirs}, edits),
        *_theirs(promise, theirs, then.own[promise.target], found, edits),
    ]
    return Result(promise.mapping, promise.target, len(expected), sum(map(len, expected.values())), len(left), len(theirs), differences)


def _expected(promise: Promise, rows: Iterable[Row]) -> dict[Key, Row]:
    mapped = (promise.row(row) for row in rows)
    return {tuple(row[name] for name in promise.key): row for row in mapped if row is not None}


def _rows(promise: Promise, expected: Mapping[Key, Row], found: Mapping[Key, Row]) -> Iterable[Difference]:
    for key, row in expected.items():
        if key not in found:
            yield Difference(promise.mapping, "missing", key)
        else:
            yield from _columns(promise, "different", key, row, found[key])


def _leftovers(promise: Promise, left: Iterable[Key], found: Mapping[Key, Row]) -> Iterable[Difference]:
    """A row without a source row may be there only as one that is marked as deleted."""
    for key in left:
        if promise.mark is None:
            yield Difference(promise.mapping, "extra", key)
        elif found[key][promise.mark[0]] != promise.mark[1]:
            yield Difference(promise.mapping, "not deleted", key, *promise.mark, found[key][promise.mark[0]])


def _marks(promise: Promise, gone: Iterable[Key], found: Mapping[Key, Row]) -> Iterable[Difference]:
    """A row that the load has brought and that went since has to be there still, where deletes only mark."""
    if promise.mark is not None:
        yield from (Difference(promise.mapping, "missing", key, *promise.mark) for key in gone if key not in found)


def _not_ours(promise: Promise, found: Mapping[Key, Row], edits: Mapping[Key, Row]) -> Iterable[Difference]:
    """Columns that no mapping names: as the table's defaults made them, or as the target's users left them."""
    for key, row in found.items():
        yield from _columns(promise, "not ours", key, {**promise.not_ours, **edits[key]}, row)


def _theirs(
    promise: Promise, theirs: Iterable[Key], then: Mapping[Key, Row], found: Mapping[Key, Row], edits: Mapping[Key, Row]
) -> Iterable[Difference]:
    """Rows that are the target's own."""
    for key in theirs:
        row = {name: value for name, value in {**then.get(key, {}), **edits.get(key, {})}.items() if name not in promise.by_the_server}
        if key in found:
            yield from _columns(promise, "not ours", key, row, found[key])
        else:
            yield Difference(promise.mapping, "not ours", key, found="(the row is gone)")


def _columns(promise: Promise, kind: str, key: Key, expected: Row, found: Row) -> Iterable[Difference]:
    for name, value in expected.items():
        there = json.loads(found[name]) if isinstance(value, dict) and isinstance(found[name], str) else found[name]
        if there != value:
            yield Difference(promise.mapping, kind, key, name, value, there)


def _overlay(own: Sequence[Own], table: str, key: Key) -> Row:
    return {name: value for users in own for name, value in users.of(table, key).items()}


def _plain(row: Mapping[str, Any]) -> Row:
    """Both drivers' values in one form: keys as text, times without a zone in UTC."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime(tzinfo=zone) if zone is not None:
            return value.astimezone(UTC).replace(tzinfo=None)
        case _:
            return value
