"""The program in a process that has its modules already: importing them costs more than most of what a test lets it do.

A parent has imported everything and forks at each request; the fork becomes `python -m cdc …` or `python -c PROGRAM …`. What is read from
the environment while Python or a module starts can't be had so: such a process is started anew.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from cdc import failpoint

ROOT = Path(__file__).parents[1]
_EARLY = ("PYTHON", "LC_", "LANG", "LD_")
"""How variables begin that are read before the program's first line."""
_LATE = {"PYTHONPATH", "PYTHONUNBUFFERED"}
"""Of these, the ones that a fork can obey."""
_NUMBER = 4
"""Bytes of what the parent reports: the fork's id, and later how it ended."""


class Process:
    """As much of `subprocess.Popen` as tests use."""

    def __init__(self, report: socket.socket) -> None:
        self._report = report
        started = report.recv(_NUMBER)
        if not started:
            report.close()
            raise RuntimeError("the parent of warm processes has ended; its stderr says why")
        self.pid = int.from_bytes(started, "little")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._report.settimeout(timeout)
            try:
                self.returncode = int.from_bytes(self._report.recv(_NUMBER), "little", signed=True)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("cdc", timeout or 0) from None
            self._report.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    command: Sequence[str], stdout: Any, stderr: Any, env: Mapping[str, str] | None = None, cwd: Path | None = None, stdin: Any = None
) -> Process | subprocess.Popen[bytes]:
    """Start `[sys.executable, "-m", "cdc", …]` or `[sys.executable, "-c", …]`; the streams are open files."""
    environment = dict(os.environ if env is None else env)
    if _early(environment) != _early(os.environ):
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, env=environment, cwd=cwd)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, Path(os.devnull).open("rb") as nothing:
        job = {"command": command[1:], "environment": environment, "folder": str(cwd or Path.cwd())}
        files = [(stdin or nothing).fileno(), stdout.fileno(), stderr.fileno(), theirs.fileno()]
        socket.send_fds(_parent(), [json.dumps(job).encode()], files)
    return Process(ours)


def run(
    command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None, given: str | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, and return what it said."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write((given or "").encode())
        stdin.seek(0)
        process = start(command, stdout, stderr, env, cwd, stdin)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(command, code, stdout.read().decode(), stderr.read().decode())


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: given for name, given in environment.items() if name.startswith(_EARLY) and name not in _LATE}


@functools.cache
def _parent() -> socket.socket:
    """Start the parent, which ends when its socket closes: with this process, whatever becomes of it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "tests.warm", str(theirs.fileno())]
    with theirs:
        parent = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT, env={**os.environ, "PYTHONPATH": path})

    def end() -> None:
        ours.close()
        parent.wait()

    atexit.register(end)
    return ours


def _serve(requests: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork at each request, and report how each fork ended. Returns in the forks, with what to become; never in the parent."""
    reports: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as waiting:
        waiting.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is not requests:
                    pid, report = reports.pop(key.fd)
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    _send(report, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    report.close()
                    continue
                text, files, _, _ = socket.recv_fds(requests, 1 << 20, 4)
                if not text:
                    os._exit(0)
                if not (pid := os.fork()):
                    for number in (*reports, *(each.detach() for _, each in reports.values()), requests.detach(), files.pop()):
                        os.close(number)
                    return json.loads(text), files
                for number in files[:3]:
                    os.close(number)
                report = socket.socket(fileno=files[3])
                _send(report, pid)
                reports[ended := os.pidfd_open(pid)] = (pid, report)
                waiting.register(ended, selectors.EVENT_READ)


def _send(report: socket.socket, number: int) -> None:
    with suppress(OSError):  # nobody asks any more
        report.send(number.to_bytes(_NUMBER, "little", signed=True))


def _become(job: dict[str, Any], files: list[int]) -> str:
    """Take on streams, environment and folder; return the program's text."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    time.tzset()
    sys.stdout.reconfigure(write_through=bool(os.environ.get("PYTHONUNBUFFERED")))  # type: ignore[union-attr]
    sys.path[:1] = ["", *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    how, what, *arguments = job["command"]
    assert how == "-c" or (how, what) == ("-m", "cdc")
    sys.argv = [how, *arguments]
    _arm()
    return what if how == "-c" else "from cdc.app.cli import main\nmain()"


def _arm() -> None:
    """Failpoints are armed when the program is imported."""
    unarmed, reach = failpoint.reach, failpoint.armed(os.environ)
    for module in list(sys.modules.values()):
        if getattr(module, "reach", None) is unarmed:
            module.reach = reach  # type: ignore[attr-defined]


if __name__ == "__main__":
    import rich.console
    import rich.table  # noqa: F401

    import cdc

    for each in pkgutil.walk_packages(cdc.__path__, "cdc."):
        if each.name != "cdc.__main__":
            import_module(each.name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, which means the tests
    gc.freeze()
    exec(compile(_become(*_serve(socket.socket(fileno=int(sys.argv[1])))), "<string>", "exec"), {"__name__": "__main__"})
