"""`python -m bench`: four engine pairs, native replication beside them, ratios as a table."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.daemon import Daemon
from bench.mapping import rows_per_second, seconds_to_compile
from bench.measure import latency, median, percentile, rate
from bench.native import MariaDBNative, PostgreSQLNative
from bench.workload import create, write
from demo.servers import MariaDB, PostgreSQL, Server, running

PAIRS = ("pg-pg", "pg-my", "my-pg", "my-my")
_NAMES = {"pg": "PostgreSQL", "my": "MariaDB"}


@dataclass
class Result:
    rates: list[float] = field(default_factory=list)
    native: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    native_late: list[float] = field(default_factory=list)
    memory: int = 0
    cpu: list[float] = field(default_factory=list)


class Bench:
    """Two servers of each engine, one of them the source; a database per round, so that no round sees another's rows."""

    def __init__(self, folder: Path, rows: int, samples: int) -> None:
        self.folder, self.rows, self.samples = folder, rows, samples
        # All settings are the servers' durable defaults; the subscription's worker is let start at once.
        quick = {"wal_retrieve_retry_interval": "100ms", "shared_buffers": "256MB", "max_wal_size": "4GB"}
        large = {"innodb-buffer-pool-size": "512M", "innodb-log-file-size": "512M"}
        self.sources: dict[str, Server] = {"pg": PostgreSQL(folder / "pg-source", quick), "my": MariaDB(folder / "my-source", large)}
        self.targets: dict[str, Server] = {"pg": PostgreSQL(folder / "pg-target", quick), "my": MariaDB(folder / "my-target", large)}

    def round(self, pair: str, number: int, result: Result) -> None:
        """One backlog on the source, read by the daemon and, on the target's engine, by native replication."""
        source, target = (servers[engine] for servers, engine in zip((self.sources, self.targets), pair.split("-"), strict=True))
        name = f"{pair.replace('-', '_')}_{number}"
        create(source, name)
        create(target, f"{name}_copy")
        daemon = Daemon(self.folder / name, source, name, target, f"{name}_copy")
        daemon.once()
        write(source, name, 1, self.rows, 10)
        daemon.start()
        try:
            result.rates.append(rate(target, f"{name}_copy", self.rows))
            result.cpu.append(daemon.cpu_seconds() / self.rows * 100_000)
            result.late += latency(source, name, target, f"{name}_copy", self.samples)
            result.memory = max(result.memory, daemon.peak_memory())
        finally:
            daemon.stop()
        daemon.teardown()
        self.native(pair.split("-")[1], number, pair, result)

    def native(self, engine: str, number: int, pair: str, result: Result) -> None:
        """The same backlog, same servers, same settings, through the target engine's own replication."""
        source, target = self.sources[engine], self.targets[engine]
        name = f"native_{pair.replace('-', '_')}_{number}"
        create(source, name)
        create(target, name)
        native: PostgreSQLNative | MariaDBNative
        if isinstance(source, PostgreSQL):
            assert isinstance(target, PostgreSQL)
            native = PostgreSQLNative(source, name, target, name)
        else:
            assert isinstance(source, MariaDB)
            assert isinstance(target, MariaDB)
            native = MariaDBNative(source, name, target)
        native.prepare()
        write(source, name, 1, self.rows, 10)
        native.start()
        try:
            result.native.append(rate(target, name, self.rows))
            result.native_late += latency(source, name, target, name, self.samples)
        finally:
            native.stop()


def report(console: Console, results: dict[str, Result], rows: int) -> None:
    table = Table(title=f"{rows:,} rows in transactions of ten single-row inserts; ratios are to native replication into the same server")
    heads = ("pair", "rows/s", "native rows/s", "ratio min/med/max", "idle p50 ms", "p99 ms", "native p50 ms", "peak MB", "CPU s/100k")
    for column in heads:
        table.add_column(column, justify="left" if column == "pair" else "right")
    for pair, result in results.items():
        ratios = sorted(ours / native for ours, native in zip(result.rates, result.native, strict=True))
        late, native_late = sorted(result.late), sorted(result.native_late)
        table.add_row(
            " → ".join(_NAMES[engine] for engine in pair.split("-")),
            f"{median(result.rates):,.0f}",
            f"{median(result.native):,.0f}",
            f"{ratios[0]:.2f} / {median(ratios):.2f} / {ratios[-1]:.2f}",
            f"{percentile(late, 0.5):.2f}",
            f"{percentile(late, 0.99):.2f}",
            f"{percentile(native_late, 0.5):.2f}",
            f"{result.memory / 1e6:.0f}",
            f"{median(result.cpu):.1f}",
        )
    console.print(table)


def report_mapping(console: Console, rows: int) -> None:
    console.print(f"the mapping alone, eight expression columns: {rows_per_second(rows):,.0f} rows/s")
    console.print(f"from text to functions, 100 mappings of 40 columns: {seconds_to_compile(100, 40):.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=100, help="single rows a round, for the latency")
    parser.add_argument("pairs", nargs="*", default=PAIRS, help=f"of {', '.join(PAIRS)}")
    given = parser.parse_args()
    console, progress = Console(width=160), Console(stderr=True)
    report_mapping(console, given.rows)
    folder = Path(tempfile.mkdtemp(prefix="cdc-bench-"))
    folder.chmod(0o755)
    try:
        bench = Bench(folder, given.rows, given.samples)
        results: dict[str, Result] = {pair: Result() for pair in given.pairs}
        with running(*bench.sources.values(), *bench.targets.values()):
            for number in range(1, given.rounds + 1):
                for pair in given.pairs:
                    progress.print(f"round {number} of {given.rounds}: {pair}")
                    bench.round(pair, number, results[pair])
        report(console, results, given.rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
