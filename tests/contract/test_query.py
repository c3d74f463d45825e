"""Queries of mappings on real servers: what they return is in the texts of the stream, they see what the log told of, and they can't write."""

import threading
import time
from contextlib import closing

import pytest

from cdc.mapping.query.query import Query, Question, Refusal, Takes
from cdc.mapping.spec.query_text import ANSI, BACKSLASHED
from cdc.model.change import Transaction
from cdc.model.errors import Drifted, Misconfigured, Transient
from cdc.model.table import Column, TableName
from cdc.model.types import Kind, Type
from cdc.source.mysql.admin import MySQLSourceAdmin
from cdc.source.mysql.shapes import table_of as my_table_of
from cdc.source.mysql.source import MySQLSource
from cdc.source.postgresql.admin import PostgreSQLSourceAdmin
from cdc.source.postgresql.shapes import table_of as pg_table_of
from cdc.source.postgresql.source import PostgreSQLSource
from cdc.source.postgresql.visible import Unseen
from tests.series import series

PG_TYPES = """create table t (id int primary key, b boolean, i2 smallint, i8 bigint, n numeric, n2 numeric(12,3), f4 real, f8 double precision,
    c char(5), v varchar(20), x text, y bytea, d date, tm time(3), ts timestamp(2), tz timestamptz, iv interval, u uuid, j jsonb,
    e mood, bits bit(4), a int[])"""
PG_ROW = """insert into t values (1, true, -3, 9007199254740993, 1.50, 1.5, 0.1, 1e300, 'ab', ' ä\\\\ ', E'line\\n\\ttab', '\\xdeadbeef', '2024-02-29',
    '12:30:00.5', '2024-02-29 01:02:03.4', '2024-02-29 01:02:03+05', '1 mon 2 days', '12345678-1234-1234-1234-1234567890ab', '{"a": 1}',
    'happy', '1010', '{1,NULL,3}'), (2)"""
MY_TYPES = """create table t (id int primary key, flag tinyint(1), i2 smallint unsigned, i8 bigint unsigned, n decimal(12,3), f4 float, f8 double,
    c char(5), v varchar(20), l varchar(9) character set latin1, x text, mt mediumtext, y varbinary(9), bn binary(4), bl blob, d date, tm time(3), dt datetime(2),
    ts timestamp(6) null, yr year, j json, e enum('a','b'), s set('x','y'), bits bit(4), z int zerofill)"""
MY_ROW = """insert into t values (1, 1, 3, 18446744073709551615, 1.5, 0.1, 1e300, 'ab', ' ä\\\\ ', 'ä', 'line\\n', 'm', x'dead', x'00ff', x'00', '2024-02-29',
    '-12:30:00.5', '2024-02-29 01:02:03.4', '2024-02-29 01:02:03.000004', 1999, '{"a": 1}', 'b', 'x,y', b'1010', 7),
    (2, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, null, null, null, null, null, null)"""
MARIADB = ("alter table t add ip inet6", "update t set ip = '::1' where id = 1")
UUID = ("alter table t add u uuid", "update t set u = '12345678-1234-1234-1234-1234567890ab' where id = 1")
"""Since MariaDB 10.7."""
INT = Column("id", Type(Kind.INT, "integer", 4))


class Site:
    """A database, and what asks it."""

    def __init__(self, server, name, endpoint, *, mysql):
        self.sql, self.endpoint, self.mysql, self.opened = server.connect(name), endpoint, mysql, []
        self.table, self.pipeline = TableName(name if mysql else "public", "t"), f"q_{name}"

    @property
    def mariadb(self):
        """Its version, as numbers; empty where it is another server."""
        text = self.execute("select version()")[0][0]
        return tuple(map(int, text.partition("-")[0].split("."))) if "MariaDB" in text else ()

    def execute(self, *statements):
        cursor = self.sql.cursor()
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None

    def admin(self):
        return self._opened(MySQLSourceAdmin(self.endpoint) if self.mysql else PostgreSQLSourceAdmin(self.endpoint, self.pipeline))

    def source(self):
        return self._opened((MySQLSource if self.mysql else PostgreSQLSource)(self.endpoint, self.pipeline, (self.table,), "crm"))

    def _opened(self, made):
        self.opened.append(made)
        return made

    def definition(self):
        return self.admin().definitions([self.table])[self.table]

    def prepare(self, text, takes=Takes.KEYS, given=(INT,)):
        return self.admin().prepare(Question(text, takes, tuple(given)))

    def ask(self, text, *values, takes=Takes.KEYS, given=(INT,)):
        query = self.prepare(text, takes, given)
        assert isinstance(query, Query), query
        with closing(self.source()) as source:
            return list(source.query(query, values, source.head()))

    def close(self):
        for each in self.opened:
            each.close()
        self.sql.close()


@pytest.fixture(params=["postgresql", "mariadb"])
def site(request, database, endpoint):
    server = request.getfixturevalue(request.param)
    name = database(server)
    made = Site(server, name, endpoint(server, name, "erp"), mysql=request.param == "mariadb")
    yield made
    made.close()


@pytest.fixture
def typed(site):
    if site.mysql:
        site.execute(MY_TYPES, MY_ROW, *(MARIADB if site.mariadb else ()), *(UUID if site.mariadb >= (10, 7) else ()))
    else:
        site.execute("create type mood as enum ('sad', 'happy')", PG_TYPES, PG_ROW.replace(", (2)", ""), "insert into t (id) values (2)")
    return site


def test_a_column_that_is_selected_has_its_tables_type_and_the_text_of_the_stream(typed):
    definition = typed.definition()
    query = typed.prepare("select t.* from t where id in (:keys)")
    assert [(c.name, c.type) for c in query.columns] == [(c.name, c.type) for c in definition.columns]
    shape = (my_table_of if typed.mysql else pg_table_of)(definition)
    with closing(typed.source()) as source:
        fetched = sorted(source.fetch(shape, [("1",), ("2",)], source.head()))
        assert sorted(source.query(query, [("1",), ("2",)], source.head())) == fetched
    assert fetched[0][1:3] == (("1", "3") if typed.mysql else ("t", "-3"))


COMPUTED = {
    "postgresql": """select id, count(*) over () as n, 1.50::numeric(9,2) + 1 as sum, 'x' as word, current_date - current_date as zero,
        0.1::real as f, array[1,2] as many, null as nothing, timestamptz '2024-01-01 05:00+05' as moment from t where id in (:keys)""",
    "mysql": """select id, count(*) over () as n, cast(1.50 as decimal(9,2)) + 1 as sum, 'x' as word, 0 as zero, f4 as f, 1.5e0 as many,
        null as nothing, timestamp(ts) as moment, concat(e, '!') as cry, max(f8) over () as most from t where id in (:keys)""",
}


def test_what_is_computed_has_the_results_type_and_text(typed):
    text = COMPUTED["mysql" if typed.mysql else "postgresql"]
    kinds = {column.name: column.type.kind.value for column in typed.prepare(text).columns}
    (row,) = typed.ask(text, ("1",))
    if typed.mysql:
        assert row == ("1", "1", "2.50", "x", "0", "0.1", "1.5", None, "2024-02-28 16:02:03.000004", "b!", "1e+300")
        assert kinds["moment"] == "timestamp"
    else:
        assert row == ("1", "1", "2.50", "x", "0", "0.1", "{1,2}", None, "2024-01-01 00:00:00+00")
        assert kinds["many"] == "array"
    assert (kinds["n"], kinds["sum"], kinds["word"], kinds["nothing"]) == ("integer", "numeric", "text", "text")


NASTY = ("it''s", "a\\", "\\' or 1=1 -- ", '"', ":keys", "%s", "$1", "ä\n\t", "x'); drop table t; --", "")


def test_values_are_quoted_whatever_is_in_them(site):
    site.execute("create table t (k varchar(60) primary key, n int)")
    text = Type(Kind.TEXT, "varchar(60)", 60)
    cursor = site.sql.cursor()
    cursor.executemany("insert into t values (%s, %s)", [(key, number) for number, key in enumerate(NASTY)])
    asked = site.ask("select n, k from t where k in (:keys)", *((key,) for key in NASTY), given=[Column("k", text)])
    assert sorted((int(number), key) for number, key in asked) == list(enumerate(NASTY))
    named = site.ask(
        "select k from t where k = :k -- why not", *((key,) for key in NASTY), takes=Takes.NAMED, given=[INT, Column("k", text)]
    )
    assert sorted(named) == sorted((key,) for key in NASTY)


def test_keys_of_several_columns_and_more_than_one_statement_holds(site):
    site.execute("create table t (a int, b varchar(9), primary key (a, b))")
    cursor = site.sql.cursor()
    keys = [(number % 50, f"b{number}") for number in range(2500)]
    cursor.executemany("insert into t values (%s, %s)", keys)
    given = [Column("a", INT.type), Column("b", Type(Kind.TEXT, "varchar(9)", 9))]
    asked = site.ask("select a, b from t where (a, b) in (:keys);\n", *((str(a), b) for a, b in keys), ("0", "none"), given=given)
    assert sorted(asked) == sorted((str(a), b) for a, b in keys)
    named = site.ask("select a from t where a = :a and b = :b", ("0", "b0"), ("1", "b1"), ("1", None), takes=Takes.NAMED, given=given)
    assert sorted(named) == [("0",), ("1",)]


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("select id,\n  nam from t where id in (:keys)", "nam", "nam"),
        ("select id from nowhere where id in (:keys)", "nowhere", "nowhere"),
        ("select id from t where id in (:keys) and idd = 1", "idd", "idd"),
        ("select id from t where id in (:keys) ordr by 1", "ordr", "syntax"),
        ("select id from t where id in (:keys) and :other", ":other", "unknown parameter ':other'"),
    ],
)
def test_an_error_has_its_place_in_the_query(site, text, at, said):
    site.execute("create table t (id int primary key, name varchar(10))")
    refusal = site.prepare(text)
    assert isinstance(refusal, Refusal)
    assert said in refusal.message
    assert refusal.offset is not None
    assert text[refusal.offset :].startswith((at, "by 1" if at == "ordr" else at))


def test_a_query_can_not_write(site):
    site.execute("create table t (id int primary key)", "insert into t values (1)")
    if site.mysql:
        site.execute("create function f() returns int deterministic modifies sql data begin insert into t values (2); return 1; end")
    else:
        site.execute("create function f() returns int language sql as 'insert into t values (2) returning id'")
    query, source = site.prepare("select f() as id from t where id in (:keys)"), site.source()
    if site.mysql:  # it has tried to run it
        assert isinstance(query, Refusal)
        assert "writes" in query.message
    else:
        with pytest.raises(Misconfigured, match="writes"):
            list(source.query(query, [("1",)], source.head()))
    assert list(site.execute("select count(*) from t")) == [(1,)]


def test_what_reads_a_large_table_whole_is_named(site):
    site.execute("create table t (id int primary key, parent int)")
    numbers = "generate_series(1, 20000)" if not site.mysql else series(20000)
    site.execute(f"insert into t select {'n' if not site.mysql else 'seq'}, 1 from {numbers} {'n' if not site.mysql else ''}")
    site.execute("analyze table t" if site.mysql else "analyze t")
    admin, definition = site.admin(), site.definition()
    by_key = site.prepare("select id from t where id in (:keys)")
    by_parent = site.prepare("select id from t where parent in (:keys)")
    assert list(admin.scans(by_key, definition)) == []
    (scan,) = admin.scans(by_parent, definition)
    assert "t (" in scan
    assert "rows)" in scan


def test_the_lexis_is_the_servers(site):
    """What is a string for the server is one for us."""
    site.execute("create table t (id int primary key)", "insert into t values (1)")
    for text, lexis in (
        ("select id, 'it\\' || ':keys' as s from t where id in (:keys)", ANSI),
        ("select id, $q$ :keys ' $q$ as s from t /* a /* nested :keys */ */ where id in (:keys)", ANSI),
        ("select id, e'\\':keys' as s, 1::int as \"a:keys\" from t where id in (:keys)", ANSI),
        ("select id, 'it\\':keys' as s from t # :keys\n where id in (:keys)", BACKSLASHED),
        ('select id, ":keys\\"" as s, 3--2 as `:keys` from t where id in (:keys)', BACKSLASHED),
    ):
        if (lexis is BACKSLASHED) is site.mysql:
            assert site.ask(text, ("1",))[0][0] == "1"


def test_a_query_sees_what_the_log_has_told_of(site):
    """Every change that comes by the log is asked about at once, while others commit all the time."""
    site.execute("create table t (id int primary key, n int not null)", "insert into t values (1, 0)")
    if not site.mysql:
        admin = site.admin()
        for statement in admin.setup([site.table]):
            admin.execute(statement)
    query, source = site.prepare("select id, n from t where id in (:keys)"), site.source()
    after, asked = source.head(), 0

    def write():
        for number in range(1, 301):
            site.execute(f"update t set n = {number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for item in source.read(after):
            if isinstance(item, Transaction):
                told = int(item.changes[-1].new[1])
                ((_, now),) = source.query(query, [("1",)], item.upto)
                assert int(now) >= told
                asked += 1
                if told == 300:
                    break
    finally:
        writer.join()
    assert asked == 300


class Sessions:
    """Says which transactions run, one answer after another."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def execute(self, _):
        self.asked += 1
        return self

    def fetchone(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_a_commit_that_no_session_sees_yet_is_waited_for():
    unseen = Unseen()
    unseen.add(7)
    running, not_begun, seen = Sessions((9, [7]), (8, [])), Sessions((7, []), (8, [])), Sessions((8, []))
    unseen.wait(running)
    assert running.asked == 2
    unseen.wait(running)
    assert running.asked == 2, "it is known by now"
    for number, sessions, asked in ((7, not_begun, 2), (2**32 - 3, Sessions((2, [])), 1), (7, seen, 1)):
        unseen.add(number)
        unseen.wait(sessions)
        assert sessions.asked == asked


def test_a_commit_that_stays_unseen_is_an_error_to_retry():
    unseen = Unseen()
    unseen.add(7)
    ticks = iter(range(0, 1000, 10))
    with pytest.raises(Transient, match="no session sees"):
        unseen.wait(Sessions((8, [7])), lambda: next(ticks))


NUMBERS = """(select count(*) from (with recursive n as (select 1 as i union all select i + 1 from n where i < 900)
    select a.i from n a, n b, n c) m)"""
"""MySQL ends its sleep in time, and gives a row."""


def test_a_statement_has_its_time(site):
    site.execute("create table t (id int primary key)", "insert into t values (1)")
    source = site.source()
    if site.mysql:
        with source._session("query") as connection, connection.cursor() as cursor:
            cursor.execute(f"set session {'max_statement_time = 0.2' if site.mariadb else 'max_execution_time = 200'}")
    else:
        source._queries.connection().execute("set statement_timeout = '200ms'")
    slow = "pg_sleep(5)::text" if not site.mysql else "sleep(5)" if site.mariadb else NUMBERS
    query = site.prepare(f"select id, {slow} as s from t where id in (:keys)")
    begun = time.monotonic()
    with pytest.raises(Transient):
        list(source.query(query, [("1",)], source.head()))
    assert time.monotonic() - begun < 4


VIEW = "select id, n, f from t"
SAME = ("select id, n, f, 1 as more from t", "select f, n, id from t")
OTHER = {
    "select id, cast(n as char(9)) as n, f from t": "'n' as (character|varchar)",
    "select id, n, cast(f as {double}) as f from t": "'f' as double",
    "select id, n, cast(f as char(9)) as f from t": "'f' as (character|varchar)",
    "select id, n from t": "'?f'?",
    "": r"v\b",
}


@pytest.mark.parametrize("asked", ["before", "not yet"])
def test_a_result_that_changes_is_noticed_before_a_row_of_it_is_given(site, asked):
    """No table has changed, so that no log tells of it; and a new description of the same is none."""
    real, double = ("float", "double") if site.mysql else ("real", "float8")
    site.execute(f"create table t (id int primary key, n int, f {real})", "insert into t values (1, 10, 0.1), (200000, 20, 0.2)")
    site.execute(f"create view v as {VIEW}")
    query = site.prepare("select * from v where id in (:keys)")
    one, both = [("1", "10", "0.1")], [("1", "10", "0.1"), ("200000", "20", "0.2")]
    for now in (*SAME, *OTHER):
        with closing(site.source()) as source:
            head = source.head()
            if asked == "before":
                assert list(source.query(query, [("1",)], head)) == one
            site.execute("drop view v", *([f"create view v as {now.format(double=double)}"] if now else []))
            if now in SAME:
                assert sorted(source.query(query, [("1",), ("200000",)], head)) == both
            else:
                with pytest.raises(Drifted, match=f"what the query reads has changed: .*{OTHER[now]}") as told:
                    list(source.query(query, [("1",)], head))
                assert told.value.hint
            site.execute(*(["drop view v"] if now else []), f"create view v as {VIEW}")
            assert list(source.query(query, [("1",)], head)) == one


def test_values_that_come_back_in_the_result_do_not_make_it_another(site):
    """A literal's type is that of the value at hand."""
    site.execute("create table t (id int primary key, k varchar(60))", "insert into t values (1, 'a'), (2, 'b'), (300000, 'c')")
    (key,) = [column for column in site.definition().columns if column.name == "k"]
    query = site.prepare("select id, :id as given, coalesce(:k, 'none') as k from t where id = :id", Takes.NAMED, (INT, key))
    with closing(site.source()) as source:
        head = source.head()
        for asked in ([("1", "a")], [("300000", "a longer one")], [("1", "ä"), ("2", "b" * 60)], [("1", "a")]):
            assert sorted(source.query(query, asked, head)) == sorted((number, number, text) for number, text in asked)


def test_the_tables_that_a_query_names_are_known(site):
    site.execute("create table t (id int primary key)", "create table other (id int)", "create view seen as select * from other")
    text = "with q as (select 1 as a) select t.id from t join other o on true join q on true join seen on true where t.id in (:keys)"
    schema = site.table.schema
    assert [(read.table, text[read.offset :][: read.width]) for read in site.prepare(text).reads] == [
        (TableName(schema, "t"), "t"),
        (TableName(schema, "other"), "other"),
    ]
