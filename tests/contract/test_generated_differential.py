"""Generated patterns and documents, here and on a real PostgreSQL: the same result, or an error. A pattern that is refused here is nobody's concern."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc.mapping.expression.generated import RUNTIME
from cdc.mapping.expression.runtime.arrays import array_in, array_out
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.json_text import json_checked, json_get, json_get_text, json_path_text
from cdc.mapping.expression.runtime.jsonb import (
    jsonb_contains,
    jsonb_equal,
    jsonb_get,
    jsonb_in,
    jsonb_join,
    jsonb_out,
    jsonb_path_text,
    jsonb_strip_nulls,
)
from cdc.mapping.expression.runtime.jsonb_change import jsonb_set, jsonb_without_path
from cdc.mapping.expression.runtime.power import numeric_div, numeric_gcd, numeric_sqrt, numeric_trunc, trim_scale
from cdc.mapping.expression.runtime.regexp import compiled, regexp_count, regexp_match, regexp_replace, regexp_split
from tests.contract.test_expression_differential import ERROR, LOCALE

EXAMPLES = settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "100")), deadline=None)
ATOMS = st.sampled_from(
    ["a", "b", "ab", "c", "ä", ".", "[ab]", "[^a]", "[b-d]", r"\w", r"\s", r"\S", r"\d", "^", "$", r"\A", r"\Z", "[[:alpha:]]"]
)
TIMES = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,2}", "{2,}"])
TEXTS = st.text(alphabet="aabbcBä\n d1", max_size=9)


def _longer(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    atom = ATOMS | inner.map("({})".format) | inner.map("(?:{})".format)
    branch = st.lists(st.tuples(atom, TIMES).map("".join), min_size=1, max_size=4).map("".join)
    return st.lists(branch, min_size=1, max_size=3).map("|".join)


PATTERNS = st.recursive(ATOMS, _longer, max_leaves=8)
JSON_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
KEYS = st.sampled_from(["a", "b", "aa", "é", "", "0"]) | JSON_TEXTS
NUMBERS = st.sampled_from(["0", "-0", "1.50", "1e5", "12E-3", "0.000", "123456789012345678901234567890", "1e-20", "-7"])
SPACE = st.sampled_from(["", "", " ", "\n "])
SCALARS = (
    NUMBERS
    | st.sampled_from(["true", "false", "null", '"\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"', "nul", '"'])
    | JSON_TEXTS.map(json.dumps)
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.builds(lambda items, space: f"[{space}{f'{space},'.join(items)}]", st.lists(inner, max_size=3), SPACE)
        | st.builds(
            lambda fields, space: f"{{{space}{f',{space}'.join(f'{json.dumps(key)}{space}:{value}' for key, value in fields)}}}",
            st.lists(st.tuples(KEYS, inner), max_size=3),
            SPACE,
        )
    ),
    max_leaves=10,
)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30).map(lambda given: format(given, "f"))


@pytest.fixture(scope="module")
def server(postgresql) -> Iterator[psycopg.Connection]:
    with postgresql.connect() as connection:
        connection.execute(f"create database generated {LOCALE}")
    with postgresql.connect("generated") as connection:
        yield connection


def theirs(server: psycopg.Connection, expression: str, *arguments: object) -> str | None:
    try:
        result = server.execute(f"select ({expression})::text", arguments).fetchone()
    except (psycopg.errors.DataError, psycopg.errors.ProgramLimitExceeded, psycopg.errors.UntranslatableCharacter):
        return ERROR
    return result[0] if result else None


def ours(compute: Callable[[], str | None]) -> str | None:
    try:
        return compute()
    except (BadValue, ArithmeticError):
        return ERROR


@given(PATTERNS, TEXTS, st.sampled_from(["", "i", "n", "p", "w"]))
@EXAMPLES
def test_any_pattern_matches_what_it_matches_there(server, pattern, text, flags):
    try:
        made = compiled(pattern, flags)
    except BadValue:
        return
    asked = (
        ("regexp_match(%s, %s, %s)", (text, pattern, flags), lambda: _array(regexp_match(text, made))),
        (
            "regexp_replace(%s, %s, %s, %s)",
            (text, pattern, r"<\1\2>", flags + "g"),
            lambda: regexp_replace(text, made, r"<\1\2>", every=True),
        ),
        ("regexp_split_to_array(%s, %s, %s)", (text, pattern, flags), lambda: _array(regexp_split(text, made))),
        ("regexp_count(%s, %s, 1, %s)", (text, pattern, flags), lambda: str(regexp_count(text, made))),
    )
    for expression, arguments, compute in asked:
        assert ours(compute) == theirs(server, expression, *arguments), expression


def _array(items: list[str | None] | None) -> str | None:
    return None if items is None else array_out(items, "text")


@given(DOCUMENTS, DOCUMENTS, KEYS, st.lists(KEYS | st.sampled_from(["0", "-1", "1"]), max_size=3))
@EXAMPLES
def test_any_document_is_what_it_is_there(server, text, other, key, path):
    def out(found):
        return None if found is None else jsonb_out(found)

    asked = (
        ("%s::jsonb", (text,), lambda: out(jsonb_in(text))),
        ("%s::json", (text,), lambda: json_checked(text)),
        ("%s::jsonb -> %s::text", (text, key), lambda: out(jsonb_get(jsonb_in(text), key))),
        ("%s::jsonb #>> %s::text[]", (text, path), lambda: jsonb_path_text(jsonb_in(text), path)),
        ("%s::json -> %s::text", (text, key), lambda: json_get(json_checked(text), key)),
        ("%s::json ->> %s::text", (text, key), lambda: json_get_text(json_checked(text), key)),
        ("%s::json #>> %s::text[]", (text, path), lambda: json_path_text(json_checked(text), path)),
        ("%s::jsonb @> %s::jsonb", (text, other), lambda: str(jsonb_contains(jsonb_in(text), jsonb_in(other))).lower()),
        ("%s::jsonb = %s::jsonb", (text, other), lambda: str(jsonb_equal(jsonb_in(text), jsonb_in(other))).lower()),
        ("%s::jsonb || %s::jsonb", (text, other), lambda: out(jsonb_join(jsonb_in(text), jsonb_in(other)))),
        ("%s::jsonb #- %s::text[]", (text, path), lambda: out(jsonb_without_path(jsonb_in(text), path))),
        ("jsonb_strip_nulls(%s::jsonb)", (text,), lambda: out(jsonb_strip_nulls(jsonb_in(text)))),
        ("jsonb_set(%s::jsonb, %s::text[], %s::jsonb)", (text, path, other), lambda: out(jsonb_set(jsonb_in(text), path, jsonb_in(other)))),
    )
    for expression, arguments, compute in asked:
        assert ours(compute) == theirs(server, expression, *arguments), expression


@given(DECIMALS, DECIMALS, st.integers(-20, 20))
@EXAMPLES
def test_any_number_has_the_same_digits_there(server, a, b, digits):
    number, out = RUNTIME["numeric_in"], RUNTIME["numeric_out"]
    asked = (
        ("sqrt(%s::numeric)", (a,), lambda: out(numeric_sqrt(number(a)))),
        ("trunc(%s::numeric, %s)", (a, digits), lambda: out(numeric_trunc(number(a), digits))),
        ("div(%s::numeric, %s::numeric)", (a, b), lambda: out(numeric_div(number(a), number(b)))),
        ("gcd(%s::numeric, %s::numeric)", (a, b), lambda: out(numeric_gcd(number(a), number(b)))),
        ("trim_scale(%s::numeric)", (a,), lambda: out(trim_scale(number(a)))),
    )
    for expression, arguments, compute in asked:
        assert ours(compute) == theirs(server, expression, *arguments), expression


@given(st.text(alphabet='{},"\\ abNUL', max_size=10) | st.lists(JSON_TEXTS | st.none()).map(lambda items: array_out(items, "text")))
@EXAMPLES
def test_any_array_reads_the_same_there(server, text):
    here = ours(lambda: array_out(array_in(text, "text"), "text"))
    assert here in (theirs(server, "%s::text[]", text), ERROR)
