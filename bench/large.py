"""`python -m bench.large --rows 5000000 --alone pg-pg`: one transaction of so many rows through a running daemon, its time and peak memory."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from rich.console import Console

from bench.cases import PAIRS, Case
from bench.contest import Contest, Outcome
from bench.mappings import COPY
from bench.report import rates
from demo.servers import running


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--alone", action="store_true", help="without native replication beside it")
    parser.add_argument("pairs", nargs="*", default=PAIRS, help=f"of {', '.join(PAIRS)}")
    given = parser.parse_args()
    outcomes = {Case(pair, "insert", "one", COPY): Outcome() for pair in given.pairs}
    folder = Path(tempfile.mkdtemp(prefix="cdc-large-"))
    folder.chmod(0o755)
    try:
        contest = Contest(folder)
        with running(*contest.sources.values(), *contest.targets.values()):
            for case, outcome in outcomes.items():
                contest.hold(case, given.rows, outcome, alone=given.alone)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    Console(width=160).print(f"one transaction of {given.rows:,} rows", rates(outcomes))


if __name__ == "__main__":
    main()
