import re
import threading

import pytest
import structlog
from structlog.testing import capture_logs

from cdc.app.daemon import supervise, worker
from cdc.app.monitor.watch import State
from cdc.model.errors import BadRow, Denied, Exit, Finding, Gap, Held, Transient, Unreachable
from cdc.model.write import Checkpoint, Phase
from tests.unit.app.fakes import Servers, examined


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(worker, "examine", examined)
    monkeypatch.setattr(supervise, "FIRST", 0.001)
    yield
    structlog.reset_defaults()


@pytest.fixture
def servers():
    made = Servers()
    made.commit("1")
    return made


@pytest.fixture
def stop():
    event = threading.Event()
    yield event
    event.set()


def run(given, stop):
    """Work on a thread; returns it."""
    thread = threading.Thread(target=given.work, args=(stop,))
    thread.start()
    return thread


def test_once_sets_up_loads_streams_and_ends(servers, stop):
    given = servers.worker(once=True)
    with capture_logs() as logs:
        given.work(stop)
    assert servers.applied == ["1"]
    assert [database for database, _ in servers.executed] == ["crm", "crm", "erp", "erp"]
    assert (given.watch.state, given.watch.error, servers.opened, servers.closed) == (State.STOPPED, None, 2, 2)
    said = [log["event"] for log in logs]
    assert said[:2] == ["setting up", "setting up"]
    assert said[4:] == ["the initial load begins", "a mapping is loaded", "the pipeline streams", "all that the log held is applied"]


def test_what_has_a_checkpoint_is_not_set_up_again(servers, stop):
    servers.commit("2")
    servers.checkpoint = Checkpoint("1", Phase.STREAMING, 5, 1.0)
    given = servers.worker(once=True)
    given.work(stop)
    assert (servers.executed, servers.applied, given.watch.rows) == ([], ["2"], 6)


def test_a_killed_load_is_gone_on_with_without_a_set_up(servers, stop):
    servers.checkpoint = Checkpoint("0", Phase.LOADING, 0, 0.0)
    servers.worker(once=True).work(stop)
    assert (servers.executed, servers.checkpoint.phase) == ([], Phase.STREAMING)


def test_a_stop_ends_it_after_the_batch_and_closes_all(servers, stop):
    given = servers.worker()
    thread = run(given, stop)
    servers.wait(lambda s: s.applied == ["1"])
    servers.commit("2")
    servers.wait(lambda s: s.applied == ["1", "2"])
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert (given.watch.state, servers.opened, servers.closed) == (State.STOPPED, 2, 2)


def test_a_fault_that_goes_away_is_tried_again_with_new_connections(servers, stop):
    servers.faults = {"apply": [Transient("deadlock")], "target": [Unreachable("crm: gone")], "read": [Unreachable("erp: gone")]}
    given = servers.worker()
    with capture_logs() as logs:
        thread = run(given, stop)
        servers.wait(lambda s: not any(s.faults.values()))
        servers.commit("2")
        servers.wait(lambda s: s.applied[-1:] == ["2"])
        stop.set()
        thread.join(5)
    faults = [log for log in logs if log["event"] == "a fault, trying again"]
    assert [str(log["error"]) for log in faults] == ["crm: gone", "deadlock", "erp: gone"]
    assert given.watch.state is State.STOPPED
    assert servers.opened == servers.closed


def test_a_stop_in_a_pause_does_not_wait_for_its_end(servers, stop, monkeypatch):
    monkeypatch.setattr(supervise, "FIRST", 1000.0)
    monkeypatch.setattr(supervise, "LONGEST", 1000.0)
    servers.faults = {"crm": [Unreachable("gone")] * 9}
    given = servers.worker()
    thread = run(given, stop)
    while given.watch.state is not State.BACKOFF:
        thread.join(0.01)
    stop.set()
    thread.join(5)
    assert given.watch.state is State.STOPPED


def test_once_gives_up_after_a_few_tries_with_the_faults_exit_code(servers, stop):
    servers.faults = {"crm": [Unreachable("crm: connection refused")] * 9}
    given = servers.worker(once=True)
    given.work(stop)
    assert (given.watch.state, given.watch.error.exit, len(servers.faults["crm"])) == (
        State.FAILED,
        Exit.UNREACHABLE,
        9 - 1 - worker.QUICK_TRIES,
    )


@pytest.mark.parametrize("error", [Gap("the log is gone", "Run teardown."), Held("run by another"), BadRow("too long")])
def test_an_error_that_stays_fails_it(servers, stop, error):
    servers.faults = {"apply": [error]}
    given = servers.worker()
    with capture_logs() as logs:
        given.work(stop)
    assert (given.watch.state, given.watch.error) == (State.FAILED, error)
    assert {key: logs[-1][key] for key in ("event", "error", "exit")} == {
        "event": "the pipeline has failed",
        "error": error,
        "exit": error.exit,
    }
    assert servers.opened == servers.closed


# torture: K05
def test_a_fault_of_ours_shows_its_place_and_no_value(servers, stop):
    servers.faults = {"apply": [ValueError("canary: 4711")]}
    given = servers.worker()
    with capture_logs() as logs:
        given.work(stop)
    assert given.watch.state is State.FAILED
    assert re.search(r"unexpected ValueError at app/daemon/observed\.py:\d+", str(given.watch.error))
    assert "canary" not in str(logs)


def test_findings_refuse_before_anything_is_made_and_the_worst_comes_first(servers, stop):
    servers.findings = {
        "erp": [Finding("grant", "no select on customer", "grant select", Exit.DENIED), Finding("clock", "clocks differ", "", Exit.OK)],
        "crm": [Finding("mode", "sql_mode is empty", "set it", Exit.CONFIG)],
    }
    given = servers.worker()
    with capture_logs() as logs:
        given.work(stop)
    assert (servers.executed, str(given.watch.error), given.watch.error.exit) == ([], "crm: sql_mode is empty", Exit.CONFIG)
    assert [(log["event"], log["log_level"]) for log in logs[:3]] == [
        ("no select on customer", "error"),
        ("clocks differ", "warning"),
        ("sql_mode is empty", "error"),
    ]


def test_a_warning_refuses_nothing(servers, stop):
    servers.findings["erp"] = [Finding("clock", "clocks differ", "", Exit.OK)]
    servers.worker(once=True).work(stop)
    assert servers.applied == ["1"]


def test_a_missing_privilege_is_named(servers, stop):
    servers.faults = {"execute": [Denied("erp: permission denied", "grant create on database erp to cdc")]}
    given = servers.worker()
    given.work(stop)
    assert given.watch.error.exit is Exit.DENIED


@pytest.mark.parametrize(("asked", "failed", "made"), [("then", "configuration", 0), ("now", None, 4)])
def test_only_the_plan_that_is_asked_for_starts(servers, stop, monkeypatch, asked, failed, made):
    monkeypatch.setattr(worker, "pipeline_hash", lambda *_: "now")
    given = servers.worker(once=True, plan_hash=asked)
    given.work(stop)
    assert (given.watch.error.name if given.watch.error else None, len(servers.executed)) == (failed, made)
