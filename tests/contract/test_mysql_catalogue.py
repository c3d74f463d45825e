"""Tables as information_schema of a real server describes them."""

import re
from contextlib import closing
from dataclasses import replace

import pytest

from cdc.model.table import ForeignKey, TableName, Unique
from cdc.model.types import Kind, Type
from cdc.server.mysql import connect
from cdc.server.mysql_catalogue import describe, folds_case
from tests.contract.test_mysql_source import has
from tests.series import series


@pytest.fixture
def shop(mariadb, database, endpoint):
    name = database(mariadb)
    with closing(connect(endpoint(mariadb, name, "shop"))) as connection:

        def run(*statements):
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

        def ask(*tables):
            return describe(connection, [TableName(name, table) for table in tables])

        yield name, run, ask


TYPES = {
    "tinyint(1)": Type(Kind.INT, "tinyint(1)", 1),
    "smallint(5) unsigned": Type(Kind.INT, "smallint(5) unsigned", 2, unsigned=True),
    "mediumint(9)": Type(Kind.INT, "mediumint(9)", 3),
    "int(8) unsigned zerofill": Type(Kind.INT, "int(8) unsigned zerofill", 4, unsigned=True),
    "bigint(20)": Type(Kind.INT, "bigint(20)", 8),
    "year(4)": Type(Kind.INT, "year(4)", 2),
    "decimal(65,30)": Type(Kind.NUMERIC, "decimal(65,30)", precision=65, scale=30),
    "decimal(9,0) unsigned": Type(Kind.NUMERIC, "decimal(9,0) unsigned", unsigned=True, precision=9, scale=0),
    "float(7,2)": Type(Kind.FLOAT, "float(7,2)", 4),
    "double": Type(Kind.FLOAT, "double", 8),
    "bit(64)": Type(Kind.BITS, "bit(64)", 64),
    "char(3)": Type(Kind.TEXT, "char(3)", 3, charset="utf8mb4", padded=True),
    "varchar(20)": Type(Kind.TEXT, "varchar(20)", 20, charset="utf8mb4"),
    "mediumtext": Type(Kind.TEXT, "mediumtext", 16777215, charset="utf8mb4"),
    "binary(4)": Type(Kind.BYTES, "binary(4)", 4, padded=True),
    "varbinary(9)": Type(Kind.BYTES, "varbinary(9)", 9),
    "tinyblob": Type(Kind.BYTES, "tinyblob", 255),
    "enum('a','b''c','d\\\\e')": Type(Kind.ENUM, "enum('a','b''c','d\\\\e')", labels=("a", "b'c", "d\\e"), charset="utf8mb4"),
    "set('unsigned','y')": Type(Kind.SET, "set('unsigned','y')", labels=("unsigned", "y"), charset="utf8mb4"),
    "date": Type(Kind.DATE, "date"),
    "time(3)": Type(Kind.TIME, "time(3)", precision=3),
    "datetime": Type(Kind.TIMESTAMP, "datetime", precision=0),
    "timestamp(6)": Type(Kind.INSTANT, "timestamp(6)", precision=6),
    "uuid": Type(Kind.UUID, "uuid"),
    "inet6": Type(Kind.ADDRESS, "inet6"),
    "point": Type(Kind.GEOMETRY, "point"),
}
WIDTH = re.compile(r"(smallint|mediumint|bigint|year)\(\d+\)")


def test_types(shop, mariadb):
    _, run, ask = shop
    types = {kind: found for kind, found in TYPES.items() if kind not in ("uuid", "inet6") or has(run, kind)}
    if mariadb.is_mysql:  # it forgets widths that fill nothing
        types = {kind: replace(found, native=WIDTH.sub(r"\1", kind)) for kind, found in types.items()}
    run("create table t (" + ", ".join(f"c{n} {kind} null" for n, kind in enumerate(types)) + ")")
    (table,) = ask("t").values()
    assert [column.type for column in table.columns] == list(types.values())
    assert all(column.nullable and not column.default for column in table.columns)


def test_what_the_server_fills_computes_and_counts(shop):
    _, run, ask = shop
    run(
        "create table t (id int auto_increment primary key, a int not null, b int not null default 5, c varchar(9) default 'NULL',"
        " d int default null, e text default (uuid()), f timestamp not null default current_timestamp, g int as (a + 1) stored,"
        " h int as (a + 2) virtual, i int invisible default 1)"
    )
    (table,) = ask("t").values()
    flags = {column.name: (column.nullable, column.default, column.generated, column.identity) for column in table.columns}
    assert flags == {
        "id": (False, True, False, True), "a": (False, False, False, False), "b": (False, True, False, False), "c": (True, True, False, False),
        "d": (True, False, False, False), "e": (True, True, False, False), "f": (False, True, False, False), "g": (True, False, True, False),
        "h": (True, False, True, False), "i": (True, True, False, False),
    }  # fmt: skip
    assert table.identity == tuple(flags)


def test_uniques_are_exact_when_they_name_every_row(shop):
    _, run, ask = shop
    run(
        "create table t (a int not null, b int not null, c varchar(20) not null, d int, primary key (b, a), unique key two (c, a),"
        " unique key prefix (c(3)), unique key nulls (d), key plain (a))",
        "create table k (a int not null, unique key u (a))",
        "create table n (a int, unique key u (a))",
    )
    found = {name.name: table for name, table in ask("t", "k", "n").items()}
    assert found["t"].uniques[0] == Unique("PRIMARY", ("b", "a"), primary=True, exact=True)
    assert [(unique.name, unique.columns, unique.exact) for unique in found["t"].uniques[1:]] == [
        ("nulls", ("d",), False), ("prefix", ("c",), False), ("two", ("c", "a"), True),
    ]  # fmt: skip
    assert found["k"].identity == ("a",)
    assert found["n"].identity is None


def test_foreign_keys_and_triggers(shop):
    name, run, ask = shop
    run(
        "create table p (a int, b int, primary key (a, b))",
        "create table c (id int primary key, x int, y int, z int, w int,"
        " constraint one foreign key (x, y) references p (a, b) on delete cascade,"
        " constraint two foreign key (z, w) references p (a, b) on update set null,"
        " constraint three foreign key (x, w) references p (a, b))",
        "create trigger g before insert on c for each row set new.x = 1",
        "insert into p values (1, 1), (1, 2)",
    )
    found = ask("c", "p")
    child, parent = found[TableName(name, "c")], found[TableName(name, "p")]
    assert child.foreign_keys == (
        ForeignKey("one", ("x", "y"), TableName(name, "p"), ("a", "b"), cascades=True),
        ForeignKey("three", ("x", "w"), TableName(name, "p"), ("a", "b"), cascades=False),
        ForeignKey("two", ("z", "w"), TableName(name, "p"), ("a", "b"), cascades=True),
    )
    assert child.triggers
    assert not parent.triggers
    assert not parent.foreign_keys


def test_only_the_tables_asked_for_by_their_exact_names(shop):
    """torture: E14"""
    name, run, ask = shop
    run("create table `A` (x int)", "create table a (y int)", "create view v as select 1", "create table `q'u\\o%s``te` (z int)")
    assert {table.name: table.columns[0].name for table in ask("A", "a", "v", "nope", "q'u\\o%s`te").values()} == {
        TableName(name, "A"): "x", TableName(name, "a"): "y", TableName(name, "q'u\\o%s`te"): "z",
    }  # fmt: skip
    assert [table.name.name for table in ask("a").values()] == ["a"]
    assert ask() == {}


def test_names_of_two_databases_do_not_mix(shop, mariadb, database, endpoint):
    name, run, _ = shop
    other = database(mariadb)
    run("create table t (a int)", f"create table {other}.u (b int)", f"create table {other}.t (c int)")
    with closing(connect(endpoint(mariadb, name, "shop"))) as connection:
        found = describe(connection, [TableName(name, "t"), TableName(other, "u"), TableName(name, "u")])
        assert not folds_case(connection)
    assert {str(table): definition.columns[0].name for table, definition in found.items()} == {f"{name}.t": "a", f"{other}.u": "b"}


def test_the_estimate_is_the_servers(shop):
    _, run, ask = shop
    run("create table t (a int primary key)", f"insert into t select seq from {series(500)}", "analyze table t")
    (table,) = ask("t").values()
    assert 300 <= table.estimate <= 700
