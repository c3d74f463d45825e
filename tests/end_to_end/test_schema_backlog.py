"""Tables that change where many rows lie before and behind it in the log, within an initial load, and under a mapping's query."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from logging import CRITICAL

import pytest
import structlog

from cdc.app.daemon import supervise
from cdc.app.monitor.watch import State
from cdc.pipeline import load
from cdc.source import feed
from demo.servers import MariaDB, PostgreSQL, Server
from tests.drift import Drifting
from tests.series import series

ENGINES = ("postgresql", "mariadb")
COLUMNS = "{id: id, name: name, qty: qty}"
SOURCE = ("create table {t} (id int primary key, name varchar(40), qty int, note varchar(40))",)
TARGET = ("create table {t} (id int primary key, name varchar(40), qty int)",)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervise, "LOOK", 0.2)
        patch.setattr(feed, "_TICK", 0.05)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(CRITICAL))
        yield
    structlog.reset_defaults()


@pytest.fixture(params=ENGINES)
def drifting(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL, mariadb: MariaDB
) -> Iterator[Drifting]:
    servers: dict[str, Server] = {"postgresql": postgresql, "mariadb": mariadb}
    other = ENGINES[1 - ENGINES.index(request.param)]
    made = Drifting(tmp_path_factory.mktemp(request.param), servers[request.param], servers[other])
    yield made
    made.close()


def is_postgresql(given: Drifting) -> bool:
    return isinstance(given.servers["erp"], PostgreSQL)


def rows(given: Drifting, first: int, last: int, columns: str, values: str) -> str:
    """Return the statement that inserts rows, `n` being their number."""
    numbers = (
        f"generate_series({first}, {last}) n" if is_postgresql(given) else f"(select seq as n from {series(last)} where seq >= {first}) s"
    )
    return f"insert into {{t}} ({columns}) select {values} from {numbers}"


def streams(given: Drifting) -> None:
    """Start, and wait until the initial load is over."""
    given.start()
    given.until(lambda: given.watch.state is State.STREAMING, lambda: "it does not stream")


def test_thousands_of_rows_before_and_behind_several_changes(drifting: Drifting) -> None:
    """Each row is read in the shape that it was logged in. torture: F01, F02, F03, F12"""
    given = drifting
    given.begins(SOURCE, TARGET, COLUMNS)
    streams(given)
    given.sql("erp", "insert into {t} values (0, 'first', 0, 'x')")
    given.arrives([(0, "first", 0)])
    given.stop()
    first = "" if is_postgresql(given) else " first"
    given.sql("erp", rows(given, 1, 5000, "id, name, qty, note", "n, 'old', n, 'x'"))
    given.sql("erp", f"alter table {{t}} add column more int default 7{first}", "alter table {t} drop column note")
    given.sql("erp", rows(given, 5001, 10000, "id, name, qty, more", "n, 'new', n, 9"))
    given.sql("erp", "alter table {t} rename column more to name2", "update {t} set qty = qty + 1", "delete from {t} where id > 9000")
    given.sql("erp", "alter table {t} rename column name to name3", "alter table {t} rename column name2 to more")
    given.sql("erp", "alter table {t} rename column name3 to name", "insert into {t} (id, name, qty, more) values (10001, 'last', 1, 2)")
    given.start()
    count = "select count(*), sum(qty), count(case when name = 'old' then 1 end), count(case when name = 'new' then 1 end) from {t}"
    given.until(lambda: given.sql("crm", "select qty from {t} where id = 10001") == [(1,)], lambda: "the last row is not there")
    assert [tuple(map(int, row)) for row in given.sql("crm", count)] == [tuple(map(int, row)) for row in given.sql("erp", count)]
    assert given.watch.error is None


@pytest.mark.parametrize("swap", [False, True])
def test_a_name_that_goes_to_another_column_within_a_backlog(drifting: Drifting, *, swap: bool) -> None:
    """Values go by the name that they were logged under. torture: F03, F12"""
    given = drifting
    given.begins(SOURCE, TARGET, COLUMNS)
    streams(given)
    given.sql("erp", "insert into {t} values (1, 'a', 10, 'x')")
    given.arrives([(1, "a", 10)])
    given.stop()
    given.sql("erp", "insert into {t} values (2, 'b', 20, 'y')", "alter table {t} rename column name to title")
    renames = ["alter table {t} rename column note to name", "alter table {t} rename column title to note"]
    given.sql("erp", *(renames if swap else ["alter table {t} add column name varchar(40)"]))
    given.sql("erp", f"insert into {{t}} (id, name, {'note' if swap else 'title'}, qty) values (3, 'name', 'other', 30)")
    given.sql("erp", "update {t} set name = 'again' where id = 1")
    given.start()
    given.arrives([(1, "again", 10), (2, "b", 20), (3, "name", 30)])


def test_a_table_that_is_altered_while_it_is_loaded(drifting: Drifting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two tables gets a column once the load has begun. torture: F01"""
    given = drifting
    threads: list[threading.Thread] = []
    tables = [given.begins(SOURCE, TARGET, COLUMNS) for _ in range(2)]
    for table in tables:
        given.table = table
        given.sql("erp", rows(given, 1, 50, "id, name, qty, note", "n, 'n', n, 'x'"))

    def altered(table: str) -> None:
        with closing(given.servers["erp"].connect(f"erp_{given.name}")) as connection:
            connection.cursor().execute(f"alter table {'public.' * is_postgresql(given)}{table} add column more int default 7")
            connection.commit()

    def reached(point: str) -> None:
        if point == "load.snapshot" and not threads:
            threads.extend(threading.Thread(target=altered, args=(table,), daemon=True) for table in tables)
            for thread in threads:
                thread.start()
            threads[1].join(1)

    monkeypatch.setattr(load, "reach", reached)
    given.start()
    for table in tables:
        given.table = table
        given.until(lambda: len(given.rows()) == 50, lambda: "not loaded")
    for thread in threads:
        thread.join(60)
    assert threads
    for table in tables:
        given.table = table
        given.sql("erp", "insert into {t} (id, name, qty, note, more) values (51, 'n', 51, 'y', 8)")
        given.arrives([(key, "n", key) for key in range(1, 52)])


QUERY = """\
version: 1
mapping: {t}
source: {t}
target: {t}
key: [id]
query: select i.id, k.label as name, i.qty from {t} i join {t}_kind k on k.id = i.kind where i.id in (:keys)
depends_on: {{{t}_kind: {{query: "select id from {t} where kind = :id"}}}}
columns: {{id: id, name: name, qty: qty}}
deletes: hard
"""


def test_a_querys_result_that_gets_another_shape(drifting: Drifting) -> None:
    """By a table that it reads besides its root. torture: F02, F04, F13"""
    given = drifting
    given.begins(
        [
            "create table {t}_kind (id int primary key, label varchar(40), words varchar(40))",
            "create table {t} (id int primary key, kind int, qty int)",
            "insert into {t}_kind values (1, 'one', 'eins')",
            "create index on_{t} on {t} (kind)",
        ],
        TARGET,
        COLUMNS,
    )
    (given.folder / "mappings" / f"{given.table}.yaml").write_text(QUERY.format(t=given.table))
    streams(given)
    given.sql("erp", "insert into {t} values (1, 1, 10)")
    given.arrives([(1, "one", 10)])
    given.sql("erp", "alter table {t}_kind rename column label to was", "insert into {t}_kind values (2, 'two', 'zwei')")
    given.sql("erp", "insert into {t} values (2, 2, 20)")
    given.waits("label")
    assert given.rows() == [(1, "one", 10)]
    given.sql("erp", "alter table {t}_kind rename column was to label")
    given.arrives([(1, "one", 10), (2, "two", 20)])
