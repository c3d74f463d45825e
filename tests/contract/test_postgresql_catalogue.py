import pytest

from cdc.model.table import ForeignKey, TableName, Unique
from cdc.model.types import Kind, Type
from cdc.server.postgresql import connect
from cdc.server.postgresql_catalogue import describe, type_facts
from cdc.server.postgresql_types import type_of

TYPES = {
    "smallint": Type(Kind.INT, "smallint", 2),
    "int": Type(Kind.INT, "integer", 4),
    "bigint": Type(Kind.INT, "bigint", 8),
    "oid": Type(Kind.INT, "oid", 4, unsigned=True),
    "boolean": Type(Kind.BOOL, "boolean"),
    "real": Type(Kind.FLOAT, "real", 4),
    "double precision": Type(Kind.FLOAT, "double precision", 8),
    "numeric": Type(Kind.NUMERIC, "numeric"),
    "numeric(14,2)": Type(Kind.NUMERIC, "numeric(14,2)", precision=14, scale=2),
    "numeric(5,0)": Type(Kind.NUMERIC, "numeric(5,0)", precision=5, scale=0),
    "text": Type(Kind.TEXT, "text"),
    "varchar": Type(Kind.TEXT, "character varying"),
    "varchar(10)": Type(Kind.TEXT, "character varying(10)", 10),
    "char(5)": Type(Kind.TEXT, "character(5)", 5, padded=True),
    "bpchar": Type(Kind.TEXT, "bpchar", padded=True),
    "name": Type(Kind.TEXT, "name", 63),
    "bytea": Type(Kind.BYTES, "bytea"),
    "date": Type(Kind.DATE, "date"),
    "time": Type(Kind.TIME, "time without time zone", precision=6),
    "time(0)": Type(Kind.TIME, "time(0) without time zone", precision=0),
    "timetz": Type(Kind.OTHER, "time with time zone"),
    "timestamp(3)": Type(Kind.TIMESTAMP, "timestamp(3) without time zone", precision=3),
    "timestamptz": Type(Kind.INSTANT, "timestamp with time zone", precision=6),
    "timestamptz(0)": Type(Kind.INSTANT, "timestamp(0) with time zone", precision=0),
    "interval": Type(Kind.INTERVAL, "interval"),
    "interval(3)": Type(Kind.INTERVAL, "interval(3)"),
    "interval month": Type(Kind.INTERVAL, "interval month"),
    "interval year to month": Type(Kind.INTERVAL, "interval year to month"),
    "interval day to second(3)": Type(Kind.INTERVAL, "interval day to second(3)"),
    "interval hour to minute": Type(Kind.INTERVAL, "interval hour to minute"),
    "uuid": Type(Kind.UUID, "uuid"),
    "json": Type(Kind.JSON, "json"),
    "jsonb": Type(Kind.JSON, "jsonb"),
    "bit(7)": Type(Kind.BITS, "bit(7)", 7),
    "varbit": Type(Kind.BITS, "bit varying"),
    "varbit(9)": Type(Kind.BITS, "bit varying(9)", 9),
    "inet": Type(Kind.ADDRESS, "inet"),
    "cidr": Type(Kind.ADDRESS, "cidr"),
    "money": Type(Kind.OTHER, "money"),
    "point": Type(Kind.OTHER, "point"),
    "int4range": Type(Kind.OTHER, "int4range", labels=("integer",)),
    "int4multirange": Type(Kind.OTHER, "int4multirange", labels=("integer",)),
    "int[]": Type(Kind.ARRAY, "integer[]", element=Type(Kind.INT, "integer", 4)),
    "varchar(7)[]": Type(Kind.ARRAY, "character varying(7)[]", element=Type(Kind.TEXT, "character varying(7)", 7)),
    "numeric(6,1)[][]": Type(Kind.ARRAY, "numeric(6,1)[]", element=Type(Kind.NUMERIC, "numeric(6,1)", precision=6, scale=1)),
    "app.mood": Type(Kind.ENUM, "app.mood", labels=("sad", "it's", "A,b")),
    "app.mood[]": Type(Kind.ARRAY, "app.mood[]", element=Type(Kind.ENUM, "app.mood", labels=("sad", "it's", "A,b"))),
    "app.amount": Type(Kind.NUMERIC, "numeric(9,3)", precision=9, scale=3),
    "app.price": Type(Kind.NUMERIC, "numeric(9,3)", precision=9, scale=3),
    "app.feeling": Type(Kind.ENUM, "app.mood", labels=("sad", "it's", "A,b")),
    "app.tags": Type(Kind.ARRAY, "character varying(5)[]", element=Type(Kind.TEXT, "character varying(5)", 5)),
    "app.price[]": Type(Kind.ARRAY, "numeric(9,3)[]", element=Type(Kind.NUMERIC, "numeric(9,3)", precision=9, scale=3)),
    'app."Pair"': Type(Kind.OTHER, 'app."Pair"', labels=("a integer", "b text")),
}


@pytest.fixture
def db(postgresql, database, endpoint):
    at = endpoint(postgresql, database(postgresql), "erp")
    with connect(at, "test") as connection:
        connection.execute("create schema app")
        connection.execute("create type app.mood as enum ('it''s', 'A,b')")
        connection.execute("alter type app.mood add value 'sad' before 'it''s'")
        connection.execute('create type app."Pair" as (a int, b text)')
        connection.execute("create domain app.amount as numeric(9,3)")
        connection.execute("create domain app.price as app.amount not null default 0 check (value >= 0)")
        connection.execute("create domain app.feeling as app.mood")
        connection.execute("create domain app.tags as varchar(5)[]")
        yield connection


def only(db, name):
    table = TableName("app", name)
    return describe(db, [table])[table]


def test_types_are_what_they_mean(db):
    names = [f"c{n}" for n in range(len(TYPES))]
    db.execute(f"create table app.t ({', '.join(f'{name} {native}' for name, native in zip(names, TYPES, strict=True))})")
    assert [(c.name, c.type) for c in only(db, "t").columns] == list(zip(names, TYPES.values(), strict=True))


@pytest.mark.parametrize("native", ["numeric(9,-2)", "numeric(3,5)", "numeric(1000,1000)"])
def test_scales_beyond_the_digits(db, native):
    db.execute(f"create table app.t (c {native})")
    expected = native[len("numeric(") : -1].split(",")
    type_ = only(db, "t").columns[0].type
    assert [type_.precision, type_.scale, type_.native] == [int(expected[0]), int(expected[1]), native]


def test_native_spellings_are_the_servers_own(db):
    db.execute(f"create table app.t ({', '.join(f'c{n} {native}' for n, native in enumerate(TYPES))})")
    rows = db.execute("""
        select a.atttypid, a.atttypmod, format_type(a.atttypid, a.atttypmod) from pg_attribute a join pg_type t on t.oid = a.atttypid
        where attrelid = 'app.t'::regclass and attnum > 0 and typtype <> 'd' and format_type(a.atttypid, a.atttypmod) !~ 'app.price'
    """).fetchall()
    facts = type_facts(db, (oid for oid, _, _ in rows))
    assert [type_of(oid, modifier, facts).native for oid, modifier, _ in rows] == [spelling for _, _, spelling in rows]
    assert len(rows) > 35


def test_a_type_that_is_gone_is_not_guessed(db):
    assert type_facts(db, [999_999_999]) == {}
    with pytest.raises(KeyError):
        type_of(999_999_999, -1, {})


def test_columns_say_who_fills_them(db):
    db.execute("""create table app.t (
        a int generated always as identity, b serial, c int default 7, d int generated always as (c + 1) stored, e int not null, f int,
        g app.price, gone int, h int)""")
    db.execute("""alter table app.t drop column gone; create sequence app.s; create sequence app."o'd(d"; alter table app.t add i int default nextval('app.s'),
        add j int default nextval('app.s') + 1, add k bigint default nextval('app."o''d(d"'), add l text default nextval('app.s')""")
    found = {c.name: (c.nullable, c.default, c.generated, c.identity) for c in only(db, "t").columns}
    assert found == {
        "a": (False, True, False, True),
        "b": (False, True, False, True),
        "c": (True, True, False, False),
        "d": (True, True, True, False),
        "e": (False, False, False, False),
        "f": (True, False, False, False),
        "g": (False, True, False, False),
        "h": (True, False, False, False),
        "i": (True, True, False, True),
        "j": (True, True, False, False),
        "k": (True, True, False, True),
        "l": (True, True, False, False),
    }


def test_uniques_and_which_of_them_name_a_row(db):
    db.execute("""create table app.t (
        id int, b int not null, "C c" int not null, d int, x int not null,
        constraint late unique (b) deferrable, constraint pair unique ("C c", b) include (x), constraint nulls unique (d),
        primary key (id))""")
    db.execute("create unique index expression on app.t (b, (x + 1))")
    db.execute("create unique index partial on app.t (x) where x > 3")
    db.execute("create index plain on app.t (x)")
    assert only(db, "t").uniques == (
        Unique("t_pkey", ("id",), primary=True, exact=True),
        Unique("expression", ("b",), primary=False, exact=False),
        Unique("late", ("b",), primary=False, exact=False),
        Unique("nulls", ("d",), primary=False, exact=False),
        Unique("pair", ("C c", "b"), primary=False, exact=True),
        Unique("partial", ("x",), primary=False, exact=False),
    )


def test_foreign_keys_in_the_order_of_their_columns(db):
    db.execute("create table app.parent (a int, b int, primary key (b, a))")
    db.execute("""create table app.t (x int, y int, z int references app.t (k) on delete set null, k int unique,
        constraint up foreign key (y, x) references app.parent (a, b))""")
    assert only(db, "t").foreign_keys == (
        ForeignKey("t_z_fkey", ("z",), TableName("app", "t"), ("k",), cascades=True),
        ForeignKey("up", ("y", "x"), TableName("app", "parent"), ("a", "b"), cascades=False),
    )


@pytest.mark.parametrize(
    ("ddl", "identity"),
    [
        ("create table app.t (v int, b int, a int, primary key (a, b))", ("a", "b")),
        ("create table app.t (v int)", None),
        ("create table app.t (a int primary key deferrable, v int)", None),
        ("create table app.t (a int primary key, g int generated always as (v) stored, v int); alter table app.t replica identity full", ("a", "v")),
        ("create table app.t (a int primary key); alter table app.t replica identity nothing", None),
        (
            "create table app.t (a int primary key, u int not null); create unique index u on app.t (u); alter table app.t replica identity using index u",
            ("u",),
        ),
    ],
)  # fmt: skip
def test_identity_is_what_the_log_carries(db, ddl, identity):
    db.execute(ddl)
    assert only(db, "t").identity == identity


def test_a_partitioned_table_is_as_its_partitions_are(db):
    db.execute("create table app.ref (r int primary key) partition by range (r)")
    db.execute("create table app.ref1 partition of app.ref for values from (0) to (10)")
    db.execute("create table app.t (k int, region text, r int references app.ref, primary key (region, k)) partition by list (region)")
    assert only(db, "t").identity == ("region", "k")
    db.execute("create table app.eu (r int, region text not null, k int not null)")
    db.execute("alter table app.t attach partition app.eu for values in ('eu')")
    db.execute("create table app.us partition of app.t for values in ('us')")
    db.execute("insert into app.t select n, 'eu', null from generate_series(1, 300) n")
    db.execute("insert into app.t select n, 'us', null from generate_series(1, 200) n")
    db.execute("analyze app.eu, app.us")
    root = only(db, "t")
    assert root.identity == ("region", "k")
    assert root.estimate == 500
    assert [c.name for c in root.columns] == ["k", "region", "r"]
    assert root.foreign_keys == (ForeignKey("t_r_fkey", ("r",), TableName("app", "ref"), ("r",), cascades=False),)
    assert [u.exact for u in root.uniques] == [True]
    db.execute("alter table app.us replica identity full")
    assert only(db, "t").identity == ("region", "k")
    db.execute("alter table app.eu replica identity nothing")
    assert only(db, "t").identity is None


def test_triggers_are_the_users_that_fire(db):
    db.execute("create table app.t (a int primary key, b int references app.t)")
    assert not only(db, "t").triggers
    db.execute("create function app.f() returns trigger language plpgsql as 'begin return new; end'")
    db.execute("create trigger f before insert on app.t for each row execute function app.f()")
    assert only(db, "t").triggers
    db.execute("alter table app.t disable trigger f")
    assert not only(db, "t").triggers


def test_only_tables_and_by_their_exact_names(db):
    db.execute('create table app."Order" (a int); create table app."order" (b int); create table app."we""ird %s {} \'\\ .name" (c int)')
    db.execute("create view app.v as select 1; create table app.under_score (d int); create table app.underxscore (e int)")
    names = [TableName("app", n) for n in ("Order", "we\"ird %s {} '\\ .name", "v", "none", "under_score")]
    found = describe(db, names)
    assert {n.name: [c.name for c in d.columns] for n, d in found.items()} == {
        "Order": ["a"],
        "we\"ird %s {} '\\ .name": ["c"],
        "under_score": ["d"],
    }
    assert all(found[name].name == name for name in found)
    assert describe(db, []) == {}


def test_estimate_of_a_table_never_analysed_is_zero(db):
    db.execute("create table app.t (a int)")
    assert only(db, "t").estimate == 0


def test_a_caller_in_a_transaction_keeps_it(db):
    db.execute("create table app.t (a int)")
    with db.transaction():
        db.execute("alter table app.t add b int")
        assert [c.name for c in only(db, "t").columns] == ["a", "b"]
        db.execute("alter table app.t add c int")


def test_hundreds_of_tables_take_no_more_queries_than_one(db, monkeypatch):
    names = [TableName("app", f"t{n}") for n in range(500)]
    db.execute("; ".join(f"create table app.{n.name} (id int primary key, a text unique, b numeric(9,2), c app.mood)" for n in names))
    asked = []
    execute = db.execute
    monkeypatch.setattr(db, "execute", lambda *query: asked.append(query) or execute(*query))
    assert len(describe(db, names[:1])) == 1
    queries = len(asked)
    assert len(describe(db, names)) == 500
    assert len(asked) == 2 * queries < 20
