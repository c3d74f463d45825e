"""The daemon under test: its service file and mapping, its process, its peak memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from demo.servers import PASSWORD, Server, free_port


class Daemon:
    """One pipeline, run as an operator would run it."""

    def __init__(self, folder: Path, source: Server, source_database: str, target: Server, target_database: str, *mappings: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "mappings").mkdir()
        for number, text in enumerate(mappings):
            (folder / "mappings" / f"{number}.yaml").write_text(text)
        self.config = folder / "cdc.yaml"
        self.config.write_text(
            f"version: 1\ndatabases:\n"
            f'  source: {{url: "{source.url(source_database)}", password: "{PASSWORD}"}}\n'
            f'  target: {{url: "{target.url(target_database)}", password: "{PASSWORD}"}}\n'
            f"pipelines:\n  bench: {{source: source, target: target, mappings: mappings}}\n"
            f'metrics: {{listen: "127.0.0.1:{free_port()}"}}\n'
        )
        self.config.chmod(0o600)
        self.process: subprocess.Popen[bytes] | None = None

    def setup(self) -> None:
        subprocess.run(self._command("setup"), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def once(self) -> None:
        """Load, and end at the log's head: from here on the log is the backlog."""
        subprocess.run(self._command("run", "--once"), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def begin_once(self) -> subprocess.Popen[bytes]:
        """The same, for the caller to wait for."""
        return subprocess.Popen(self._command("run", "--once"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command("run"), stdout=log, stderr=log)

    def peak_memory(self) -> int:
        """Return the process's peak resident memory in bytes."""
        assert self.process is not None
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found.group(1)) * 1024

    def cpu_seconds(self) -> float:
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def teardown(self) -> None:
        subprocess.run(self._command("teardown", "--yes"), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "cdc", "-c", str(self.config), *words]
