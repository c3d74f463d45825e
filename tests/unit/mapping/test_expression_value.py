"""Values of expressions where PostgreSQL can't be asked: our own functions, MySQL's types, bounds, the canonical text that arrives."""

import decimal
import re
import time
import uuid
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.expression.check import check_condition, check_value
from cdc.mapping.expression.emit import Emitter
from cdc.mapping.expression.generated import RUNTIME, build
from cdc.mapping.expression.runtime import floating, numeric, temporal
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.identifier import ROOT
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.vocabulary import ALIASES, FUNCTIONS, callable_names
from cdc.model.types import Kind, Type
from tests.expressions import SCOPE, compiled, refusal, value

MYSQL = Scope(
    "accounts",
    {
        "active": Type(Kind.INT, "tinyint(1)", 1),
        "tiny": Type(Kind.INT, "tinyint(4)", 1),
        "small_unsigned": Type(Kind.INT, "smallint(5) unsigned", 2, unsigned=True),
        "medium": Type(Kind.INT, "mediumint(9)", 3),
        "big_unsigned": Type(Kind.INT, "bigint(20) unsigned", 8, unsigned=True),
        "kind": Type(Kind.ENUM, "enum('a','b')", labels=("a", "b"), charset="utf8mb4"),
        "tags": Type(Kind.SET, "set('x','y')", labels=("x", "y"), charset="utf8mb4"),
        "code": Type(Kind.TEXT, "char(10)", 10, charset="utf8mb4", padded=True),
        "at": Type(Kind.TIMESTAMP, "datetime(6)", precision=6),
        "day": Type(Kind.DATE, "date"),
        "name": Type(Kind.TEXT, "varchar(50)", 50, charset="utf8mb4"),
    },
)


def on_mysql(text, **row):
    return value(text, MYSQL, **row)


def test_stable_uuid_is_rfc_9562_version_5_value_by_value():
    one = uuid.uuid5(uuid.uuid5(ROOT, "customer"), "42")
    assert value("stable_uuid('customer', i4)", i4="42") == str(one)
    assert value("stable_uuid('customer', i4, s)", i4="42", s="ü") == str(uuid.uuid5(one, "ü"))


def test_stable_uuid_never_changes():
    """Keys on live databases come from it."""
    assert value("stable_uuid('customer', 1)") == "e5e8d0ba-a136-59ac-a3da-6c0a1e4e4028"


def test_stable_uuid_tells_lists_of_values_apart():
    made = {
        value(f"stable_uuid({text})")
        for text in ("'n', 'a', 'b'", "'n', 'ab'", "'n', 'a,b'", "'n', 'b', 'a'", "'m', 'a', 'b'", "'n', 'a', ''")
    }
    assert len(made) == 6


def test_stable_uuid_depends_on_texts_not_on_types():
    assert value("stable_uuid('n', i4)", i4="7") == value("stable_uuid('n', s)", s="7") == value("stable_uuid('n', 7)")
    assert value("stable_uuid('n', c)", c="ab    ") == value("stable_uuid('n', s)", s="ab")


def test_stable_uuid_of_null_is_null():
    assert value("stable_uuid('n', i4, s)", i4="7") is None


@pytest.mark.parametrize(("text", "row", "expected"), [
    ("case when active then 'y' else 'n' end", {"active": "1"}, "y"),
    ("case when active then 'y' else 'n' end", {"active": "0"}, "n"),
    ("case when active then 'y' else 'n' end", {"active": "2"}, "y"),
    ("case when active then 'y' else 'n' end", {}, "n"),
    ("not active", {"active": "0"}, "t"),
    ("active = 1", {"active": "1"}, "t"),
    ("active = true", {"active": "1"}, "t"),
    ("active is not true", {}, "t"),
    ("active + 1", {"active": "1"}, "2"),
    ("active", {"active": "1"}, "1"),
    ("coalesce(active, 0)", {}, "0"),
    ("coalesce(active, false)", {"active": "1"}, "t"),
    ("active in (0, 1)", {"active": "1"}, "t"),
    ("cast(active as text)", {"active": "1"}, "1"),
    ("active::boolean", {"active": "1"}, "t"),
])  # fmt: skip
def test_tinyint_1_is_a_number_and_a_condition(text, row, expected):
    assert on_mysql(text, **row) == expected


def test_other_integers_are_no_conditions():
    for column in ("tiny", "medium"):
        assert check_condition(column, MYSQL)[1][0].code == "type-mismatch"
    assert check_condition("active", MYSQL)[1] == []


def test_unsigned_integers_are_the_next_wider_type():
    assert on_mysql("small_unsigned + 1::smallint", small_unsigned="65535") == "65536"
    assert on_mysql("big_unsigned + 1", big_unsigned=str(2**64 - 1)) == str(2**64)
    assert on_mysql("medium * 256", medium="8388607") == "2147483392"
    with pytest.raises(BadValue, match="integer out of range"):
        on_mysql("medium * 257", medium="8388607")
    with pytest.raises(BadValue, match="smallint out of range"):
        on_mysql("tiny * tiny * tiny", tiny="127")


def test_labels_are_texts():
    assert on_mysql("upper(kind) || tags", kind="a", tags="x,y") == "Ax,y"
    assert on_mysql("case kind when 'a' then 1 end", kind="a") == "1"
    assert refusal("kind < 'b'", MYSQL).help == "compare cast(… as text)"
    assert refusal("kind between 'a' and 'b'", MYSQL).code == "no-function"
    assert refusal("kind = 'c'", MYSQL).code == "unknown-label"


def test_char_n_without_its_blanks():
    assert on_mysql("code || '|'", code="ab") == "ab|"
    assert on_mysql("code = 'ab  '", code="ab") == "t"


def test_fractions_with_zeros_behind_are_the_same_instant():
    assert on_mysql("at = '2024-01-01 10:00:00.5'", at="2024-01-01 10:00:00.500000") == "t"
    assert on_mysql("at::text", at="2024-01-01 10:00:00.500000") == "2024-01-01 10:00:00.5"
    assert on_mysql("at::timestamp(0)", at="2024-01-01 10:00:00.500000") == "2024-01-01 10:00:01"


def test_zero_dates_are_an_error_only_where_their_value_is_needed():
    assert on_mysql("coalesce(day, '2024-01-01')", day="0000-00-00") == "0000-00-00"
    assert on_mysql("day is null", day="0000-00-00") == "f"
    assert on_mysql("case when day::text = '0000-00-00' then null else day end", day="0000-00-00") is None
    with pytest.raises(BadValue, match="out of range"):
        on_mysql("day > '2024-01-01'", day="0000-00-00")
    with pytest.raises(BadValue, match="out of range"):
        on_mysql("at::date", at="0000-00-00 00:00:00")


@pytest.mark.parametrize("text", ["repeat('ab', 600000)", "lpad('a', 2000000)", "rpad('a', 2000000, 'xy')"])
def test_results_are_bounded_when_compiled(text):
    # torture: K04
    assert refusal(text).code == "bad-value"


def test_results_are_bounded_per_row():
    # torture: K04
    for text in ("repeat(s, i4)", "lpad(s, i4)", "rpad(s, i4, 'x')"):
        with pytest.raises(BadValue, match="too large"):
            value(text, s="ab", i4="2147483647")
    with pytest.raises(BadValue, match="too large"):
        value("replace(s, 'a', x)", s="a" * 10_000, x="b" * 10_000)
    assert value("lpad(s, i4, '')", s="ab", i4="2147483647") == "ab"
    assert value("repeat(s, i4)", s="", i4="2147483647") == ""
    assert len(value("replace(s, 'b', x)", s="a" * 10_000, x="b" * 10_000)) == 10_000


def test_like_takes_linear_time():
    # torture: K04
    evaluate = compiled("s like x")
    row = [None] * 30
    row[9], row[10] = "a" * 20_000, "%a" * 20 + "%b"
    begun = time.process_time()
    assert evaluate(row) == "f"
    assert time.process_time() - begun < 2


def test_huge_numbers_end_soon():
    # torture: K04
    huge = "9" * 100_000
    for text in ("1 / n", "n / 3", "n % 7", "round(n, 2147483647)", "n + n", "n::text"):
        assert len(value(text, n=huge)) < 200_000
    for text, error in (("n * n", "overflow"), ("cast(n as int)", "out of range"), ("n::double precision", "out of range")):
        with pytest.raises(BadValue, match=error):
            value(text, n=huge)
    with pytest.raises(BadValue, match="overflow"):
        value("cast(s as numeric)", s="1e999999999")
    with pytest.raises(BadValue, match="out of range"):
        value("cast(s as int)", s=huge)


def test_errors_never_show_values():
    # torture: K13
    secret = "4711-secret"
    for text in ("s::int", "s::numeric", "s::date", "s::timestamp", "s::boolean", "s::uuid", "s::double precision", "x like s"):
        with pytest.raises(BadValue) as error:
            value(text, s=secret + "\\", x="x")
        assert "secret" not in str(error.value)


def test_precision_does_not_depend_on_the_threads_decimal_context():
    with decimal.localcontext() as context:
        context.prec = 3
        assert value("n + 1", n="12345678901234567890.123456789") == "12345678901234567891.123456789"
        assert value("n * 1.0000000001", n="12345678901234567890") == "12345678902469135780.1234567890"


def test_what_is_shared_is_evaluated_once():
    source = emitted("case trim(s) when 'a' then 1 when 'b' then 2 when 'c' then 3 end")
    assert source.count("strip") == 1
    source = emitted("i4 + i8 between 1 and 10")
    assert source.count("int(c") == 2


def emitted(text):
    node, problems = check_value(text, SCOPE)
    assert not problems
    return Emitter().native(node)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("s", "c9"),
        ("upper(s)", "(None if c9 is None else upper(c9))"),
        ("cast(i4 as text)", "c2"),
        ("i4 is null", "(c2 is None)"),
        ("s = 'x'", "(None if c9 is None else c9 == k0)"),
        ("i4 + 1", "(None if (t1 := (None if c2 is None else int(c2))) is None else int4(t1 + 1))"),
        ("coalesce(s, x, 'y')", "(c9 if c9 is not None else c10 if c10 is not None else k0)"),
        ("case when b then s else 'x' end", "(c9 if c8 == 't' else k0)"),
        ("case when s = 'x' and not b then 1 end", "(1 if (c9 == k0 and c8 == 'f') else None)"),
        ("s in ('a', 'b')", "(None if c9 is None else c9 in k0)"),
        ("'a' || 'b'", "k0"),
    ],
)
def test_generated_code_is_what_one_would_write(text, source):
    assert emitted(text) == source


def test_text_literals_never_stand_in_generated_code():
    emitter = Emitter()
    node, _ = check_value("case s when 'a\"\"\"' then '{}' when '''' then '\\' else 'x' end || '%s'", SCOPE)
    source = emitter.native(node)
    assert all(mark not in source for mark in ('"', "'", "\\", "{", "%s"))
    assert {'a"""', "{}", "'", "\\", "x", "%s"} <= set(emitter.names.values())


def test_generated_code_sees_nothing_but_the_runtime():
    with pytest.raises(NameError):
        build("made = open", {}, "<test>")
    assert not {"open", "eval", "exec", "__import__", "getattr", "compile", "re", "sha1"} & set(RUNTIME)


def test_every_call_of_the_table_exists():
    for function in FUNCTIONS.values():
        for signature in function.signatures:
            names = re.findall(r"(?<![.\w'])([a-z_]\w*)(?=\()|^(\w+)$", signature.call)
            assert all((name or whole) in {*RUNTIME, "not"} for name, whole in names), signature.call
            assert "{" not in signature.call or signature.call.count("{") == len(signature.arguments)
    assert set(ALIASES.values()) <= set(FUNCTIONS)
    assert "upper" in set(callable_names()) and "+" not in set(callable_names())


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**18), max_value=10**18))
def test_numeric_text_reads_back(number):
    text = numeric.numeric_out(number)
    assert numeric.numeric_in(text) == number
    assert "E" not in text


@given(st.floats(allow_nan=False))
def test_double_text_reads_back(number):
    assert floating.double_in(floating.double_out(number)) == number


@given(st.floats(allow_nan=False, width=32))
def test_real_text_reads_back(number):
    assert floating.real_in(floating.real_out(number)) == number


@given(st.integers(-211813488000000000, 9223371331199999999))
def test_timestamp_text_reads_back(stamp):
    assert temporal.timestamp_in(temporal.timestamp_out(stamp)) == stamp
    assert temporal.instant_in(temporal.instant_out(stamp)) == stamp


@given(st.integers(-2451545, 2145031948))
def test_date_text_reads_back(day):
    assert temporal.date_in(temporal.date_out(day)) == day
    text = temporal.date_out(day)
    if day > -700000 and not text.endswith("BC") and len(text) == 10:
        assert date.fromisoformat(text).toordinal() - date(2000, 1, 1).toordinal() == day
