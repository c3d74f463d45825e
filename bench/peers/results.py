"""What the contestants came to, as a table and as JSON; which of them take part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from bench.measure import Rate, spread

OURS, NATIVE = "cdc", "native"
_HEADS = ("pair", "who", "rows/s", "cdc / it", "CPU s/100k", "first row, s", "all, s", "all, CPU s", "peak MB")
_CAPTION = (
    "rows/s, cdc / it (least / median / most) and CPU s/100k are from the first row that is seen to the last; the rest from the process's start,"
    " which tells who writes nothing before it has read all. CPU and peak memory are of all its processes, without the servers'."
)


@dataclass
class Score:
    """What one contestant came to with one pair."""

    rows: list[float] = field(default_factory=list)
    """Row changes a second, of each round."""
    cpu: list[float] = field(default_factory=list)
    """CPU seconds for 100,000 of them."""
    first: list[float] = field(default_factory=list)
    """Seconds from its start to the first row that was seen."""
    last: list[float] = field(default_factory=list)
    """Seconds from its start to the last."""
    used: list[float] = field(default_factory=list)
    """CPU seconds in that time."""
    memory: int = 0
    """The most bytes that its processes ever held."""
    failed: str = ""
    """Why it could not be measured."""

    def add(self, measured: Rate, memory: int) -> None:
        self.rows.append(measured.rows)
        self.cpu.append(measured.cpu)
        self.first.append(measured.first)
        self.last.append(measured.last)
        self.used.append(measured.used)
        self.memory = max(self.memory, memory)


Scores = Mapping[tuple[str, str], Score]
"""By pair and contestant, in the order of the table."""


def chosen(words: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return those of `known` that are asked for, all when none is."""
    return [name for name in known if name in words] or list(known)


def ratios(scores: Scores, pair: str, who: str) -> list[float]:
    """Return how many times faster cdc is, round by round."""
    ours = scores.get((pair, OURS), Score()).rows
    return [own / theirs for own, theirs in zip(ours, scores[pair, who].rows, strict=False)] if who != OURS else []


def board(scores: Scores, rows: int) -> Table:
    table = Table(title=f"{rows:,} inserts in transactions of ten, twelve columns copied; medians", caption=_CAPTION)
    for head in _HEADS:
        table.add_column(head, justify="left" if head in ("pair", "who") else "right")
    for (pair, who), score in scores.items():
        if not score.rows:
            table.add_row(pair, who, "failed")
            continue
        found = ratios(scores, pair, who)
        table.add_row(
            pair,
            who,
            f"{_middle(score.rows):,.0f}",
            " / ".join(f"{ratio:.2f}" for ratio in spread(found)) if found else "",
            f"{_middle(score.cpu):.2f}" if score.cpu else "",
            *(f"{_middle(seconds):.1f}" if seconds else "" for seconds in (score.first, score.last, score.used)),
            f"{score.memory / 1e6:.0f}" if score.memory else "",
        )
    return table


def reasons(scores: Scores) -> list[str]:
    """Return a line for each contestant that could not be measured."""
    return [f"{pair}, {who}: {score.failed}" for (pair, who), score in scores.items() if score.failed]


def record(scores: Scores) -> list[dict[str, Any]]:
    """Return what was measured, for a file."""
    return [{"pair": pair, "who": who, **asdict(score), "ratio": ratios(scores, pair, who)} for (pair, who), score in scores.items()]


def _middle(numbers: Sequence[float]) -> float:
    return spread(numbers)[1]
