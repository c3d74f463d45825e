"""Named points at which a test lets the process die, fail, wait or lose its connections. Nothing at all unless CDC_FAILPOINTS names one."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from cdc.model.errors import Misconfigured
from cdc.model.value import value

VARIABLE = "CDC_FAILPOINTS"
"""`name:nth:action`, several joined by `,`: the nth time that the point is reached, `kill`, `raise:CODE`, `sleep:SECONDS` or `drop`."""

POINTS = (
    "source.read", "source.decoded", "plan.bound",
    "apply.begin", "apply.statement", "apply.part", "apply.pre_commit", "apply.post_commit", "confirm.post",
    "load.snapshot", "load.chunk", "load.done", "setup.slot_created", "crosswalk.recorded", "parked.pre", "parked.post",
    "resync.begun", "resync.compared", "resync.chunk", "resync.done", "shutdown.drain",
)  # fmt: skip
_SERVICE = ("NOTIFY_SOCKET", "INVOCATION_ID")
"""What a service manager sets."""
_SQLSTATE = 5
"""Characters of one; MySQL's error numbers have four digits."""


@value
class Armed:
    """What happens at the nth time that a point is reached."""

    name: str
    nth: int
    act: Callable[[], None]


def armed(environment: Mapping[str, str]) -> Callable[[str], None]:
    """Return the function to call at each point. Raises `Misconfigured` for what it does not understand, and in a service."""
    text = environment.get(VARIABLE, "")
    if not text:
        return _nothing
    if any(name in environment for name in _SERVICE):
        raise Misconfigured(
            f"{VARIABLE} is set: it is for tests, and this process is a service", f"Remove {VARIABLE} from its environment."
        )
    given = [_one(part) for part in text.split(",")]
    counts: Counter[str] = Counter()
    lock = threading.Lock()

    def reach(name: str) -> None:
        with lock:
            counts[name] += 1
            due = [one.act for one in given if (one.name, one.nth) == (name, counts[name])]
        for act in due:
            print(f"failpoint {name}", file=sys.stderr, flush=True)
            act()

    return reach


def _nothing(_: str) -> None:
    """Go on."""


def _one(text: str) -> Armed:
    name, _, rest = text.partition(":")
    nth, _, action = rest.partition(":")
    act = _action(*action.split(":"))
    if name not in POINTS or not nth.isdigit() or act is None:
        raise Misconfigured(
            f"{VARIABLE}: {text!r} is none of ours", f"Write name:nth:kill, raise:CODE, sleep:SECONDS or drop; names: {', '.join(POINTS)}."
        )
    return Armed(name, int(nth), act)


def _action(kind: str, argument: str = "") -> Callable[[], None] | None:
    match kind:
        case "kill":
            return lambda: os.kill(os.getpid(), signal.SIGKILL)
        case "drop":
            return _drop
        case "sleep" if argument.replace(".", "", 1).isdigit():
            return lambda: time.sleep(float(argument))
        case "raise" if len(argument) == _SQLSTATE:
            return lambda: _raise_sqlstate(argument)
        case "raise" if argument.isdigit():
            return lambda: _raise_number(int(argument))
    return None


def _raise_sqlstate(state: str) -> None:
    import psycopg

    raise psycopg.errors.lookup(state)(f"raised by a failpoint (SQLSTATE {state})")


def _raise_number(number: int) -> None:
    import pymysql

    raise pymysql.err.OperationalError(number, "raised by a failpoint")


def _drop() -> None:
    """Cut every connection of this process, as a lost network does: the drivers notice when they next use theirs."""
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile, or a socket that is not connected
            if str(entry.readlink()).startswith("socket:"):
                with socket.socket(fileno=os.dup(int(entry.name))) as one:
                    one.shutdown(socket.SHUT_RDWR)


reach: Callable[[str], None] = armed(os.environ)
"""Say that a point is reached. Decided once, when this module is imported."""
