"""Attempts to run away: whatever a pattern or a row has, an expression ends soon, with a value or an error."""

import time

import pytest

from cdc.mapping.expression.runtime.errors import BadValue
from tests.expressions import COLUMNS, compiled, refusal, value

LONG = "a" * 100_000
SECONDS = 20
"""Far more than any of it takes, and far less than it would."""


@pytest.fixture(autouse=True)
def soon():
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SECONDS


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "(.*)*x", "^(a?){60}a{60}$", "(x+x+)+y", "(a*a*a*)*b", "([a-z]+)*[0-9]", "a*a*a*a*a*a*a*a*b"],
)
@pytest.mark.parametrize("call", ["s ~ '{}'", "regexp_replace(s, '{}', 'x', 'g')", "regexp_count(s, '{}')"])
def test_no_pattern_backtracks(pattern, call):
    try:
        evaluate = compiled(call.format(pattern))
    except Exception as refused:  # noqa: BLE001 - a group that may be empty is refused
        assert "may be empty" in str(refused)
        return
    assert evaluate([LONG if name == "s" else None for name in COLUMNS]) in {"f", LONG, "0"}


@pytest.mark.parametrize("pattern", [r"(.*)(.*)(.*)x?", r"(a*)(a*)b?", r"((a|aa)(a|aa))*$", r"(a*)a(a*)a"])
def test_groups_are_found_or_given_up(pattern):
    try:
        assert value(f"array_to_string(regexp_match(s, '{pattern}'), '')", s=LONG)
    except BadValue as error:
        assert "too long" in str(error)


def test_matches_that_look_far_ahead_are_given_up():
    with pytest.raises(BadValue, match="too long"):
        value("regexp_count(s, 'a.*b|a')", s="a" * 1_000_000)
    with pytest.raises(BadValue, match="too long"):
        value(r"s ~ '\w{50}x'", s="a" * 1_000_000)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("repeat(s, 2147483647)", {"s": LONG}),
        ("lpad(s, 2147483647)", {"s": "a"}),
        ("rpad(s, 2147483647, x)", {"s": "a", "x": "b"}),
        ("replace(s, 'a', s)", {"s": LONG}),
        ("regexp_replace(s, 'a', s, 'g')", {"s": "a" * 2_000}),
        (r"regexp_replace(s, 'a', '\&\&\&\&\&\&\&\&\&\&\&', 'g')", {"s": LONG}),
        ("array_to_string(string_to_array(s, null), s)", {"s": "a" * 5_000}),
        ("factorial(i8)", {"i8": "9223372036854775807"}),
        ("power(i8, 1000)", {"i8": "10"}),
        ("n * n * n", {"n": "9" * 100_000}),
        ("jo -> 'a'", {"jo": '{"a":' * 100_000}),
        ("jo -> 'a'", {"jo": "[" * 1_000 + "]" * 1_000}),
        ("js -> 0", {"js": "[" * 100_000 + "]" * 100_000}),
        ("s::jsonb", {"s": '"' + "[" * 1_000_000}),
        ("s::jsonb", {"s": "1e1000000000"}),
        ("s::jsonb", {"s": "9" * 1_000_000}),
        ("jo @> jo", {"jo": "[" + ",".join(["0"] * 9_999) + ",1]"}),
        ("s::json", {"s": "{" * 5_000}),
        ("ar && ar", {"ar": "{" * 100_000}),
        ("na @> na", {"na": "{" + ",".join(["0"] * 10_000) + "}"}),
        ("decode(s, 'hex')", {"s": "0" * 999_999}),
        ("s::bytea", {"s": "\\x" + "0" * 999_999}),
    ],
)
def test_what_would_fill_the_memory_is_an_error(text, row):
    with pytest.raises((BadValue, ArithmeticError)):
        value(text, **row)


def test_deep_json_is_an_error_even_where_python_could_read_it():
    deep = "[" * 201 + "]" * 201
    with pytest.raises(BadValue, match="200 levels"):
        value("jsonb_typeof(jo)", jo=deep)
    assert value("jsonb_typeof(jo)", jo=deep[1:-1]) == "array"
    assert value("jsonb_typeof(jo)", jo='["' + "[" * 1_000 + '"]') == "array"


def test_a_constant_that_would_run_away_is_refused_when_it_is_compiled():
    assert refusal("repeat('a', 2000000000)").code == "bad-value"
    assert refusal("factorial(40000)").code == "bad-value"
    assert refusal("regexp_replace(repeat('a', 100000), 'a', repeat('b', 100000), 'g')").code == "bad-value"
