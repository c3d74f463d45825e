"""A pipeline under siege: a writer that never stops, a daemon that is killed at named points or at any moment, and a judge."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cdc.failpoint import VARIABLE
from demo.servers import Server
from tests.checker import MAPPINGS, Checker, Watcher, prepare
from tests.proxy import Proxy
from tests.service import Service
from tests.workload import PAUSE, SCHEMA


def through(proxy: Proxy, server: Server, options: str = "") -> Server:
    """Return the server as one sees it through the proxy."""
    seen = replace(server, port=proxy.port)
    seen.url = lambda database: type(server).url(seen, database) + options  # type: ignore[method-assign]
    seen.connect = server.connect  # type: ignore[method-assign]
    return seen


def ports(pid: int) -> set[int]:
    """Return the TCP ports that a process has on its side of its connections."""
    sockets = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            sockets.add(str(entry.readlink()).removeprefix("socket:[").removesuffix("]"))
    lines = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return {int(line[1].rpartition(":")[2], 16) for line in lines if line[9] in sockets}


class Siege:
    """One pipeline from a fresh database to a fresh one. `seen`: the servers as the daemon sees them, which may be through proxies."""

    pause = PAUSE
    """Of the writer, between two transactions."""

    def __init__(self, folder: Path, servers: tuple[Server, Server], seed: int, seen: tuple[Server, Server] | None = None) -> None:
        self.servers, self.seed = servers, seed
        self.service = Service(folder, dict(zip(("erp", "crm"), seen or servers, strict=True)), {"p": ("erp", "crm", MAPPINGS)})
        for statement in SCHEMA:
            self.service.sql("erp", statement.format(boolean="boolean" if self.service.is_postgresql("erp") else "tinyint(1)"))
        prepare(self.service.connections["crm"], self.service.is_postgresql("crm"))
        names, self.journal = self.service.names, folder / "journal"
        self.checker = Checker((servers[0], names["erp"]), (servers[1], names["crm"]), names["p"], self.journal)
        self.kept = False
        """Nothing is taken down in the end, for whoever has to find out what went wrong."""
        self.watcher = Watcher(self.checker)
        self._writer: subprocess.Popen[bytes] | None = None

    def write(self) -> None:
        """Let the writer begin."""
        source, database = self.servers[0], self.service.names["erp"]
        command = [sys.executable, "-m", "tests.workload", source.engine, str(source.port), database, str(self.journal), str(self.seed)]
        command.append(str(self.pause))
        self._writer = subprocess.Popen(command)

    def rest(self) -> None:
        """Let the writer end."""
        if self._writer is not None:
            self._writer.terminate()
            assert self._writer.wait(60) in (0, -signal.SIGTERM), "the writer failed"  # it may not have begun yet
            self._writer = None

    def load(self) -> None:
        self.service.once()

    def start(self, failpoints: str = "") -> None:
        self.service.start({VARIABLE: failpoints} if failpoints else {})

    def killed(self, seconds: float = 30) -> None:
        """Wait until a failpoint has killed the daemon."""
        assert self.service.process is not None
        assert self.service.process.wait(seconds) == -signal.SIGKILL, self.service.log()

    def settle(self, seconds: float = 60) -> None:
        """Let the writer end; wait until nothing differs any more, and judge."""
        self.rest()
        deadline = time.monotonic() + seconds
        while self.checker.differences():
            process = self.service.process
            assert process is not None
            assert process.poll() is None, f"the daemon ended with {process.poll()}: {self.service.log()}"
            assert time.monotonic() < deadline, f"{self.checker.differences()}\n{self.service.log()}"
            time.sleep(0.05)
        self.judge()

    def judge(self) -> None:
        self.checker.check()
        assert not self.watcher.problems, self.watcher.problems[:5]

    def end(self) -> None:
        """A clean stop; the judge has the last word, also on what a start without any change does."""
        sessions = self._sessions()
        self.service.stop()
        self.checker.clean_source(sessions)
        effects = self.checker.effect_count()
        self.service.once()
        assert self.checker.effect_count() == effects, "a start without any change has written"
        self.judge()

    def _sessions(self) -> set[int]:
        """Return the daemon's sessions on its source, where that is MySQL or MariaDB and no proxy stands between."""
        process = self.service.process
        assert process is not None
        if self.service.is_postgresql("erp") or process.poll() is not None:
            return set()
        return self.checker.sessions(ports(process.pid))

    def close(self) -> None:
        self.watcher.end()
        if self._writer is not None:
            self._writer.kill()
            self._writer.wait()
        if self.service.process is not None and self.service.process.poll() is None:
            self.service.kill()
        if not self.kept:
            self.service.command("teardown", "--yes", "--crosswalk")
            self.service.close()
