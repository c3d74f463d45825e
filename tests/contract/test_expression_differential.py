"""Every expression of the case files on every row, here and on a real PostgreSQL: the same text, or an error on both sides."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.server.postgresql import SESSION
from tests.expressions import CASES, COLUMNS, SCOPE, cases, compiled

ERROR = "an error"
FILES = sorted(path for path in CASES.glob("*.sql") if path.name != "rows.sql")
LOCALE = "template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'"
"""Texts in the order of code points, letters as Unicode has them."""


@pytest.fixture(scope="module")
def server(postgresql) -> Iterator[psycopg.Connection]:
    with postgresql.connect() as connection:
        connection.execute(f"create database expressions {LOCALE}")
    options = " ".join(f"-c {key}={text.replace(' ', chr(92) + ' ')}" for key, text in {**SESSION, "search_path": "public"}.items())
    with postgresql.connect("expressions", options=options) as connection:
        connection.execute((CASES / "rows.sql").read_text())
        yield connection


def texts(result: psycopg.Cursor) -> list[tuple[str | None, ...]]:
    """The values as the server writes them."""
    pgresult = result.pgresult
    raw = [[pgresult.get_value(row, at) for at in range(pgresult.nfields)] for row in range(pgresult.ntuples)]
    return [tuple(None if text is None else text.decode() for text in row) for row in raw]


@pytest.fixture(scope="module")
def rows(server) -> list[tuple[str | None, ...]]:
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    return texts(server.execute(f"select {names} from t order by id"))


def on_server(server: psycopg.Connection, expression: str, rows) -> list[str | None]:
    try:
        return [row[0] for row in texts(server.execute(f"select {expression} from t order by id"))]
    except psycopg.Error:
        return [on_row(server, expression, row[0]) for row in rows]


def on_row(server: psycopg.Connection, expression: str, key: str | None) -> str | None:
    try:
        return texts(server.execute(f"select {expression} from t where id = {key}"))[0][0]
    except psycopg.Error:
        return ERROR


def here(expression: str, rows) -> list[str | None]:
    try:
        evaluate = compiled(expression)
    except Refused:
        return [ERROR for _ in rows]
    return [on_row_here(evaluate, row) for row in rows]


def on_row_here(evaluate, row) -> str | None:
    try:
        return evaluate(row)
    except (BadValue, ValueError, ArithmeticError):
        return ERROR


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_expression_gives_what_postgresql_gives(path, server, rows):
    """One test a file, which names every line that differs: three thousand tests would cost more than what they do."""
    found = {expression: differing(expression, server, rows) for expression in cases(path)}
    different = {expression: by_row for expression, by_row in found.items() if by_row}
    assert not different, "expression: row: (PostgreSQL, here)"


def differing(expression: str, server: psycopg.Connection, rows) -> dict[str | None, tuple[str | None, str | None]]:
    theirs, ours = on_server(server, expression, rows), here(expression, rows)
    return {row[0]: (their, our) for row, their, our in zip(rows, theirs, ours, strict=True) if their != our}


LEAVES = {
    "whole": ["i2", "i4", "i8", "0", "1", "-3", "10", "2147483647"],
    "exact": ["n", "m", "0.5", "1.005", "100.0", "-7.25", "3"],
    "text": ["s", "x", "v", "c", "''", "'a'", "' '", "'Ü'", "'%a_'"],
    "moment": ["d", "ts", "tz", "date '2024-02-29'", "timestamp '1999-12-31 23:59:59.5'"],
    "interval": ["iv", "ti::interval", "(ts - timestamp '2020-01-01 10:00')", "interval '1 day 02:03:04.5'", "interval '-1 mon +3 days'"],
    "condition": ["b"],
    "a_whole": ["i2", "i4", "i8"],
    "an_exact": ["n", "m"],
    "a_text": ["s", "x", "v", "c"],
    "a_moment": ["d", "ts", "tz"],
    "an_interval": ["iv", "ti::interval"],
    "compared": ["=", "<>", "<", "<=", ">", ">="],
    "arithmetic": ["+", "-", "*", "/", "%"],
    "maybe_not": ["", "not "],
    "pattern": ["x", "'%a_'", "x || '%'", "'_' || x"],
    "regexp": ["'a|b+'", "'(\\w)(\\d*)'", "'[[:upper:]]'", "'^\\s*(\\S*)'", "'(a|ab)(c|bcd)?'", "'[^ü]$'", "''"],
    "document": ["jo", "js::jsonb", "'[1, {\"a\": 2.0}]'::jsonb"],
    "a_document": ["jo", "j"],
    "words": ["string_to_array(v, ',')", "string_to_array(rx, 'a')", "string_to_array(s, null)", "array['a', 'b', null]"],
    "key": ["'name'", "'a'", "'tags'", "0", "-1", "x"],
}
"""Conditions begin with a column: PostgreSQL's planner turns one of constants alone, and a strict call of its NULL, into NULL and never
evaluates the rest, which may be an error."""
BRANCHES = {
    "whole": [
        "({whole} {arithmetic} {whole})", "(- {whole})", "abs({whole})", "length({text})", "strpos({text}, {text})", "mod({whole}, {whole})",
        "cast({exact} as bigint)", "coalesce({whole}, {whole})", "nullif({a_whole}, {whole})", "greatest({whole}, {whole})",
        "case when {condition} then {whole} else {whole} end", "regexp_count({text}, {regexp})", "cardinality({words})", "octet_length({text})",
        "array_position({words}, {text})",
    ],
    "document": [
        "({document} -> {key})", "({document} #> array['a', 'b'])", "({document} || {document})", "jsonb_strip_nulls({document})",
        "jsonb_build_object('key', {text}, 'number', {exact}, 'inner', {document})", "jsonb_build_array({whole}, {condition}, {moment})",
        "coalesce({document}, {document})", "to_jsonb({words})",
    ],
    "words": ["array_append({words}, {text})", "array_remove({words}, {text})", "regexp_split_to_array({text}, {regexp})", "({words} || {words})"],
    "exact": [
        "({exact} {arithmetic} {exact})", "round({exact}, 2)", "ceil({exact}::numeric)", "floor({exact}::numeric)", "sign({exact}::numeric)",
        "cast({exact} as numeric(12,3))", "cast({whole} as numeric)", "cast({exact} as double precision)", "least({exact}, {exact})",
        "case when {condition} then {exact} end", "extract(epoch from {interval})", "extract(day from {interval})", "extract(doy from {moment})",
        "extract(epoch from {moment})", "extract(isoyear from {moment})", "extract(century from {moment})",
    ],
    "text": [
        "upper({text})", "lower({text})", "trim({text})", "ltrim({text}, {text})", "reverse({text})", "initcap({text})", "({text} || {text})",
        "({text} || {whole})", "replace({text}, {text}, {text})", "substring({text}, (i2 / 1000)::int, 3)", "left({text}, (i2 % 7)::int)",
        "right({text}, (i2 % 7)::int)", "lpad({text}, 7, {text})", "split_part({text}, {text}, 2)", "concat({text}, {exact}, {moment})",
        "cast({text} as varchar(5))", "cast({text} as char(4))", "cast({exact} as text)", "coalesce({text}, {text})", "nullif({a_text}, {text})",
        "case {a_text} when {text} then {text} else {text} end", "to_char({moment}, 'FMDay DD.MM.YYYY HH12:MI:SS.US am')",
        "to_char({interval}, 'YYYY-MM-DD HH24:MI:SS.MS')", "to_char({exact}::numeric, 'FM999,990.00PR')", "to_char({whole}, 'S0009')",
        "cast({interval} as text)", "to_char({moment}, 'IYYY-IW-ID J')",
        "regexp_replace({text}, {regexp}, '<\\1>', 'g')", "substring({text} from {regexp})", "translate({text}, {text}, {text})",
        "overlay({text} placing {text} from 2)", "md5({text})", "({document} ->> {key})", "array_to_string({words}, {text}, '*')",
        "cast({document} as text)", "({words})[2]",
    ],
    "moment": [
        "cast({moment} as date)", "cast({moment} as timestamp(0))", "cast({moment} as timestamptz)", "greatest({moment}, {moment})",
        "coalesce({moment}, {moment})", "({moment} + {interval})", "({moment} - {interval})", "date_trunc('week', {moment})",
        "date_trunc('quarter', {moment})", "({moment} at time zone 'Europe/Berlin')", "(d + {whole}::int)",
    ],
    "interval": [
        "({interval} + {interval})", "({interval} - {interval})", "(- {interval})", "({interval} * i2)", "({interval} * 0.37)",
        "({interval} / 7)", "justify_interval({interval})", "justify_days({interval})", "justify_hours({interval})",
        "greatest({interval}, {interval})", "date_trunc('hour', {interval})", "make_interval(i2, i2, 0, i2, 1, -1, 0.5)",
        "cast({interval} as interval(1))", "coalesce({interval}, {interval})",
    ],
    "condition": [
        "({a_whole} {compared} {whole})", "({an_exact} {compared} {exact})", "({a_text} {compared} {text})", "({a_moment} {compared} {moment})",
        "({condition} and {condition})", "({condition} or {condition})", "(not {condition})", "({a_text} is {maybe_not}null)",
        "({condition} is {maybe_not}true)", "({an_exact} is {maybe_not}distinct from {exact})", "({a_whole} between {whole} and {whole})",
        "({a_text} ~ {regexp})", "({a_text} !~* {regexp})", "({a_document} @> {document})", "({a_document} = {document})", "(s = any({words}))",
        "({an_interval} {compared} {interval})", "({a_whole} in ({whole}, 1, 7))", "({a_text} {maybe_not}like {pattern})", "({a_text} ilike {pattern})",
    ],
}  # fmt: skip
DEPTH = 4


@st.composite
def expressions(draw, kind: str | None = None, depth: int = DEPTH) -> str:
    """Well-typed expressions over the test table."""
    kind = kind or draw(st.sampled_from(sorted(BRANCHES)))
    if kind not in BRANCHES or not draw(st.integers(0, depth)):
        return draw(st.sampled_from(LEAVES[kind]))
    parts = re.split(r"\{(\w+)\}", draw(st.sampled_from(BRANCHES[kind])))
    return "".join(draw(expressions(part, depth - 1)) if at % 2 else part for at, part in enumerate(parts))


@given(expression=expressions())
@settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "100")), deadline=None)
def test_any_expression_gives_what_postgresql_gives(expression, server, rows):
    assume(
        "bad-value" not in {problem.code for problem in check_value(expression, SCOPE)[1]}
    )  # a constant that is an error is always refused
    theirs, ours = on_server(server, expression, rows), here(expression, rows)
    if " and " in expression or " or " in expression:  # which side is evaluated, and so may fail, is not defined
        ours = [their if their == ERROR else our for their, our in zip(theirs, ours, strict=True)]
    assert theirs == ours
