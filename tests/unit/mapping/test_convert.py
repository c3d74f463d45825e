"""What happens to a value between two column types: nothing, a change of spelling, an error of the row, or a refusal."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.convert import PAIRS, UTC, Unfit, converter
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.model.types import Kind, Type, Zones
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
INET = Type(Kind.ADDRESS, "inet")
TEXTS = Type(Kind.ARRAY, "text[]")

STAYS, ERROR = "(stays)", "(error)"


def binary(size):
    return Type(Kind.BYTES, f"varbinary({size})", size)


def converted(source, target, text):
    convert = converter(source, target, UTC)
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
        (varchar(20), TEXT), (char(5), char(6)), (UUID, UUID), (UUID, TEXT), (UUID, char(36)), (JSON, JSON), (JSON, TEXT),
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
        (TEXT, char(3), {"abc": STAYS, "ab": STAYS, "abc ": ERROR, "abcd": ERROR, "": STAYS}),
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
        (
            INSTANT,
            DATETIME_0,
            "give the target database its `time_zone` in the service file, or write cast(… as timestamp(0)), which takes UTC",
        ),
        (INSTANT, Type(Kind.INSTANT, "timestamp(3)", precision=3), "write cast(… as timestamptz(3))"),
        (BOOL, BIT_8, ""),
        (BIT_1, BIT_8, ""),
        (UUID, varchar(32), "a uuid has 36 characters"),
        (TEXTS, Type(Kind.ARRAY, "integer[]"), ""),
        (Type(Kind.ADDRESS, "cidr"), Type(Kind.ADDRESS, "inet6"), ""),
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


PG_TIME = Type(Kind.TIME, "time without time zone", precision=6)
NAME = Type(Kind.TEXT, "name", 63)
YEAR = Type(Kind.INT, "year", 2)
ROUND = Type(Kind.NUMERIC, "numeric(3,-2)", precision=3, scale=-2)
SMALL = Type(Kind.NUMERIC, "numeric(2,5)", precision=2, scale=5)
VARBIT_5 = Type(Kind.BITS, "bit varying(5)", 5)
MY_JSON = Type(Kind.JSON, "json", charset="utf8mb4")
PG_JSON = Type(Kind.JSON, "json")
GEOMETRY = Type(Kind.GEOMETRY, "geometry")


def fixed_binary(size):
    return Type(Kind.BYTES, f"binary({size})", size, padded=True)


def array(element, native=""):
    return Type(Kind.ARRAY, native or f"{element.native}[]", element=element)


def other(native, *labels):
    return Type(Kind.OTHER, native, labels=labels)


def address(native):
    return Type(Kind.ADDRESS, native)


@pytest.mark.parametrize(
    ("source", "target", "pairs"),
    [
        (varchar(5), char(5), {"ab": STAYS, "ab ": ERROR, " ab": STAYS}),
        (TEXT, NAME, {"é" * 31: STAYS, "é" * 32: ERROR, "a" * 63: STAYS, "a" * 64: ERROR}),
        (SMALLINT, YEAR, {"0": STAYS, "1": ERROR, "99": ERROR, "1900": ERROR, "1901": STAYS, "2155": STAYS, "2156": ERROR, "-1": ERROR}),
        (NUMERIC, ROUND, {"12300": "12300", "12345": ERROR, "99900": "99900", "100000": ERROR, "0": "0", "50": ERROR, "-12300.00": "-12300", "100.5": ERROR}),
        (INT, ROUND, {"100": "100", "123": ERROR}),
        (NUMERIC, SMALL, {"0.00012": "0.00012", "0.001": ERROR, "0.000123": ERROR, "0": "0", "1": ERROR, "0.00000": "0.00000"}),
        (VARBIT_5, Type(Kind.BITS, "bit(5)", 5), {"00101": STAYS, "101": ERROR}),
        (Type(Kind.BITS, "bit varying"), VARBIT_5, {"": STAYS, "11111": STAYS, "111111": ERROR}),
        (BYTEA, fixed_binary(2), {r"\x0102": STAYS, r"\x01": ERROR, r"\x010203": ERROR, r"\x": ERROR}),
        (UUID, fixed_binary(16), {"550e8400-e29b-41d4-a716-446655440000": r"\x550e8400e29b41d4a716446655440000"}),
        (fixed_binary(16), UUID, {r"\x550e8400e29b41d4a716446655440000": "550e8400-e29b-41d4-a716-446655440000"}),
        (BYTEA, UUID, {r"\x55": ERROR}),
        (PG_JSON, JSON, {'{"a": 1, "b": {"a": 2}}': STAYS, '{"a": 1, "a": 1}': ERROR, '[{"a": 1, "a": 2}]': ERROR, "1e400": STAYS, "12345678901234567890.5": STAYS}),
        (PG_JSON, MY_JSON, {
            "18446744073709551615": STAYS, "-9223372036854775808": STAYS, "18446744073709551616": ERROR, "18446744073709551617": ERROR, "0.1": STAYS,
            "0.10000000000000000000001": ERROR, "1e400": ERROR, '{"a": 1, "a": 2}': ERROR, "1e22": STAYS, "-0.0": STAYS,
        }),
        (JSON, MY_JSON, {"0.1": STAYS, "123456789012345678901": ERROR}),
        (TEXT, MY_JSON, {"{": ERROR, "NaN": ERROR, "[" * 100_000: ERROR, '{"a": {"b": 1, "b": 2}}': ERROR}),
        (array(INT), JSON, {"{}": "[]", "{1,NULL,-3}": "[1, null, -3]", "{{1,2},{3,4}}": "[[1, 2], [3, 4]]", "[0:1]={1,2}": ERROR}),
        (array(BOOL), PG_JSON, {"{t,f,NULL}": "[true, false, null]"}),
        (array(NUMERIC), PG_JSON, {"{1.50,NaN}": ERROR, "{1.50,-2}": "[1.50, -2]"}),
        (array(TEXT), PG_JSON, {r'{"a,b","q\"x",NULL,"NULL",é}': r'["a,b", "q\"x", null, "NULL", "é"]'}),
        (array(JSON), PG_JSON, {r'{"{\"a\": 1}"}': '[{"a": 1}]'}),
        (INTERVAL, TIME_0, {"-838:59:59": STAYS, "839:00:00": ERROR, "1 day": ERROR, "10:00:00.5": ERROR, "00:00:00": STAYS, "-1 days +02:03:04": ERROR}),
        (address("cidr"), INET, {"10.0.0.0/8": STAYS, "10.1.2.3/32": "10.1.2.3", "::1/128": "::1", "::/0": STAYS}),
        (INET, address("inet4"), {"10.0.0.1": STAYS, "10.0.0.1/8": ERROR, "::1": ERROR}),
        (INET, address("inet6"), {"::1": STAYS, "10.0.0.1": ERROR, "::/64": ERROR}),
        (DOUBLE, NUMERIC, {"-0": "0", "NaN": STAYS}),
    ],
)  # fmt: skip
def test_what_may_be_altered_is_looked_at(source, target, pairs):
    # torture: E03 E04 E07 E10 E12
    assert {text: converted(source, target, text) for text in pairs} == {
        text: text if made == STAYS else made for text, made in pairs.items()
    }


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (YEAR, YEAR), (NAME, NAME), (YEAR, SMALLINT), (fixed_binary(4), fixed_binary(4)), (fixed_binary(4), binary(4)), (MY_JSON, MY_JSON), (MY_JSON, JSON),
        (JSON, PG_JSON), (PG_JSON, PG_JSON), (array(INT), array(INT)), (array(varchar(5)), array(TEXT)), (array(enum("a")), array(enum("b", "a"))),
        (GEOMETRY, Type(Kind.GEOMETRY, "point")), (INET, address("cidr")), (address("inet4"), INET), (TIME_0, INTERVAL), (other("money"), other("money")),
        (other("public.hstore"), other("extensions.hstore")), (other("public.pair", "a integer"), other("app.couple", "a integer")),
        (other("app.span", "numeric"), other("app.span", "numeric")), (Type(Kind.INTERVAL, "interval year to month"), INTERVAL), (array(INT), TEXT),
        (Type(Kind.INTERVAL, "interval(0)"), Type(Kind.INTERVAL, "interval(0)")), (Type(Kind.BITS, "bit(5)", 5), VARBIT_5), (INET, TEXT),
    ],
)  # fmt: skip
def test_what_is_the_same_on_both_sides_costs_nothing(source, target):
    # torture: E12 E17
    assert converter(source, target) is None


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (other("regclass"), other("regclass"), "it is not known that its text is the whole value: leave the column out"),
        (other("public.custom"), other("public.custom"), "it is not known that its text is the whole value: leave the column out"),
        (other("public.pair", "a integer"), other("public.pair", "a bigint"), ""),
        (other("money"), TEXT, "its text depends on the server's locale: take it as numeric by a `query`"),
        (GEOMETRY, TEXT, "take it as text by a `query` of the mapping"),
        (GEOMETRY, BYTEA, ""),
        (GEOMETRY, other("public.geometry"), ""),
        (array(TEXT), array(varchar(5)), ""),
        (array(INT), array(BIGINT), ""),
        (array(enum("a", "b")), array(enum("a")), ""),
        (INTERVAL, Type(Kind.INTERVAL, "interval year to month"), "make the target's column a plain interval"),
        (PG_TIME, INTERVAL, "write cast(… as interval)"),
        (INTERVAL, PG_TIME, "write cast(… as time)"),
        (BOOL, YEAR, ""),
        (NUMERIC, YEAR, "write cast(… as bigint)"),
        (address("inet4"), address("inet6"), ""),
        (UUID, fixed_binary(8), "a uuid has 16 bytes"),
        (Type(Kind.BITS, "bit(4)", 4), Type(Kind.BITS, "bit(5)", 5), ""),
        (Type(Kind.BITS, "bit varying(1)", 1), BOOL, ""),
    ],
)  # fmt: skip
def test_what_only_looks_alike_is_refused(source, target, words):
    # torture: E12 E17
    refused = converter(source, target)
    assert isinstance(refused, Unfit)
    assert (refused.reason, refused.hint) == (f"{source.native} does not go into {target.native}", words)


BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


@pytest.mark.parametrize(
    ("zones", "source", "target", "pairs"),
    [
        (Zones(BERLIN, ""), TIMESTAMP, INSTANT, {
            "2024-01-15 12:00:00": "2024-01-15 11:00:00+00", "2024-07-15 12:00:00.500": "2024-07-15 10:00:00.500+00", "2024-03-31 02:30:00": ERROR,
            "2024-10-27 02:30:00": ERROR, "2024-10-27 03:00:00": "2024-10-27 02:00:00+00", "infinity": STAYS, "0044-03-15 12:00:00 BC": ERROR,
            "10000-01-01 00:00:00": ERROR, "0000-00-00 00:00:00": ERROR, "1890-01-01 00:00:00": "1889-12-31 23:06:32+00",
        }),
        (Zones(BERLIN, ""), DATE, INSTANT, {"2024-07-15": "2024-07-14 22:00:00+00", "infinity": STAYS, "2024-02-30": ERROR}),
        (Zones("", NEW_YORK), INSTANT, TIMESTAMP, {
            "2024-01-15 12:00:00+00": "2024-01-15 07:00:00", "2024-11-03 05:30:00+00": "2024-11-03 01:30:00", "2024-11-03 06:30:00.25+00": "2024-11-03 01:30:00.25",
            "-infinity": STAYS, "0044-03-15 12:00:00+00 BC": ERROR,
        }),
        (Zones("UTC", "UTC"), TIMESTAMP, INSTANT, {"294276-12-31 23:59:59": "294276-12-31 23:59:59+00", "0044-03-15 12:00:00 BC": "0044-03-15 12:00:00+00 BC"}),
        (Zones("UTC", "UTC"), DATE, INSTANT, {"0044-03-15 BC": "0044-03-15 00:00:00+00 BC"}),
        (Zones(BERLIN, NEW_YORK), TIMESTAMP, TIMESTAMP, {"2024-03-31 02:30:00": STAYS}),
        (Zones(BERLIN, NEW_YORK), INSTANT, INSTANT, {"2024-03-31 02:30:00+00": STAYS}),
    ],
)  # fmt: skip
def test_a_clock_and_a_point_in_time(zones, source, target, pairs):
    # torture: E06
    convert = converter(source, target, zones)
    assert not isinstance(convert, Unfit)

    def made(text):
        try:
            return convert(text) if convert else text
        except BadValue:
            return ERROR

    assert {text: made(text) for text in pairs} == {text: text if made == STAYS else made for text, made in pairs.items()}


@pytest.mark.parametrize(
    ("source", "target", "end", "cast"),
    [(TIMESTAMP, INSTANT, "source", "timestamptz"), (DATE, INSTANT, "source", "timestamptz"), (INSTANT, TIMESTAMP, "target", "timestamp")],
)
def test_without_a_zone_nobody_guesses(source, target, end, cast):
    # torture: E06
    refused = converter(source, target)
    assert isinstance(refused, Unfit)
    assert refused.reason == f"{source.native} goes into {target.native} only by a time zone, and none is known for the {end}"
    assert refused.hint == (f"give the {end} database its `time_zone` in the service file, or write cast(… as {cast}), which takes UTC")


@given(st.datetimes(), st.sampled_from([BERLIN, NEW_YORK, "Asia/Kathmandu", "Pacific/Apia"]))
def test_a_clock_that_becomes_a_point_in_time_shows_the_same_there(stamp, zone):
    # torture: E06
    text = stamp.isoformat(" ")
    try:
        point = converter(TIMESTAMP, INSTANT, Zones(zone, ""))(text)
        back = converter(INSTANT, TIMESTAMP, Zones("", zone))(point)
    except BadValue:
        return
    except OverflowError:
        pytest.fail("a date near the end of the calendar")
    assert back == text


def test_every_pair_of_the_table_is_of_two_kinds_that_a_column_may_have():
    assert {kind for pair in PAIRS for kind in pair} == set(Kind)
