"""Values that the target's type can't hold: each is an error of its row that names the column, by the load and by the stream alike."""

import re

import pytest

from tests.contract.test_types_roundtrip import make, pair

PG_PG = [
    ("bigint", "integer", ["2147483648", "-2147483649"], "value out of range for integer"),
    ("numeric", "numeric(5,2)", ["1000", "'Infinity'"], "value out of range for numeric(5,2)"),
    ("numeric", "numeric(3,-2)", ["12345"], "value has more than -2 digits after the point, numeric(3,-2) would round it"),
    ("numeric", "numeric(2,5)", ["0.01"], "value out of range for numeric(2,5)"),
    ("integer", "numeric(3,-2)", ["123"], "value has more than -2 digits after the point, numeric(3,-2) would round it"),
    ("numeric", "double precision", ["0.12345678901234567890"], "value has more digits than double precision can hold"),
    ("double precision", "real", ["0.1234567890123"], "value has more digits than real can hold"),
    ("text", "varchar(3)", ["'abcd'", "'abc '"], "text is longer than the 3 characters of character varying(3)"),
    ("text", "char(3)", ["'a '"], "text ends in blanks, which character(3) does not keep"),
    ("text", "name", ["repeat('ä', 32)"], "text is longer than the 63 bytes of name"),
    ("bit varying(5)", "bit(5)", ["b'1'"], "value has fewer bits than bit(5)"),
    ("text", "mood", ["'SAD'"], "text is no label of public.mood"),
    ("json", "jsonb", ["""'{"a": 1, "a": 2}'"""], "a key comes twice in the document, and only one would be kept"),
    ("json", "jsonb", ["""'"\\ud800"'"""], "invalid input syntax for type json (SQLSTATE 22P02)"),
    ("json", "jsonb", ["""'"\\u0000"'"""], "unsupported Unicode escape sequence (SQLSTATE 22P05)"),
    ("integer[]", "jsonb", ["'[0:1]={1,2}'"], "arrays that do not begin at 1 are not available"),
    ("inet", "cidr", ["'10.0.0.1/8'"], "invalid cidr value: … (SQLSTATE 22P02)"),
]  # fmt: skip
PG_MY = [
    ("integer", "smallint unsigned", ["-1", "65536"], "value out of range for smallint"),
    ("smallint", "year", ["1", "99", "1900", "2156"], "value out of range for year"),
    ("numeric", "decimal(65,30)", ["'NaN'"], "is decimal(65,30), and the value is no such thing"),
    ("numeric", "decimal(65,30)", ["'Infinity'"], "value out of range for decimal(65,30)"),
    ("double precision", "double", ["'NaN'", "'-Infinity'"], "is double, and the value is no such thing"),
    ("text", "varchar(20) character set latin1", ["'漢'"], "Incorrect string value: for column"),
    ("text", "varchar(20) character set utf8mb3", ["'😀'"], "Incorrect string value: for column"),
    ("text", "varchar(20) character set gbk", ["'😀'"], "Incorrect string value: for column"),
    ("text", "char(5)", ["'a '"], "text ends in blanks, which char(5) does not keep"),
    ("text", "text", ["repeat('ä', 40000)"], "(error 1"),
    ("bytea", "binary(4)", ["'\\x01'", "'\\x0102030405'"], "value is not of the 4 bytes of binary(4)"),
    ("bytea", "varbinary(2)", ["'\\x010203'"], "value is longer than the 2 bytes of varbinary(2)"),
    ("date", "date", ["'infinity'", "'0044-03-15 BC'", "'10000-01-01'", "'5874897-12-31'"], "Incorrect date value: for column"),
    ("timestamp", "datetime(6)", ["'-infinity'", "'0044-03-15 12:00:00 BC'", "'294276-12-31 23:59:59.999999'"], "Incorrect datetime value: for column"),
    ("timestamptz", "timestamp(6)", ["'1969-12-31 23:59:59+00'", "'infinity'", "'10000-01-01 00:00:00+00'"], ""),
    ("timestamptz", "timestamp(6)", ["'2106-02-07 06:28:16+00'"], ""),
    ("interval", "time(6)", ["'1 day'", "'1 mon'", "'839:00:00'"], "value has days or months, or is longer than time(6) can be"),
    ("interval", "time", ["'00:00:00.5'"], "value has more than 0 digits behind the second"),
    ("mood", "enum('sad')", ["'it''s'"], "text is no label of enum('sad')"),
    ("inet", "inet6", ["'10.0.0.1'", "'::/64'"], "value is no single address of version 6"),
    ("inet", "inet4", ["'::1'", "'10.0.0.0/8'"], "value is no single address of version 4"),
]  # fmt: skip
MY_PG = [
    ("bigint unsigned", "bigint", ["9223372036854775808"], "value out of range for bigint"),
    ("tinyint(1)", "boolean", ["2", "-1"], "value is neither 0 nor 1, as boolean needs it"),
    ("varchar(20)", "text", ["'a\\0b'"], "PostgreSQL text fields cannot contain NUL (0x00) bytes"),
    ("longtext", "varchar(20)", ["'\\0'"], "PostgreSQL text fields cannot contain NUL (0x00) bytes"),
    ("date", "date", ["'0000-00-00'", "'2024-00-10'", "'2024-02-30'"], "date/time field value out of range: … (SQLSTATE 22008)"),
    ("datetime", "timestamp", ["'0000-00-00 00:00:00'"], "date/time field value out of range: … (SQLSTATE 22008)"),
    ("timestamp null", "timestamptz", ["'0000-00-00 00:00:00'"], "date/time field value out of range: … (SQLSTATE 22008)"),
    ("time", "time", ["'24:00:01'", "'838:59:59'"], "date/time field value out of range: … (SQLSTATE 22008)"),
    ("time", "time", ["'-01:00:00'"], "invalid input syntax for type time: … (SQLSTATE 22007)"),
    ("varchar(10)", "uuid", ["'none'"], "invalid input syntax for type uuid"),
    ("enum('sad','x')", "mood", ["'x'"], "text is no label of public.mood"),
]  # fmt: skip
MY_MY = [
    ("int unsigned", "int", ["4294967295"], "value out of range for int"),
    ("smallint", "year", ["70"], "value out of range for year"),
    ("varchar(20)", "char(20)", ["'a '"], "text ends in blanks, which char(20) does not keep"),
    ("varchar(20)", "varchar(20) character set latin1", ["'漢'"], "Incorrect string value: for column"),
    ("varbinary(4)", "binary(4)", ["x'01'"], "value is not of the 4 bytes of binary(4)"),
    ("geometry", "point", ["st_geomfromtext('linestring(0 0,1 1)')"], ""),
    ("enum('a','b')", "enum('b')", ["'a'"], "text is no label of enum('b')"),
]  # fmt: skip
PG_MARIADB = [("json", "json", ["""'"\\ud800"'"""], "CONSTRAINT")]
PG_MYSQL = [
    ("json", "json", ["""'"\\ud800"'"""], "Invalid JSON text"),
    ("json", "json", ["""'{"a": 1, "a": 2}'"""], "a key comes twice in the document, and only one would be kept"),
    (
        "jsonb",
        "json",
        ["'123456789012345678901234567890'", "'0.10000000000000000000000001'", "'1e400'"],
        "more digits than json holds on the target",
    ),
    ("text", "json", ["'{'"], "invalid input syntax for type json"),
]
MARIADB_PG = [("json", "jsonb", ["""'{"a": 1, "a": 2}'"""], "a key comes twice in the document, and only one would be kept")]
PAIRS = {"pg-pg": PG_PG, "pg-my": PG_MY, "my-pg": MY_PG, "my-my": MY_MY}


@pytest.fixture(params=PAIRS)
def flow(request, database, endpoint):
    with pair(request, database, endpoint, request.param) as made:
        made.cases = [case for case in PAIRS[request.param] if made.source.has(case[0]) and made.target.has(case[1])]
        if request.param == "pg-my":
            made.cases += PG_MYSQL if made.target.mysql else PG_MARIADB
        if request.param == "my-pg" and not made.source.mysql:
            made.cases += MARIADB_PG
        yield made


def test_a_value_that_the_type_cannot_hold_is_an_error_of_its_row(flow):
    # torture: E03 E04 E05 E07 E08 E09 E10 E12
    cases = flow.cases
    flow.follow(make(flow, cases))
    given = [(at, value) for at, case in enumerate(cases) for value in case[2]]

    def fill(first):
        for row, (at, value) in enumerate(given):
            values = [value if place == at else "null" for place in range(len(cases))]
            flow.source.run(f"insert into t values ({first + row}, {', '.join(values)}, null)")

    fill(1)
    flow.load()
    fill(1001)
    flow.stream()
    for row, (at, value) in enumerate(given):
        for key in (str(1 + row), str(1001 + row)):
            said = str(flow.refused.get(key, "nothing"))
            named = re.search(rf"\bc{at}\b", said) or "GEOMETRY field" in said  # MySQL does not say which
            assert named, (cases[at][:2], value, said)
            assert cases[at][3] in said, (value, said)
    assert flow.target.run("select count(*) from t") == [(0,)]
