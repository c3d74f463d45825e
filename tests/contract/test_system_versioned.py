"""Tables that keep what their rows were (MariaDB's system versioning): as a source, whose history is logged as rows, and as a target."""

from contextlib import closing

import pytest

from cdc.model.errors import Exit
from cdc.model.table import TableName
from tests.contract.test_types_roundtrip import pair

MAPPING = "version: 1\nmapping: m\nsource: t\ntarget: t\nkey: [id]\nsame: [id, name, qty]\n"
PERIOD = "begins timestamp(6) generated always as row start{0}, ends timestamp(6) generated always as row end{0}, period for system_time (begins, ends)"
COLUMNS = "id int primary key, name varchar(20), qty int"
KEPT = {
    "hidden": f"create table t ({COLUMNS}) with system versioning",
    "named": f"create table t ({COLUMNS}, {PERIOD.format('')}) with system versioning",
    "invisible": f"create table t ({COLUMNS}, {PERIOD.format(' invisible')}) with system versioning",
    "without a primary key": "create table t (id int not null unique, name varchar(20), qty int) with system versioning",
    "named, without one": f"create table t (id int not null unique, name varchar(20), qty int, {PERIOD.format('')}) with system versioning",
}
CHANGES = (
    "insert into t (id, name, qty) values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)",
    "update t set name = 'A' where id = 1",
    "update t set qty = qty + 10",
    "delete from t where id = 2",
    "update t set id = 7 where id = 3",
    "delete from t where id = 4",
    "insert into t (id, name, qty) values (4, 'again', 44)",
    "replace into t (id, name, qty) values (1, 'replaced', 100)",
    "insert into t (id, name, qty) values (7, 'x', 0) on duplicate key update qty = 77",
    "delete history from t",
    "update t set name = 'last' where id = 1",
)
NOW = [(1, "last", 100), (4, "again", 44), (7, "c", 77)]


@pytest.fixture(params=["my-pg", "my-my"])
def flow(request, database, endpoint):
    with pair(request, database, endpoint, request.param) as made:
        if made.source.mysql:
            pytest.skip("MySQL has no such tables")
        made.target.run(f"create table t ({COLUMNS})")
        yield made


def there(flow):
    return sorted(flow.target.run("select id, name, qty from t"))


@pytest.mark.parametrize("image", ["full", "noblob", "minimal"])
@pytest.mark.parametrize("kept", KEPT)
def test_what_rows_were_is_nobodys_row(flow, kept, image):
    """Loaded, and followed change by change."""
    flow.source.run(KEPT[kept])
    flow.follow(MAPPING)
    flow.load()
    flow.source.run(f"set session binlog_row_image = '{image}'", *CHANGES)
    flow.stream()
    assert there(flow) == NOW
    assert sorted(flow.source.run("select id, name, qty from t")) == NOW
    flow.source.run("delete from t")
    flow.stream()
    assert there(flow) == []


def test_each_change_is_one_effect(flow):
    flow.source.run(KEPT["hidden"])
    flow.follow(MAPPING)
    for statement, effects in (
        ("insert into t values (1, 'a', 1)", 1), ("update t set name = 'b'", 1), ("delete history from t", 0), ("delete from t", 1),
    ):  # fmt: skip
        flow.source.run(statement)
        assert (flow.stream(), statement) == ({"changed": effects, "unchanged": 0}, statement)


@pytest.mark.parametrize("order", ["logged before", "logged after"])
def test_history_that_begins_or_ends_while_nobody_reads(flow, order):
    """What was logged is read by what the table was then, whatever it is now."""
    begins, ends = "alter table t add system versioning", "alter table t drop system versioning"
    flow.source.run(KEPT["hidden"] if order == "logged before" else f"create table t ({COLUMNS})")
    flow.follow(MAPPING)
    flow.source.run(*CHANGES[:5])
    flow.source.run(ends if order == "logged before" else begins)
    flow.source.run(*(statement for statement in CHANGES[5:] if order == "logged after" or "history" not in statement))
    flow.stream()
    assert there(flow) == NOW


def test_a_table_whose_key_ends_with_a_time_is_an_ordinary_one(flow):
    flow.source.run(
        "create table t (id int, until timestamp(6) not null default '2001-01-01', name varchar(20), qty int, primary key (id, until))"
    )
    flow.follow(MAPPING)
    flow.source.run(
        "insert into t (id, name, qty) values (1, 'a', 1)", "update t set qty = 2", "insert into t (id, name, qty) values (2, 'b', 1)"
    )
    flow.source.run("delete from t where id = 2")
    flow.stream()
    assert there(flow) == [(1, "a", 2)]


def test_history_by_transactions_is_refused(flow):
    period = PERIOD.format("").replace("timestamp(6)", "bigint unsigned")
    flow.source.run(f"create table t ({COLUMNS}, {period}) with system versioning")
    with closing(flow.source.engine.source_admin(flow.source.endpoint, flow.pipeline)) as admin:
        definitions = admin.definitions([flow_table(flow)])
        (found,) = [finding for finding in admin.findings(list(definitions.values())) if finding.code == "history"]
    assert (found.exit, "statements" in found.message, "timestamp(6)" in found.hint) == (Exit.CONFIG, True, True)


def flow_table(flow):
    return TableName(flow.source.schema, "t")


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("name", ["pg-my", "my-my"])
def test_a_target_that_keeps_history(request, database, endpoint, name, kept):
    with pair(request, database, endpoint, name) as flow:
        if flow.target.mysql:
            pytest.skip("MySQL has no such tables")
        flow.source.run(f"create table t ({COLUMNS})")
        flow.target.run(KEPT[kept])
        flow.follow(MAPPING)
        flow.source.run("insert into t values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)")
        flow.load()
        flow.source.run(
            "update t set qty = qty + 10",
            "delete from t where id = 2",
            "update t set id = 7 where id = 3",
            "insert into t values (2, 'new', 0)",
        )
        flow.stream()
        assert there(flow) == [(1, "a", 11), (2, "new", 0), (7, "c", 13)]
        assert flow.target.run("select count(*) > 6 from t for system_time all") == [(1,)]
