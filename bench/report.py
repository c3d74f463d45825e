"""Outcomes as tables with verdicts, and as JSON that `bench.plot` draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from bench.cases import Case
from bench.contest import Late, Outcome
from bench.measure import percentile, spread


@dataclass(frozen=True)
class Line:
    """One measured thing beside its target."""

    what: str
    measured: str
    target: str
    met: bool | None

    @property
    def verdict(self) -> str:
        return "" if self.met is None else "met" if self.met else "MISSED"


def rates(outcomes: dict[Case, Outcome]) -> Table:
    table = Table(title="ratios are to native replication into the same engine, least / median / most; four: with four appliers")
    for head in ("case", "rows/s", "native rows/s", "ratio", "four", "peak MB", "CPU s/100k", "target", ""):
        table.add_column(head, justify="left" if head in ("case", "") else "right")
    for case, outcome in outcomes.items():
        of_one, of_four = ratios(outcome), ratios(outcome, four=True)
        met = [aim <= spread(found)[1] for aim, found in ((case.aim, of_one), (case.aim_of_four, of_four)) if aim and found]
        table.add_row(
            case.name,
            f"{spread([rate.rows for rate in outcome.ours])[1]:,.0f}",
            f"{spread(outcome.native)[1]:,.0f}" if outcome.native else "",
            _spread(of_one),
            _spread(of_four),
            f"{outcome.memory / 1e6:.0f}",
            f"{spread([rate.cpu for rate in outcome.ours])[1]:.2f}",
            " / ".join(str(aim) for aim in (case.aim, case.aim_of_four) if aim),
            ("met" if all(met) else "MISSED") if met else "",
        )
    return table


def ratios(outcome: Outcome, *, four: bool = False) -> list[float]:
    found = outcome.four if four else outcome.native
    return [ours.rows / native for ours, native in zip(outcome.ours, found, strict=False)]


def latencies(delays: dict[str, Late], targets: dict[str, tuple[float, float]]) -> Table:
    table = Table(title="milliseconds from the return of COMMIT to visible on the target")
    for head in ("rows/s", "p50", "p99", "native p50", "native p99", "target p50 / p99", ""):
        table.add_column(head, justify="left" if head in ("rows/s", "") else "right")
    for name, late in delays.items():
        middle, worst = percentile(late.ours, 0.5), percentile(late.ours, 0.99)
        aim = targets.get(name)
        met = aim is not None and middle <= aim[0] and worst <= aim[1]
        table.add_row(
            name, f"{middle:.2f}", f"{worst:.2f}", f"{percentile(late.native, 0.5):.2f}", f"{percentile(late.native, 0.99):.2f}",
            f"{aim[0]:g} / {aim[1]:g}" if aim else "", "" if aim is None else "met" if met else "MISSED",
        )  # fmt: skip
    return table


def verdicts(lines: Sequence[Line]) -> Table:
    table = Table()
    for head in ("", "measured", "target", ""):
        table.add_column(head, justify="right" if head in ("measured", "target") else "left")
    for line in lines:
        table.add_row(line.what, line.measured, line.target, line.verdict)
    return table


def record(outcomes: dict[Case, Outcome], delays: dict[str, Late]) -> dict[str, Any]:
    """Return what was measured, for a file: rates and ratios, p50 and p99."""
    return {
        "cases": [
            {
                "case": case.name, "target": case.aim, "target_of_four": case.aim_of_four, "memory": outcome.memory,
                "ours": [rate.rows for rate in outcome.ours], "cpu": [rate.cpu for rate in outcome.ours],
                "native": outcome.native, "four": outcome.four, "ratio": spread(ratios(outcome)),
            }
            for case, outcome in outcomes.items()
        ],
        "latency": {
            name: {whose: [percentile(taken, share) for share in (0.5, 0.99)] for whose, taken in (("ours", late.ours), ("native", late.native))}
            for name, late in delays.items()
        },
    }  # fmt: skip


def _spread(found: Sequence[float]) -> str:
    if not found:
        return ""
    least, middle, most = spread(found)
    return f"{least:.2f} / {middle:.2f} / {most:.2f}"
