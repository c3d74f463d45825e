"""What operators write beside the position, and what the worker and the threads beside it make of it."""

import json
import threading
import time
from contextlib import closing
from dataclasses import asdict

import pytest
import structlog
from structlog.testing import capture_logs

from cdc.app.daemon import supervise, worker
from cdc.app.monitor.sampler import Sampler
from cdc.app.monitor.steering import Steering
from cdc.app.monitor.watch import State
from cdc.app.preflight import history
from cdc.app.service.protection import Protection
from cdc.app.state import repair
from cdc.app.state.control import Control, controlled, operator
from cdc.app.state.repair import Repair
from cdc.model.errors import CdcError, Exit, Gap, Misconfigured, Unreachable
from cdc.model.retention import Retention
from cdc.model.write import Checkpoint, Phase
from tests.unit.app.fakes import Servers, examined


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(worker, "examine", examined)
    monkeypatch.setattr(supervise, "FIRST", 0.001)
    monkeypatch.setattr(worker, "_TICK", 0.005)
    yield
    structlog.reset_defaults()


@pytest.fixture
def servers():
    made = Servers()
    made.commit("1")
    made.checkpoint = Checkpoint("0", Phase.STREAMING, 0, 1.0)
    return made


@pytest.fixture
def stop():
    event = threading.Event()
    yield event
    event.set()


def control(servers, who="ann@host"):
    return Control(servers.line().target_admin(), servers.name, who)


def beside(given, stop):
    """The worker and what steers it, on threads."""
    steering = Steering(lambda: given.line, given.watch, lambda *_: None)
    threads = [threading.Thread(target=given.work, args=(stop,))]

    def steer():
        while not stop.wait(0.01):
            steering.look()

    threads.append(threading.Thread(target=steer))
    for thread in threads:
        thread.start()
    return threads


def until(true):
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_act_is_written_once_and_audited_with_who_did_it(servers):
    given = control(servers)
    assert (given.pause("a release"), given.pause("again"), given.read()[0].paused_for) == (True, False, "a release")
    assert (given.resume(deletes=False), given.resume(deletes=False), given.read()[0].paused) == (True, False, False)
    assert [("ann@host" in text, "'pause'" in text) for text in servers.audit] == [(True, True), (True, False)]
    assert "@" in operator()


def test_our_tables_of_an_older_layout_take_no_wishes(servers):
    servers.checkpoint = None
    with pytest.raises(Misconfigured, match="missing, or of an older version"), controlled(servers.line(), "me"):
        pass


def test_a_pause_holds_between_two_batches_and_a_resume_goes_on_without_a_new_start(servers, stop):
    given = servers.worker()
    threads = beside(given, stop)
    servers.wait(lambda s: s.applied == ["1"])
    control(servers).pause("x")
    until(lambda: given.watch.state is State.PAUSED)
    servers.commit("2")
    opened = servers.opened
    time.sleep(0.1)
    assert servers.applied == ["1"]
    control(servers).resume(deletes=False)
    servers.wait(lambda s: s.applied == ["1", "2"])
    assert servers.opened == opened
    stop.set()
    for thread in threads:
        thread.join(5)
    assert given.watch.state is State.STOPPED


def test_what_is_paused_opens_nothing_at_a_start_and_a_stop_ends_it(servers, stop):
    control(servers).pause("x")
    given = servers.worker()
    threads = beside(given, stop)
    until(lambda: given.watch.state is State.PAUSED)
    assert (servers.opened, servers.applied) == (0, [])
    stop.set()
    for thread in threads:
        thread.join(5)
    assert (given.watch.state, servers.opened) == (State.STOPPED, 0)


def test_run_once_does_not_wait_for_a_resume(servers, stop):
    control(servers).pause("by ann")
    given = servers.worker(once=True)
    given.work(stop)
    assert (given.watch.error.name, given.watch.error.exit, "by ann" in str(given.watch.error)) == ("paused", Exit.RETRY_LATER, True)


def test_another_configuration_is_taken_over_at_the_end_of_a_batch(servers, stop):
    given = servers.worker()
    threads = beside(given, stop)
    servers.wait(lambda s: s.applied == ["1"])
    fresh = servers.line()
    given.takes(fresh)
    until(lambda: given.line is fresh)
    servers.commit("2")
    servers.wait(lambda s: s.applied == ["1", "2"])
    stop.set()
    for thread in threads:
        thread.join(5)
    assert servers.opened == servers.closed == 4


@pytest.mark.parametrize(
    ("before", "loaded", "warned"),
    [({}, True, 0), ({"customers": "else"}, True, 1), ({"customers": "else"}, False, 0), ({"gone": "x"}, True, 1)],
)
def test_a_mapping_that_has_changed_is_named_once(servers, monkeypatch, before, loaded, warned):
    """torture: O07."""
    monkeypatch.setattr(history, "mapping_hashes", lambda *_: {"customers": "now"})
    servers.row["mappings"] = json.dumps(before) if before else None
    for expected in (warned, 0):
        with capture_logs() as logs:
            assert history.remembered(servers.line(), None, loaded=loaded) == {"customers": "now"}
        assert len([log for log in logs if "the mapping customers" in log["event"]]) == expected
    assert json.loads(servers.row["mappings"]) == {"customers": "now"}


def test_a_request_is_handed_on_once_and_an_old_one_not_at_all(servers):
    asked = []
    given = servers.worker()
    with closing(servers.line().target_admin()):
        steering = Steering(lambda: given.line, given.watch, lambda *what: asked.append(what))
        control(servers).request({"id": "old", "what": "reload", "at": time.time() - 3600})
        steering.look()
        control(servers).request({"id": "new", "what": "reload", "at": time.time()})
        steering.look()
        steering.look()
    assert [(name, request["id"]) for name, request in asked] == [("erp_to_crm", "new")]


def test_a_target_that_does_not_answer_is_down_and_keeps_the_last_wish(servers, stop, monkeypatch):
    monkeypatch.setattr("cdc.app.monitor.steering.EVERY", 0.005)
    given = servers.worker()
    control(servers).pause("x")
    thread = threading.Thread(target=Steering(lambda: given.line, given.watch, lambda *_: None).work, args=(stop,))
    thread.start()
    until(lambda: given.watch.controls.paused and given.watch.measured.up["target"])
    servers.faults = {"ask": [Unreachable("gone")] * 3, "crm": [Unreachable("gone")] * 2}
    until(lambda: not given.watch.measured.up["target"])
    assert given.watch.controls.paused
    until(lambda: given.watch.measured.up["target"])
    stop.set()
    thread.join(5)


def sampler(servers, protection):
    given = servers.worker()
    line = servers.line()
    line.protection = protection
    given.watch.seen = "0"
    return given.watch, Sampler(lambda: line, given.watch)


def test_heartbeats_are_written_in_their_time_and_only_where_they_may(servers):
    watch, sampling = sampler(servers, Protection(heartbeat=1000.0))
    sampling._turn()
    sampling._turn()
    assert (len(servers.beats), watch.measured.written) == (1, servers.beats[0])
    servers.beating = False
    watch, sampling = sampler(servers, Protection())
    sampling._turn()
    assert watch.measured.written is None
    watch, sampling = sampler(servers, Protection(heartbeat=0.0))
    servers.beats.clear()
    sampling._turn()
    assert servers.beats == []


@pytest.mark.parametrize(("give_up", "dropped"), [(False, 0), (True, 1)])
def test_a_budget_that_is_used_up_warns_and_is_given_up_only_where_that_is_wanted(servers, give_up, dropped):
    servers.retention = Retention(time.time(), 2000, None, False, "extended")
    watch, sampling = sampler(servers, Protection(heartbeat=0.0, budget=1000, give_up=give_up))
    with capture_logs() as logs:
        sampling.sample()
        sampling.sample()
    assert (servers.given_up, len(logs), watch.measured.outlook.share) == (dropped, 1, 1.0)
    assert ("give up" in str(servers.audit)) is give_up
    assert isinstance(watch.measured.given_up, Gap) is give_up


def test_a_slot_that_was_given_up_ends_the_pipeline_with_a_gap(servers, stop):
    given = servers.worker()
    given.watch.measured.given_up = Gap("dropped")
    given.work(stop)
    assert (given.watch.state, given.watch.error.exit) == (State.FAILED, Exit.GAP)


def test_deletes_beyond_the_limit_are_paused_before(servers, stop, monkeypatch):
    given = servers.worker(once=True)
    given.line.protection = Protection(deletes=1)

    def refuse(batch, begun=0):
        raise worker.TooManyDeletes("7 deletes wait")

    monkeypatch.setattr(given._breaker, "check", refuse)
    given.work(stop)
    assert (servers.applied, servers.row["paused_for"]) == ([], "7 deletes wait")
    assert isinstance(given.watch.error, CdcError)
    assert given.watch.error.name == "paused"


def test_a_resync_of_a_mapping_that_this_host_does_not_have_fails_and_the_pipeline_goes_on(servers, stop):
    servers.row["resync"] = json.dumps(asdict(Repair(("nobody",), "me@here")))
    given = servers.worker(once=True)
    given.work(stop)
    ended = json.loads(servers.row["resync"])
    assert (ended["stage"], ended["text"], given.watch.state) == ("failed", "there is no mapping nobody", State.STOPPED)
    assert len(servers.applied) == 1
    assert "failed: there is no mapping nobody" in servers.audit[-1]


def test_one_resync_is_wanted_at_a_time_and_its_end_is_put_down_once(servers):
    with controlled(servers.line(), "me") as control:
        repair.ask(control, Repair(("customers",), "me@here"))
        with pytest.raises(repair.Busy, match="of customers is wanted already, by me@here"):
            repair.ask(control, Repair(("orders",), "you@there"))
        number = repair.current(control).number
        assert not repair.end(control, "another", repair.Stage.DONE)
        assert repair.end(control, number, repair.Stage.DONE, rows={"kept": {"customers": 2}})
        assert not repair.end(control, "", repair.Stage.CANCELLED), "it has ended"
        assert repair.current(control).total("kept") == 2
        repair.ask(control, Repair(("orders",), "you@there"))
        assert repair.current(control).mappings == ("orders",)
    assert [line.rpartition("'resync', ")[2] for line in servers.audit] == ["'customers')", "'done: kept 2')", "'orders')"]
