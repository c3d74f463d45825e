"""JSON: exact numbers, one text for jsonb, json as it stands."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.json_text import json_checked, json_get, json_path
from cdc.mapping.expression.runtime.jsonb import JSON_NULL, jsonb_contains, jsonb_equal, jsonb_get, jsonb_in, jsonb_out
from cdc.mapping.expression.scope import Scope
from cdc.model.types import Kind, Type
from tests.expressions import compiled, value

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | TEXTS | st.integers().map(Decimal) | st.decimals(allow_nan=False, allow_infinity=False, places=5),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@given(VALUES)
def test_jsonb_reads_what_it_writes(given_value):
    alone = JSON_NULL if given_value is None else given_value
    text = jsonb_out(alone)
    assert jsonb_equal(jsonb_in(text), alone)
    assert jsonb_out(jsonb_in(text)) == text
    assert json_checked(text) == text


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
@settings(max_examples=50)
def test_json_keeps_the_text_of_what_stands_under_a_key(given_value):
    text = json.dumps(given_value, default=str, ensure_ascii=False)
    for key, inner in given_value.items():
        assert json_get(text, key) == json.dumps(inner, default=str, ensure_ascii=False)


def test_numbers_are_exact_whatever_their_size():
    assert value("jo ->> 'a'", jo='{"a": 12345678901234567890.12345678901234567890}') == "12345678901234567890.12345678901234567890"
    assert value("(jo -> 'a')::numeric + 1", jo='{"a": 0.1}') == "1.1"
    assert value("jo::text", jo='{"a": 1E+2}') == '{"a": 1E+2}'  # a column's own text travels as it is
    assert value("jsonb_strip_nulls(jo)", jo='{"a": 1E+2}') == '{"a": 100}'


def test_true_is_not_one():
    assert not jsonb_equal(True, Decimal(1))
    assert not jsonb_contains([True], [Decimal(1)])
    assert jsonb_contains([Decimal("1.0")], Decimal(1))


def test_null_of_json_is_not_null_of_sql():
    assert value("jo -> 'a' is null", jo='{"a": null}') == "f"
    assert value("jo ->> 'a' is null", jo='{"a": null}') == "t"
    assert value("jo -> 'b' is null", jo='{"a": null}') == "t"
    assert jsonb_get({"a": None}, "a") is JSON_NULL


def test_mysqls_json_is_jsonb():
    scope = Scope("t", {"doc": Type(Kind.JSON, "json", charset="utf8mb4")})
    assert compiled("doc @> '{\"a\": 1}'", scope)(['{"a": 1.0}']) == "t"
    assert compiled("doc::text", scope)(['{"a": 1e100}']) == jsonb_out({"a": Decimal(10) ** 100})
    assert compiled("coalesce(doc, '{}')::text", scope)(['{"a": 1e2}']) == '{"a": 100}'
    assert compiled("doc", scope)(['{"a": 1e100}']) == '{"a": 1e100}'


@pytest.mark.parametrize("text", ['"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '{"a":"\\ud800","a":1}', '"\\ud800x\\udc00"'])
def test_a_text_that_no_text_can_hold_is_an_error(text):
    with pytest.raises(BadValue, match="Unicode escape"):
        jsonb_in(text)
    assert json_checked(text) == text
    with pytest.raises(BadValue, match="Unicode escape"):
        json_path(text, ["a"])


def test_an_escaped_backslash_is_no_escape():
    assert jsonb_in(r'"\\u0000 \\ud800"') == r"\u0000 \ud800"
