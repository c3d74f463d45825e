"""Every expression of the case files has the type here that a real PostgreSQL gives it: what is checked against target columns is the truth."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.sqltype import Sql
from tests.expressions import CASES, SCOPE, cases

FILES = sorted(path for path in CASES.glob("*.sql") if path.name != "rows.sql")
SPELLED = {Sql.UNKNOWN: "text", Sql.TIMESTAMP: "timestamp without time zone", Sql.TIME: "time without time zone", Sql.BPCHAR: "character"}
NATIVE = {Sql.ENUM, Sql.ARRAY, Sql.BITS, Sql.OTHER}
"""Families of types: which of them it is says the server's own spelling."""

WIDER = {"least(v, s)": "text"}
"""Where we give another type on purpose: texts of any kind have an order as texts."""


@pytest.fixture(scope="module")
def server(postgresql) -> Iterator[psycopg.Connection]:
    with postgresql.connect() as connection:
        connection.execute("create database expression_types template template0 encoding 'UTF8'")
    with postgresql.connect("expression_types") as connection:
        connection.execute((CASES / "rows.sql").read_text())
        yield connection


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_type_is_the_servers(path, server):
    found = {expression: types(expression, server) for expression in cases(path)}
    different = {expression: both for expression, both in found.items() if both and both[0] != both[1]}
    assert not different, "expression: (PostgreSQL, here)"


def types(expression: str, server: psycopg.Connection) -> tuple[str, str] | None:
    """The server's type and ours; None where one of them does not say."""
    node, refused = check_value(expression, SCOPE)
    if refused or node.type.sql is Sql.ANY:
        return None
    try:
        (theirs,) = server.execute(f"select pg_typeof(v)::text from (select (select {expression} from t limit 0) v) s").fetchone()
    except psycopg.Error:
        return None  # an error of the constants: the other suite compares those
    ours = node.type.native if node.type.sql in NATIVE else SPELLED.get(node.type.sql, node.type.sql.value)
    return WIDER.get(expression, theirs), ours
