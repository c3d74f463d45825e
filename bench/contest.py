"""One case, once: a load through the daemon and, beside it, through native replication into the target's engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.cases import Case
from bench.daemon import Daemon
from bench.measure import Place, Rate, busy_latency, idle_latency, passes, rate
from bench.native import MariaDBNative, PostgreSQLNative
from bench.workload import Load, create, execute, fill, write
from demo.servers import MariaDB, PostgreSQL, Server

_SETTLED = 3.0
"""Seconds that a contestant may take to be idle after its start."""


@dataclass
class Outcome:
    ours: list[Rate] = field(default_factory=list)
    native: list[float] = field(default_factory=list)
    four: list[float] = field(default_factory=list)
    """Of MariaDB's native replication with four appliers."""
    memory: int = 0
    """The most bytes that the daemon's process ever held."""


@dataclass
class Late:
    ours: list[float] = field(default_factory=list)
    native: list[float] = field(default_factory=list)
    memory: int = 0
    """As an outcome's."""


class Contest:
    """Two servers of each engine, one of them the source; databases of their own for each time, so that none sees another's rows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0
        # All settings are the servers' durable defaults; the subscription's worker is let start at once.
        quick = {"wal_retrieve_retry_interval": "100ms", "shared_buffers": "256MB", "max_wal_size": "4GB"}
        large = {"innodb-buffer-pool-size": "512M", "innodb-log-file-size": "512M"}
        self.sources: dict[str, Server] = {"pg": PostgreSQL(folder / "pg-source", quick), "my": MariaDB(folder / "my-source", large)}
        self.targets: dict[str, Server] = {"pg": PostgreSQL(folder / "pg-target", quick), "my": MariaDB(folder / "my-target", large)}

    def hold(self, case: Case, rows: int, outcome: Outcome, *, alone: bool = False) -> None:
        """Add what a case comes to; `alone`: without native replication."""
        load = case.load(rows)
        with self.ours(case, load) as (source, name, daemon, place):
            outcome.ours.append(self._timed(source, name, load, daemon, place))
            outcome.memory = max(outcome.memory, daemon.peak_memory())
        if not alone:
            outcome.native.append(self._native_rate(case, load))
        if case.aim_of_four and not alone:
            outcome.four.append(self._native_rate(case, load, appliers=4))

    def late(self, case: Case, rows: int, late: Late, samples: int) -> None:
        """Measure latency, idle when `rows` is 0, else while so many rows a second are written."""
        with self.ours(case, case.load(0)) as (source, name, daemon, place):
            daemon.start()
            time.sleep(_SETTLED)
            late.ours += _late(source, name, place, rows, samples)
            late.memory = max(late.memory, daemon.peak_memory())
        with self.native(case, case.load(0)) as (source, name, native, place):
            native.start()
            time.sleep(_SETTLED)
            late.native += _late(source, name, place, rows, samples)

    def _timed(self, source: Server, name: str, load: Load, daemon: Daemon, place: Place) -> Rate:
        if load.shape == "one":
            daemon.start()
            time.sleep(_SETTLED)
            used = daemon.cpu_seconds()
            write(source, name, load)
            taken = passes(place, load, time.perf_counter())
            return Rate(load.rows / taken, (daemon.cpu_seconds() - used) / load.rows * 100_000)
        write(source, name, load)
        daemon.start()
        return rate(place, load, daemon.cpu_seconds)

    def _native_rate(self, case: Case, load: Load, appliers: int = 0) -> float:
        with self.native(case, load, appliers) as (source, name, native, place):
            if load.shape == "one":
                native.start()
                time.sleep(_SETTLED)
                write(source, name, load)
                return load.rows / passes(place, load, time.perf_counter())
            write(source, name, load)
            native.start()
            return rate(place, load, lambda: 0.0).rows

    @contextmanager
    def ours(self, case: Case, load: Load) -> Iterator[tuple[Server, str, Daemon, Place]]:
        """Set up, load what is there, and end at the log's head: what is written from here on is for the stream."""
        source, target = self.between(case.pair)
        name = self.named("ours")
        copy = f"{name}_copy"
        create(source, name)
        fill(source, name, 1, load.prefilled)
        if case.mapping.tables:
            target.create(copy)
            execute(target, copy, *case.mapping.statements(target))
        else:
            create(target, copy)
        daemon = Daemon(self.folder / name, source, name, target, copy, case.mapping.text)
        daemon.setup()
        daemon.once()
        try:
            yield source, name, daemon, Place(target, copy, case.mapping.target, case.mapping.probe)
        finally:
            daemon.stop()
            daemon.teardown()

    @contextmanager
    def native(self, case: Case, load: Load, appliers: int = 0) -> Iterator[tuple[Server, str, PostgreSQLNative | MariaDBNative, Place]]:
        """The target engine's own replication of the same table, by the same settings; the rows that are there before are there on both sides."""
        engine = case.pair.split("-")[1]
        source, target = self.sources[engine], self.targets[engine]
        name = self.named("native")
        for server in (source, target):
            create(server, name)
            fill(server, name, 1, load.prefilled)
        native: PostgreSQLNative | MariaDBNative
        if isinstance(source, PostgreSQL):
            assert isinstance(target, PostgreSQL)
            native = PostgreSQLNative(source, name, target, name)
        else:
            assert isinstance(source, MariaDB)
            assert isinstance(target, MariaDB)
            native = MariaDBNative(source, name, target, appliers)
        native.prepare()
        try:
            yield source, name, native, Place(target, name)
        finally:
            native.stop()

    def between(self, pair: str) -> tuple[Server, Server]:
        """Return a pair's source and target."""
        source, target = pair.split("-")
        return self.sources[source], self.targets[target]

    def named(self, kind: str) -> str:
        """Return a name for databases that none had before."""
        self.number += 1
        return f"{kind}_{self.number}"


def _late(source: Server, name: str, place: Place, rows: int, samples: int) -> list[float]:
    return busy_latency(source, name, place, rows, samples / 50) if rows else idle_latency(source, name, place, samples)
