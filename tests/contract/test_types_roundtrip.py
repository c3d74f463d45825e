"""Every type of one server to the types of another that hold it: each value arrives exactly, by the load and by the stream alike.

What arrived is compared with what was sent by the two servers' own text output.
"""

from contextlib import contextmanager

import pytest

from tests.contract.type_flow import Flow, Side

PG_INTEGERS = {
    "smallint": ["-32768", "-1", "0", "32767"],
    "integer": ["-2147483648", "2147483647"],
    "bigint": ["-9223372036854775808", "9007199254740993", "9223372036854775807"],
}
MY_INTEGERS = {
    "tinyint": ["-128", "127"],
    "tinyint unsigned": ["0", "255"],
    "tinyint(1)": ["0", "1", "2", "-1", "127"],
    "smallint": ["-32768", "32767"],
    "smallint unsigned": ["65535"],
    "mediumint": ["-8388608", "8388607"],
    "mediumint unsigned": ["16777215"],
    "int": ["-2147483648", "2147483647"],
    "int unsigned": ["2147483648", "4294967295"],
    "int(9) unsigned zerofill": ["7"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "bigint unsigned": ["9223372036854775808", "18446744073709551615"],
    "year": ["0", "1901", "2155"],
}
DECIMALS = ["0", "-0.01", "12345678901234567890.12", "-99999999999999999999.99"]
DOUBLES = [
    "0",
    "'-0'",
    "1",
    "0.1",
    "'1e-300'",
    "'5e-324'",
    "'2.2250738585072014e-308'",
    "'1.7976931348623157e308'",
    "123456789.123456789",
    "1e22",
    "1e15",
]
FLOATS = ["0", "0.1", "'1.401298464324817e-45'", "'3.4028234663852886e38'", "16777217", "'1.17549435e-38'", "8388608.5"]
SPECIALS = ["'NaN'", "'Infinity'", "'-Infinity'"]
TEXTS = [
    "''", "' '", "'  both  '", "'tab\\tand\\nline'", "'it''s \"x\" \\\\ `y` %s {} $1 ; --'", "'ä ß € 漢字 😀'",
    "'e\u0301 \u00e9'", "'null'", "'NULL'", "'\\\\N'", "'true'", "'<a>&amp;</a>'", "'${file:/x}'",
]  # fmt: skip
CLOCKS = ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'", "'12:00:00.5'"]
DAYS = ["'0001-01-01'", "'1000-01-01'", "'1582-10-10'", "'2024-02-29'", "'9999-12-31'"]
STAMPS = ["'0001-01-01 00:00:00'", "'1969-12-31 23:59:59.999999'", "'2024-03-31 02:30:00.000001'", "'9999-12-31 23:59:59.9'"]
INSTANTS = ["'1970-01-01 00:00:01+00'", "'2024-10-27 00:30:00.000001+00'", "'2024-10-27 01:30:00+00'", "'2038-01-19 03:14:07+00'"]
UUIDS = ["'550e8400-e29b-41d4-a716-446655440000'", "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]
DOCUMENTS = [
    "'{\"b\": 1, \"a\": [1, 2.50, null, true], \"aa\": {}}'", "'[]'", "'\"\u00e9 \\\\u00e9\"'", "'null'", "'123456789012345678901234567890'",
    "'1e2'", "'0.10000000000000000000000001'", "'{\"\": \"\"}'", "'-0.0'",
]  # fmt: skip
BYTES = ["", "00", "0100", "ff00ff", "5c27220a"]


def pg_bytes(*values):
    return [f"'\\x{value}'" for value in values]


def my_bytes(*values):
    return [f"x'{value}'" for value in values]


def my_texts(values):
    return values


def pg_texts(values):
    return [f"E{value}" for value in values]


PG_PG = [
    *[(name, name, "plain", values) for name, values in PG_INTEGERS.items()],
    ("oid", "oid", "plain", ["0", "4294967295"]),
    ("numeric", "numeric", "plain", [*DECIMALS, *SPECIALS, "1e-1000", "1e1000", "1.50", "0.00"]),
    ("numeric(14,2)", "numeric(14,2)", "plain", ["0", "-123456789012.34", "'NaN'"]),
    ("numeric(3,-2)", "numeric(3,-2)", "plain", ["12300", "-99900"]),
    ("numeric(2,5)", "numeric(2,5)", "plain", ["0.00012"]),
    ("double precision", "double precision", "plain", [*DOUBLES, *SPECIALS]),
    ("real", "real", "plain", [*FLOATS, *SPECIALS, "'-0'"]),
    ("boolean", "boolean", "plain", ["true", "false"]),
    ("text", "text", "text", pg_texts(TEXTS)),
    ("varchar(40)", "varchar(40)", "text", pg_texts(TEXTS)),
    ("char(40)", "char(40)", "text", pg_texts(TEXTS)),
    ("name", "name", "text", ["'a'", "repeat('ä', 31)"]),
    ('"char"', '"char"', "plain", ["'a'", "''"]),
    ("bytea", "bytea", "bytes", pg_bytes(*BYTES)),
    ("date", "date", "plain", [*DAYS, "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'4713-01-01 BC'", "'5874897-12-31'", "'10000-01-01'"]),
    ("time", "time", "plain", CLOCKS),
    ("time(0)", "time(0)", "plain", ["'23:59:60'"]),
    ("timetz", "timetz", "plain", ["'10:00:00.5+05:30'", "'24:00:00-15:59:59'"]),
    ("timestamp", "timestamp", "plain", [*STAMPS, "'infinity'", "'-infinity'", "'0044-03-15 12:00:00.5 BC'", "'294276-12-31 23:59:59.999999'"]),
    ("timestamptz", "timestamptz", "plain", [*INSTANTS, "'infinity'", "'0044-03-15 12:00:00.5+00 BC'", "'294276-12-31 23:59:59.999999+00'"]),
    ("interval", "interval", "plain", ["'1 year -2 mons 3 days -04:05:06.789'", "'-1 mon 31 days'", "'838:59:59'", "'0'"]),
    ("uuid", "uuid", "plain", UUIDS),
    ("json", "json", "plain", [*DOCUMENTS, "'{\"a\": 1,  \"a\": 2}'", "'\"\\ud800\"'", "'\"\\u0000\"'", "'1e400'"]),
    ("jsonb", "jsonb", "plain", [*DOCUMENTS, "'1e400'"]),
    ("bit(5)", "bit(5)", "plain", ["b'00101'"]),
    ("bit varying(7)", "bit varying(7)", "plain", ["b'001'", "b''"]),
    ("mood", "mood", "plain", ["'sad'", "'it''s'"]),
    ("integer[]", "integer[]", "plain", ["'{}'", "'{1,NULL,-3}'", "'{{1,2},{3,4}}'", "'[0:1]={1,2}'", "'[-2:-1][3:4]={{1,2},{3,4}}'"]),
    ("text[]", "text[]", "plain", ["""E'{"a,b","",NULL,"NULL","{x}","q\\\\\\\\\\\\"q"}'"""]),
    ("mood[]", "mood[]", "plain", ["'{sad,it''s}'"]),
    ("positive", "positive", "plain", ["7"]),
    ("small_positive", "small_positive", "plain", ["7"]),
    ("address", "address", "plain", ["""'("a ""q"" b",7,)'"""]),
    ("address[]", "address[]", "plain", ["""array[row('a,b', 1, null)::address]"""]),
    ("int4range", "int4range", "plain", ["'[1,5)'", "'empty'", "'(,)'"]),
    ("numrange", "numrange", "plain", ["'(1.50,2.0]'"]),
    ("tstzrange", "tstzrange", "plain", ["'[2024-01-01 00:00:00+00,infinity]'"]),
    ("int4multirange", "int4multirange", "plain", ["'{[1,3),[5,9)}'"]),
    ("hstore", "hstore", "plain", ["'a=>1, b=>NULL, \"c d\"=>\"x\"'"]),
    ("citext", "citext", "text", ["'Abc'", "'aBC '"]),
    ("money", "money", "plain", ["'-12.34'", "'92233720368547758.07'"]),
    ("inet", "inet", "plain", ["'10.1.2.3/8'", "'::1'", "'192.168.0.1'"]),
    ("cidr", "cidr", "plain", ["'10.0.0.0/8'", "'::/0'"]),
    ("macaddr", "macaddr", "plain", ["'08:00:2b:01:02:03'"]),
    ("macaddr8", "macaddr8", "plain", ["'08:00:2b:01:02:03:04:05'"]),
    ("point", "point", "plain", ["'(0.1,-5e-324)'"]),
    ("polygon", "polygon", "plain", ["'((0,0),(1,0.3),(1,1))'"]),
    ("xml", "xml", "plain", ["'<a b=\"c\">&lt;\u00e4</a>'", "'<a/> <b/>'"]),
    ("tsvector", "tsvector", "plain", ["'''a b'':1A,3 c:2'"]),
    ("tsquery", "tsquery", "plain", ["'a & !b | (c <-> d:*)'"]),
    ("xid", "xid", "plain", ["'4294967295'"]),
    ("pg_lsn", "pg_lsn", "plain", ["'16/B374D848'"]),
]  # fmt: skip
PG_MY = [
    *[(name, name, "plain", values) for name, values in PG_INTEGERS.items()],
    ("bigint", "decimal(20,0)", "number", ["-9223372036854775808"]),
    ("oid", "int unsigned", "plain", ["4294967295"]),
    ("numeric", "decimal(65,30)", "number", [*DECIMALS, "0.000000000000000000000000000001", "99999999999999999999999999999999999"]),
    ("numeric(14,2)", "decimal(14,2)", "plain", ["0", "-123456789012.34"]),
    ("numeric(20,0)", "bigint unsigned", "plain", ["18446744073709551615"]),
    ("double precision", "double", "float", DOUBLES),
    ("real", "float", "float", FLOATS),
    ("boolean", "tinyint(1)", "truth", ["true", "false"]),
    ("boolean", "bit(1)", "truth", ["true", "false"]),
    ("text", "longtext", "text", pg_texts(TEXTS)),
    ("text", "longtext character set utf16", "text", pg_texts(TEXTS)),
    ("varchar(40)", "varchar(40)", "text", pg_texts(TEXTS)),
    ("varchar(40)", "varchar(40) character set utf8mb3", "text", ["'ä € 漢字'"]),
    ("varchar(40)", "varchar(40) character set latin1", "text", ["'ä € ÿ'"]),
    ("varchar(40)", "varchar(40) character set gbk", "text", ["'漢字'"]),
    ("varchar(40)", "varchar(40) character set sjis", "text", ["'漢字ソ'"]),
    ("char(40)", "char(40)", "text", pg_texts(TEXTS)),
    ("bytea", "longblob", "bytes", pg_bytes(*BYTES)),
    ("bytea", "varbinary(8)", "bytes", pg_bytes(*BYTES)),
    ("bytea", "binary(4)", "bytes", pg_bytes("01000000", "00000000", "5c27220a")),
    ("date", "date", "plain", DAYS),
    ("time", "time(6)", "moment", CLOCKS),
    ("interval", "time(6)", "moment", ["'-838:59:59'", "'0'", "'25:00:00.5'"]),
    ("timestamp", "datetime(6)", "moment", STAMPS),
    ("timestamptz", "timestamp(6)", "moment", INSTANTS),
    ("interval", "varchar(60)", "text", ["'1 year -2 mons 3 days -04:05:06.789'"]),
    ("uuid", "uuid", "uuid", UUIDS),
    ("uuid", "char(36)", "uuid", UUIDS),
    ("json", "json", "json", [*DOCUMENTS, "'{\"a\": 1,  \"a\": 2}'", "'\"\\u0000\"'", "'1e400'"]),
    ("jsonb", "json", "json", DOCUMENTS),
    ("jsonb", "longtext", "json", DOCUMENTS),
    ("mood", "enum('sad','it''s')", "text", ["'sad'", "'it''s'"]),
    ("mood", "varchar(10)", "text", ["'sad'"]),
    ("text", "set('a','b','c')", "text", ["'a,b'", "''", "'c'"]),
    ("integer[]", "longtext", "text", ["'{1,NULL}'", "'[0:1]={1,2}'"]),
    ("inet", "varchar(50)", "text", ["'192.168.0.0/16'"]),
    ("tsvector", "longtext", "text", ["'''a b'':1A,3 c:2'"]),
]  # fmt: skip
MY_PG = [
    ("tinyint", "smallint", "plain", MY_INTEGERS["tinyint"]),
    ("tinyint unsigned", "smallint", "plain", MY_INTEGERS["tinyint unsigned"]),
    ("tinyint(1)", "smallint", "plain", MY_INTEGERS["tinyint(1)"]),
    ("tinyint(1)", "boolean", "truth", ["0", "1"]),
    ("bit(1)", "boolean", "truth", ["0", "1"]),
    ("smallint unsigned", "integer", "plain", MY_INTEGERS["smallint unsigned"]),
    ("mediumint", "integer", "plain", MY_INTEGERS["mediumint"]),
    ("mediumint unsigned", "integer", "plain", MY_INTEGERS["mediumint unsigned"]),
    ("int unsigned", "bigint", "plain", MY_INTEGERS["int unsigned"]),
    ("int(9) unsigned zerofill", "bigint", "number", MY_INTEGERS["int(9) unsigned zerofill"]),
    ("bigint", "bigint", "plain", MY_INTEGERS["bigint"]),
    ("bigint unsigned", "numeric(20,0)", "plain", MY_INTEGERS["bigint unsigned"]),
    ("bigint unsigned", "numeric", "plain", MY_INTEGERS["bigint unsigned"]),
    ("year", "smallint", "number", MY_INTEGERS["year"]),
    ("decimal(65,30)", "numeric", "plain", [*DECIMALS, "-99999999999999999999999999999999999.999999999999999999999999999999"]),
    ("decimal(14,2)", "numeric(14,2)", "plain", ["0", "-123456789012.34"]),
    ("double", "double precision", "float", DOUBLES),
    ("float", "real", "float", FLOATS),
    ("longtext", "text", "text", TEXTS),
    ("varchar(40) collate utf8mb4_bin", "varchar(40)", "text", TEXTS),
    ("char(40)", "char(40)", "text", TEXTS),
    ("varchar(40) character set latin1", "text", "text", ["'ä € ÿ'"]),
    ("varchar(40) character set utf16", "text", "text", TEXTS),
    ("varchar(40) character set gbk", "text", "text", ["'漢字'"]),
    ("longblob", "bytea", "bytes", my_bytes(*BYTES)),
    ("varbinary(8)", "bytea", "bytes", my_bytes(*BYTES)),
    ("binary(4)", "bytea", "bytes", my_bytes("00000000", "01", "5c27220a", "ff000000")),
    ("bit(64)", "bit(64)", "plain", []),
    ("date", "date", "plain", DAYS),
    ("time(6)", "time", "moment", [*CLOCKS[:2], "'24:00:00'"]),
    ("time(6)", "interval", "moment", ["'-838:59:59'", "'838:59:59'", "'-00:00:00.000001'", "'00:00:00'"]),
    ("datetime(6)", "timestamp", "moment", STAMPS),
    ("timestamp(6)", "timestamptz", "moment", [value.replace("+00", "") for value in INSTANTS]),
    ("uuid", "uuid", "uuid", UUIDS),
    ("char(36)", "uuid", "uuid", UUIDS),
    ("json", "jsonb", "json", DOCUMENTS),
    ("json", "json", "json", DOCUMENTS),
    ("enum('sad','it''s')", "mood", "text", ["'sad'", "'it''s'"]),
    ("set('a','b','c')", "text", "text", ["'a,b'", "''"]),
    ("inet6", "inet", "address", ["'::1'", "'2001:db8::ff00:42:8329'"]),
    ("inet4", "inet", "address", ["'10.0.0.1'"]),
]  # fmt: skip
MY_MY = [
    *[(name, name, "plain", values) for name, values in MY_INTEGERS.items()],
    ("decimal(65,30)", "decimal(65,30)", "plain", DECIMALS),
    ("decimal(10,2) unsigned", "decimal(10,2) unsigned", "plain", ["12345678.90"]),
    ("double", "double", "float", DOUBLES),
    ("float", "float", "float", FLOATS),
    ("longtext", "longtext", "text", [*TEXTS, "'nul \\0 inside'"]),
    ("varchar(40) character set latin1", "varchar(40) character set utf8mb4", "text", ["'ä € ÿ'"]),
    ("varchar(40) character set gbk", "varchar(40) character set sjis", "text", ["'漢字'"]),
    ("char(40)", "char(40)", "text", TEXTS),
    ("longblob", "longblob", "bytes", my_bytes(*BYTES)),
    ("binary(4)", "binary(4)", "bytes", my_bytes("00", "01", "5c27220a")),
    ("binary(4)", "varbinary(4)", "bytes", my_bytes("00", "01")),
    ("bit(64)", "bit(64)", "bytes", ["0", "18446744073709551615"]),
    ("date", "date", "plain", [*DAYS, "'0000-00-00'", "'2024-00-10'", "'2024-02-00'", "'2024-02-30'"]),
    ("time(6)", "time(6)", "moment", ["'-838:59:59'", "'838:59:59'", "'-00:00:00.000001'"]),
    ("datetime(6)", "datetime(6)", "moment", [*STAMPS, "'0000-00-00 00:00:00'", "'2024-02-30 10:00:00'"]),
    ("timestamp(6)", "timestamp(6)", "moment", [*[value.replace("+00", "") for value in INSTANTS], "'0000-00-00 00:00:00'"]),
    ("uuid", "uuid", "uuid", UUIDS),
    ("json", "json", "text", DOCUMENTS),
    ("enum('sad','it''s')", "enum('it''s','sad')", "text", ["'sad'", "'it''s'"]),
    ("set('a','b')", "set('b','a','c')", "text", ["''", "'a'"]),
    ("inet6", "inet6", "text", ["'::1'", "'2001:db8::ff00:42:8329'"]),
    ("inet4", "inet4", "text", ["'10.0.0.1'"]),
    ("geometry", "geometry", "shape", ["point(1, 2.5)", "st_geomfromtext('polygon((0 0,1 0,1 1,0 0))', 4326)"]),
    ("point", "point", "shape", ["st_geomfromtext('point(0.1 -0.3)', 4326)"]),
    ("varchar(40) collate utf8mb4_0900_ai_ci", "varchar(40) collate utf8mb4_0900_bin", "text", TEXTS),
    ("vector(3)", "vector(3)", "bytes", ["x'0000803f000000c0cdcccc3d'"]),
    ("varchar(40) collate utf8mb4_bin", "varchar(40) character set utf8mb4 collate utf8mb4_general_ci", "text", TEXTS),
]  # fmt: skip
PAIRS = {"pg-pg": PG_PG, "pg-my": PG_MY, "my-pg": MY_PG, "my-my": MY_MY}
PG_TYPES = (
    "create extension if not exists hstore",
    "create extension if not exists citext",
    "create type mood as enum ('sad', 'it''s')",
    "create domain positive as integer check (value > 0)",
    "create domain small_positive as positive check (value < 100)",
    "create type address as (street text, number integer, note varchar(10))",
)


@contextmanager
def pair(request, database, endpoint, name):
    """A pipeline between fresh databases of two engines: `pg-my`."""
    servers = {"pg": "postgresql", "my": "mariadb"}
    source, target = (request.getfixturevalue(servers[end]) for end in name.split("-"))
    with Flow(Side(source, database, endpoint, "source"), Side(target, database, endpoint, "target")) as made:
        for side in (made.source, made.target):
            if side.postgresql:
                side.run(*PG_TYPES)
        yield made


@pytest.fixture(params=PAIRS)
def flow(request, database, endpoint):
    with pair(request, database, endpoint, request.param) as made:
        made.cases = made.known(PAIRS[request.param])
        yield made


def columns(cases):
    return [f"c{at}" for at in range(len(cases))]


def make(flow, cases):
    for side, at in ((flow.source, 0), (flow.target, 1)):
        listed = ", ".join(
            f"{side.quoted(name)} {case[at]}{'' if side.postgresql else ' null'}" for name, case in zip(columns(cases), cases, strict=True)
        )
        side.run(f"create table t (id integer primary key, {listed}{', unmapped integer' if at == 0 else ''})")
    same = ", ".join(["id", *columns(cases)])
    return f"version: 1\nmapping: m\nsource: t\ntarget: t\nkey: [id]\nsame: [{same}]\n"


def insert(flow, cases, first):
    """Each row has a value of each type; where a type has no more, NULL, which is a value too."""
    size = 1 + max(len(case[3]) for case in cases)
    for row in range(size):
        values = [case[3][row] if row < len(case[3]) else "null" for case in cases]
        flow.source.run(f"insert into t values ({first + row}, {', '.join(values)}, null)")
    return size


def test_every_value_arrives_as_it_is_by_the_load_and_by_the_stream(flow):
    # torture: E03 E04 E05 E07 E08 E09 E10 E12 E16 E17
    cases, kinds = flow.cases, {name: case[2] for name, case in zip(columns(flow.cases), flow.cases, strict=True)}
    flow.follow(make(flow, cases))
    size = insert(flow, cases, 1)
    loaded = flow.load()
    insert(flow, cases, 1001)
    streamed = flow.stream()
    assert {key: str(error) for key, error in flow.refused.items()} == {}
    sent, arrived = flow.source.shown("t", kinds), flow.target.shown("t", kinds)
    assert list(sent) == list(arrived)
    wrong = [
        (case[:2], sent[key][name], arrived[key][name])
        for key in sent
        for name, case in zip(kinds, cases, strict=True)
        if sent[key][name] != arrived[key][name]
    ]
    assert wrong == []
    assert [arrived[key] for key in range(1, size + 1)] == [arrived[key] for key in range(1001, 1001 + size)]
    assert loaded == streamed == {"changed": size, "unchanged": 0}
    assert nothing_is_written_again(flow, 2 * size)
    assert different_ways(flow) == []


def nothing_is_written_again(flow, size):
    """Neither a second load nor rows whose update changed nothing write anything."""
    versions = flow.target.run("select id, xmin::text from t order by id") if flow.target.postgresql else None
    assert flow.load() == {"changed": 0, "unchanged": size}
    flow.source.run("update t set unmapped = coalesce(unmapped, 0) + 1")
    assert flow.stream() == {"changed": 0, "unchanged": size}
    return versions is None or versions == flow.target.run("select id, xmin::text from t order by id")


def different_ways(flow):
    """Return the values for which load, stream, fetch and query do not read one and the same text."""
    (table,) = {change.table for change in flow.snapshot()}
    loaded = [change.new for change in flow.snapshot()]
    flow.source.run("update t set unmapped = coalesce(unmapped, 0) + 1")
    streamed = [change.new for change in flow.changes()]
    ways = [sorted(rows, key=lambda row: int(row[0])) for rows in (loaded, streamed, flow.fetched(table), flow.asked(table))]
    values = [
        [(column.name, *texts) for column, *texts in zip(table.columns[:-1], *rows, strict=False)] for rows in zip(*ways, strict=True)
    ]
    return [one for row in values for one in row if len(set(one[1:])) != 1]
