import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from cdc.app.daemon import supervise, threads, worker
from cdc.app.daemon.notify import ServiceManager
from cdc.app.daemon.reload import Reloads
from cdc.app.monitor.sampler import Sampler
from cdc.app.monitor.watch import State
from cdc.model.errors import Denied, Exit, Gap, Misconfigured, Unreachable
from cdc.pipeline.step import Waiting
from tests.unit.app.fakes import Servers, examined


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(worker, "examine", examined)
    monkeypatch.setattr(supervise, "FIRST", 0.001)
    monkeypatch.setattr(threads, "TICK", 0.01)
    yield
    structlog.reset_defaults()


@pytest.fixture
def told(folder):
    """A fake service manager: its environment, and what it was told so far."""
    path = str(folder / "manager")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.settimeout(10)

        def received(until):
            lines = []
            while until not in lines:
                lines += listening.recv(4096).decode().splitlines()
            return lines

        yield {"NOTIFY_SOCKET": path}, received
    Path(path).unlink()


def run(*servers, once=False, environment=None):
    workers, manager = [each.worker(once=once) for each in servers], ServiceManager(environment or {})
    return threads.run(workers, manager, Reloads(read, (), workers, manager), terminal=False)


def read():
    raise Misconfigured("cdc.yaml:1:1: what nonsense")


def later(action):
    """Do it on a thread, beside the daemon on the main one."""
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def test_once_ends_by_itself_without_failures():
    servers = Servers()
    servers.commit("1")
    assert run(servers, once=True) == {}
    assert servers.applied == ["1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(number):
    servers = Servers()
    servers.commit("1")

    def stop():
        servers.wait(lambda s: s.applied)
        os.kill(os.getpid(), number)

    helper = later(stop)
    assert run(servers) == {}
    helper.join()
    assert servers.opened == servers.closed
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_hang_up_without_a_terminal_reads_the_files_again_and_ends_nothing(told):
    """torture: O06."""
    environment, received = told
    servers = Servers()
    servers.commit("1")
    lines = []

    def hang_up():
        servers.wait(lambda s: s.applied)
        os.kill(os.getpid(), signal.SIGHUP)
        lines.extend(received("RELOADING=1"))
        lines.extend(received("READY=1"))
        servers.commit("2")
        servers.wait(lambda s: s.applied == ["1", "2"])
        os.kill(os.getpid(), signal.SIGTERM)

    helper = later(hang_up)
    with capture_logs() as logs:
        assert run(servers, environment=environment) == {}
    helper.join()
    assert any(line.startswith("MONOTONIC_USEC=") and int(line.split("=")[1]) > 0 for line in lines)
    (said,) = (log for log in logs if "is not reloaded" in log["event"])
    assert "what nonsense" in str(said["error"])


def test_one_pipeline_that_fails_leaves_the_other_running():
    failing, running = Servers("crm_to_erp"), Servers("erp_to_crm")
    failing.faults = {"crm": [Denied("no")]}
    seen = []

    def watch():
        running.commit("1")
        running.wait(lambda s: s.applied == ["1"])
        running.commit("2")
        running.wait(lambda s: s.applied == ["1", "2"])
        seen.append(list(running.applied))
        os.kill(os.getpid(), signal.SIGTERM)

    helper = later(watch)
    failures = run(failing, running)
    helper.join()
    assert {name: error.exit for name, error in failures.items()} == {"crm_to_erp": Exit.DENIED}
    assert seen == [["1", "2"]]


def test_the_last_pipeline_that_fails_ends_the_process():
    first, second = Servers("a"), Servers("b")
    first.faults, second.faults = {"crm": [Denied("no")]}, {"apply": [Gap("gone")]}
    second.commit("1")
    assert {name: error.exit for name, error in run(first, second).items()} == {"a": Exit.DENIED, "b": Exit.GAP}


def test_the_service_manager_is_told_when_it_is_ready_alive_and_stopping(told):
    environment, received = told
    servers = Servers()
    servers.commit("1")
    lines = []

    def manage():
        lines.extend(received("READY=1"))
        lines.extend(received("WATCHDOG=1"))
        os.kill(os.getpid(), signal.SIGTERM)
        lines.extend(received("STOPPING=1"))

    helper = later(manage)
    run(servers, environment={**environment, "WATCHDOG_USEC": "20000"})
    helper.join()
    assert any(line.startswith("STATUS=erp_to_crm: ") for line in lines)
    assert lines[-1] == "STOPPING=1"


def test_a_server_that_is_down_is_no_reason_to_be_unready(told):
    environment, received = told
    servers = Servers()
    servers.faults = {"crm": [Unreachable("gone")] * 10_000}
    lines = []

    def manage():
        lines.extend(received("READY=1"))
        os.kill(os.getpid(), signal.SIGTERM)

    helper = later(manage)
    assert run(servers, environment=environment) == {}
    helper.join()


def test_a_stuck_pipeline_gets_no_watchdog_ping():
    told = []

    class Manager:
        watchdog = 0.0

        def tell(self, *lines):
            told.extend(lines)

    servers = Servers()
    stuck = servers.worker().watch
    stuck.step(Waiting("1", {}))
    stuck._heard -= 10_000
    stop = threading.Event()
    later(lambda: (time.sleep(0.1), stop.set()))
    threads._attend([stuck], Manager(), stop, lambda: None)
    assert "READY=1" in told
    assert "WATCHDOG=1" not in told


def test_the_status_line_names_each_pipeline():
    watch = Servers().worker().watch
    watch.ends(Gap("x"))
    watch.ahead.answers(0)
    assert threads.status([watch, watch]) == "erp_to_crm: failed, lag 0.0 s, 0 rows; erp_to_crm: failed, lag 0.0 s, 0 rows"


def test_the_log_ahead_is_sampled_on_a_connection_of_its_own():
    servers = Servers()
    servers.commit("1")
    servers.commit("2")
    given = servers.worker()
    sampler = Sampler(lambda: given.line, given.watch)
    sampler.sample()
    assert (given.watch.ahead.bytes, servers.opened) == (None, 0)
    given.watch.seen = "1"
    sampler.sample()
    sampler.sample()
    assert (given.watch.ahead.bytes, servers.opened) == (100, 1)


def test_a_sample_that_fails_makes_a_new_connection_and_shows_as_silence(monkeypatch):
    monkeypatch.setattr("cdc.app.monitor.sampler.EVERY", 0.01)
    servers = Servers()
    given = servers.worker()
    given.watch.seen = "0"
    servers.faults = {"lag": [Unreachable("gone"), Denied("not allowed"), ZeroDivisionError("canary")]}
    stop = threading.Event()
    with capture_logs() as logs:
        thread = later(lambda: Sampler(lambda: given.line, given.watch).work(stop))
        while given.watch.ahead.bytes is None:
            thread.join(0.01)
        stop.set()
        thread.join()
    assert [str(log["error"]) for log in logs] == ["gone", "not allowed", "unexpected ZeroDivisionError"]
    assert servers.opened == servers.closed == 4


@pytest.fixture
def process():
    """Starts the daemon as a process, and reads what it says."""
    started = []

    def start(how):
        command = [sys.executable, "-m", "tests.unit.app.process", how]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=Path(__file__).parents[3], **pipes))
        for said in started[-1].stdout:
            if said == "applying\n":
                return started[-1]
        raise AssertionError(started[-1].stderr.read())

    yield start
    for each in started:
        each.kill()
        each.communicate()


def test_the_batch_at_hand_is_ended_before_the_process(process):
    started = process("slow")
    started.terminate()
    out, err = started.communicate(timeout=30)
    assert (started.returncode, out.split()) == (0, ["applied", "ended"]), err


def test_a_second_signal_ends_it_at_once(process):
    started = process("hanging")
    started.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        started.wait(0.5)
    started.terminate()
    assert started.wait(30) == -signal.SIGTERM


def test_a_batch_that_does_not_end_is_left_to_its_server(process):
    started = process("draining")
    started.terminate()
    out, err = started.communicate(timeout=30)
    assert (started.returncode, out) == (1, "")
    assert "did not end within" in err


def test_a_user_signal_shows_where_each_thread_is(process):
    started = process("hanging")
    started.send_signal(signal.SIGUSR1)
    for line in started.stderr:
        if "tests/unit/app/process.py" in line and "in <lambda>" in line:
            return
    raise AssertionError("no trace")


def test_states_are_all_known_to_the_contract():
    assert [state.value for state in State] == ["starting", "snapshot", "streaming", "paused", "backoff", "failed", "stopped"]
