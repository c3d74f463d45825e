"""The MySQL source against a real server."""

import ipaddress
import re
import signal
import socket
import string
import struct
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice

import pymysql
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cdc.model.change import ABSENT, Idle, Op, Transaction
from cdc.model.endpoint import Endpoint
from cdc.model.errors import Denied, Gap, Held, Misconfigured, UnknownEvent, Unreachable
from cdc.model.table import TableName
from cdc.source.mysql.source import MySQLSource, server_id
from cdc.sql.ledger import MYSQL as LEDGER
from demo.servers import PASSWORD, MariaDB
from tests.contract.whole import whole
from tests.promotion import replicated
from tests.series import series


class World:
    """A database on a server, a session that writes to it, and sources that read it."""

    def __init__(self, server, database, *tables):
        self.server, self.database = server, database
        self.session = self.connect()
        self.tables = [TableName(database, name) for name in tables or ("t",)]
        self.sources = []

    def connect(self):
        session = self.server.connect(self.database, charset="utf8mb4")
        session.cursor().execute("set time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'")
        return session

    def run(self, *statements):
        with self.session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def ask(self, query):
        with self.session.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def source(self, pipeline="erp_to_crm", target="crm", **options):
        endpoint = Endpoint("erp", "mysql", "127.0.0.1", self.server.port, "cdc", PASSWORD, self.database, options)
        self.sources.append(MySQLSource(endpoint, pipeline, self.tables, target))
        return self.sources[-1]

    def head(self):
        with closing(self.source()) as source:
            return source.head()

    def read(self, after, until=None, **how):
        """All transactions from a position up to now."""
        with closing(self.source(**how)) as source:
            return list(whole(source.read(after, until or source.head())))

    def changes(self, after, until=None):
        return [change for transaction in self.read(after, until) for change in transaction.changes]

    def snapshot(self, size=1000):
        with closing(self.source()) as source, source.snapshot(self.tables) as snapshot:
            return snapshot.position, {name: [row for _, chunk in snapshot.rows(name, size) for row in chunk] for name in self.tables}

    def fetch(self, table, keys):
        with closing(self.source()) as source:
            return list(source.fetch(table, keys, source.head()))

    def close(self):
        for source in self.sources:
            source.close()
        self.session.close()


@pytest.fixture
def world(mariadb, database):
    made = []

    def make(*tables, server=mariadb):
        made.append(World(server, database(server), *tables))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def own_server(folder):
    """A server that a test may crash or reset."""
    server = MariaDB(folder / "own", {"sync-binlog": "1"})
    try:
        yield server.start()
    finally:
        server.stop()


def rows(changes):
    return [(change.op, change.old, change.new) for change in changes]


def simple(world, *tables, **where):
    made = world(*tables, **where)
    for table in made.tables:
        made.run(f"create table {table.name} (id int primary key, v varchar(50))")
    return made


# --- values ----------------------------------------------------------------------------------------------------------

COLUMNS = {
    "tiny": ("tinyint", "cast({} as char)"),
    "utiny": ("tinyint unsigned", "cast({} as char)"),
    "bool": ("tinyint(1)", "cast({} as char)"),
    "small": ("smallint", "cast({} as char)"),
    "usmall": ("smallint unsigned", "cast({} as char)"),
    "medium": ("mediumint", "cast({} as char)"),
    "umedium": ("mediumint unsigned", "cast({} as char)"),
    "normal": ("int", "cast({} as char)"),
    "unormal": ("int unsigned", "cast({} as char)"),
    "filled": ("int(8) zerofill", "cast({} + 0 as char)"),
    "big": ("bigint", "cast({} as char)"),
    "ubig": ("bigint unsigned", "cast({} as char)"),
    "year": ("year", "cast({} + 0 as char)"),
    "money": ("decimal(14,2)", "cast({} as char)"),
    "whole": ("decimal(9,0)", "cast({} as char)"),
    "part": ("decimal(5,5)", "cast({} as char)"),
    "long": ("decimal(65,30)", "cast({} as char)"),
    "odd": ("decimal(24,11) unsigned zerofill", "trim(leading '0' from cast({0} as char)) regexp '^[.]' and 0"),
    "day": ("date", "cast({} as char)"),
    "time0": ("time", "cast({} as char)"),
    "time1": ("time(1)", "cast({} as char)"),
    "time4": ("time(4)", "cast({} as char)"),
    "time6": ("time(6)", "cast({} as char)"),
    "dt0": ("datetime", "cast({} as char)"),
    "dt3": ("datetime(3)", "cast({} as char)"),
    "dt6": ("datetime(6)", "cast({} as char)"),
    "ts0": ("timestamp null", "concat({}, '+00')"),
    "ts2": ("timestamp(2) null", "concat({}, '+00')"),
    "ts5": ("timestamp(5) null", "concat({}, '+00')"),
    "text": ("varchar(60)", "{}"),
    "wide": ("varchar(300)", "{}"),
    "fixed": ("char(20)", "{}"),
    "latin": ("varchar(60) character set latin1", "convert({} using utf8mb4)"),
    "greek": ("text character set greek", "convert({} using utf8mb4)"),
    "ucs2": ("varchar(60) character set ucs2", "convert({} using utf8mb4)"),
    "utf16": ("longtext character set utf16", "convert({} using utf8mb4)"),
    "utf32": ("char(20) character set utf32", "convert({} using utf8mb4)"),
    "uca": ("varchar(60) character set utf8mb4 collate uca1400_nopad_ai_ci", "{}"),
    "bin": ("binary(8)", "concat('\\\\x', lower(hex({})))"),
    "vbin": ("varbinary(300)", "concat('\\\\x', lower(hex({})))"),
    "blob": ("mediumblob", "concat('\\\\x', lower(hex({})))"),
    "bit5": ("bit(5)", "lpad(bin({}), 5, '0')"),
    "bit64": ("bit(64)", "lpad(bin({}), 64, '0')"),
    "kind": ("enum('a','b''c','d\\\\e','ä') character set latin1", "{}"),
    "flags": ("set('x','y','ü','z','w','v','u','t','s') character set latin1", "{}"),
    "uid": ("uuid", "cast({} as char)"),
    "ip6": ("inet6", "cast({} as char)"),
    "ip4": ("inet4", "cast({} as char)"),
    "spot": ("point", "concat('\\\\x', lower(hex({})))"),
    "doc": ("json", "{}"),
}
COLUMNS["odd"] = ("decimal(24,11) unsigned zerofill", "cast({} + 0.00000000000 as char)")


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''").replace("\0", "\\0") + "'"


ANY = st.characters(codec="utf-8")


def texts(alphabet=ANY):
    return st.text(alphabet, max_size=20).map(quoted)


def decimals(whole, scale, signed=True):
    digits = st.tuples(st.integers(0, 10**whole - 1), st.integers(0, 10**scale - 1), st.booleans())
    return digits.map(lambda d: f"{'-' if d[2] and signed else ''}{d[0]}.{d[1]:0{max(scale, 1)}d}")


def clocks(hours, digits):
    moment = st.tuples(st.integers(0, hours), st.integers(0, 59), st.integers(0, 59), st.integers(0, 10**digits - 1))
    return moment.map(lambda m: f"{m[0]:02d}:{m[1]:02d}:{m[2]:02d}" + (f".{m[3]:0{digits}d}" if digits else ""))


def times(digits):
    return st.tuples(st.booleans(), clocks(837, digits)).map(lambda t: f"'{'-' if t[0] else ''}{t[1]}'")


DAYS = st.tuples(st.integers(0, 9999), st.integers(0, 12), st.integers(0, 31)).map(lambda d: f"{d[0]:04d}-{d[1]:02d}-{d[2]:02d}")


def moments(digits):
    return st.tuples(DAYS, clocks(23, digits)).map(lambda m: f"'{m[0]} {m[1]}'")


def instants(digits):
    moment = st.tuples(st.integers(1, 2**31 - 1), st.integers(0, 10**digits - 1))
    return moment.map(lambda m: f"from_unixtime({m[0]}.{m[1]:0{max(digits, 1)}d})") | st.just("'0000-00-00'")


def raw(size, smallest=0):
    return st.binary(min_size=smallest, max_size=size).map(lambda b: f"x'{b.hex()}'")


def integers(bits, signed):
    return (st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)).map(str)


BMP = st.characters(codec="utf-8", max_codepoint=0xFFFF)
VALUES = {
    "tiny": integers(8, True), "utiny": integers(8, False), "bool": integers(8, True), "small": integers(16, True),
    "usmall": integers(16, False), "medium": integers(24, True), "umedium": integers(24, False), "normal": integers(32, True),
    "unormal": integers(32, False), "filled": integers(32, False), "big": integers(64, True), "ubig": integers(64, False),
    "year": (st.integers(1901, 2155) | st.just(0)).map(str), "money": decimals(12, 2), "whole": decimals(9, 0), "part": decimals(0, 5),
    "long": decimals(35, 30), "odd": decimals(13, 11, signed=False), "day": DAYS.map(quoted), "time0": times(0), "time1": times(1),
    "time4": times(4), "time6": times(6), "dt0": moments(0), "dt3": moments(3), "dt6": moments(6), "ts0": instants(0),
    "ts2": instants(2), "ts5": instants(5), "text": texts(), "wide": texts(), "fixed": texts(st.characters(codec="utf-8", exclude_characters=" ")),
    "latin": texts(st.characters(codec="latin-1", exclude_characters="\x80\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8e\x91\x92\x93\x94\x95\x96\x97\x98\x99\x9a\x9b\x9c\x9e\x9f") | st.sampled_from("€‚ƒŸ™š")),
    "greek": texts(st.sampled_from("αβγΩώ€ ab©")), "ucs2": texts(BMP), "utf16": texts(), "utf32": texts(st.characters(codec="utf-8", exclude_characters=" ")), "uca": texts(),
    "bin": raw(8), "vbin": raw(300), "blob": raw(600), "bit5": st.integers(0, 31).map(str), "bit64": integers(64, False),
    "kind": st.sampled_from(["'a'", "'b''c'", "'d\\\\e'", "'ä'", "''"]),
    "flags": st.lists(st.sampled_from("xyüzwvuts"), unique=True).map(lambda f: quoted(",".join(f))),
    "uid": (st.uuids(version=4) | st.uuids(version=1) | st.just("00000000-0000-0000-0000-000000000000") | st.just("017f22e2-79b0-7cc3-98c4-dc0c0c073900")).map(lambda u: f"'{u}'"), "ip6": st.ip_addresses(v=6).map(lambda i: f"'{i}'"), "ip4": st.ip_addresses(v=4).map(lambda i: f"'{i}'"),
    "spot": st.tuples(st.integers(-90, 90), st.integers(-90, 90)).map(lambda p: f"point({p[0]},{p[1]}.5)"),
    "doc": st.sampled_from(["'{\"a\": [1, 2.50, null]}'", "'[]'", "'\"é\"'"]),
}  # fmt: skip
ROW = st.fixed_dictionaries({name: st.none() | strategy for name, strategy in VALUES.items()})


OWN = ("uca", "uid", "ip6", "ip4")
"""MariaDB alone has these, and older versions of it do not."""


def has(run, kind):
    """Return whether the server knows a type."""
    try:
        run(f"create table own (v {kind})", "drop table own")
    except pymysql.MySQLError:
        return False
    return True


def differences(columns, found, expected):
    pairs = zip(found, expected, strict=True)
    return [(name, a, b) for left, right in pairs for name, a, b in zip(columns, left, right, strict=True) if a != b]


@pytest.fixture(scope="module")
def typed(mariadb):
    server = mariadb
    server.create("typed")
    made = World(server, "typed")
    made.columns = {name: column for name, column in COLUMNS.items() if name not in OWN or has(made.run, column[0])}
    made.run(
        "create table t (id int auto_increment primary key, "
        + ", ".join(f"`{name}` {kind}" for name, (kind, _) in made.columns.items())
        + ")"
    )
    yield made
    made.close()


@given(st.lists(ROW, min_size=1, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
def test_a_row_is_the_same_text_in_stream_snapshot_and_by_the_servers_own_cast(typed, given_rows):
    """torture: E03, E04, E05, E06, E09, E10, E12"""
    typed.run("truncate table t", "set names utf8mb4")
    start = typed.head()
    for each in given_rows:
        row = {name: value for name, value in each.items() if name in typed.columns}
        typed.run(
            f"insert into t ({', '.join(f'`{n}`' for n in row)}) values ({', '.join('null' if v is None else v for v in row.values())})"
        )
    typed.run("update t set id = -id")
    expected = list(
        typed.ask("select " + ", ".join(cast.format(f"`{name}`") for name, (_, cast) in typed.columns.items()) + " from t order by id")
    )
    changes = typed.changes(start)
    inserted = [change.new[1:] for change in changes if change.op is Op.INSERT]
    updated = [change for change in changes if change.op is Op.UPDATE]
    assert differences(typed.columns, inserted[::-1], expected) == []
    assert [change.old[1:] for change in updated] == [change.new[1:] for change in updated] == inserted
    position, found = typed.snapshot(5)
    assert differences(typed.columns, [row[1:] for row in found[typed.tables[0]]], expected) == []
    assert [row[1:] for row in typed.fetch(changes[0].table, [(row[0],) for row in found[typed.tables[0]]])] == expected
    assert not typed.read(position)


@given(
    st.lists(
        st.tuples(st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False)),
        min_size=1,
        max_size=20,
    )
)
@example([(1.1, 1e100), (0.1, 0.1), (-0.0, -0.0), (16777216.0, 1e15), (3.4028234663852886e38, 1.7976931348623157e308), (1e-45, 5e-324)])
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_floats_read_back_as_the_same_number(typed, numbers):
    """torture: E04"""
    typed.run("drop table if exists f", "create table f (id int auto_increment primary key, f float, d double)")
    typed.tables = [TableName("typed", "f")]
    start = typed.head()
    with typed.session.cursor() as cursor:
        for single, double in numbers:
            cursor.execute(f"insert into f (f, d) values ({single:.17e}, {double:.17e})")
    streamed = [change.new[1:] for change in typed.changes(start)]
    _, found = typed.snapshot()
    typed.tables = [TableName("typed", "t")]
    assert [row[1:] for row in found[TableName("typed", "f")]] == streamed
    for (single, double), (f, d) in zip(numbers, streamed, strict=True):
        assert float(d) == double
        assert struct.unpack("<f", struct.pack("<f", float(f))) == struct.unpack("<f", struct.pack("<f", single))
        assert len(f.lstrip("-0.")) <= len(repr(float(f"{single:.9g}")).lstrip("-0."))


# torture: L03
def test_moments_after_2038(world):
    """MariaDB 11.5 and later count a TIMESTAMP's seconds without a sign."""
    shop = world()
    version = shop.ask("select version()")[0][0]
    if "maria" not in version.lower() or tuple(map(int, version.split(".")[:2])) < (11, 5):
        pytest.skip("this version's timestamps end in 2038")
    shop.run("create table t (id int primary key, seen timestamp(3))")
    start = shop.head()
    shop.run("insert into t values (1, '2106-02-07 06:28:15.999'), (2, '2038-01-19 03:14:08')")
    assert [change.new for change in shop.changes(start)] == [("1", "2106-02-07 06:28:15.999+00"), ("2", "2038-01-19 03:14:08.000+00")]


def test_odd_names_stay_names(world):
    """torture: E14, K01"""
    odd = world("a`b\"c.d%s'{}", "ünï", "select")
    for table in odd.tables:
        name = table.name.replace("`", "``")
        odd.run(f"create table `{name}` (`1``x\"'.%s{{}}` int primary key, `order` text, `é\nz` int)")
    start = odd.head()
    for table in odd.tables:
        odd.run(f"insert into `{table.name.replace('`', '``')}` values (1, 'drop table', null)")
    changes = odd.changes(start)
    assert [change.table.name for change in changes] == odd.tables
    assert [column.name for column in changes[0].table.columns] == ["1`x\"'.%s{}", "order", "é\nz"]
    _, found = odd.snapshot()
    assert list(found.values()) == [[("1", "drop table", None)]] * 3


@pytest.mark.parametrize("size", [2**24 - 300, 2**24 - 1, 2**24, 2 * (2**24 - 1), 2**25 + 7])
def test_a_row_may_be_larger_than_a_packet(world, size):
    """torture: E13"""
    big = world()
    big.run("create table t (id int primary key, b longblob)")
    start = big.head()
    big.run(f"insert into t values (1, repeat('a', {size}))", "insert into t values (2, 'b')")
    first, second = big.changes(start)
    assert first.new[1] == "\\x" + "61" * size
    assert second.new == ("2", "\\x62")
    _, found = big.snapshot()
    assert found[big.tables[0]] == [first.new, second.new]


def test_many_null_patterns(world):
    wide = world()
    wide.run("create table t (id int primary key, " + ", ".join(f"c{n} int" for n in range(12)) + ")")
    start = wide.head()
    expected = [(str(mask), *("7" if mask >> n & 1 else None for n in range(12))) for mask in range(0, 4096, 3)] * 2
    expected = [(str(place), *row[1:]) for place, row in enumerate(expected)]
    wide.run("insert into t values " + ", ".join("(" + ", ".join(v or "null" for v in row) + ")" for row in expected))
    assert [change.new for change in wide.changes(start)] == expected


def test_a_table_of_more_than_250_columns(world):
    wide = world()
    wide.run("create table t (id int primary key, " + ", ".join(f"c{n} tinyint" for n in range(300)) + ")")
    start = wide.head()
    wide.run("insert into t (id, c299) values (1, 9)", "update t set c0 = 1", "delete from t")
    inserted, updated, deleted = wide.changes(start)
    assert inserted.new[0] == "1"
    assert inserted.new[300] == "9"
    assert updated.new[1] == "1"
    assert deleted.old == updated.new


# --- transactions ----------------------------------------------------------------------------------------------------


def test_transactions_come_whole_in_commit_order_with_their_time(world):
    shop = simple(world, "t", "u")
    start = shop.head()
    before = int(time.time())
    shop.run("begin", "insert into t values (1, 'a'), (2, null)", "update u set v = 1", "insert into u values (1, '')", "commit")
    shop.run("update t set id = id + 10 order by id desc", "delete from u")
    first, second, third = shop.read(start)
    t, u = shop.tables
    assert [(change.table.name, change.op, change.new) for change in first.changes] == [
        (t, Op.INSERT, ("1", "a")), (t, Op.INSERT, ("2", None)), (u, Op.INSERT, ("1", "")),
    ]  # fmt: skip
    assert rows(second.changes) == [(Op.UPDATE, ("2", None), ("12", None)), (Op.UPDATE, ("1", "a"), ("11", "a"))]
    assert rows(third.changes) == [(Op.DELETE, ("1", ""), None)]
    assert before <= first.committed_at <= time.time() + 1
    assert first.changes[0].table is second.changes[0].table
    assert first.changes[0].table.key == (0,)
    assert first.origin == ()


def test_resuming_at_every_position_neither_loses_nor_repeats(world):
    """torture: A08, rule 2"""
    shop = simple(world)
    start = shop.head()
    for n in range(8):
        shop.run("begin", f"insert into t values ({n}, 'a'), ({n + 100}, 'b')", f"update t set v = 'c' where id = {n}", "commit")
        if n == 4:
            shop.run("flush binary logs", "flush tables")
    whole = shop.read(start)
    assert len(whole) == 8
    for place, transaction in enumerate(whole):
        rest = shop.read(transaction.upto)
        assert [each.upto for each in rest] == [each.upto for each in whole[place + 1 :]]
        assert [rows(each.changes) for each in rest] == [rows(each.changes) for each in whole[place + 1 :]]


def test_a_large_transaction_arrives_in_pieces_and_stays_one(world):
    shop = simple(world)
    start = shop.head()
    parts = (f"insert into t select {n} + seq, repeat('x', 40) from {series(10_000)} order by seq" for n in range(0, 50_000, 10_000))
    shop.run("begin", *parts, "commit")
    (transaction,) = shop.read(start)
    assert [change.new[0] for change in transaction.changes] == [str(n) for n in range(1, 50_001)]


def test_only_what_is_committed(world):
    """torture: B16, B19"""
    shop = simple(world, "t", "m")
    shop.run("alter table m engine = MyISAM")
    start = shop.head()
    shop.run("begin", "insert into t values (1, 'a')", "rollback")
    shop.run("begin", "insert into t values (2, 'a')", "savepoint s", "insert into t values (3, 'b')", "rollback to s", "commit")
    shop.run("insert into m values (1, 'm'), (2, 'n')", "delete from m where id = 1")
    assert [(change.table.name.name, change.op, (change.new or change.old)[0]) for change in shop.changes(start)] == [
        ("t", Op.INSERT, "2"), ("m", Op.INSERT, "1"), ("m", Op.INSERT, "2"), ("m", Op.DELETE, "1"),
    ]  # fmt: skip


def test_what_a_rollback_leaves_in_tables_of_another_engine(world):
    """torture: B16, B19"""
    shop = simple(world, "t", "m", "a")
    shop.run("alter table m engine = MyISAM", "alter table a engine = Aria transactional = 1")
    start = shop.head()
    shop.run("insert into a values (1, 'a')", "begin", "insert into t values (4, 'a')", "insert into m values (5, 'b')", "rollback")
    assert [(change.table.name.name, change.op, change.new[0]) for change in shop.changes(start)] == [
        ("a", Op.INSERT, "1"), ("m", Op.INSERT, "5"),
    ]  # fmt: skip


def test_a_rollback_that_keeps_rows_of_another_engine_stops(world):
    shop = simple(world, "t", "m")
    shop.run("alter table m engine = MyISAM", "insert into m values (1, 'x')")
    start = shop.head()
    shop.run("begin", "insert into t values (1, 'x')", "insert into m select id + 1, v from t", "rollback")
    shop.run("insert into t values (9, 'x')")
    try:
        found = shop.changes(start)
    except UnknownEvent as error:
        assert "rolled back" in str(error)
    else:
        assert [(change.table.name.name, change.new[0]) for change in found] == [("m", "2"), ("t", "9")]


def test_prepared_transactions_of_others_pass_and_ours_stop(world):
    """torture: B16"""
    shop = simple(world, "t")
    shop.run("create table other (id int primary key)")
    start = shop.head()
    shop.run("xa start 'x1'", "insert into other values (1)", "xa end 'x1'", "xa prepare 'x1'", "xa commit 'x1'")
    shop.run("xa start 'x2'", "insert into other values (2)", "xa end 'x2'", "xa prepare 'x2'", "xa rollback 'x2'")
    shop.run("xa start 'x4'", "insert into t values (4, 'p')", "xa end 'x4'", "xa commit 'x4' one phase", "insert into t values (1, 'a')")
    assert [change.new for change in shop.changes(start)] == [("4", "p"), ("1", "a")]
    shop.run("xa start 'x3'", "insert into t values (2, 'a')", "xa end 'x3'", "xa prepare 'x3'", "xa rollback 'x3'")
    with pytest.raises(UnknownEvent, match="XA"):
        shop.changes(start)


def test_what_comes_before_an_event_that_stops_is_given_first(world):
    shop = simple(world)
    start = shop.head()
    shop.run("insert into t values (1, 'a')", "set session binlog_format = statement", "insert into t values (2, 'secret')")
    source = shop.source()
    found = []
    with pytest.raises(UnknownEvent, match=r"\(insert\)") as stopped:
        for item in source.read(start):
            found += [item] if isinstance(item, Transaction) else []
    assert [rows(transaction.changes) for transaction in found] == [[(Op.INSERT, None, ("1", "a"))]]
    assert "secret" not in str(stopped.value) + stopped.value.hint


@pytest.mark.parametrize(
    "statement",
    ["insert into t values (1, rand())", "update t set v = 1", "delete from t", "replace into t values (1, 'x')", "/* app */ insert into t values (1,'a')",
     "set @a = 5", f"insert into t select seq, @a := seq from {series(2)}"],
)  # fmt: skip
def test_statements_instead_of_rows_stop(world, statement):
    """torture: B09, rule 4"""
    shop = simple(world)
    shop.run("insert into t values (50, 'a')")
    start = shop.head()
    shop.run("set session binlog_format = statement", statement)
    if statement.startswith("set"):
        assert shop.changes(start) == []
        return
    with pytest.raises(UnknownEvent) as stopped:
        shop.changes(start)
    assert "binlog_format" in stopped.value.hint


def test_harmless_statements_pass(world):
    shop = simple(world)
    start = shop.head()
    user = f"u{shop.database}"
    shop.run(
        "create table x (id int primary key)", f"create user {user} identified by 'x'", f"grant select on t to {user}", f"drop user {user}",
        "create view w as select 1", "create trigger g before insert on t for each row set new.v = upper(new.v)", "analyze table t",
        "create procedure p() insert into t values (7, 'by procedure')", "call p()", "optimize table t", "rename table x to y", "drop table y",
        "create temporary table q (id int)", "insert into q values (1)", "drop temporary table q",
        "create table c as select 5 as five", "flush tables", f"set password = {PASSWORD!r}" if shop.server.is_mysql else f"set password = password({PASSWORD!r})",
        "drop view w", "do release_lock('x')",
    )  # fmt: skip
    assert rows(shop.changes(start)) == [(Op.INSERT, None, ("7", "BY PROCEDURE"))]


def test_sequences_pass(world):
    shop = simple(world)
    start = shop.head()
    shop.run("create sequence s", "select nextval(s)", "insert into t values (nextval(s), 'a')", "drop sequence s")
    assert [change.new for change in shop.changes(start)] == [("2", "a")]


def test_compressed_events_are_read(world, own_server):
    """Rows of a wanted table and of another, and a statement that empties a table, which is a compressed text. torture: 27"""
    shop = simple(world, "t", server=own_server)
    shop.run("create table other (id int primary key, v varchar(1000))", "set global log_bin_compress_min_len = 10")
    start = shop.head()
    try:
        shop.run("set global log_bin_compress = on", "insert into other values (1, repeat('x', 900))")
        shop.run("insert into t values (1, repeat('ä', 40)), (2, null), (3, 'c')", "update t set v = repeat('b', 50) where id < 3")
        shop.run("delete from t where id = 2", f"truncate table t /* {'long ' * 100} */")
        shop.run(f"insert into t select seq, repeat(char(65 + seq % 26), 40) from {series(5000)} order by seq")
        statements = shop.ask(f"show binlog events in '{shop.ask('show master status')[0][0]}'")
    finally:
        shop.run("set global log_bin_compress = off")
    assert {"Query_compressed", "Write_rows_compressed_v1", "Update_rows_compressed_v1"} <= {kind for _, _, kind, *_ in statements}
    found = rows(shop.changes(start))
    assert found[:7] == [
        (Op.INSERT, None, ("1", "ä" * 40)), (Op.INSERT, None, ("2", None)), (Op.INSERT, None, ("3", "c")),
        (Op.UPDATE, ("1", "ä" * 40), ("1", "b" * 50)), (Op.UPDATE, ("2", None), ("2", "b" * 50)),
        (Op.DELETE, ("2", "b" * 50), None), (Op.TRUNCATE, None, None),
    ]  # fmt: skip
    assert [new for _, _, new in found[7:]] == [(str(n), chr(65 + n % 26) * 40) for n in range(1, 5001)]


def test_compressed_columns_are_read(world):
    shop = world("t")
    types = ("varchar(300) {}", "text {}", "varchar(20) {} character set latin1", "mediumblob {}", "varchar(255) {}", "varbinary(254) {}")
    shop.run(
        f"create table t (id int primary key, {', '.join(f'c{at} {name}' for at, name in enumerate(types)).format(*['compressed'] * 6)})"
    )
    start = shop.head()
    for number, text in enumerate(("'x'", "''", "null", "repeat('abc', 80)", "repeat('ä', 120)", "repeat('long', 60)"), 1):
        shop.run(f"insert into t values ({number}, {text}, repeat({text}, 100), left({text}, 20), repeat({text}, 9000), {text}, {text})")
    _, snapshot = shop.snapshot()
    found = [change.new for change in shop.changes(start)]
    assert found == snapshot[shop.tables[0]]
    assert found[3][1:4] == ("abc" * 80, "abc" * 8_000, ("abc" * 7)[:20])
    assert found[4][3] == "ä" * 20


# --- row images and shapes -------------------------------------------------------------------------------------------


def test_partial_row_images_leave_columns_absent(world):
    """torture: E02"""
    shop = world()
    shop.run("create table t (id int primary key, a int, b varchar(20) default 'd', c mediumtext)")
    start = shop.head()
    shop.run(
        "set session binlog_row_image = minimal",
        "insert into t (id, a) values (1, 5)",
        "update t set b = 'x'",
        "update t set a = null, id = 2",
    )
    shop.run(
        "delete from t",
        "set session binlog_row_image = noblob",
        "insert into t values (3, 1, 'b', 'text')",
        "update t set a = 2",
        "delete from t",
    )
    found = rows(shop.changes(start))
    assert found[1:4] == [
        (Op.UPDATE, ("1", ABSENT, ABSENT, ABSENT), ("1", ABSENT, "x", ABSENT)),
        (Op.UPDATE, ("1", ABSENT, ABSENT, ABSENT), ("2", None, ABSENT, ABSENT)),
        (Op.DELETE, ("2", ABSENT, ABSENT, ABSENT), None),
    ]
    assert found[0][2][:2] == ("1", "5")
    assert found[0][2][2] in ("d", ABSENT)
    assert found[4:] == [
        (Op.INSERT, None, ("3", "1", "b", "text")),
        (Op.UPDATE, ("3", "1", "b", ABSENT), ("3", "2", "b", ABSENT)),
        (Op.DELETE, ("3", "2", "b", ABSENT), None),
    ]


def test_a_row_is_named_by_the_unique_index_that_the_server_logs(world):
    """torture: E02"""
    shop = world()
    shop.run("create table t (id int not null, other int not null, v varchar(9), unique b (other), unique a (id))")
    start = shop.head()
    shop.run("set session binlog_row_image = minimal", "insert into t values (1, 2, 'x')", "update t set v = 'y'", "update t set other = 3")
    shop.run("delete from t")
    found = shop.changes(start)
    assert {change.table.key for change in found} == {(1,)}
    assert rows(found[1:]) == [
        (Op.UPDATE, (ABSENT, "2", ABSENT), (ABSENT, "2", "y")),
        (Op.UPDATE, (ABSENT, "2", ABSENT), (ABSENT, "3", ABSENT)),
        (Op.DELETE, (ABSENT, "3", ABSENT), None),
    ]


def test_rows_keep_the_shape_they_were_logged_in(world):
    """torture: F01, F02, F03, F05, F12, rule 32"""
    shop = simple(world)
    start = shop.head()
    shop.run(
        "insert into t values (1, 'a')", "alter table t add column n int default 7 first", "insert into t values (8, 2, 'b')",
        "alter table t drop column v", "insert into t values (9, 3)", "alter table t rename column n to m", "insert into t values (4, 4)",
        "drop table t", "create table t (x varchar(5) character set latin1 primary key)", "insert into t values ('ä')", "drop table t",
    )  # fmt: skip
    found = [change for change in shop.changes(start) if change.op is Op.INSERT]
    assert [[column.name for column in change.table.columns] for change in found] == [
        ["id", "v"],
        ["n", "id", "v"],
        ["n", "id"],
        ["m", "id"],
        ["x"],
    ]
    assert [change.new for change in found] == [("1", "a"), ("8", "2", "b"), ("9", "3"), ("4", "4"), ("ä",)]
    assert [change.table.key for change in found] == [(0,), (1,), (1,), (1,), (0,)]


def test_generated_and_invisible_columns_are_logged(world):
    """torture: E18"""
    shop = world()
    shop.run("create table t (id int primary key, a int, s int as (a + 1) stored, v int as (a + 2) virtual, h int invisible default 3)")
    start = shop.head()
    shop.run("insert into t (id, a) values (1, 10)")
    assert shop.changes(start)[0].new == ("1", "10", "11", "12", "3")
    assert list(shop.snapshot()[1].values()) == [[("1", "10", "11", "12", "3")]]


@pytest.mark.parametrize(
    ("definition", "key"),
    [
        ("a int, b int, primary key (b, a)", (1, 0)),
        ("a varchar(20), b int, primary key (a(3))", (0,)),
        ("a int not null, b int, unique key (a)", (0,)),
        ("a int, b int, unique key (a)", ()),
        ("a int, b int", ()),
    ],
)
def test_a_tables_key_is_the_same_in_stream_and_snapshot(world, definition, key):
    shop = world()
    shop.run(f"create table t ({definition})")
    start = shop.head()
    shop.run("insert into t values (1, 2)", "update t set a = 3")
    change, _ = shop.changes(start)
    assert change.table.key == key
    with closing(shop.source()) as source, source.snapshot(shop.tables) as snapshot:
        ((shape, found),) = snapshot.rows(shop.tables[0], 10)
    assert shape.key == key
    assert [column.name for column in shape.columns] == [column.name for column in change.table.columns]
    assert found == [("3", "2")]


def test_tables_that_lose_rows_without_row_events_are_told_of(world):
    """torture: F05, F07, F08"""
    shop = world("t", "p", "gone")
    shop.run("create table t (id int primary key)", "create table gone (id int primary key)")
    shop.run(
        "create table p (id int primary key) partition by range (id) (partition a values less than (10), partition b values less than (20))"
    )
    shop.run("create database other_" + shop.database, f"create table other_{shop.database}.t (id int)")
    start = shop.head()
    shop.run(
        "truncate table t", f"truncate `{shop.database}`.`t`", "/* x */ truncate t -- y", f"truncate table other_{shop.database}.t",
        "alter table p drop partition a", "alter table p truncate partition b", "alter table p add column v int", "drop table if exists nope, gone",
        f"drop database other_{shop.database}",
    )  # fmt: skip
    found = shop.changes(start)
    assert [(change.table.name.name, change.op, change.old, change.new) for change in found] == [
        *[("t", Op.TRUNCATE, None, None)] * 3, *[("p", Op.LOST, None, None)] * 2, ("gone", Op.LOST, None, None),
    ]  # fmt: skip
    assert [column.name for column in found[0].table.columns] == ["id"]


def test_rows_without_names_stop_with_the_setting_that_mends(world, own_server):
    """torture: B08"""
    shop = simple(world, "t", server=own_server)
    shop.run("create table other (id int primary key)")
    start = shop.head()
    try:
        shop.run("set global binlog_row_metadata = minimal")
        again = World(own_server, shop.database)
        again.run("insert into other values (1)", "flush tables")
        assert shop.read(start) == []
        again.run("insert into t values (1, 'a')")
        again.close()
    finally:
        shop.run("set global binlog_row_metadata = full")
    with pytest.raises(Misconfigured, match="names of its columns") as stopped:
        shop.changes(start)
    assert "binlog_row_metadata = FULL" in stopped.value.hint


def test_columns_that_cant_be_read_stop_only_where_they_are_wanted(world):
    shop = simple(world, "t")
    shop.run("create table other (id int primary key, c varchar(9) character set big5)")
    start = shop.head()
    shop.run("insert into other values (1, 'x')", "insert into t values (1, 'a')")
    assert [change.new for change in shop.changes(start)] == [("1", "a")]
    shop.tables = [TableName(shop.database, "other")]
    with pytest.raises(UnknownEvent, match="other"):
        shop.changes(start)


# --- markers, echoes, idle -------------------------------------------------------------------------------------------


@contextmanager
def ledger(shop):
    for statement in LEDGER:
        shop.run(statement)
    pipeline = shop.database
    shop.run(
        "insert into cdc.checkpoint (pipeline, seq, epoch, phase, origin, holder, newest, rows_applied, updated_at)"
        f" values ('{pipeline}', 1, 1, 'streaming', '', 'me', 0, 0, now(6))"
    )
    yield lambda origin: f"update cdc.checkpoint set seq = seq + 1, origin = '{origin}' where pipeline = '{pipeline}'"


def test_own_transactions_are_counted_and_left_out(world):
    """torture: H01, H08, H12"""
    shop = simple(world)
    with ledger(shop) as mark:
        start = shop.head()
        shop.run("begin", mark("crm"), "insert into t values (1, 'echo'), (2, 'echo')", "update t set v = 'e'", "commit")
        shop.run("begin", mark("web,shop"), "insert into t values (3, 'from elsewhere')", "commit")
        shop.run("begin", mark("web,crm"), "delete from t where id = 1", "commit")
        shop.run("begin", "insert into t values (4, 'x')", mark("crm"), "commit")
        shop.run(mark("crm"))
        found = shop.read(start)
    assert [(t.origin, t.echoes, [c.op for c in t.changes]) for t in found] == [
        (("crm",), 4, []), (("web", "shop"), 0, [Op.INSERT]), (("web", "crm"), 1, []), ((), 0, [Op.INSERT]),
    ]  # fmt: skip


def test_a_marker_that_is_not_logged_whole_stops(world):
    shop = simple(world)
    with ledger(shop) as mark:
        start = shop.head()
        shop.run(
            "set session binlog_row_image = minimal",
            "begin",
            mark("").replace(", origin = ''", ""),
            "insert into t values (1, 'x')",
            "commit",
        )
    with pytest.raises(Misconfigured, match="marker"):
        shop.read(start)


def last_idle(shop, after, until=None):
    with closing(shop.source()) as source:
        return [item for item in source.read(after, until or shop.head()) if isinstance(item, Idle)][-1]


def test_idle_moves_with_others_and_never_with_our_own(world):
    """torture: B14"""
    shop = simple(world)
    shop.run("create table other (id int primary key)")
    with ledger(shop) as mark:
        start = shop.head()
        shop.run("begin", mark("crm"), "insert into t values (1, 'echo')", "commit", mark("crm"))
        assert last_idle(shop, start) == Idle(start, shop.head())
        shop.run("insert into other values (1)")
        moved = shop.head()
        assert last_idle(shop, start) == Idle(moved, moved)
        for path in ("crm", "web"):
            shop.run(mark(path))
        assert last_idle(shop, start) == Idle(moved, shop.head())
        shop.run("flush binary logs")
        assert last_idle(shop, start).upto != moved
    assert shop.read(moved) == []


def test_reading_goes_on_and_says_that_it_is_alive(world):
    shop = simple(world)
    start = shop.head()
    with closing(shop.source()) as source:
        items = source.read(start)
        began = time.monotonic()
        assert isinstance(next(items), Idle)
        assert next(items) == Idle(start, start)
        assert time.monotonic() - began < 2
        shop.run("insert into t values (1, 'a')")
        found = next(whole(items))
        assert rows(found.changes) == [(Op.INSERT, None, ("1", "a"))]
        items.close()


def test_rotation_at_every_transaction(world):
    """torture: B19"""
    shop = simple(world)
    start = shop.head()
    for n in range(5):
        shop.run("flush binary logs", f"insert into t values ({n}, 'a')", "flush binary logs")
    found = shop.read(start)
    assert [change.new[0] for transaction in found for change in transaction.changes] == list("01234")
    assert len({transaction.upto.split("file=")[1].split(":")[0] for transaction in found}) == 5


# --- snapshots -------------------------------------------------------------------------------------------------------


def test_a_snapshot_and_the_stream_behind_it_are_the_whole_table(world):
    """torture: A11, 19"""
    shop = simple(world)
    shop.run(f"insert into t select seq, 'old' from {series(3000)}")
    stop = threading.Event()

    def write():
        session = World(shop.server, shop.database)
        number = 10_000
        while not stop.is_set():
            number += 1
            session.run(
                "begin", f"insert into t values ({number}, 'new')", f"update t set v = '{number}' where id = {number % 3000 + 1}", "commit"
            )
        session.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with closing(shop.source()) as source, source.snapshot(shop.tables) as snapshot:
            image = {}
            sizes = []
            for _, chunk in snapshot.rows(shop.tables[0], 100):
                sizes.append(len(chunk))
                image.update(chunk)
    finally:
        stop.set()
        writer.join()
    assert set(sizes[:-1]) == {100}
    for change in shop.changes(snapshot.position):
        if change.old:
            assert image.pop(change.old[0]) == change.old[1]
        assert change.new[0] not in image
        image[change.new[0]] = change.new[1]
    assert sorted(image.items()) == sorted((str(number), text) for number, text in shop.ask("select id, v from t"))


def test_a_snapshot_is_in_the_keys_order_and_may_be_left_early(world):
    shop = simple(world)
    shop.run(f"insert into t select seq * 7919 % 100003, 'x' from {series(50000)}")
    with closing(shop.source()) as source:
        with source.snapshot(shop.tables) as snapshot:
            found = [int(row[0]) for _, chunk in snapshot.rows(shop.tables[0], 777) for row in chunk]
        assert found == sorted(found)
        assert len(found) == 50_000
        with source.snapshot(shop.tables) as snapshot:
            assert len(next(snapshot.rows(shop.tables[0], 10))[1]) == 10
    shop.run("truncate table t")


def test_a_snapshot_of_a_table_that_is_not_there(world):
    shop = simple(world, "t")
    shop.tables.append(TableName(shop.database, "nope"))
    with pytest.raises(Misconfigured, match="nope"):
        shop.snapshot()


def test_an_empty_table_has_no_chunks(world):
    """torture: E15"""
    assert list(simple(world).snapshot()[1].values()) == [[]]


def test_whole_rows_by_their_keys(world):
    shop = world()
    shop.run(
        "create table t (a varchar(10), b bigint unsigned, c datetime(3), d varbinary(4), e decimal(5,2), f bit(3), v text, primary key (a, b, c, d, e, f))"
    )
    start = shop.head()
    shop.run("insert into t values ('it''s \\\\', 18446744073709551615, '2024-01-02 03:04:05.678', x'00ff', -1.50, b'101', 'one')")
    shop.run(
        "insert into t values ('', 9007199254740993, '2024-01-02', '', 0, b'0', null), ('', 9007199254740992, '2024-01-02', '', 0, b'0', 'no')"
    )
    first, second, third = shop.changes(start)
    keys = [tuple(change.new[:6]) for change in (first, second)]
    assert sorted(shop.fetch(first.table, [*keys, ("gone", "1", *keys[0][2:])])) == sorted([first.new, second.new])
    assert third.new not in shop.fetch(first.table, keys)


def test_a_thousand_keys(world):
    shop = simple(world)
    start = shop.head()
    shop.run(f"insert into t select seq, seq from {series(1300)}")
    table = shop.changes(start)[0].table
    assert len(shop.fetch(table, [(str(n),) for n in range(1, 1201)])) == 1200


# --- the end, lag ----------------------------------------------------------------------------------------------------


def test_lag_is_what_lies_behind_the_position(world):
    shop = simple(world)
    with closing(shop.source()) as source:
        start = source.head()
        assert source.lag_bytes(start) == 0
        shop.run("insert into t values (1, repeat('x', 50))")
        one = source.lag_bytes(start)
        assert one > 100
        shop.run("flush binary logs", "insert into t values (2, repeat('x', 50))")
        assert source.lag_bytes(start) > 2 * one
        assert source.lag_bytes(source.head()) == 0


def test_after_a_rotation_alone_nothing_lags(world):
    shop = simple(world)
    shop.run("insert into t values (1, 'a')")
    start = shop.head()
    with closing(shop.source()) as source:
        items = source.read(start)
        assert next(items) == Idle(start, start)
        shop.run("flush binary logs")
        moved = next(item.upto for item in items if source.lag_bytes(item.upto) == 0)
        items.close()
    assert moved != start
    assert shop.read(moved) == []


def test_until_ends_where_it_says(world):
    shop = simple(world)
    start = shop.head()
    assert shop.read(start, start) == []
    shop.run("insert into t values (1, 'a')")
    middle = shop.head()
    shop.run("insert into t values (2, 'b')")
    assert [change.new[0] for change in shop.changes(start, middle)][:1] == ["1"]


# --- faults ----------------------------------------------------------------------------------------------------------


def test_a_killed_dump_thread_is_an_error_and_a_new_reader_repeats_nothing(world):
    """torture: B21"""
    shop = simple(world)
    position = shop.head()
    seen = []
    for n in range(5):
        shop.run(f"insert into t values ({n}, 'a')")
        with closing(shop.source()) as source, pytest.raises(Unreachable):
            for item in source.read(position):
                if isinstance(item, Transaction):
                    seen += [change.new[0] for change in item.changes]
                    position = item.upto
                    ours = shop.ask("select id from information_schema.processlist where command like 'Binlog Dump%'")
                    shop.run(*(f"kill {number}" for (number,) in ours))
    assert seen == list("01234")


def test_a_crash_of_the_server_loses_and_repeats_nothing(world, own_server):
    """torture: A19"""
    shop = simple(world, server=own_server)
    position = shop.head()
    shop.run("insert into t values (1, 'a')")
    source = shop.source()
    items = source.read(position)
    first = next(whole(items))
    own_server.stop(signal.SIGKILL)
    with pytest.raises(Unreachable):
        list(items)
    source.close()
    own_server.start()
    shop.session = shop.connect()
    shop.run("insert into t values (2, 'b')", "create table other (id int)", "insert into t values (3, 'c')")
    assert [change.new for change in shop.changes(first.upto)] == [("2", "b"), ("3", "c")]
    assert [change.new for change in shop.changes(position)] == [("1", "a"), ("2", "b"), ("3", "c")]


def test_two_readers_with_one_server_id(world):
    """torture: O04, 17"""
    shop = simple(world)
    start = shop.head()
    with closing(shop.source(server_id="77")) as first, closing(shop.source("other", server_id="77")) as second:
        older = first.read(start)
        next(older)
        newer = second.read(start)
        next(newer)
        with pytest.raises(Held, match="server id"):
            list(older)
        newer.close()


def test_each_pipeline_has_a_server_id_of_its_own(world):
    shop = simple(world)
    endpoint = shop.source()._endpoint
    numbers = {server_id(endpoint, name) for name in string.ascii_lowercase}
    assert len(numbers) == 26
    assert all(3_000_000_000 <= number < 2**32 for number in numbers)
    assert server_id(endpoint, "a") == server_id(endpoint, "a")


def test_an_empty_history_is_a_position(folder):
    server = MariaDB(folder / "fresh")
    try:
        server.start()
        with server.connect() as session, session.cursor() as cursor:
            cursor.execute(server.reset)
        shop = World(server, "mysql")
        start = shop.head()
        assert start.startswith(f"{'mysql' if server.is_mysql else 'mariadb'};gtid=;file=binlog.000001:")
        assert last_idle(shop, start, start).upto == start
        shop.run("create database d", "create table d.t (id int primary key, v int)", "insert into d.t values (1, null)")
        shop.tables = [TableName("d", "t")]
        assert [change.new for change in shop.changes(start)] == [("1", None)]
        shop.run("flush binary logs", "insert into d.t values (2, null)", "purge binary logs to 'binlog.000002'")
        with pytest.raises(Gap, match="purged"):
            shop.changes(start)
        shop.close()
    finally:
        server.stop()


def test_an_event_that_the_server_does_not_look_over_leaves_no_position_without_transactions(world, own_server):
    """MariaDB's binlog_gtid_pos() gives NULL behind an event that is larger than max_allowed_packet: taken for none, all of the log would be read again."""
    if own_server.is_mysql:
        pytest.skip("MySQL tells its transactions otherwise")

    def packets(size):
        with closing(own_server.connect()) as session, session.cursor() as cursor:
            cursor.execute(f"set global max_allowed_packet = {size}")

    packets(64 << 20)
    try:
        shop = world(server=own_server)
        shop.run("create table t (id int primary key, v longblob)", "flush binary logs", "insert into t values (1, repeat('x', 20000000))")
        behind = shop.head()
        packets(16 << 20)
        with pytest.raises(Misconfigured, match="can't say which transactions lie before") as refused:
            shop.head()
        assert "flush binary logs" in refused.value.hint
        with closing(shop.source()) as source:
            assert [type(item) for item in source.read(behind, behind)] == [Idle]
            with pytest.raises(Gap):
                list(source.read(re.sub("gtid=[^;]*", "gtid=", behind), behind))
        shop.run("flush binary logs", "insert into t values (2, 'y')")
        assert [change.new[0] for change in shop.changes(behind)] == ["2"]
    finally:
        packets(16 << 20)


def test_a_log_that_was_purged_reset_or_is_anothers_is_a_gap(world, own_server, mariadb):
    """torture: B04, B05"""
    shop = simple(world, server=own_server)
    start = shop.head()
    shop.run("insert into t values (1, 'a')", "flush binary logs", "insert into t values (2, 'b')")
    later = shop.head()
    shop.run(f"purge binary logs to '{shop.ask('show binary logs')[-1][0]}'")
    with pytest.raises(Gap, match="purged") as gap:
        shop.changes(start)
    assert "cdc resync --gap" in gap.value.hint
    elsewhere = simple(world, server=mariadb)
    with pytest.raises(Gap):
        elsewhere.changes(later)
    other = "mariadb" if own_server.is_mysql else "mysql"
    with pytest.raises(Gap, match=f"taken on {other}"):
        shop.changes(f"{other};{later.partition(';')[2]}")
    with pytest.raises(Gap, match="no position"):
        shop.changes("0/16B3748", later)
    shop.run(own_server.reset)
    for _ in range(3):
        shop.run("flush binary logs")
    shop.run(*(f"insert into t values ({n}, 'again')" for n in range(10, 60)))
    with pytest.raises(Gap):
        shop.changes(later)
    with pytest.raises(Gap, match="never had"):
        shop.changes(shop.head().replace(";file", "99999;file").replace("server=", "server=9"))


def test_logins_and_servers_that_are_not_there(world, own_server):
    """torture: O03"""
    shop = simple(world)
    start = shop.head()

    def source(**other):
        given = {"name": "erp", "engine": "mysql", "host": "127.0.0.1", "port": shop.server.port, "user": "cdc", "password": PASSWORD,
                 "database": shop.database, "options": {}}  # fmt: skip
        return closing(MySQLSource(Endpoint(**{**given, **other}), "p", shop.tables, "crm"))

    with source(password="wrong") as bad, pytest.raises(Denied, match="erp"):
        bad.head()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with source(port=probe.getsockname()[1]) as bad, pytest.raises(Unreachable):
            next(bad.read(start))
    shop.run(f"create user few{shop.database} identified by 'x'", f"grant replication client on *.* to few{shop.database}")
    with source(user=f"few{shop.database}", password="x") as bad, pytest.raises(Denied):
        list(bad.read(start))
    shop.run(f"grant replication slave on *.* to few{shop.database}")
    with source(user=f"few{shop.database}", password="x") as good:
        assert isinstance(next(iter(good.read(start, start))), Idle)


def test_what_comes_behind_the_asked_end_is_not_read(world):
    """A load that goes on after a kill deletes what went between two snapshots: what went after the second is still there."""
    shop = simple(world)
    start = shop.head()
    shop.run("insert into t values (1, 'a')")
    until = shop.head()
    shop.run(*(f"insert into t values ({n}, 'b')" for n in range(2, 40)))
    with closing(shop.source()) as source:
        read = list(whole(source.read(start, until)))
    assert [change.new[0] for transaction in read for change in transaction.changes] == ["1"]


def test_a_server_that_says_nothing_is_gone(world, monkeypatch):
    """torture: D02"""
    shop = simple(world)
    monkeypatch.setattr("cdc.source.mysql.driver._SIGNS", 0.01)
    with closing(shop.source(silence="1")) as source, pytest.raises(Unreachable, match="silent"):
        list(source.read(shop.head()))


def test_heartbeats_keep_an_idle_stream_alive(world):
    shop = simple(world)
    with closing(shop.source(silence="1")) as source:
        items = source.read(shop.head())
        until = time.monotonic() + 3
        while time.monotonic() < until:
            next(items)
        items.close()


def test_what_triggers_of_the_source_write_comes_once(world):
    """torture: B12"""
    shop = world("t", "copy")
    shop.run("create table t (id int primary key, v int)", "create table copy (id int primary key, v int)")
    shop.run(
        "create trigger f before insert on t for each row begin insert into copy values (new.id, new.v * 2); set new.v = new.v + 1; end"
    )
    start = shop.head()
    shop.run("insert into t values (1, 10)")
    (found,) = shop.read(start)
    assert sorted((change.table.name.name, change.new) for change in found.changes) == [("copy", ("1", "20")), ("t", ("1", "11"))]


def test_a_promoted_replica_goes_on_where_the_first_server_was(world, folder):
    """torture: B06, 14"""
    with replicated(folder / "promoted") as servers:
        servers.attach()
        shop = simple(world, server=servers.primary)
        start = shop.head()
        shop.run("insert into t values (1, 'first')")
        (first,) = shop.read(start)
        servers.promote()
        servers.detach()
        promoted = World(servers.replica, shop.database)
        promoted.run("insert into t values (2, 'second')")
        (second,) = promoted.read(first.upto)
        assert [change.new for change in second.changes] == [("2", "second")]
        assert second.upto.rpartition("=")[2] != first.upto.rpartition("=")[2], "the server is another one"
        assert promoted.read(second.upto) == []
        promoted.run(servers.replica.reset)
        with pytest.raises(Gap, match="never had"):
            promoted.read(second.upto)
        promoted.close()


@pytest.fixture
def certificate(folder):
    """A certificate for 127.0.0.1 that signs itself: paths of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cdc test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "tls.pem", folder / "tls.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    )
    return paths


def test_the_log_comes_through_tls(folder, certificate):
    """torture: D11, K08"""
    pem, key = certificate
    server = MariaDB(folder / "tls", {"ssl-cert": str(pem), "ssl-key": str(key), "ssl-ca": str(pem)})
    try:
        server.start()
        server.create("d")
        shop = World(server, "d")
        shop.run("create table t (id int primary key, v longtext)", "set global require_secure_transport = on")
        with closing(shop.source(ssl_ca=str(pem))) as source:
            start = source.head()
            items = source.read(start)
            assert next(items) == Idle(start, start)
            with server.connect("d", ssl={"ca": str(pem)}) as session, session.cursor() as cursor:
                cursor.execute(f"insert into t select seq, repeat('x', 1000) from {series(2000)}")
                cursor.execute("insert into t values (0, repeat('y', 17000000))")
            first, second = islice(whole(items), 2)
            assert len(first.changes) == 2000
            assert len(second.changes[0].new[1]) == 17_000_000
            items.close()
            with source.snapshot(shop.tables) as snapshot:
                assert sum(len(chunk) for _, chunk in snapshot.rows(shop.tables[0], 500)) == 2001
        shop.close()
    finally:
        server.stop()
