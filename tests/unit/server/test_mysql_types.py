"""Both descriptions of a column, the catalogue's and the log's, give the same type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.types import Kind, Type
from cdc.server.mysql_types import DATETIME2, TIME2, TIMESTAMP2, VECTOR, Charset, Facts, Logged, facts_of, labels_of, type_of

UTF8 = Charset("utf8mb4", 4)


PAIRS = [
    (Logged(CODE.TINY), Type(Kind.INT, "tinyint", 1)),
    (Logged(CODE.SHORT, unsigned=True), Type(Kind.INT, "smallint unsigned", 2, unsigned=True)),
    (Logged(CODE.INT24), Type(Kind.INT, "mediumint", 3)),
    (Logged(CODE.LONG), Type(Kind.INT, "int", 4)),
    (Logged(CODE.LONGLONG, unsigned=True), Type(Kind.INT, "bigint unsigned", 8, unsigned=True)),
    (Logged(CODE.YEAR, unsigned=True), Type(Kind.INT, "year", 2)),
    (Logged(CODE.FLOAT, 4), Type(Kind.FLOAT, "float", 4)),
    (Logged(CODE.DOUBLE, 8), Type(Kind.FLOAT, "double", 8)),
    (Logged(CODE.NEWDECIMAL, 12, 2, unsigned=True), Type(Kind.NUMERIC, "decimal(12,2) unsigned", unsigned=True, precision=12, scale=2)),
    (Logged(CODE.BIT, 5), Type(Kind.BITS, "bit(5)", 5)),
    (Logged(CODE.DATE), Type(Kind.DATE, "date")),
    (Logged(TIME2, 3), Type(Kind.TIME, "time(3)", precision=3)),
    (Logged(DATETIME2, 0), Type(Kind.TIMESTAMP, "datetime", precision=0)),
    (Logged(TIMESTAMP2, 6), Type(Kind.INSTANT, "timestamp(6)", precision=6)),
    (Logged(CODE.VARCHAR, 80, charset=UTF8), Type(Kind.TEXT, "varchar(20)", 20, charset="utf8mb4")),
    (Logged(CODE.STRING, 12, charset=UTF8), Type(Kind.TEXT, "char(3)", 3, charset="utf8mb4", padded=True)),
    (Logged(CODE.VARCHAR, 9), Type(Kind.BYTES, "varbinary(9)", 9)),
    (Logged(CODE.STRING, 4), Type(Kind.BYTES, "binary(4)", 4, padded=True)),
    (Logged(CODE.BLOB, 1), Type(Kind.BYTES, "tinyblob", 255)),
    (Logged(CODE.BLOB, 2, charset=UTF8), Type(Kind.TEXT, "text", 65535, charset="utf8mb4")),
    (Logged(CODE.BLOB, 3, charset=Charset("utf16", 4)), Type(Kind.TEXT, "mediumtext", 8388607, charset="utf16")),
    (Logged(CODE.BLOB, 4), Type(Kind.BYTES, "longblob", 4294967295)),
    (Logged(CODE.ENUM, 1, charset=UTF8, labels=("a", "b'c")), Type(Kind.ENUM, "enum('a','b''c')", labels=("a", "b'c"), charset="utf8mb4")),
    (Logged(CODE.SET, 1, labels=("x", "y")), Type(Kind.SET, "set('x','y')", labels=("x", "y"))),
    (Logged(CODE.JSON, 4), Type(Kind.JSON, "json", charset="utf8mb4")),
    (Logged(CODE.GEOMETRY, 4), Type(Kind.GEOMETRY, "geometry")),
    (Logged(VECTOR, 4), Type(Kind.BYTES, "vector")),
]


@pytest.mark.parametrize(("column", "expected"), PAIRS, ids=lambda value: getattr(value, "native", None))
def test_the_logs_columns(column, expected):
    assert type_of(facts_of(column)) == expected


@pytest.mark.parametrize("name", ["uuid", "inet6", "point", "json", "longtext", "tinyint", "bit"])
def test_the_catalogues_words(name):
    kinds = {
        "uuid": Kind.UUID,
        "json": Kind.JSON,
        "longtext": Kind.TEXT,
        "tinyint": Kind.INT,
        "bit": Kind.BITS,
        "inet6": Kind.ADDRESS,
        "point": Kind.GEOMETRY,
    }
    assert type_of(Facts(name, name)).kind is kinds[name]


def test_a_type_of_old_servers_has_no_facts():
    with pytest.raises(KeyError):
        facts_of(Logged(CODE.TIMESTAMP))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6)))
def test_labels_are_read_as_they_are_written(labels):
    native = facts_of(Logged(CODE.ENUM, 1, labels=tuple(labels))).native
    assert labels_of(native) == tuple(labels)


def test_labels_as_the_server_writes_them():
    assert labels_of(r"enum('a','b''c','d\\e','f\ng','','x,y')") == ("a", "b'c", "d\\e", "f\ng", "", "x,y")
