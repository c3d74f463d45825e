"""A peer's process with all that it starts: what they hold and use, whether they live, and why not."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Place

_STOP = 60.0
_TICKS = 100


class PeerError(Exception):
    """A peer that can't be measured; the text says why."""


@dataclass(frozen=True)
class Watched(Place):
    """A place that a process writes: waiting for rows ends when the process does."""

    look: Callable[[], None] = lambda: None
    """Raises when there is nothing to wait for."""

    def has(self, cursor: Any, condition: str) -> bool:
        self.look()
        return super().has(cursor, condition)


class Process:
    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, user: str | None = None) -> None:
        self.log = log
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=log.parent, env=environment, user=user, start_new_session=True
            )  # fmt: skip

    def look(self) -> None:
        """Raise when it has ended."""
        if self.popen.poll() is not None:
            raise PeerError(f"ended with {self.popen.returncode}: {reason(self.log.read_text(errors='replace'))}")

    def peak_memory(self) -> int:
        """Return the sum of the processes' peak resident memory in bytes."""
        return sum(_peak(pid) for pid in _family(self.popen.pid))

    def cpu_seconds(self) -> float:
        """Return what the processes have used, those included that have ended."""
        return sum(_used(pid) for pid in _family(self.popen.pid))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end; what doesn't, and what it leaves behind, is killed."""
        if self.popen.poll() is None:
            self.popen.send_signal(how)
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(_STOP)
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


def reason(text: str) -> str:
    """Return the line of a program's output that most likely says why it failed: the last that names an error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"error|exception|missing|failed|cannot", line, re.IGNORECASE)]
    return (telling or lines or ["it printed nothing"])[-1][:400]


def ran(
    command: Sequence[str], *, folder: Path | None = None, environment: Mapping[str, str] | None = None, user: str | None = None
) -> str:
    """Run a program to its end; return what it printed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          cwd=folder, env=environment, user=user, check=False)  # fmt: skip
    if done.returncode:
        raise PeerError(f"{Path(command[0]).name} ended with {done.returncode}: {reason(done.stdout)}")
    return done.stdout


def _family(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, _read(children).split())
    return found


def _peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", _read(Path(f"/proc/{pid}/status")))
    return int(found.group(1)) * 1024 if found else 0


def _used(pid: int) -> float:
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _read(file: Path) -> str:
    """Return what /proc says, nothing of a process that has just ended."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
