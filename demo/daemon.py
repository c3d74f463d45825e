"""The real daemon, as a process of its own, the way that a service manager would run it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from demo.interrupt import undisturbed

_ROOT = Path(__file__).parents[1]


class DaemonFailedError(Exception):
    """The daemon ended by itself, stood still, or a command of it failed; the text has the end of what it said."""


@dataclass
class Daemon:
    """`cdc run` for one service file. What it says goes to `log`."""

    config: Path
    log: Path
    port: int
    """Where it shows metrics."""
    process: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> tuple[str, str]:
        """Run one `cdc` command to its end and return its output and its messages."""
        ended = subprocess.run(self._line(*words), check=False, capture_output=True, text=True, cwd=_ROOT, timeout=120)
        if ended.returncode != 0:
            raise DaemonFailedError(f"`cdc {' '.join(words)}` ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        return ended.stdout, ended.stderr

    def start(self) -> None:
        with self.log.open("ab") as log, undisturbed():
            self.process = subprocess.Popen(
                self._line("run"), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=_ROOT, start_new_session=True
            )

    def kill(self) -> None:
        """SIGKILL: it can't do anything about it."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM; return the exit code."""
        assert self.process
        self.check()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def check(self) -> None:
        """Raise when it has ended by itself, or a pipeline in it has."""
        code = self.process.poll() if self.process else None
        if code is not None:
            raise DaemonFailedError(f"the daemon ended by itself, exit code {code}; its last words:\n{self.last_words()}")
        if failed := self.pipelines("failed"):
            raise DaemonFailedError(f"{' and '.join(sorted(failed))} failed; the daemon's last words:\n{self.last_words()}")

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:]) if self.log.exists() else ""

    def metrics(self) -> dict[str, float]:
        """Return all samples that it shows to Prometheus: name with labels → value. None while it does not listen yet."""
        with suppress(URLError), urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
            return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line and not line.startswith("#"))}
        return {}

    def pipelines(self, state: str) -> set[str]:
        """Return the pipelines that are in a state."""
        return {
            found[1]
            for name, value in self.metrics().items()
            if value and (found := re.fullmatch(rf'cdc_pipeline_state{{pipeline="(\w+)",state="{state}"}}', name))
        }

    def wait_for_streaming(self, pipelines: int, timeout: float) -> float:
        """Wait until the initial load is over in so many pipelines; return the seconds that it took."""
        begun = time.monotonic()
        while len(self.pipelines("streaming")) < pipelines:
            self.check()
            if time.monotonic() - begun > timeout:
                raise TimeoutError(f"the initial load did not end within {timeout:.0f} seconds")
            time.sleep(0.1)
        return time.monotonic() - begun

    def _line(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "cdc", "-c", str(self.config), *words]
