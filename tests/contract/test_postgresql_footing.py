"""What a table stands on in PostgreSQL's catalogue and no log tells: entries of the publication, and partitions with what they brought along."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from cdc.model.table import TableName
from cdc.source.postgresql.footing import brought, footings
from demo.servers import PostgreSQL

T = TableName("public", "t")
ROOT = "create table t (id int primary key, name text default 'x', qty int) partition by range (id)"
A = "create table a partition of t for values from (0) to (10)"
PLAIN = "create table b (qty int, id int not null primary key, name text default 'x')"
ATTACH = "alter table t attach partition b for values from (10) to (20)"


@pytest.fixture
def pg(postgresql: PostgreSQL, database: Callable[[Any], str]) -> Iterator[psycopg.Connection]:
    with postgresql.connect(database(postgresql)) as connection:
        connection.autocommit = True
        yield connection


def run(pg: psycopg.Connection, *statements: str) -> None:
    for statement in statements:
        pg.execute(statement.encode())


def by(pg: psycopg.Connection) -> frozenset[str]:
    return footings(pg, "p", [T], {})[T].by


@pytest.mark.parametrize(
    "publication",
    ["for all tables", "for table t", "for table root with (publish_via_partition_root = true)", "for tables in schema public"],
)
def test_what_publishes_a_table_has_another_number_once_it_went_and_came_back(pg: psycopg.Connection, publication: str) -> None:
    """torture: F08"""
    if "schema" in publication and pg.info.server_version < 150000:
        pytest.skip("came with 15")
    root = "root" in publication
    run(pg, "create table root (id int) partition by list (id)", "create table other (id int)")
    run(
        pg,
        "create table t partition of root for values in (1)" if root else "create table t (id int)",
        f"create publication p {publication}",
    )
    before = by(pg)
    assert len(before) == 1
    run(pg, "alter table t add column more int" if not root else "alter table root add column more int", "insert into t values (1)")
    if "for table" in publication and "tables" not in publication:
        run(pg, "alter publication p add table other")
    assert by(pg) == before
    for statement in ("drop publication p", f"create publication p {publication}"):
        run(pg, statement)
        assert not by(pg) & before


def test_a_table_that_stays_in_the_list_keeps_its_entry(pg: psycopg.Connection) -> None:
    run(pg, "create table t (id int)", "create table other (id int)", "create publication p for table only t")
    before = by(pg)
    run(pg, "alter publication p set table only t, only other")
    assert by(pg) == before
    run(pg, "alter publication p drop table t")
    assert not by(pg)
    run(pg, "alter publication p add table t")
    assert by(pg)
    assert by(pg) != before


def test_a_column_that_was_made_anew_has_another_number_and_one_that_was_renamed_its_own(pg: psycopg.Connection) -> None:
    """torture: F02, F03"""
    run(pg, "create table t (id int, a int, b int)", "create publication p for all tables")

    def numbers() -> dict[str, int]:
        return dict(footings(pg, "p", [TableName("public", "t")], {})[TableName("public", "t")].columns)

    assert numbers() == {"id": 1, "a": 2, "b": 3}
    run(pg, "alter table t rename a to c", "alter table t drop column b", "alter table t add column b int", "vacuum full t")
    assert numbers() == {"id": 1, "c": 2, "b": 4}


def test_a_table_that_was_made_anew_has_another_number_and_one_that_is_gone_none(pg: psycopg.Connection) -> None:
    run(pg, "create table t (id int)", "create publication p for all tables")
    before = footings(pg, "p", [T], {})[T]
    run(pg, "alter table t rename to u", "create table t (id int)")
    after = footings(pg, "p", [T], {})[T]
    assert (after.relation != before.relation, after.by) == (True, before.by)
    run(pg, "drop table t")
    assert footings(pg, "p", [T], {}) == {}


def test_partitions_at_any_depth_are_named_and_those_that_are_published_by_themselves(pg: psycopg.Connection) -> None:
    run(
        pg,
        ROOT,
        "create table m partition of t for values from (10) to (20) partition by range (id)",
        "create table n partition of m default",
    )
    run(pg, A, "create publication p for table a, n")
    found = footings(pg, "p", [T], {})[T]
    assert not found.by
    assert {part.name: len(part.by) for part in found.parts.values()} == {"m": 0, "n": 1, "a": 1}
    run(pg, "alter publication p add table t")
    found = footings(pg, "p", [T], {})[T]
    assert found.by
    assert {part.name: len(part.by) for part in found.parts.values()} == {"m": 0, "n": 1, "a": 1}


def test_a_partition_that_was_away_has_another_sign(pg: psycopg.Connection) -> None:
    """torture: F08"""
    run(pg, ROOT, A)
    ((number, before),) = footings(pg, "p", [T], {})[T].parts.items()
    run(pg, "alter table t detach partition a")
    assert not footings(pg, "p", [T], {})[T].parts
    run(pg, "alter table t attach partition a for values from (0) to (10)")
    ((again, after),) = footings(pg, "p", [T], {})[T].parts.items()
    assert (again, after.since != before.since) == (number, True)


@pytest.mark.parametrize(
    ("statements", "filled"),
    [
        (("create table b partition of t for values from (10) to (20)", "insert into t values (12)"), False),
        (("begin", "create table b partition of t for values from (10) to (20)", "insert into t values (12)", "commit", "alter table t alter qty set default 3", "insert into t values (13)"), False),
        ((PLAIN, ATTACH, "insert into t values (12)"), False),
        (("begin", PLAIN, ATTACH, "insert into t values (12)", "commit"), False),
        ((PLAIN, ATTACH, "insert into t values (12)", "update t set qty = 1"), False),
        ((PLAIN, "insert into b values (1, 12)", ATTACH), True),
        (("begin", PLAIN, "insert into b values (1, 12)", ATTACH, "insert into t values (13)", "commit"), True),
        ((PLAIN, "insert into b values (1, 12)", ATTACH, "update t set qty = 2 where id = 12"), False),
        ((PLAIN, "insert into b values (1, 12)", ATTACH, "delete from t where id = 12"), False),
        ((PLAIN, "insert into b values (1, 12), (2, 13)", ATTACH, "delete from t where id = 12", "vacuum freeze b"), True),
        (("create table b partition of t for values from (10) to (20)", "insert into t values (12)", "alter table t detach partition b", ATTACH), True),
        (("create table m (id int not null primary key, name text, qty int) partition by range (id)", "create table b partition of m for values from (10) to (15)",
          "insert into m values (12)", "alter table t attach partition m for values from (10) to (20)"), True),
        (("create table m (id int not null primary key, name text, qty int) partition by range (id)", "create table b partition of m for values from (10) to (15)",
          "alter table t attach partition m for values from (10) to (20)", "insert into t values (12)"), False),
    ],
)  # fmt: skip
def test_only_rows_from_before_the_attachment_are_brought_along(
    pg: psycopg.Connection, statements: tuple[str, ...], *, filled: bool
) -> None:
    """What was written since stands in the log as rows of the root. torture: F08"""
    run(pg, ROOT, A, "insert into t values (1)")
    known = footings(pg, "p", [T], {})
    run(pg, *statements)
    assert not any(part.filled for part in footings(pg, "p", [T], {})[T].parts.values())
    parts = footings(pg, "p", [T], known)[T].parts
    added = [number for number, part in parts.items() if part.name in ("b", "m")]
    found = brought(pg, [number for number, part in parts.items() if part.name != "a"])
    assert bool(found) == filled
    assert {number for number, part in parts.items() if part.filled} == set(found)
    assert set(found) <= set(added)
    assert brought(pg, []) == ()
