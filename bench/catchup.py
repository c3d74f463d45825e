"""`python -m bench.catchup`: an hour's changes wait in the log; how long until the target has the last, from the start of the process."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.cases import PAIRS, Case
from bench.contest import Contest
from bench.mappings import EIGHT
from bench.measure import Place, arrives, spread
from bench.workload import Load, write
from demo.servers import Server, running


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.catchup", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="how long the daemon was away")
    parser.add_argument("--rate", type=int, default=100, help="rows a second that were written meanwhile, in transactions of ten")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("pairs", nargs="*", default=PAIRS, help=f"of {', '.join(PAIRS)}")
    given = parser.parse_args()
    rows = given.minutes * 60 * given.rate
    title = f"{given.minutes} minutes away at {given.rate} rows/s: {rows:,} rows, eight expressions; seconds from the start of the process"
    table = Table(title=f"{title}; least / median / most of {given.rounds}")
    for head in ("pair", "cdc", "rows/s", "native", "minutes of log a second"):
        table.add_column(head, justify="left" if head == "pair" else "right")
    progress = Console(stderr=True)
    folder = Path(tempfile.mkdtemp(prefix="cdc-catchup-"))
    folder.chmod(0o755)
    try:
        contest = Contest(folder)
        with running(*contest.sources.values(), *contest.targets.values()):
            for pair in given.pairs:
                case = Case(pair, "insert", "single", EIGHT)
                taken = []
                for number in range(1, given.rounds + 1):
                    progress.print(f"{pair}, round {number} of {given.rounds}")
                    taken.append(_round(contest, case, case.load(rows)))
                (_, middle, _), native = spread([ours for ours, _ in taken]), [theirs for _, theirs in taken]
                ours = _three([ours for ours, _ in taken])
                table.add_row(pair, ours, f"{rows / middle:,.0f}", _three(native), f"{given.minutes / middle:.1f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    Console(width=160).print(table)


def _round(contest: Contest, case: Case, load: Load) -> tuple[float, float]:
    with contest.ours(case, load) as (source, name, daemon, place):
        ours = _behind(source, name, place, load, daemon.start)
    with contest.native(case, load) as (source, name, native, place):
        return ours, _behind(source, name, place, load, native.start)


def _behind(source: Server, name: str, place: Place, load: Load, start: Callable[[], None]) -> float:
    write(source, name, load)
    began = time.perf_counter()
    start()
    return arrives(place, load, began)


def _three(found: list[float]) -> str:
    return " / ".join(f"{seconds:.1f}" for seconds in spread(found))


if __name__ == "__main__":
    main()
