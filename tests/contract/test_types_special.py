"""Values that only one kind of server has, with a mapping that says what they become; and columns whose values the server makes."""

import pytest

from cdc.mapping.files.problem import failed
from tests.contract.test_types_roundtrip import pair

RULES = 'dates: {zero: null, infinity: "9999-12-31", minus_infinity: "1000-01-01", far: null, span: "00:00:00"}\nnumbers: {nan: null, infinity: 0}\n'
MAPPING = f"version: 1\nmapping: m\nsource: t\ntarget: t\nkey: [id]\n{RULES}same: [id, d, t, h, n]\n"


def filled(flow, rows):
    flow.follow(MAPPING)
    for first in (0, 100):
        for key, values in rows.items():
            flow.source.run(f"insert into t values ({first + key}, {values})")
        (flow.stream if first else flow.load)()
    assert {key: str(error) for key, error in flow.refused.items()} == {}
    kinds = {"d": "plain", "t": "moment", "h": "moment", "n": "number"}
    found = flow.target.shown("t", kinds)
    assert [found[key] for key in rows] == [found[100 + key] for key in rows]
    return {key: tuple(found[key].values()) for key in rows}


def test_what_mysql_has_alone_becomes_what_the_mapping_says(request, database, endpoint):
    # torture: E05
    with pair(request, database, endpoint, "my-pg") as flow:
        flow.source.run("create table t (id int primary key, d date, t datetime(6), h time, n double)")
        flow.target.run("create table t (id int primary key, d date, t timestamp, h time, n numeric)")
        rows = {
            1: "'0000-00-00', '0000-00-00 00:00:00', '-01:00:00', 1.5",
            2: "'2024-00-10', '2024-02-30 10:00:00', '838:59:59', null",
            3: "'2024-02-29', '2024-02-29 10:00:00.5', '24:00:00', 0",
        }
        assert filled(flow, rows) == {
            1: (None, None, "00:00:00", "1.5"),
            2: (None, None, "00:00:00", None),
            3: ("2024-02-29", "2024-02-29 10:00:00.5", "24:00:00", "0"),
        }


def test_what_postgresql_has_alone_becomes_what_the_mapping_says(request, database, endpoint):
    # torture: E04 E05
    with pair(request, database, endpoint, "pg-my") as flow:
        flow.source.run("create table t (id int primary key, d date, t timestamp, h time, n numeric)")
        flow.target.run("create table t (id int primary key, d date, t datetime(6), h time(6), n decimal(10,2))")
        rows = {
            1: "'infinity', '-infinity', '24:00:00', 'NaN'",
            2: "'0044-03-15 BC', '294276-12-31 23:59:59', '00:00:00', 'Infinity'",
            3: "'-infinity', 'infinity', null, 1.50",
        }
        assert filled(flow, rows) == {
            1: ("9999-12-31", "1000-01-01 00:00:00", "24:00:00", None),
            2: (None, None, "00:00:00", "0"),
            3: ("1000-01-01", "9999-12-31 00:00:00", None, "1.5"),
        }


@pytest.mark.parametrize("name", ["pg-pg", "pg-my", "my-pg", "my-my"])
def test_columns_that_the_server_fills(name, request, database, endpoint):
    # torture: E18
    with pair(request, database, endpoint, name) as flow:
        flow.source.run("create table t (id int primary key, a int)")
        if flow.target.postgresql:
            flow.target.run(
                "create table t (id int generated always as identity primary key, a int, twice int generated always as (a * 2) stored,"
                " own int default 7, made text default (lower('AB')))"
            )
        else:
            flow.target.run(
                "create table t (id int auto_increment primary key, a int, twice int as (a * 2) stored, own int invisible default 7,"
                " made varchar(9) default (lower('AB')))"
            )
        head = "version: 1\nmapping: m\nsource: t\ntarget: t\nkey: [id]\n"
        found = [problem for problem in flow.compiled(f"{head}columns: {{id: id, a: a, twice: a}}\n")[1] if failed([problem])]
        assert ["'twice'" in problem.message for problem in found] == [True]
        flow.follow(f"{head}same: [id, a]\n")
        flow.source.run("insert into t values (5, 1), (9, null)")
        flow.load()
        flow.source.run("update t set a = 3 where id = 5")
        flow.stream()
        flow.target.run("insert into t (a) values (100)")
        assert flow.target.run("select id, a, twice, own, made from t order by id") == [
            (5, 3, 6, 7, "ab"), (9, None, None, 7, "ab"), (10, 100, 200, 7, "ab"),
        ]  # fmt: skip


def _keeps_the_sign_of_zero(side):
    """PostgreSQL and MySQL do, MariaDB 10.5 and 11.8 too, 10.11 not."""
    if side.postgresql:
        return True
    side.run("create temporary table zero (d double)", "insert into zero values ('-0')")
    return side.run("select concat(d) from zero") == [("-0",)]


@pytest.mark.parametrize("name", ["pg-pg", "pg-my", "my-pg", "my-my"])
def test_the_sign_of_zero_where_both_servers_have_one(name, request, database, endpoint):
    # torture: E04
    with pair(request, database, endpoint, name) as flow:
        for side in (flow.source, flow.target):
            side.run(f"create table t (id int primary key, d {'double precision' if side.postgresql else 'double'})")
        flow.follow("version: 1\nmapping: m\nsource: t\ntarget: t\nkey: [id]\nsame: [id, d]\n")
        for way, key in ((flow.load, 1), (flow.stream, 2)):
            flow.source.run(f"insert into t values ({key}, '-0')")
            way()
        both = all(_keeps_the_sign_of_zero(side) for side in (flow.source, flow.target))
        assert [row["d"] for row in flow.target.shown("t", {"d": "plain"}).values()] == ["-0" if both else "0"] * 2
