import os
import socket
from pathlib import Path

import pytest

from cdc.app.daemon.notify import ServiceManager


@pytest.fixture
def manager(folder):
    """A fake service manager: its socket."""
    path = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.settimeout(5)
        yield path, listening
    Path(path).unlink()


def test_lines_arrive_as_one_datagram(manager):
    path, listening = manager
    ServiceManager({"NOTIFY_SOCKET": path}).tell("READY=1", "STATUS=streaming")
    assert listening.recv(1000) == b"READY=1\nSTATUS=streaming"


def test_an_abstract_socket_is_meant_by_an_at_sign():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"cdc-test-{os.getpid()}"
        listening.bind("\0" + name)
        listening.settimeout(5)
        ServiceManager({"NOTIFY_SOCKET": "@" + name}).tell("READY=1")
        assert listening.recv(1000) == b"READY=1"


def test_without_a_manager_nothing_is_sent_and_none_is_asked_for():
    silent = ServiceManager({})
    silent.tell("READY=1")
    assert silent.watchdog is None


def test_a_manager_that_is_gone_is_no_error(folder):
    ServiceManager({"NOTIFY_SOCKET": str(folder / "gone")}).tell("READY=1")


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
    ],
)
def test_the_watchdog_is_fed_at_half_time(environment, seconds):
    assert ServiceManager(environment).watchdog == seconds
