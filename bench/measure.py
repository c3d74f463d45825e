"""The measurements: how fast a backlog arrives, how late a row is."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from bench.workload import SIZE, TABLE, Load, execute, values
from demo.servers import Server

_PATIENCE = 600.0
_POLL = 0.02
_LOOK = 0.0003
"""Seconds between two looks for a row."""
_EARLY, _MANY = 9_000_000, 100
"""The first key of rows that are waited for, and how many of them a second at most."""


@dataclass(frozen=True)
class Place:
    """Where rows arrive: a table, and its column with the source's key."""

    server: Server
    database: str
    table: str = TABLE
    probe: str = "id"

    def has(self, cursor: Any, condition: str) -> bool:
        cursor.execute(f"select 1 from {self.table} where {condition}")
        return cursor.fetchone() is not None


@dataclass(frozen=True)
class Rate:
    rows: float
    """Row changes a second, from the first sight of any to the last."""
    cpu: float
    """CPU seconds of the contestant in that time, for 100,000 of them."""
    first: float = 0.0
    """Seconds before that first sight."""
    last: float = 0.0
    """Seconds before all was there."""
    used: float = 0.0
    """CPU seconds of the contestant by then, its start and all."""


def rate(place: Place, load: Load, cpu: Callable[[], float]) -> Rate:
    """Wait until all of a load is there. Both contestants are timed this way, so that the start of neither counts."""
    called, deadline = time.perf_counter(), time.monotonic() + _PATIENCE
    while not (first := _come(place, load, 0, deadline)):
        time.sleep(_POLL)
    began, used, seen = time.perf_counter(), cpu(), first
    while seen < load.rows:
        time.sleep(_POLL)
        seen = _come(place, load, seen, deadline)
    done, ended, by_then = load.rows - first, time.perf_counter(), cpu()
    if not done:
        raise AssertionError("all came at once: a larger load is needed")
    return Rate(done / (ended - began), (by_then - used) / done * 100_000, began - called, ended - called, by_then)


def passes(place: Place, load: Load, began: float) -> float:
    """Wait until one large transaction is there; return the seconds since `began`. Raises when some of it shows before the rest."""
    deadline = time.monotonic() + _PATIENCE
    while not (seen := _come(place, load, 0, deadline)):
        time.sleep(_POLL)
    if seen != load.rows:
        raise AssertionError(f"{seen} of {load.rows} rows show")
    return time.perf_counter() - began


def arrives(place: Place, load: Load, began: float) -> float:
    """Wait until the last row of a load is there; return the seconds since `began`."""
    deadline, seen = time.monotonic() + _PATIENCE, 0
    while (seen := _come(place, load, seen, deadline)) < load.rows:
        time.sleep(_POLL)
    return time.perf_counter() - began


def _come(place: Place, load: Load, low: int, deadline: float) -> int:
    """Return how many of a load's changes show, of which `low` did before. Counting them would cost the server more than this search."""
    if time.monotonic() > deadline:
        raise TimeoutError(f"{low} of {load.rows} changes after {_PATIENCE:.0f} s")
    low, high = low // SIZE, load.rows // SIZE
    with closing(place.server.connect(place.database)) as connection:
        cursor: Any = connection.cursor()
        if place.has(cursor, load.seen(load.rows, place.probe)):
            return load.rows
        while high - low > 1:
            middle = (low + high) // 2
            if place.has(cursor, load.seen(middle * SIZE, place.probe)):
                low = middle
            else:
                high = middle
    return low * SIZE


def idle_latency(source: Server, database: str, place: Place, samples: int) -> list[float]:
    """Insert single rows on an idle system; return the milliseconds from the commit's return to visible on the target."""
    taken = []
    with closing(source.connect(database)) as writer, closing(place.server.connect(place.database)) as reader:
        write, read = writer.cursor(), reader.cursor()
        for key in range(_EARLY, _EARLY + samples):
            write.execute(f"insert into {TABLE} values {values(key)}")
            began = time.perf_counter()
            _wait(place, read, key)
            taken.append((time.perf_counter() - began) * 1000)
            time.sleep(0.02)
    return taken


def busy_latency(source: Server, database: str, place: Place, rows: int, seconds: float) -> list[float]:
    """Commit `rows` rows a second, each by itself up to 500, then in transactions of ten; return the same milliseconds of some of them."""
    size = 1 if rows <= 500 else SIZE
    count, every = int(rows / size * seconds), max(1, rows // size // _MANY)
    first, context = _EARLY + 100_000, multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        committed = pool.apply_async(_commit, (replace(source, process=None), database, first, size, count, size / rows))
        shown = []
        with closing(place.server.connect(place.database)) as reader:
            read = reader.cursor()
            for number in range(0, count, every):
                _wait(place, read, first + (number + 1) * size - 1)
                shown.append(time.monotonic())
        return [(seen - then) * 1000 for seen, then in zip(shown, committed.get()[::every], strict=True)]


def _commit(source: Server, database: str, first: int, size: int, count: int, pause: float) -> Sequence[float]:
    """Commit transactions at a steady pace; return when each was committed."""
    times, began = [], time.monotonic()
    with closing(source.connect(database)) as writer:
        cursor: Any = writer.cursor()
        for number in range(count):
            time.sleep(max(0.0, began + number * pause - time.monotonic()))
            keys = range(first + number * size, first + (number + 1) * size)
            cursor.execute(f"insert into {TABLE} values {', '.join(map(values, keys))}")
            times.append(time.monotonic())
    return times


def _wait(place: Place, cursor: Any, key: int) -> None:
    deadline = time.monotonic() + 30
    while not place.has(cursor, f"{place.probe} = {key}"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"row {key} did not arrive in 30 s")
        time.sleep(_LOOK)


def percentile(numbers: Sequence[float], share: float) -> float:
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def spread(numbers: Sequence[float]) -> tuple[float, float, float]:
    """Return least, median and most."""
    return min(numbers), statistics.median(numbers), max(numbers)


def clear(source: Server, database: str) -> None:
    """Remove what the latency was measured with."""
    execute(source, database, f"delete from {TABLE} where id >= {_EARLY}", "commit")
