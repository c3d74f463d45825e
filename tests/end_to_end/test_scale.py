"""Many tables, many transactions, many looks at the metrics: what must not grow does not, and what was left is caught up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.service import Service

MAPPING = "version: 1\nmapping: {0}\nsource: {0}\ntarget: {0}\nkey: [id]\nsame: [id, n]\ndeletes: hard\n"
TABLE = "create table {} (id int primary key, n int not null)"
MB = 1024 * 1024
Make = Callable[..., Service]


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    made = []

    def make(source: str, target: str, names: list[str]) -> Service:
        servers = {"erp": request.getfixturevalue(source), "crm": request.getfixturevalue(target)}
        given = Service(tmp_path, servers, {"p": ("erp", "crm", {name: MAPPING.format(name) for name in names})}, 0.5, "heartbeat: 0.5s")
        made.append(given)
        for name in names:
            given.sql("erp", TABLE.format(name))
            given.sql("crm", TABLE.format(name))
        return given

    yield make
    for given in made:
        given.close()


def memory(given: Service) -> int:
    """Return the bytes that the daemon has now."""
    assert given.process is not None
    (line,) = (line for line in Path(f"/proc/{given.process.pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def works(given: Service, names: list[str], transactions: int) -> None:
    """Write to these tables by turns, and wait until all of it is there."""
    before = dict.fromkeys(names, 0)
    for at in range(transactions):
        name = names[at % len(names)]
        given.sql("erp", f"update {name} set n = n + 1 where id = 1")
        before[name] += 1
    for name in names:
        ((wanted,),) = given.sql("erp", f"select n from {name} where id = 1")
        given.until(lambda name=name, wanted=wanted: given.sql("crm", f"select n from {name} where id = 1") == [(wanted,)])  # type: ignore[misc]


def series(given: Service) -> set[str]:
    with urlopen(f"http://127.0.0.1:{given.port}/metrics", timeout=10) as answer:
        return {line.decode().rpartition(" ")[0] for line in answer if not line.startswith(b"#")}


def streaming(given: Service) -> None:
    given.start()
    given.until(lambda: given.state("p") == "streaming")


# torture: J04
def test_four_thousand_tables_that_nobody_maps_cost_no_memory(service: Make) -> None:
    given = service("postgresql", "mariadb", ["busy"])
    given.sql("erp", "insert into busy values (1, 0)")
    streaming(given)
    works(given, ["busy"], 300)
    before = memory(given)
    for first in range(0, 4000, 500):  # each takes locks until its transaction ends
        create = f"for i in {first}..{first + 499} loop execute format('create table idle_%s (id int primary key)', i); end loop"
        given.sql("erp", f"do $$ begin {create}; end $$")
    given.sql("erp", "do $$ begin for i in 0..999 loop execute format('insert into idle_%s values (1)', i); end loop; end $$")
    works(given, ["busy"], 300)
    assert memory(given) - before < 16 * MB
    with urlopen(f"http://127.0.0.1:{given.port}/metrics", timeout=10) as answer:
        assert b"idle_" not in answer.read()
    given.stop()
    streaming(given)
    works(given, ["busy"], 100)
    assert memory(given) - before < 16 * MB
    given.stop()


def rounds(service: Make, tables: int, transactions: int) -> tuple[Service, int]:
    """Return a pipeline of so many tables that has done so many transactions twice, and by how much it has grown in between."""
    names = [f"t{number}" for number in range(tables)]
    given = service("mariadb", "postgresql", names)
    for name in names:
        given.sql("erp", f"insert into {name} values (1, 0)", f"create table x_{name} (id int primary key)")
    streaming(given)
    works(given, names, transactions)
    before = memory(given)
    works(given, names, transactions)
    return given, memory(given) - before


# torture: J04, J08, I7
@pytest.mark.parametrize(
    ("tables", "transactions"), [(8, 100), pytest.param(200, 20_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
def test_metrics_that_are_asked_for_again_and_again_do_not_become_more(service: Make, tables: int, transactions: int) -> None:
    """Ten looks a second, and rows of tables that no mapping names, which the binary log has all the same."""
    given, growth = rounds(service, tables, transactions)
    assert growth < 24 * MB
    before, ended = series(given), threading.Event()
    assert len(before) < 600 + 150 * tables

    def scrape() -> None:
        while not ended.wait(0.1):
            series(given)

    scraper = threading.Thread(target=scrape)
    scraper.start()
    try:
        for number in range(tables):
            given.sql("erp", f"insert into x_t{number} values (1)")
        works(given, ["t0", "t1"], 200)
    finally:
        ended.set()
        scraper.join()
    more = (
        series(given) - before
    )  # what is measured for the first time only now may have come, but nothing for each table, or for each look
    assert len(more) < tables, more
    assert not [one for one in more if "x_t" in one]
    assert memory(given) < 400 * MB
    given.stop()


# torture: J06, I8
def test_what_was_left_while_nobody_ran_is_caught_up_in_few_transactions(service: Make) -> None:
    """Thousands of small transactions become some large ones, and the source lets go of its log."""
    given = service("postgresql", "mariadb", ["busy"])
    given.once()
    name = f"cdc_{given.names['p']}"
    held = f"select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint from pg_replication_slots where slot_name = '{name}'"
    insert = "for i in 1..5000 loop insert into busy values (i, i); commit; end loop"
    given.sql("erp", f"do $$ begin {insert}; end $$", "update busy set n = n + 1")
    ((kept,),) = given.sql("erp", held)
    streaming(given)
    given.until(lambda: given.sql("crm", "select count(*), sum(n) from busy") == [(5000, 5000 * 5001 // 2 + 5000)])
    given.until(lambda: given.metric("lag_seconds", "p") == 0)
    assert given.metric("transactions_total", "p") == 5001
    assert given.metric("batches_total", "p") < 500
    given.until(lambda: given.sql("erp", held)[0][0] < kept / 2)
    given.stop()


# torture: J07, I8
@pytest.mark.parametrize("rows", [10_000, pytest.param(1_000_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
def test_a_load_under_writes_is_exact_and_lets_go_of_its_snapshot(service: Make, rows: int) -> None:
    given = service("postgresql", "mariadb", ["busy"])
    given.patience = 3000
    given.sql("erp", f"insert into busy select i, i from generate_series(1, {rows}) i")
    ended, done = threading.Event(), [0]

    def write() -> None:
        with closing(given.servers["erp"].connect(given.names["erp"])) as connection:
            while not ended.wait(0.002):
                at = done[0] = done[0] + 1
                connection.execute(f"update busy set n = n + 1 where id = {1 + at * 7919 % rows}")
                connection.execute(f"delete from busy where id = {1 + at * 104_729 % rows}")
                connection.execute(f"insert into busy values ({rows + at}, 0)")

    writer = threading.Thread(target=write)
    writer.start()
    ours = "from pg_stat_activity where datname = current_database() and application_name like 'cdc%' and backend_xmin is not null"
    try:
        given.start()
        given.until(lambda: given.sql("erp", f"select count(*) {ours}")[0][0] > 0)
        given.until(lambda: given.state("p") == "streaming", seconds=3000)
        at = done[0]
        given.until(lambda: done[0] > at + 300)
        given.until(lambda: (given.sql("erp", f"select coalesce(max(age(backend_xmin)), 0) {ours}")[0][0]) < 300)
    finally:
        ended.set()
        writer.join()
    found = given.command("verify", given.names["p"], "--wait", "60")
    assert found.returncode == 0, found.stdout
    assert given.sql("crm", "select count(*) from busy") == given.sql("erp", "select count(*) from busy")
    given.stop()
