"""What operators do to a running daemon, and what it does when they have made a mistake: on real servers, by the real commands."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.service import Service

TABLE = "create table item (id int primary key, name varchar(40))"
MAPPING = "version: 1\nmapping: item\nsource: item\ntarget: item\nkey: [id]\nsame: [id, name]\n"
OPTIONS = "heartbeat: 0.5s, stall: 2s, delete_breaker: {per_minute: 3}"
Make = Callable[..., Service]


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    made = []

    def make(source: str = "postgresql", target: str = "mariadb", options: str = OPTIONS) -> Service:
        servers = {"a": request.getfixturevalue(source), "b": request.getfixturevalue(target)}
        given = Service(tmp_path, servers, {"ab": ("a", "b", MAPPING)}, 0.5, options)
        made.append(given)
        for name in servers:
            given.sql(name, TABLE)
        given.sql("a", "insert into item values (1, 'one')")
        return given

    yield make
    for given in made:
        given.close()


def items(given: Service) -> dict[int, str]:
    return dict(given.sql("b", "select id, name from item"))  # type: ignore[arg-type]


def streaming(given: Service) -> Service:
    given.start()
    given.until(lambda: given.state("ab") == "streaming")
    return given


def status(given: Service) -> dict[str, Any]:
    said = given.command("status", "--format", "json")
    return dict(json.loads(said.stdout)["pipelines"][given.names["ab"]])


def ready(given: Service) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{given.port}/readyz", timeout=10):
            return True
    except HTTPError:
        return False


def audited(given: Service) -> list[str]:
    name = given.names["ab"]
    return [what for (what,) in given.sql("b", f"select what from cdc.audit_trail where pipeline = '{name}' order by id")]


both = pytest.mark.parametrize(("source", "target"), [("postgresql", "mariadb"), ("mariadb", "postgresql")])


@pytest.mark.parametrize(("source", "target"), [pytest.param("postgresql", "mariadb", marks=pytest.mark.soak), ("mariadb", "postgresql")])
def test_a_pause_reaches_the_daemon_holds_after_a_restart_and_stops_run_once(service: Make, source: str, target: str) -> None:
    given = streaming(service(source, target))
    name = given.names["ab"]
    assert given.command("pause", name, "--reason", "release").returncode == 0
    given.until(lambda: given.state("ab") == "paused")
    given.sql("a", "insert into item values (2, 'two')")
    assert "is paused already" in given.command("pause", name).stderr
    said = status(given)
    assert (said["state"], said["paused_for"].endswith(": release")) == ("paused", True)
    assert not ready(given)
    given.until(lambda: given.metric("lag_seconds", "ab") > 0, seconds=20)
    given.stop()
    once = given.command("run", "--once")
    assert (once.returncode, "is paused" in once.stderr) == (75, True)
    given.start()
    given.until(lambda: given.state("ab") == "paused")
    assert items(given) == {1: "one"}
    assert given.command("resume", name).returncode == 0
    given.until(lambda: items(given) == {1: "one", 2: "two"})
    assert "is not paused" in given.command("resume", name).stderr
    assert audited(given) == ["mappings", "pause", "resume"]
    assert given.command("pause", name).returncode == 0
    given.until(lambda: given.state("ab") == "paused")
    given.stop()


@pytest.mark.soak
def test_heartbeats_travel_through_the_log_and_move_a_quiet_position(service: Make) -> None:
    given = service("mariadb", "postgresql")
    given.once()
    before = given.command("position", "show", given.names["ab"]).stdout
    streaming(given)
    given.until(lambda: given.metric("heartbeat_applied_timestamp_seconds", "ab") > 0)
    applied = given.metric("heartbeat_applied_timestamp_seconds", "ab")
    given.until(lambda: given.metric("heartbeat_applied_timestamp_seconds", "ab") > applied)
    assert given.metric("heartbeat_written_timestamp_seconds", "ab") >= applied
    assert abs(time.time() - applied) < 60
    given.until(lambda: given.command("position", "show", given.names["ab"]).stdout != before)
    assert given.metric("heartbeat_latency_seconds_count", "ab") >= 1
    assert (given.metric("connection_up", "ab"), items(given)) == (2.0, {1: "one"})


def test_many_deletes_pause_the_pipeline_before_they_are_applied(service: Make) -> None:
    """torture: O10."""
    given = service("postgresql", "mariadb")
    given.sql("a", "insert into item values (2, 'two'), (3, 'three'), (4, 'four'), (5, 'five')")
    streaming(given)
    name = given.names["ab"]
    given.sql("a", "delete from item where id < 3")
    given.until(lambda: len(items(given)) == 3)
    given.sql("a", "delete from item")
    given.until(lambda: given.state("ab") == "paused")
    assert len(items(given)) == 3
    assert "3 deletes wait, after 2" in status(given)["paused_for"]
    assert given.command("resume", name).returncode == 0
    given.until(lambda: audited(given).count("pause") == 2)
    assert len(items(given)) == 3
    assert given.command("resume", name, "--allow-deletes").returncode == 0
    given.until(lambda: items(given) == {})
    given.until(lambda: given.sql("b", f"select deletes_allowed from cdc.checkpoint where pipeline = '{name}'") == [(0,)])


def test_a_reload_takes_over_what_is_right_and_keeps_the_old_otherwise(service: Make) -> None:
    """torture: O06, O07."""
    given = streaming(service())
    name, file = given.names["ab"], given.folder / "ab" / "mapping.yaml"
    assert "nothing has changed" in given.command("reload").stderr
    file.write_text(MAPPING.replace("same:", "smae:"))
    given.process.send_signal(signal.SIGHUP)  # type: ignore[union-attr]
    given.until(lambda: _reloaded(given) == 0)
    assert given.state("ab") == "streaming"
    file.write_text(MAPPING.replace("same: [id, name]", "columns: {id: id, name: upper(name)}"))
    refused = given.command("reload", name)
    assert (refused.returncode, "treats rows otherwise than before" in refused.stderr) == (78, True)
    given.sql("a", "insert into item values (2, 'two')")
    given.until(lambda: items(given).get(2) == "two")
    taken = given.command("reload", name, "--from-now")
    assert (taken.returncode, "goes on by the new configuration" in taken.stderr) == (0, True)
    assert _reloaded(given) == 1
    given.sql("a", "insert into item values (3, 'three')")
    given.until(lambda: items(given) == {1: "one", 2: "two", 3: "THREE"})
    given.stop()
    file.write_text(MAPPING)
    again = given.command("run", "--once")
    assert "the mapping item treats rows otherwise than before" in again.stderr
    assert "treats rows otherwise" not in given.command("run", "--once").stderr
    assert given.command("pause", name).returncode == 0
    unheard = given.command("reload", name, "--timeout", "1")
    assert (unheard.returncode, "look at the service" in unheard.stderr) == (75, True)


def _reloaded(given: Service) -> float:
    with urlopen(f"http://127.0.0.1:{given.port}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("cdc_config_last_reload_successful "))


def test_a_position_is_set_by_hand_only_with_the_name_typed_and_nobody_running(service: Make) -> None:
    """torture: O10."""
    given = streaming(service("mariadb", "postgresql"))
    name = given.names["ab"]
    held = given.command("position", "advance", name, "--confirm", name)
    assert (held.returncode, "is run by" in held.stderr) == (75, True)
    given.stop()
    before = given.command("position", "show", name).stdout.strip()
    given.sql("a", "insert into item values (2, 'left out')")
    assert given.command("position", "advance", name, "--confirm", "yes").returncode == 2
    assert given.command("position", "show", name).stdout.strip() == before
    assert given.command("position", "advance", name, "--confirm", name).returncode == 0
    given.sql("a", "insert into item values (3, 'three')")
    given.once()
    assert items(given) == {1: "one", 3: "three"}
    assert audited(given)[-1] == "position"
    wrong = given.command("position", "set", name, "nonsense", "--confirm", name)
    assert wrong.returncode in {76, 78}


def test_a_target_that_is_locked_shows_as_lag_and_as_a_stall(service: Make) -> None:
    """torture: L05."""
    given = streaming(service())
    given.until(lambda: given.metric("lag_bytes", "ab") == 0)
    assert given.metric("lag_seconds", "ab") == 0
    assert ready(given)
    given.sql("b", "begin", "update item set name = 'held' where id = 1")
    given.sql("a", "update item set name = 'new' where id = 1")
    given.until(lambda: given.metric("pipeline_stalled", "ab") == 1)
    assert given.metric("lag_seconds", "ab") > 1
    assert not ready(given)
    given.until(lambda: "stands still" in given.log())
    given.sql("b", "rollback")
    given.until(lambda: items(given) == {1: "new"})
    given.until(lambda: given.metric("pipeline_stalled", "ab") == 0 and given.metric("lag_seconds", "ab") == 0)
    assert ready(given)


def test_a_slot_beyond_its_budget_is_given_up_where_that_is_wanted(service: Make) -> None:
    given = streaming(service(options="heartbeat: off, retention: {budget: 1MB, give_up: true}"))
    name = given.names["ab"]
    assert given.command("pause", name).returncode == 0
    given.until(lambda: given.state("ab") == "paused")
    given.sql("a", "create table filler as select repeat(md5(n::text), 10) t from generate_series(1, 10000) n")
    assert given.process is not None
    assert given.process.wait(60) == 76
    assert given.sql("a", f"select 1 from pg_replication_slots where slot_name = 'cdc_{name}'") == []
    assert "the slot was dropped to keep the source alive" in given.log()
    assert audited(given)[-1] == "give up"


OLD = {
    True: """create table cdc.checkpoint (pipeline text primary key, seq bigint not null, epoch bigint not null, phase text not null, position text,
        origin text not null, holder text not null, newest double precision not null, rows_applied bigint not null, updated_at timestamptz not null)""",
    False: """create table cdc.checkpoint (pipeline varchar(63) character set ascii collate ascii_bin primary key, seq bigint not null,
        epoch bigint not null, phase varchar(16) not null, position longtext, origin text not null, holder varchar(255) not null,
        newest double not null, rows_applied bigint not null, updated_at timestamp(6) not null) engine=InnoDB character set utf8mb4""",
}
"""Our table as the first layout had it, by whether it is PostgreSQL."""


@pytest.mark.parametrize("target", ["postgresql"])
def test_tables_of_an_older_layout_are_brought_up_at_the_next_start_and_those_of_a_newer_refused(service: Make, target: str) -> None:
    """torture: A24."""
    given = service("postgresql", target)
    given.once()
    columns = "pipeline, seq, epoch, phase, position, origin, holder, newest, rows_applied, updated_at"
    given.sql("b", f"create table public.kept as select {columns} from cdc.checkpoint", "drop schema cdc cascade", "create schema cdc")
    given.sql(
        "b",
        OLD[True],
        f"insert into cdc.checkpoint select {columns} from public.kept",
        "alter table cdc.checkpoint add column paused_at timestamptz",
    )
    given.sql("a", "insert into item values (2, 'two')")
    done = given.command("run", "--once")
    assert (done.returncode, "initial load" in done.stderr, items(given)) == (0, False, {1: "one", 2: "two"}), done.stderr
    assert "setting up" not in given.command("run", "--once").stderr
    given.sql("b", "comment on table cdc.checkpoint is 'cdc layout 999'")
    for command in (["check", "--connect"], ["run", "--once"], ["setup"]):
        refused = given.command(*command)
        assert (refused.returncode, "of layout 999" in refused.stdout + refused.stderr) == (78, True), command
    given.sql("b", "comment on table cdc.checkpoint is 'cdc layout 3'")


@pytest.mark.parametrize(
    ("source", "target", "how"),
    [
        ("postgresql", "mariadb", "term"),
        ("postgresql", "mariadb", "fenced"),
        ("postgresql", "mariadb", "kill"),
        ("mariadb", "postgresql", "kill"),
    ],
)
def test_no_exit_leaves_a_session_a_lock_or_a_slot_of_a_load(service: Make, source: str, target: str, how: str) -> None:
    """torture: A10, A15."""
    given = streaming(service(source, target))
    assert given.process is not None
    if how == "term":
        given.stop()
    elif how == "kill":
        given.kill()
    else:
        given.sql("b", f"update cdc.checkpoint set epoch = epoch + 1 where pipeline = '{given.names['ab']}'")
        given.sql("a", "insert into item values (2, 'two')")
        assert given.process.wait(60) == 75
    deadline = time.monotonic() + 20
    while (left := sessions(given)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
    if given.is_postgresql("a"):
        slots = given.sql("a", f"select slot_name, active from pg_replication_slots where database = '{given.names['a']}'")
        assert slots == [(f"cdc_{given.names['ab']}", False)]


def sessions(given: Service) -> list[tuple[Any, ...]]:
    """Sessions of ours that are still there, but for the tests' own."""
    left = []
    for name in ("a", "b"):
        if given.is_postgresql(name):
            left += given.sql(name, f"select application_name, state from pg_stat_activity where application_name ~ '{given.names['ab']}'")
        else:
            own = "connection_id()"
            left += given.sql(
                name, f"select id, command, info from information_schema.processlist where db = '{given.names[name]}' and id <> {own}"
            )
    return left


def test_a_slot_that_another_service_file_reads_is_found(service: Make) -> None:
    """torture: O04, O05."""
    given = streaming(service(target="postgresql"))
    file = given.folder / "cdc.yaml"
    elsewhere = given.servers["b"].create(f"{given.names['b']}_other")
    text = file.read_text().replace(f'/{given.names["b"]}"', f'/{given.names["b"]}_other"')
    assert text != file.read_text(), elsewhere
    connection = given.servers["b"].connect(f"{given.names['b']}_other")
    connection.cursor().execute(TABLE)
    connection.close()
    file.write_text(text)
    checked = given.command("check", "--connect")
    assert (checked.returncode, "slot-in-use" in checked.stdout) == (78, True), checked.stdout
    second = given.command("run", "--once")
    assert second.returncode == 75, second.stderr


def test_another_host_goes_on_with_nothing_but_the_files(service: Make, tmp_path: Path) -> None:
    """torture: A22, O13."""
    given = streaming(service())
    given.until(lambda: items(given) == {1: "one"})
    given.kill()
    given.sql("a", "insert into item values (2, 'two')")
    other = tmp_path / "other"
    other.mkdir()
    given.folder.joinpath("ab").rename(other / "ab")
    given.folder.joinpath("cdc.yaml").rename(other / "cdc.yaml")
    given.folder = other
    given.once()
    assert items(given) == {1: "one", 2: "two"}
