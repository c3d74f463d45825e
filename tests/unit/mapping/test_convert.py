"""What happens to a value between two column types: nothing, a change of spelling, an error of the row, or a refusal."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.convert import Unfit, converter
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.model.types import Kind, Type
from tests.definitions import BIGINT, BOOL, DATE, INT, TEXT, TIMESTAMP, TINYINT_1, UUID, char, enum, numeric, varchar

SMALLINT = Type(Kind.INT, "smallint", 2)
UNSIGNED = Type(Kind.INT, "int unsigned", 4, unsigned=True)
BIG_UNSIGNED = Type(Kind.INT, "bigint unsigned", 8, unsigned=True)
NUMERIC = Type(Kind.NUMERIC, "numeric")
DOUBLE = Type(Kind.FLOAT, "double precision", 8)
REAL = Type(Kind.FLOAT, "real", 4)
INSTANT = Type(Kind.INSTANT, "timestamp with time zone", precision=6)
DATETIME_0 = Type(Kind.TIMESTAMP, "datetime", precision=0)
DATETIME_6 = Type(Kind.TIMESTAMP, "datetime(6)", precision=6)
TIME_6 = Type(Kind.TIME, "time without time zone", precision=6)
TIME_0 = Type(Kind.TIME, "time", precision=0)
JSON = Type(Kind.JSON, "jsonb")
BYTEA = Type(Kind.BYTES, "bytea")
BIT_1 = Type(Kind.BITS, "bit(1)", 1)
BIT_8 = Type(Kind.BITS, "bit(8)", 8)
SET = Type(Kind.SET, "set('x','y')", labels=("x", "y"))
INTERVAL = Type(Kind.INTERVAL, "interval")
INET = Type(Kind.OTHER, "inet")
TEXTS = Type(Kind.ARRAY, "text[]")

STAYS, ERROR = "(stays)", "(error)"


def binary(size):
    return Type(Kind.BYTES, f"varbinary({size})", size)


def converted(source, target, text):
    convert = converter(source, target)
    assert not isinstance(convert, Unfit), convert.reason
    try:
        return convert(text) if convert else text
    except BadValue:
        return ERROR


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (INT, INT), (INT, BIGINT), (SMALLINT, INT), (UNSIGNED, BIGINT), (INT, NUMERIC), (INT, numeric(12, 2)), (INT, DOUBLE), (SMALLINT, REAL),
        (INT, TEXT), (BOOL, BOOL), (numeric(10, 2), numeric(10, 2)), (numeric(10, 2), numeric(14, 4)), (numeric(10, 2), NUMERIC),
        (numeric(15, 3), DOUBLE), (numeric(6, 2), REAL), (NUMERIC, NUMERIC), (DOUBLE, DOUBLE), (REAL, DOUBLE), (TEXT, TEXT), (varchar(20), varchar(20)),
        (varchar(20), TEXT), (varchar(20), char(20)), (char(5), char(6)), (UUID, UUID), (UUID, TEXT), (UUID, char(36)), (JSON, JSON), (JSON, TEXT),
        (BYTEA, BYTEA), (binary(4), binary(8)), (DATE, DATE), (TIMESTAMP, TIMESTAMP), (DATETIME_0, TIMESTAMP), (INSTANT, INSTANT), (TIME_0, TIME_6),
        (enum("a", "b"), enum("b", "a", "c")), (enum("a", "bb"), varchar(2)), (SET, varchar(3)), (BIT_8, BIT_8), (INTERVAL, INTERVAL), (INET, INET),
        (TEXTS, TEXTS), (DATE, TEXT), (INET, TEXT), (SET, SET),
    ],
)  # fmt: skip
def test_what_fits_by_its_type_costs_nothing(source, target):
    assert converter(source, target) is None


@pytest.mark.parametrize(
    ("source", "target", "pairs"),
    [
        (BIGINT, INT, {"2147483647": STAYS, "-2147483648": STAYS, "2147483648": ERROR, "-2147483649": ERROR}),
        (INT, UNSIGNED, {"0": STAYS, "-1": ERROR}),
        (UNSIGNED, INT, {"2147483647": STAYS, "4294967295": ERROR}),
        (BIG_UNSIGNED, BIGINT, {"9223372036854775808": ERROR}),
        (INT, TINYINT_1, {"127": STAYS, "128": ERROR}),
        (BIGINT, numeric(5, 2), {"999": STAYS, "-999": STAYS, "1000": ERROR}),
        (BIGINT, DOUBLE, {"9007199254740992": STAYS, "9007199254740993": ERROR, "9007199254740994": STAYS, "-9223372036854775808": STAYS}),
        (INT, REAL, {"16777216": STAYS, "16777217": ERROR}),
        (TINYINT_1, BOOL, {"0": "f", "1": "t", "2": ERROR, "-1": ERROR}),
        (BOOL, TINYINT_1, {"t": "1", "f": "0"}),
        (BOOL, BIT_1, {"t": "1", "f": "0"}),
        (BIT_1, BOOL, {"1": "t", "0": "f"}),
        (INT, varchar(3), {"123": STAYS, "-123": ERROR}),
        (NUMERIC, numeric(5, 2), {
            "123.45": STAYS, "123.4": STAYS, "123": STAYS, "123.450": "123.45", "123.4500": "123.45", "123.456": ERROR, "1234": ERROR, "-999.99": STAYS,
            "0.001": ERROR, "NaN": STAYS, "Infinity": ERROR, "-Infinity": ERROR,
        }),
        (numeric(10, 4), numeric(10, 0), {"12.0000": "12", "-12.0000": "-12", "12.0001": ERROR}),
        (numeric(10, 2), INT, {"12.00": "12", "-7.00": "-7", "0.00": "0", "-0.00": "0", "12.50": ERROR, "99999999.00": "99999999"}),
        (NUMERIC, INT, {"2147483648": ERROR, "NaN": ERROR, "Infinity": ERROR, "1.0": "1"}),
        (NUMERIC, DOUBLE, {"0.1": STAYS, "1234567890.12345": STAYS, "0.1000": STAYS, "1234567890.1234567890": ERROR, "NaN": STAYS, "Infinity": STAYS}),
        (DOUBLE, numeric(10, 2), {"1.5": STAYS, "1e+2": "100", "2.5e-1": "0.25", "0.125": ERROR, "1e+20": ERROR, "NaN": STAYS, "Infinity": ERROR}),
        (DOUBLE, NUMERIC, {"1e+20": "100000000000000000000", "1e-05": "0.00001", "Infinity": STAYS}),
        (DOUBLE, INT, {"3": "3", "3.5": ERROR, "1e+3": "1000", "1e+20": ERROR}),
        (DOUBLE, REAL, {"0.5": STAYS, "0.1": STAYS, "0.123456789": ERROR, "1e+300": ERROR, "NaN": STAYS, "Infinity": STAYS}),
        (TEXT, varchar(3), {"abc": STAYS, "äöü": STAYS, "abcd": ERROR, "abc ": ERROR, "": STAYS}),
        (TEXT, char(3), {"abc ": STAYS, "abcd": ERROR}),
        (char(5), varchar(5), {"ab   ": "ab", "     ": ""}),
        (char(5), varchar(2), {"ab   ": "ab", "abc  ": ERROR}),
        (char(5), TEXT, {"ab   ": "ab"}),
        (TEXT, enum("a", "b"), {"a": STAYS, "A": ERROR, "": ERROR, "a ": ERROR}),
        (enum("a", "b"), enum("a"), {"a": STAYS, "b": ERROR}),
        (enum(), enum("a"), {"a": STAYS, "b": ERROR}),
        (enum("a", "long"), varchar(2), {"a": STAYS, "long": ERROR}),
        (TEXT, SET, {"x": STAYS, "y,x": STAYS, "": STAYS, "x,z": ERROR}),
        (TEXT, UUID, {"550E8400E29B41D4A716446655440000": "550e8400-e29b-41d4-a716-446655440000", "550e8400": ERROR}),
        (TEXT, JSON, {'{"a": [1]}': STAYS, "{": ERROR, "": ERROR, "NaN": ERROR, "[" * 100_000: ERROR}),
        (JSON, varchar(4), {"null": STAYS, '"abc"': ERROR}),
        (BYTEA, binary(2), {r"\x0102": STAYS, r"\x010203": ERROR, r"\x": STAYS}),
        (DATE, TIMESTAMP, {"2024-02-29": "2024-02-29 00:00:00", "0044-03-15 BC": "0044-03-15 00:00:00 BC", "infinity": STAYS, "-infinity": STAYS}),
        (DATE, INSTANT, {"2024-02-29": "2024-02-29 00:00:00+00", "0044-03-15 BC": "0044-03-15 00:00:00+00 BC"}),
        (TIMESTAMP, INSTANT, {
            "2024-02-29 10:00:00.5": "2024-02-29 10:00:00.5+00", "0044-03-15 10:00:00 BC": "0044-03-15 10:00:00+00 BC", "infinity": STAYS,
        }),
        (INSTANT, DATETIME_6, {
            "2024-02-29 10:00:00.5+00": "2024-02-29 10:00:00.5", "0044-03-15 10:00:00+00 BC": "0044-03-15 10:00:00 BC", "-infinity": STAYS,
        }),
        (TIME_6, TIME_0, {"10:00:00": STAYS, "10:00:00.000000": "10:00:00", "10:00:00.5": ERROR}),
        (INTERVAL, varchar(6), {"1 day": STAYS, "12 days": ERROR}),
    ],
)  # fmt: skip
def test_what_may_not_fit_is_looked_at_value_by_value(source, target, pairs):
    assert {text: converted(source, target, text) for text in pairs} == {
        text: text if made == STAYS else made for text, made in pairs.items()
    }


@pytest.mark.parametrize(
    ("source", "target", "hint"),
    [
        (TEXT, INT, "write cast(… as bigint)"),
        (TEXT, NUMERIC, "write cast(… as numeric)"),
        (TEXT, BOOL, "write cast(… as boolean)"),
        (TEXT, DATE, "write cast(… as date)"),
        (TEXT, TIMESTAMP, "write cast(… as timestamp)"),
        (TEXT, BYTEA, ""),
        (TEXT, TIME_6, "write cast(… as time)"),
        (BOOL, TEXT, "write cast(… as text)"),
        (BYTEA, TEXT, "write cast(… as text)"),
        (INT, DATE, ""),
        (INT, UUID, ""),
        (TIMESTAMP, DATE, "write cast(… as date)"),
        (TIMESTAMP, DATETIME_0, "write cast(… as timestamp(0))"),
        (INSTANT, DATETIME_0, "write cast(… as timestamptz(0))"),
        (INSTANT, Type(Kind.INSTANT, "timestamp(3)", precision=3), "write cast(… as timestamptz(3))"),
        (BOOL, BIT_8, ""),
        (BIT_1, BIT_8, ""),
        (UUID, varchar(32), "a uuid has 36 characters"),
        (TEXTS, Type(Kind.ARRAY, "integer[]"), ""),
        (INET, Type(Kind.OTHER, "cidr"), ""),
        (JSON, INT, "write cast(… as bigint)"),
        (numeric(10, 2), BOOL, ""),
    ],
)
def test_what_would_lose_something_is_refused(source, target, hint):
    refused = converter(source, target)
    assert isinstance(refused, Unfit)
    assert refused.hint == hint
    assert source.native in refused.reason
    assert target.native in refused.reason


def test_every_pair_of_kinds_has_an_answer():
    def some(kind):
        return Type(kind, f"some {kind.value}", labels=("a",) if kind in (Kind.ENUM, Kind.SET) else ())

    for source in Kind:
        for target in Kind:
            answer = converter(some(source), some(target))
            assert answer is None or callable(answer) or isinstance(answer, Unfit)


def test_errors_show_no_value():
    # torture: K13
    for source, target, text in (
        (BIGINT, INT, "4711471147"),
        (TEXT, varchar(3), "4711"),
        (NUMERIC, numeric(5, 2), "4711.4711"),
        (TEXT, enum("a"), "4711"),
    ):
        with pytest.raises(BadValue) as error:
            converter(source, target)(text)
        assert "4711" not in str(error.value)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**6), max_value=10**6))
def test_a_number_arrives_as_it_is_or_not_at_all(number):
    # torture: E04
    text = format(number, "f")
    for target in (numeric(6, 2), numeric(4, 0), numeric(12, 6)):
        made = converted(NUMERIC, target, text)
        fits = number == round(number, target.scale) and abs(number) < 10 ** (target.precision - target.scale)
        assert (made != ERROR) is fits
        if fits:
            assert Decimal(made) == number
            assert len(made.partition(".")[2]) <= target.scale


@given(st.integers(-(2**63), 2**64 - 1))
def test_a_whole_number_arrives_as_it_is_or_not_at_all(number):
    # torture: E03
    for target in (TINYINT_1, SMALLINT, INT, UNSIGNED, BIGINT, BIG_UNSIGNED):
        bits = 8 * target.size
        low, high = (0, 2**bits) if target.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1))
        made = converted(NUMERIC, target, str(number))
        assert made == (str(number) if low <= number < high else ERROR)
