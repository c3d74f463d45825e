"""A pipeline that waits until somebody has mended a table or a mapping: looked at again and again, said once, and gone on with."""

import threading

import pytest
import structlog
from structlog.testing import capture_logs

from cdc.app.daemon import supervise, worker
from cdc.app.monitor.watch import State
from cdc.model.errors import Drifted, Exit, Misconfigured, Truncated, Unfollowed
from cdc.model.write import Checkpoint, Phase
from tests.unit.app.fakes import Servers, examined


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(worker, "examine", examined)
    monkeypatch.setattr(supervise, "LOOK", 0.01)
    yield
    structlog.reset_defaults()


@pytest.fixture
def servers():
    made = Servers()
    made.checkpoint = Checkpoint("0", Phase.STREAMING, 0, 0.0)
    made.commit("1")
    return made


@pytest.fixture
def stop():
    event = threading.Event()
    yield event
    event.set()


def gone(_line):
    raise Misconfigured("mappings/customers.yaml:9:9: column 'name' does not exist", "did you mean 'title'?")


def test_it_waits_says_so_once_and_goes_on_with_the_files_as_they_are_then(servers, stop, monkeypatch):
    """torture: F02, F09, F13"""
    drift = Drifted("mapping customers no longer fits", "mend it", ("customers",))
    servers.faults = {"apply": [drift]}
    tries, read = [], []

    def look(line):
        tries.append(line)
        return gone(line) if 1 < len(tries) < 5 else examined(line)

    monkeypatch.setattr(worker, "examine", look)
    given = servers.worker(reread=lambda: read.append(1) or ())
    with capture_logs() as logs:
        thread = threading.Thread(target=given.work, args=(stop,))
        thread.start()
        servers.wait(lambda s: s.applied == ["1"])
        stop.set()
        thread.join(5)
    assert (len(tries), len(read)) == (5, 4)
    waits = [(str(log["error"]), log["hint"]) for log in logs if log["event"] == "the pipeline waits until this is mended"]
    assert waits == [
        ("mapping customers no longer fits", "mend it"),
        ("mappings/customers.yaml:9:9: column 'name' does not exist", "did you mean 'title'?"),
    ]
    assert given.watch.state is State.STOPPED


def test_while_it_waits_state_and_metric_say_so(servers, stop):
    """torture: F13"""
    servers.faults = {"apply": [Drifted("no longer fits", "", ("customers",))] * 1000}
    given = servers.worker()
    thread = threading.Thread(target=given.work, args=(stop,))
    thread.start()
    while given.watch.error is None:
        thread.join(0.01)
    for _ in range(20):
        assert given.watch.state is State.BACKOFF
        assert (given.watch.drifts("customers"), given.watch.drifts("orders")) == (True, False)
        thread.join(0.005)
    stop.set()
    thread.join(5)


def test_where_nobody_knows_which_mapping_it_is_any(servers):
    watch = servers.worker().watch
    assert not watch.drifts("customers")
    watch.pauses(Drifted("a table is gone"))
    assert watch.drifts("customers")
    watch.pauses(Truncated("emptied"))
    assert not watch.drifts("customers")


def test_at_the_start_it_is_an_error_of_configuration(servers, stop, monkeypatch):
    """torture: O01"""
    monkeypatch.setattr(worker, "examine", gone)
    given = servers.worker()
    given.work(stop)
    assert (given.watch.state, given.watch.error.exit, type(given.watch.error)) == (State.FAILED, Exit.CONFIG, Misconfigured)


@pytest.mark.parametrize("error", [Drifted("no longer fits"), Truncated("emptied"), Misconfigured("gone")])
def test_once_waits_for_nobody(servers, stop, error):
    servers.faults = {"apply": [error]}
    given = servers.worker(once=True)
    given.work(stop)
    assert (given.watch.state, given.watch.error.exit) == (State.FAILED, error.exit)


def test_what_was_not_followed_ends_it(servers, stop):
    """torture: F05, F08"""
    servers.faults = {"read": [Unfollowed("the publication does not publish public.customer")]}
    given = servers.worker()
    given.work(stop)
    assert (given.watch.state, given.watch.error.exit) == (State.FAILED, Exit.CONFIG)
