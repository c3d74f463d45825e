"""`python -m bench`: the daemon beside the servers' own replication, case by case in one run, with targets and verdicts."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.cases import CASES, Case, grid
from bench.contest import Contest, Late, Outcome
from bench.mapping import rows_per_second, seconds_to_compile
from bench.measure import spread
from bench.report import Line, latencies, rates, record, verdicts
from demo.servers import running

_LATE = {"idle": (2.0, 8.0), "500": (4.0, 12.0)}
"""Rows a second that are written meanwhile → targets for p50 and p99 in milliseconds."""
_LOADS = {"idle": 0, "500": 500, "5000": 5000}
_COPY_CPU, _EIGHT_CPU, _MAPPED, _COMPILED = 1.0, 1.6, 150_000, 5.0
_STEADY, _LARGE = 120e6, 250e6
"""Bytes that the process may hold as a rule, and with a transaction that is larger than memory should be."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="row changes of a case")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=300, help="single rows that latency is measured with, a round")
    parser.add_argument(
        "--grid", action="store_true", help="every pair with every load and mapping, not only the cases with a target: hours"
    )
    parser.add_argument("--json", type=Path, help="write what was measured to this file; `python -m bench.plot` draws it")
    parser.add_argument(
        "cases", nargs="*", help="parts of the names of cases, such as `pg-pg` or `update`; `latency`, `mapping`; all by default"
    )
    given = parser.parse_args()
    console, progress = Console(width=160), Console(stderr=True)
    cases = [case for case in (grid() if given.grid else CASES) if _wanted(case.name, given.cases)]
    late = _wanted("latency", given.cases)
    outcomes: dict[Case, Outcome] = {case: Outcome() for case in cases}
    delays: dict[str, Late] = {name: Late() for name in _LOADS} if late else {}
    folder = Path(tempfile.mkdtemp(prefix="cdc-bench-"))
    folder.chmod(0o755)
    lines = _alone() if _wanted("mapping", given.cases) else []
    try:
        contest = Contest(folder)
        with running(*contest.sources.values(), *contest.targets.values()):
            for number in range(1, given.rounds + 1):
                for case in cases:
                    progress.print(f"round {number} of {given.rounds}: {case.name}")
                    contest.hold(case, given.rows, outcomes[case])
                for name, one in delays.items():
                    progress.print(f"round {number} of {given.rounds}: latency, {name}")
                    contest.late(CASES[0], _LOADS[name], one, given.samples)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if outcomes:
        console.print(rates(outcomes))
    if delays:
        console.print(latencies(delays, _LATE))
    if lines := [*lines, *_memory(outcomes, delays), *_totals(outcomes)]:
        console.print(verdicts(lines))
    if given.json:
        given.json.write_text(json.dumps(record(outcomes, delays), indent=1))
    return 0


def _wanted(name: str, parts: Sequence[str]) -> bool:
    return not parts or any(part in name for part in parts)


def _alone() -> list[Line]:
    mapped, compiled = rows_per_second(100_000), seconds_to_compile(100, 40)
    return [
        Line("mapping alone, eight expressions, rows/s", f"{mapped:,.0f}", f"≥ {_MAPPED:,}", mapped >= _MAPPED),
        Line("text to functions, 100 mappings of 40 columns, seconds", f"{compiled:.1f}", f"≤ {_COMPILED:g}", compiled <= _COMPILED),
    ]


def _memory(outcomes: dict[Case, Outcome], delays: dict[str, Late]) -> list[Line]:
    held = (
        ("while rows come, up to 5,000 a second", [late.memory for late in delays.values()], _STEADY),
        ("while a backlog is worked off", [outcome.memory for case, outcome in outcomes.items() if case.shape != "one"], _STEADY),
        ("one transaction of all rows", [outcome.memory for case, outcome in outcomes.items() if case.shape == "one"], _LARGE),
    )
    return [
        Line(f"peak MB {when}", f"{max(found) / 1e6:.0f}", f"≤ {most / 1e6:.0f}", max(found) <= most) for when, found, most in held if found
    ]


def _totals(outcomes: dict[Case, Outcome]) -> list[Line]:
    """What is asked of the daemon's process, whatever native replication does."""
    lines = []
    for case, outcome in outcomes.items():
        aim = {"copy": _COPY_CPU, "expressions": _EIGHT_CPU}.get(case.mapping.name)
        if aim and (case.pair, case.changes, case.shape) == ("pg-pg", "insert", "single"):
            cpu = spread([rate.cpu for rate in outcome.ours])[1]
            lines.append(Line(f"CPU seconds for 100,000 rows, {case.name}", f"{cpu:.2f}", f"≤ {aim:g}", cpu <= aim))
    return lines


if __name__ == "__main__":
    sys.exit(main())
