"""Any values of any types: what the stream wrote, the load finds as it would write it, and both servers show the same."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.test_types_roundtrip import columns, different_ways, make, pair

ANY = st.characters(codec="utf-8", exclude_characters="\0")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def doubled(text):
    """For a server that reads backslashes in literals."""
    return quoted(text.replace("\\", "\\\\"))


def whole(bits, *, unsigned=False):
    return st.integers(0, 2**bits - 1).map(str) if unsigned else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).map(str)


def decimals(digits, scale):
    limit = 10 ** (digits - scale)
    numbers = st.tuples(st.booleans(), st.integers(0, limit - 1), st.integers(0, 10**scale - 1))
    return numbers.map(lambda n: f"{'-' if n[0] else ''}{n[1]}.{n[2]:0{scale}d}")


def floats(width):
    return st.floats(width=width, allow_nan=False, allow_infinity=False).map(lambda number: f"'{number!r}'")


def days(first="0001-01-01"):
    return st.dates().filter(lambda day: day.isoformat() >= first).map(lambda day: f"'{day.isoformat()}'")


STAMPS = st.datetimes().map(lambda stamp: f"'{stamp.isoformat(' ')}'")
SECONDS = st.tuples(st.integers(1, 2**31 - 1), st.integers(0, 999_999))
PG_INSTANTS = SECONDS.map(lambda s: f"to_timestamp({s[0]}) + interval '{s[1]} microseconds'")
MY_INSTANTS = SECONDS.map(lambda s: f"from_unixtime({s[0]}.{s[1]:06d})")
CLOCKS = st.times().map(lambda clock: f"'{clock.isoformat()}'")
UUIDS = st.uuids(version=4).map(lambda made: f"'{made}'")
"""MariaDB refuses some that no version makes."""
NUMBER = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=32)
LEAF = st.none() | st.booleans() | NUMBER | st.text(ANY, max_size=8)


def nested(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(ANY, max_size=4), inner, max_size=3)


DOCUMENT = LEAF | nested(LEAF | nested(LEAF))


def documents(write):
    return DOCUMENT.map(lambda made: write(json.dumps(made, ensure_ascii=False)))


def raw(smallest=0, largest=40):
    return st.binary(min_size=smallest, max_size=largest)


def pg_raw(*sizes):
    return raw(*sizes).map(lambda b: f"'\\x{b.hex()}'")


def my_raw(*sizes):
    return raw(*sizes).map(lambda b: f"x'{b.hex()}'")


PG_TEXT, MY_TEXT = st.text(ANY, max_size=30).map(quoted), st.text(ANY, max_size=30).map(doubled)
WIDE = st.text(st.characters(codec="gbk", exclude_characters="\0"), max_size=20)
BITS = st.text("01", min_size=5, max_size=5).map(lambda bits: f"b'{bits}'")
SPANS = st.tuples(st.integers(-10000, 10000), st.integers(-400, 400), st.integers(-(10**12), 10**12)).map(
    lambda s: f"interval '{s[0]} months {s[1]} days {s[2]} microseconds'"
)
ITEMS = st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), max_size=5).map(
    lambda items: "'{" + ",".join("NULL" if one is None else str(one) for one in items) + "}'"
)
PG_PG = [
    ("bigint", "bigint", "plain", whole(64)), ("numeric", "numeric", "plain", decimals(60, 25)), ("numeric(12,3)", "numeric(14,3)", "plain", decimals(12, 3)),
    ("real", "real", "plain", floats(32)), ("double precision", "double precision", "plain", floats(64)), ("text", "text", "text", PG_TEXT),
    ("char(30)", "char(30)", "text", PG_TEXT), ("bytea", "bytea", "bytes", pg_raw()), ("date", "date", "plain", days()), ("time", "time", "plain", CLOCKS),
    ("timestamp", "timestamp", "plain", STAMPS), ("timestamptz", "timestamptz", "plain", PG_INSTANTS), ("interval", "interval", "plain", SPANS),
    ("uuid", "uuid", "plain", UUIDS), ("json", "json", "plain", documents(quoted)), ("jsonb", "jsonb", "plain", documents(quoted)),
    ("bit(5)", "bit(5)", "plain", BITS), ("integer[]", "integer[]", "plain", ITEMS),
]  # fmt: skip
PG_MY = [
    ("bigint", "bigint", "plain", whole(64)), ("numeric(60,25)", "decimal(65,30)", "number", decimals(60, 25)), ("real", "float", "float", floats(32)),
    ("double precision", "double", "float", floats(64)), ("text", "longtext", "text", PG_TEXT), ("char(30)", "char(30)", "text", PG_TEXT),
    ("varchar(30)", "varchar(30) character set gbk", "text", WIDE.map(quoted)), ("varchar(30)", "varchar(30) character set utf16", "text", PG_TEXT),
    ("bytea", "longblob", "bytes", pg_raw()), ("bytea", "binary(16)", "bytes", pg_raw(16, 16)), ("date", "date", "plain", days()), ("time", "time(6)", "moment", CLOCKS),
    ("timestamp", "datetime(6)", "moment", STAMPS), ("timestamptz", "timestamp(6)", "moment", PG_INSTANTS), ("uuid", "uuid", "uuid", UUIDS),
    ("jsonb", "json", "json", documents(quoted)), ("bit(5)", "bit(5)", "bits", BITS), ("integer[]", "longtext", "text", ITEMS),
]  # fmt: skip
MY_PG = [
    ("bigint unsigned", "numeric(20,0)", "plain", whole(64, unsigned=True)), ("mediumint", "integer", "plain", whole(24)), ("decimal(60,25)", "numeric", "number", decimals(60, 25)),
    ("float", "real", "float", floats(32)), ("double", "double precision", "float", floats(64)), ("longtext", "text", "text", MY_TEXT),
    ("varchar(30) character set gbk", "text", "text", WIDE.map(doubled)), ("varchar(30) character set utf16", "varchar(30)", "text", MY_TEXT),
    ("longblob", "bytea", "bytes", my_raw()), ("binary(9)", "bytea", "bytes", my_raw(0, 9)), ("date", "date", "plain", days()), ("time(6)", "time", "moment", CLOCKS),
    ("datetime(6)", "timestamp", "moment", STAMPS), ("timestamp(6)", "timestamptz", "moment", MY_INSTANTS), ("uuid", "uuid", "uuid", UUIDS), ("binary(16)", "uuid", "identity", my_raw(16, 16)),
    ("json", "jsonb", "json", documents(doubled)), ("bit(5)", "bit(5)", "bits", BITS),
]  # fmt: skip
MY_MY = [
    ("bigint unsigned", "decimal(20,0)", "plain", whole(64, unsigned=True)), ("decimal(60,25)", "decimal(65,30)", "number", decimals(60, 25)), ("float", "float", "float", floats(32)),
    ("double", "double", "float", floats(64)), ("longtext", "longtext", "text", st.text(st.characters(codec="utf-8"), max_size=30).map(lambda text: doubled(text).replace("\0", "\\0"))),
    ("varchar(30) character set gbk", "varchar(30)", "text", WIDE.map(doubled)), ("char(30)", "char(30)", "text", MY_TEXT), ("longblob", "longblob", "bytes", my_raw()),
    ("binary(9)", "binary(9)", "bytes", my_raw(0, 9)), ("date", "date", "plain", days()), ("time(6)", "time(6)", "moment", CLOCKS), ("datetime(6)", "datetime(6)", "moment", STAMPS),
    ("timestamp(6)", "timestamp(6)", "moment", MY_INSTANTS), ("uuid", "uuid", "uuid", UUIDS), ("uuid", "binary(16)", "identity", UUIDS), ("json", "json", "text", documents(doubled)),
    ("bit(5)", "bit(5)", "bits", BITS),
]  # fmt: skip
PAIRS = {"pg-pg": PG_PG, "pg-my": PG_MY, "my-pg": MY_PG, "my-my": MY_MY}


@pytest.mark.parametrize("name", PAIRS)
def test_any_value_arrives_as_it_is(name, request, database, endpoint):
    # torture: E03 E04 E05 E07 E09 E10
    with pair(request, database, endpoint, name) as flow:
        cases = flow.known(PAIRS[name])
        kinds = {column: case[2] for column, case in zip(columns(cases), cases, strict=True)}
        row = st.tuples(*(st.just("null") | case[3] for case in cases))
        flow.follow(make(flow, cases))
        rows = [0]

        @settings(max_examples=15, suppress_health_check=list(HealthCheck))
        @given(st.lists(row, min_size=4, max_size=8))
        def run(given_rows):
            values = ", ".join(f"({rows[0] + at}, {', '.join(values)}, null)" for at, values in enumerate(given_rows))
            flow.refused.clear()
            flow.source.run(f"insert into t values {values}")
            rows[0] += len(given_rows)
            streamed = flow.stream()
            assert (streamed, flow.refused) == ({"changed": len(given_rows), "unchanged": 0}, {})
            newest = f"id >= {rows[0] - len(given_rows)}"
            assert flow.source.shown("t", kinds, newest) == flow.target.shown("t", kinds, newest)

        run()
        assert flow.load() == {"changed": 0, "unchanged": rows[0]}
        assert different_ways(flow) == []
