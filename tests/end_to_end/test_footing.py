"""Rows that go or come with a partition, a publication or a whole table, on PostgreSQL: no log tells of them, and the pipeline does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from cdc.app.monitor.footing import FootingLook
from cdc.app.monitor.watch import State
from cdc.model.errors import Exit
from demo.servers import MariaDB, PostgreSQL
from tests.drift import Drifting
from tests.service import Service

ROOT = "create table {t} (id int primary key, name varchar(40), qty int) partition by range (id)"
PARTS = [f"create table {{t}}_{name} partition of {{t}} for values from ({at}) to ({at + 10})" for name, at in (("a", 0), ("b", 10))]
TARGET = ["create table {t} (id int primary key, name varchar(40), qty int)"]
ROWS = "insert into {t} values (1, 'a', 10), (12, 'b', 20)"
ATTACH = "alter table {t} attach partition {t}_c for values from (20) to (30)"
FILLED = ["create table {t}_c (id int primary key, name varchar(40), qty int)", "insert into {t}_c values (21, 'c', 30)"]
COLUMNS = "{id: id, name: name, qty: qty}"


@pytest.fixture(scope="module")
def drifting(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL, mariadb: MariaDB) -> Iterator[Drifting]:
    made = Drifting(tmp_path_factory.mktemp("footing"), postgresql, mariadb)
    yield made
    made.close()


def look(given: Drifting) -> None:
    """Look as the daemon does now and then while it streams."""
    given.until(lambda: given.watch.state is State.STREAMING, lambda: "it does not stream")
    assert given.worker is not None
    looking = FootingLook(given.watch, structlog.get_logger())
    looking.look(given.worker.line)
    looking.close()


GONE = r"partition public\.t\d+_b: detached or dropped"
CAME = ([ATTACH, "insert into {t} values (2, 'd', 40), (22, 'f', 60)"], r"partition public\.t\d+_c: attached with rows that are in no log")


@pytest.mark.parametrize(
    ("change", "said", "after", "when"),
    [
        (["alter table {t} detach partition {t}_b"], GONE, [], "running"),
        (["drop table {t}_b"], GONE, [], "away"),
        (
            ["alter table {t} detach partition {t}_b", "alter table {t} attach partition {t}_b for values from (10) to (20)"],
            GONE,
            [],
            "away",
        ),
        (*CAME, [(2, "d", 40), (22, "f", 60)], "running"),
        (*CAME, [(2, "d", 40), (22, "f", 60)], "running by leaves"),
        (*CAME, [(2, "d", 40), (22, "f", 60)], "away"),
    ],
)
def test_partitions_that_take_rows_or_bring_them_end_the_pipeline(
    drifting: Drifting, change: list[str], said: str, after: list[tuple[int, str, int]], when: str
) -> None:
    """torture: F08"""
    given = drifting
    given.stop()
    given.forgets()
    given.begins([ROOT, *PARTS, *FILLED], TARGET, COLUMNS)
    given.start()
    given.until(lambda: given.watch.state is State.STREAMING, lambda: "it does not stream")
    given.sql("erp", ROWS)
    given.arrives([(1, "a", 10), (12, "b", 20)])
    by_root = "alter publication cdc_{} set (publish_via_partition_root = {})"
    if when == "away":
        given.stop()
    if "leaves" in when:
        given.sql("erp", by_root.format(given.name, "false"))
    given.sql("erp", *change)
    if when == "away":
        given.start()
    else:
        given.arrives([(1, "a", 10), (12, "b", 20), *after])
        look(given)
    given.waits(said)
    assert given.watch.error is not None
    assert (given.watch.state, given.watch.error.exit) == (State.FAILED, Exit.GAP)
    assert f"`cdc resync {given.name} {given.table}`" in given.watch.error.hint
    given.sql("erp", by_root.format(given.name, "true"))
    given.start()
    given.waits(said)
    given.mapping(COLUMNS, "truncate: ignore")
    given.start()
    given.sql("erp", "insert into {t} values (3, 'e', 50)")
    given.arrives([(1, "a", 10), (12, "b", 20), *after, (3, "e", 50)])


def test_empty_partitions_come_without_a_word(drifting: Drifting) -> None:
    """torture: F08"""
    given = drifting
    given.stop()
    given.forgets()
    given.begins([ROOT, *PARTS], TARGET, COLUMNS)
    given.start()
    given.sql("erp", ROWS)
    given.arrives([(1, "a", 10), (12, "b", 20)])
    given.sql(
        "erp", FILLED[0], ATTACH, "create table {t}_d partition of {t} default", "insert into {t} values (21, 'c', 30), (50, 'e', 50)"
    )
    look(given)
    there = [(1, "a", 10), (12, "b", 20), (21, "c", 30), (50, "e", 50)]
    given.arrives(there)
    given.stop()
    given.sql("erp", "create table {t}_e partition of {t} for values from (30) to (40)", "insert into {t} values (31, 'f', 60)")
    given.start()
    given.arrives([*there, (31, "f", 60)])
    look(given)
    assert given.watch.measured.given_up is None


MAPPING = """\
version: 1
mapping: t
source: t
target: t
key: [id]
columns: {id: id, name: name}
deletes: hard
"""


@pytest.fixture
def service(tmp_path: Path, postgresql: PostgreSQL, mariadb: MariaDB) -> Iterator[Service]:
    given = Service(tmp_path, {"erp": postgresql, "crm": mariadb}, {"p": ("erp", "crm", MAPPING)})
    given.sql("erp", "set search_path = public", "create table t (id int primary key, name text) partition by range (id)")
    given.sql(
        "erp", "create table a partition of t for values from (0) to (10)", "create table b partition of t for values from (10) to (20)"
    )
    given.sql("crm", "create table t (id int primary key, name varchar(40))")
    given.sql("erp", "insert into t values (1, 'a'), (12, 'b')")
    given.once()
    yield given
    given.close()


def test_a_gap_in_no_log_is_told_and_mended(service: Service) -> None:
    """torture: F08"""
    given, name = service, service.names["p"]
    given.sql("erp", "alter table t detach partition b", "create table c (id int primary key, name text)", "insert into c values (21, 'c')")
    given.sql("erp", "alter table t attach partition c for values from (20) to (30)", "insert into t values (2, 'd')")
    checked = given.command("check", "--connect")
    assert checked.returncode == 76, checked.stderr
    done = given.command("run", "--once")
    assert (done.returncode, "partition public.b: detached" in done.stderr, "partition public.c: attached with rows" in done.stderr) == (
        76,
        True,
        True,
    ), done.stderr
    assert f"`cdc resync {name} t`" in done.stderr
    assert given.sql("crm", "select id from t order by id") == [(1,), (12,)]
    mended = given.command("resync", "--gap", "--delete", "--confirm", name, name, "--yes")
    assert mended.returncode == 0, mended.stderr
    assert given.sql("crm", "select id, name from t order by id") == [(1, "a"), (2, "d"), (21, "c")]
    assert given.command("check", "--connect").returncode == 0
    given.once()


def test_a_resync_of_all_that_the_table_feeds_settles_what_its_partitions_took_and_brought(service: Service) -> None:
    """One of two mappings does not; broken off, it is not settled either. torture: F08"""
    given, name = service, service.names["p"]
    (given.folder / "p" / "other.yaml").write_text(MAPPING.replace("mapping: t", "mapping: other").replace("target: t", "target: u"))
    given.sql("crm", "create table u (id int primary key, name varchar(40))")
    given.sql("erp", "alter table t detach partition b", "create table c (id int primary key, name text)", "insert into c values (21, 'c')")
    given.sql("erp", "alter table t attach partition c for values from (20) to (30)", "insert into t values (2, 'd')")
    assert given.command("resync", name, "t", "--yes").returncode == 76
    words = [sys.executable, "-m", "cdc", "-c", str(given.folder / "cdc.yaml"), "resync", name, "--delete", "--confirm", name]
    killed = subprocess.run(
        words, check=False, capture_output=True, timeout=120, env={**os.environ, "CDC_FAILPOINTS": "resync.compared:1:kill"}
    )
    assert b"failpoint resync.compared" in killed.stderr
    assert given.command("resync", name, "--cancel").returncode == 0
    assert given.command("run", "--once").returncode == 76
    mended = given.command("resync", name, "--delete", "--confirm", name)
    assert mended.returncode == 0, mended.stderr
    rows = [(1, "a"), (2, "d"), (21, "c")]
    assert [given.sql("crm", f"select id, name from {table} order by id") for table in "tu"] == [rows, rows]
    assert given.command("check", "--connect").returncode == 0
    given.once()


@pytest.mark.parametrize("how", ["set", "anew"])
def test_a_table_that_was_out_of_the_publication_while_nobody_looked_is_noticed(service: Service, how: str) -> None:
    """torture: F08"""
    given, name = service, service.names["p"]
    if how == "set":
        given.sql("erp", "create table other (id int)", f"alter publication cdc_{name} set table other", "insert into t values (2, 'lost')")
        given.sql("erp", f"alter publication cdc_{name} set table only t")
    else:
        given.sql("erp", f"drop publication cdc_{name}", "insert into t values (2, 'lost')")
        given.sql("erp", f"create publication cdc_{name} for table t with (publish_via_partition_root = true)")
    done = given.command("run", "--once")
    assert (done.returncode, "public.t left the publication and came back" in done.stderr) == (76, True), done.stderr
    assert f"cdc resync --gap {name}" in done.stderr
    assert "missing may be all that came after" in done.stderr
    mended = given.command("resync", "--gap", name, "--yes")
    assert mended.returncode == 0, mended.stderr
    assert given.sql("crm", "select id, name from t order by id") == [(1, "a"), (2, "lost"), (12, "b")]
    given.once()
