"""`python -m bench.linear`: what a row costs the daemon as tables, transactions, columns and values grow: CPU time and peak memory, PostgreSQL → PostgreSQL."""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.contest import Contest
from bench.daemon import Daemon
from bench.workload import SIZE, execute
from demo.servers import Server, running

_STEEP = 0.35
"""The power of its size, between the two largest points, by which a unit's cost may grow: 0 is linear in all, 1 quadratic."""


@dataclass(frozen=True)
class Point:
    """Tables of one shape, and what is written to them."""

    tables: int = 1
    written: int = 0
    """How many of them rows come to; 0: to all."""
    columns: int = 10
    width: int = 10
    """Letters of each value."""
    rows: int = 50_000
    size: int = SIZE
    """Rows of a transaction."""

    def names(self) -> list[str]:
        return [f"t{number}" for number in range(self.tables)]

    def table(self, name: str) -> str:
        return f"create table {name} (id int primary key, {', '.join(f'c{n} text' for n in range(self.columns - 1))})"

    def mapping(self, name: str) -> str:
        same = ", ".join(["id", *(f"c{n}" for n in range(self.columns - 1))])
        return f"version: 1\nmapping: {name}\nsource: {name}\ntarget: {name}\nkey: [id]\nsame: [{same}]\n"

    def inserts(self) -> Iterator[str]:
        """Yield transactions; their rows go to one table after the other."""
        values = ", ".join(f"repeat(chr(97 + (g + {n}) % 26), {self.width})" for n in range(self.columns - 1))
        for number, first in enumerate(range(1, self.rows + 1, self.size)):
            name = f"t{number % (self.written or self.tables)}"
            yield f"insert into {name} select g, {values} from generate_series({first}, {min(first + self.size - 1, self.rows)}) g"


@dataclass(frozen=True)
class Series:
    name: str
    points: Sequence[tuple[int, Point]]
    unit: Callable[[Point], float]
    """By how much a row's cost may grow with the point. Each table that a batch meets has a statement to itself, however few its rows are."""


SERIES = (
    Series("mapped tables, rows to ten", [(n, Point(tables=n, written=10, rows=100_000)) for n in (10, 100, 500)], lambda _: 1),
    Series("tables that rows come to", [(n, Point(tables=n, rows=100_000)) for n in (1, 10, 100, 500)], lambda point: point.tables),
    Series("rows of a transaction", [(n, Point(size=n, rows=max(50_000, n))) for n in (10, 1_000, 100_000, 1_000_000)], lambda _: 1),
    Series("columns", [(n, Point(columns=n, rows=200_000 // n)) for n in (10, 30, 100, 300)], lambda point: point.columns),
    Series(
        "kilobytes of a value",
        [(n, Point(columns=2, width=n * 1000, rows=max(20, min(10_000, 200_000 // n)))) for n in (1, 10, 100, 1_000, 10_000)],
        lambda point: point.width,
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.linear", description=__doc__)
    parser.add_argument("--json", type=Path, help="write what was measured to this file; `python -m bench.plot` draws it")
    parser.add_argument("series", nargs="*", help="parts of their names; all by default")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cdc-linear-"))
    folder.chmod(0o755)
    contest, found = Contest(folder), dict[str, list[tuple[int, float, int]]]()
    console, progress = Console(width=120), Console(stderr=True)
    source, target = contest.sources["pg"], contest.targets["pg"]
    try:
        with running(source, target):
            for number, series in enumerate(SERIES):
                if given.series and not any(part in series.name for part in given.series):
                    continue
                progress.print(f"{series.name}: {', '.join(f'{x:,}' for x, _ in series.points)}")
                found[series.name] = [(x, *_cost(folder, f"linear_{number}_{x}", source, target, point)) for x, point in series.points]
                console.print(_table(series, found[series.name]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if given.json:
        units = {series.name: [series.unit(point) for _, point in series.points] for series in SERIES}
        made = {name: [(*one, unit) for one, unit in zip(points, units[name], strict=True)] for name, points in found.items()}
        given.json.write_text(json.dumps({"linear": made}, indent=1))


def _table(series: Series, found: Sequence[tuple[int, float, int]]) -> Table:
    table = Table(title=series.name)
    for head in (series.name, "CPU µs a row", "to the first", "peak MB", ""):
        table.add_column(head, justify="right")
    each = [cost / series.unit(point) for (_, cost, _), (_, point) in zip(found, series.points, strict=True)]
    for at, (x, cost, memory) in enumerate(found):
        power = math.log(max(each[at], 0.01) / max(each[at - 1], 0.01)) / math.log(x / found[at - 1][0]) if at else 0.0
        last = "" if at < len(found) - 1 else f"power {power:.2f}: {'STEEPER THAN LINEAR' if power > _STEEP else 'linear'}"
        table.add_row(f"{x:,}", f"{cost:.1f}", f"{cost / found[0][1]:.1f}", f"{memory / 1e6:.0f}", last)
    return table


def _cost(folder: Path, name: str, source: Server, target: Server, point: Point) -> tuple[float, int]:
    """Return CPU microseconds a row, without the start, and peak memory."""
    for server, database in ((source, name), (target, f"{name}_copy")):
        server.create(database)
        execute(server, database, *map(point.table, point.names()))
    daemon = Daemon(folder / name, source, name, target, f"{name}_copy", *map(point.mapping, point.names()))
    daemon.setup()
    daemon.once()
    idle, _ = _used(daemon)
    with closing(source.connect(name)) as connection:
        cursor: Any = connection.cursor()
        for statement in point.inserts():
            cursor.execute(statement)
    used, memory = _used(daemon)
    rows = sum(execute(target, f"{name}_copy", f"select count(*) from {table}")[0][0] for table in point.names())
    if rows != point.rows:
        raise AssertionError(f"{rows} of {point.rows} rows are there")
    daemon.teardown()
    return (used - idle) / point.rows * 1e6, memory


def _used(daemon: Daemon) -> tuple[float, int]:
    """Go on from the checkpoint to the log's head; return CPU seconds and peak memory of that."""
    process = daemon.begin_once()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"the daemon ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


if __name__ == "__main__":
    main()
