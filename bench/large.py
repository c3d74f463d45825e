"""`python -m bench.large [--rows N] [pairs]`: one transaction of N rows through a running daemon; how long it takes, and its peak memory."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.daemon import Daemon
from bench.native import MariaDBNative, PostgreSQLNative
from bench.workload import TABLE, arrived, create, execute
from demo.servers import MariaDB, PostgreSQL, Server, running

_PATIENCE = 3600.0
_POLL = 0.05
_PG = (
    "select g, 'SO-' || lpad(g::text, 8, '0'), g % 997, 'confirmed', g % 50, g % 1000 + 0.25, g % 100000 + 0.75, g % 2 = 1,"
    " 'Deliver to the back door, order ' || g, ('6f1c2f3e-0000-4000-8000-' || lpad(g::text, 12, '0'))::uuid,"
    " timestamp '2026-03-04 05:06:07', date '2026-04-05' from generate_series(1, {rows}) g"
)
_MY = (
    "select seq, concat('SO-', lpad(seq, 8, '0')), seq % 997, 'confirmed', seq % 50, seq % 1000 + 0.25, seq % 100000 + 0.75, seq % 2,"
    " concat('Deliver to the back door, order ', seq), concat('6f1c2f3e-0000-4000-8000-', lpad(seq, 12, '0')),"
    " '2026-03-04 05:06:07', '2026-04-05' from seq_1_to_{rows}"
)


def write(server: Server, database: str, rows: int) -> None:
    """Commit all rows in one transaction."""
    text = _PG if isinstance(server, PostgreSQL) else _MY
    execute(server, database, f"insert into {TABLE} {text.format(rows=rows)}", "commit")


def passes(source: Server, name: str, target: Server, copy: str, rows: int) -> float:
    """Return the seconds from the source's commit until the rows are visible. Raises when some are visible before all are."""
    write(source, name, rows)
    began = time.perf_counter()
    while not (seen := arrived(target, copy)):
        if time.perf_counter() - began > _PATIENCE:
            raise TimeoutError(f"nothing arrived in {_PATIENCE:.0f} s")
        time.sleep(_POLL)
    if seen != rows:
        raise AssertionError(f"{seen} of {rows} rows are visible")
    return time.perf_counter() - began


def ours(folder: Path, source: Server, target: Server, name: str, rows: int) -> tuple[float, int, float]:
    """Return seconds, peak memory and CPU seconds of the daemon."""
    create(source, name)
    create(target, f"{name}_copy")
    daemon = Daemon(folder / name, source, name, target, f"{name}_copy")
    daemon.once()
    daemon.start()
    time.sleep(3)
    try:
        return passes(source, name, target, f"{name}_copy", rows), daemon.peak_memory(), daemon.cpu_seconds()
    finally:
        daemon.stop()
        daemon.teardown()


def native(source: Server, target: Server, name: str, rows: int) -> float | None:
    """The same through the engine's own replication; None where the engines differ."""
    made: Any = None
    create(source, name)
    create(target, name)
    if isinstance(source, PostgreSQL) and isinstance(target, PostgreSQL):
        made = PostgreSQLNative(source, name, target, name)
    elif isinstance(source, MariaDB) and isinstance(target, MariaDB):
        made = MariaDBNative(source, name, target)
    if made is None:
        return None
    made.prepare()
    made.start()
    time.sleep(3)
    try:
        return passes(source, name, target, name, rows)
    finally:
        made.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--alone", action="store_true", help="without native replication beside it")
    parser.add_argument("pairs", nargs="*", default=("pg-pg", "pg-my", "my-pg", "my-my"))
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cdc-large-"))
    folder.chmod(0o755)
    table = Table(title=f"one transaction of {given.rows:,} rows")
    for column in ("pair", "seconds", "rows/s", "native rows/s", "ratio", "peak MB", "CPU s/100k"):
        table.add_column(column, justify="left" if column == "pair" else "right")
    quick = {"wal_retrieve_retry_interval": "100ms", "shared_buffers": "256MB", "max_wal_size": "4GB"}
    large = {"innodb-buffer-pool-size": "512M", "innodb-log-file-size": "512M"}
    try:
        for pair in given.pairs:
            engines = [(PostgreSQL, quick) if part == "pg" else (MariaDB, large) for part in pair.split("-")]
            source, target = (kind(folder / f"{pair}-{side}", settings) for (kind, settings), side in zip(engines, "st", strict=True))
            with running(source, target):
                name = f"large_{pair.replace('-', '_')}"
                seconds, memory, cpu = ours(folder, source, target, name, given.rows)
                other = None if given.alone else native(source, target, f"{name}_native", given.rows)
            table.add_row(
                pair, f"{seconds:.1f}", f"{given.rows / seconds:,.0f}", f"{given.rows / other:,.0f}" if other else "",
                f"{other / seconds:.2f}" if other else "", f"{memory / 1e6:.0f}", f"{cpu / given.rows * 1e5:.1f}",
            )  # fmt: skip
            shutil.rmtree(folder / f"{pair}-s", ignore_errors=True)
            shutil.rmtree(folder / f"{pair}-t", ignore_errors=True)
        Console(width=120).print(table)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
