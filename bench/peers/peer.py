"""What a peer is to the race: it copies one table from one database into another, by a process that is started and stopped."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench.peers.process import Process, Watched, ran
from bench.workload import TABLE
from demo.servers import Server

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Way:
    """From where to where, by the servers' databases."""

    source: Server
    source_database: str
    target: Server
    target_database: str


class Peer(ABC):
    name: ClassVar[str]
    pairs: ClassVar[tuple[str, ...]]
    table: ClassVar[str] = TABLE
    """The table of the target that it writes."""

    def __init__(self, folder: Path, way: Way) -> None:
        folder.mkdir(parents=True)
        self.folder, self.way = folder, way
        self.process: Process | None = None

    @classmethod
    def home(cls) -> Path:
        return ROOT / ".venv/peers" / cls.name

    @classmethod
    def install(cls) -> None:
        ran([str(ROOT / ".ci/peers"), cls.name])

    @abstractmethod
    def prepare(self) -> None:
        """Make the target's database and what the peer needs on either side; the source's table is there, and empty."""

    @abstractmethod
    def begin(self) -> Process:
        """Start its process, at the log's head when this is the first time, else where it was stopped."""

    @abstractmethod
    def stop(self) -> None:
        """Stop its process, which remembers where it is."""

    def teardown(self) -> None:
        """Stop, and leave nothing on the servers that holds their logs back."""
        self.stop()

    def start(self) -> Process:
        self.process = self.begin()
        return self.process

    def place(self) -> Watched:
        """Return where its rows arrive while its process lives."""
        assert self.process is not None
        return Watched(self.way.target, self.way.target_database, self.table, look=self.process.look)


def unprivileged() -> str | None:
    """Return the user for programs that refuse to run as root."""
    return "nobody" if os.geteuid() == 0 else None
