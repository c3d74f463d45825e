"""A service file over fresh databases on private servers, and the real process that runs it: what end-to-end tests are made of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

from prometheus_client.parser import text_string_to_metric_families

from demo.servers import PASSWORD, PostgreSQL, Server, free_port
from tests import warm

_PROGRAM = """
from cdc.app.cli import main
from cdc.pipeline.batch import Limits
Limits.__init__.__defaults__ = (Limits().rows, {idle}, *Limits.__init__.__defaults__[2:])
main()
"""
"""The program with another time between checkpoints that move the position alone: it is no setting, and a minute is too long for a test."""


class Service:
    """Databases by name, each on a server, and pipelines between them: name → (source, target, mappings).

    Mappings are one file's text, or the texts of a folder's files by name; None is a pipeline that names no folder. A pipeline's own name is
    made unique, since slots are known to a whole server.
    """

    suffix = ""
    """Of the databases' names."""
    patience = 120.0
    """Seconds at most that a command may take."""

    def __init__(
        self,
        folder: Path,
        servers: Mapping[str, Server],
        pipelines: Mapping[str, tuple[str, str, str | Mapping[str, str] | None]],
        idle: float = 60.0,
        options: str = "heartbeat: off",
    ) -> None:
        self.folder, self.servers, self.port = folder, servers, free_port()
        self.names = {name: f"{name}_{uuid4().hex[:8]}" for name in (*servers, *pipelines)}
        self._program = _PROGRAM.format(idle=idle)
        self.names |= {name: self.names[name] + self.suffix for name in servers}
        urls = {name: server.create(self.names[name]) for name, server in servers.items()}
        self.connections: dict[str, Any] = {name: server.connect(self.names[name]) for name, server in servers.items()}
        self.process: warm.Process | subprocess.Popen[bytes] | None = None
        lines = ["version: 1", "databases:"]
        lines += [f'  {name}: {{url: "{url}", password: "{PASSWORD}"}}' for name, url in urls.items()]
        lines.append("pipelines:")
        for name, (source, target, mapping) in pipelines.items():
            (folder / name).mkdir()
            for file, text in ({"mapping": mapping} if isinstance(mapping, str) else mapping or {}).items():
                (folder / name / f"{file}.yaml").write_text(text)
            mappings = f", mappings: {name}" if mapping is not None else ""
            lines.append(f"  {self.names[name]}: {{source: {source}, target: {target}{mappings}, {options}}}")
        lines.append(f'metrics: {{listen: "127.0.0.1:{self.port}"}}')
        (folder / "cdc.yaml").write_text("\n".join(lines) + "\n")
        (folder / "cdc.yaml").chmod(0o600)

    def is_postgresql(self, name: str) -> bool:
        return isinstance(self.servers[name], PostgreSQL)

    def sql(self, name: str, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements on a database; return the last one's rows."""
        cursor = self.connections[name].cursor()
        for statement in statements:
            cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", self._program, "-c", str(self.folder / "cdc.yaml"), *words]
        return warm.run(command, timeout=self.patience)

    def once(self) -> None:
        """Run until all is applied that the logs hold now."""
        done = self.command("run", "--once")
        assert done.returncode == 0, done.stderr

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-c", self._program, "-c", str(self.folder / "cdc.yaml"), "run"]
            self.process = warm.start(command, log, log, {**os.environ, **(environment or {})})

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(60) == 0, self.log()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        for connection in self.connections.values():
            connection.close()
        self.command("teardown", "--yes")

    def log(self) -> str:
        return (self.folder / "log").read_text()[-3000:]

    def metric(self, family: str, pipeline: str) -> float:
        """Return a metric of one pipeline, summed over its other labels."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as response:
            text = response.read().decode()
        samples = [sample for found in text_string_to_metric_families(text) for sample in found.samples]
        return sum(s.value for s in samples if s.name == f"cdc_{family}" and s.labels.get("pipeline") == self.names[pipeline])

    def state(self, pipeline: str) -> str:
        """Return what a pipeline is doing, by the process's own word; `starting` before it answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/status", timeout=10) as response:
                said = json.load(response)["pipelines"]
        except OSError:
            return "starting"
        return str(said[self.names[pipeline]]["state"])

    def until(self, true: Callable[[], bool], what: Callable[[], object] = lambda: "it did not come true", seconds: float = 60) -> None:
        """Wait until it is true. Fails with `what` when time is up, or as soon as the process has ended."""
        deadline = time.monotonic() + seconds
        while not true():
            assert self.process is None or self.process.poll() is None, f"the process ended with {self.process.poll()}: {self.log()}"
            assert time.monotonic() < deadline, f"{what()}\n{self.log()}"
            time.sleep(0.02)

    def marks(self) -> list[object]:
        """Return what moves with every transaction on any of the servers that writes."""
        return [self.sql(name, server.written) for name, server in self.servers.items()]

    def quiet(self, seconds: float) -> None:
        """Wait until nobody has written anything for so long."""
        marks, since = self.marks(), time.monotonic()

        def still() -> bool:
            nonlocal marks, since
            if (now := self.marks()) != marks:
                marks, since = now, time.monotonic()
            return time.monotonic() - since >= seconds

        self.until(still, lambda: "somebody goes on writing", seconds + 30)
