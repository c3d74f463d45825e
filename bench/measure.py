"""The measurements: how fast a backlog arrives, how late a single row is."""

from __future__ import annotations

import statistics
import time
from typing import Any

from bench.workload import TABLE, arrived, values
from demo.servers import Server

_PATIENCE = 300.0
_POLL = 0.02


def rate(server: Server, database: str, rows: int) -> float:
    """Wait until all `rows` are there; return rows per second from the first sight of any to the last.

    Both contestants are timed this way, so neither's start-up counts.
    """
    deadline = time.monotonic() + _PATIENCE
    seen = 0
    while not seen:
        _check(deadline, seen, rows)
        seen = arrived(server, database)
        time.sleep(_POLL)
    started, first = time.perf_counter(), seen
    while seen < rows:
        _check(deadline, seen, rows)
        time.sleep(_POLL)
        seen = arrived(server, database)
    return (rows - first) / (time.perf_counter() - started)


def _check(deadline: float, seen: int, rows: int) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(f"{seen} of {rows} rows after {_PATIENCE:.0f} s")


def latency(source: Server, source_database: str, target: Server, target_database: str, samples: int) -> list[float]:
    """Insert single rows on an idle system; return the milliseconds from the commit's return to visible on the target, sorted."""
    writer: Any = source.connect(source_database)
    reader: Any = target.connect(target_database)
    write, read = writer.cursor(), reader.cursor()
    taken = []
    for key in range(9_000_000, 9_000_000 + samples):
        write.execute(f"insert into {TABLE} values {values(key)}")
        began = time.perf_counter()
        while not _visible(read, key):
            if time.perf_counter() - began > 10:
                raise TimeoutError(f"row {key} did not arrive in 10 s")
            time.sleep(0.0002)
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(0.02)
    writer.close()
    reader.close()
    return sorted(taken)


def _visible(cursor: Any, key: int) -> bool:
    cursor.execute(f"select 1 from {TABLE} where id = {key}")
    return cursor.fetchone() is not None


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(numbers: list[float]) -> float:
    return statistics.median(numbers)
