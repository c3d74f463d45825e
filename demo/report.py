"""What the onlooker reads: numbered steps, a line for each fact, tables for figures. Plain text where there is no terminal."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from demo.audit import Effects
from demo.compare import Difference, Result
from demo.latency import Latency

SHOWN = 12
"""Differences of a mapping that are shown in full."""
_ASKED_FIRST = re.compile(r"cdc_(lag_seconds|rows_total|transactions_total)\b")
_TABLE = re.compile(r',table="[^"]*"')


class Report:
    def __init__(self) -> None:
        terminal = sys.stdout.isatty()
        self._console = Console(highlight=False, width=None if terminal else 110, soft_wrap=not terminal)
        self._steps = 0
        self._begun = time.monotonic()

    def step(self, title: str) -> None:
        self._steps += 1
        elapsed = time.monotonic() - self._begun
        self._console.print(f"\n[bold]{self._steps}. {title}[/]  [dim]({elapsed:.0f} s)[/]")

    def say(self, text: str) -> None:
        self._console.print(f"   {text}")

    def quote(self, text: str) -> None:
        """Show a file or a command's output."""
        for line in text.rstrip().splitlines():
            self._console.print(
                f"   [dim]│[/] {escape(line)}", no_wrap=True, overflow="ellipsis" if self._console.is_terminal else "ignore"
            )

    def tables(self, title: str, counts: Mapping[str, int]) -> None:
        self.say(f"{title}: {sum(counts.values()):,} rows in {len(counts)} tables")
        self.say("[dim]" + ", ".join(f"{escape(table)} {rows:,}" for table, rows in counts.items()) + "[/]")

    def latencies(self, found: Sequence[tuple[str, Latency]]) -> None:
        table = _table(("", "direction", "probes", ">p50 ms", ">p99 ms", ">max ms"))
        for when, latency in found:
            figures = (latency.p50, latency.p99, max(latency.samples))
            table.add_row(when, latency.direction, str(len(latency.samples)), *(f"{1000 * seconds:.1f}" for seconds in figures))
        self._console.print(table)

    def work(self, who: str, done: Counter[str]) -> None:
        self.say(f"{who}: {done.total():,} transactions")
        self.say("[dim]" + ", ".join(f"{action} {count}" for action, count in done.most_common()) + "[/]")

    def comparison(self, results: Sequence[Result], touched: Sequence[str]) -> int:
        """Show what was compared and found; return how many differences there are."""
        table = _table(("mapping", "target table", ">rows", ">values", ">marked deleted", ">target's own", ">differences"))
        for result in results:
            figures = (result.rows, result.values, result.deleted, result.own, len(result.differences))
            colour = "red" if result.differences else "green"
            table.add_row(result.mapping, result.target, *(f"{n:,}" for n in figures[:-1]), f"[{colour}]{figures[-1]:,}[/]")
        self._console.print(table)
        for result in results:
            self._differences(result.differences)
        for name in touched:
            self.say(f"[red]table {name} has changed, and nobody should have touched it[/]")
        return sum(len(result.differences) for result in results) + len(touched)

    def _differences(self, found: Sequence[Difference]) -> None:
        for difference in islice(found, SHOWN):
            key = ", ".join(map(str, difference.key))
            line = f"{difference.mapping}: {difference.kind}: {key}"
            if difference.column:
                line += f": {difference.column} is {difference.found!r:.80}, expected {difference.expected!r:.80}"
            self.say(f"[red]{escape(line)}[/]")
        if len(found) > SHOWN:
            self.say(f"[red]… and {len(found) - SHOWN:,} more[/]")

    def effects(self, found: Iterable[Effects]) -> int:
        """Show what the audit triggers wrote; return how many effects happened again."""
        table = _table(("target table with audit trigger", ">rows", ">effects", ">applied twice or late"))
        found = list(found)
        for effects in found:
            colour = "red" if effects.again else "green"
            table.add_row(effects.table, f"{effects.rows:,}", f"{effects.effects:,}", f"[{colour}]{effects.again}[/]")
        self._console.print(table)
        return sum(effects.again for effects in found)

    def metrics(self, found: Mapping[str, float]) -> None:
        """Show what an onlooker asks for first; what is counted by table, in sums."""
        sums: dict[str, float] = {}
        for name, value in found.items():
            if _ASKED_FIRST.match(name):
                short = _TABLE.sub("", name)
                sums[short] = sums.get(short, 0) + value
        self.quote("\n".join(f"{name} {value:g}" for name, value in sums.items()))
        self.say(f"[dim]… {len(found)} samples in all[/]")

    def verdict(self, *, agreed: bool) -> None:
        elapsed = time.monotonic() - self._begun
        said = (
            "[bold green]Both databases agree: no row lost, none doubled, none altered.[/]"
            if agreed
            else "[bold red]Something differs; see above.[/]"
        )
        self._console.print(f"\n{said}  [dim]({elapsed:.0f} s)[/]")

    def trouble(self, text: str) -> None:
        self._console.print(f"\n[bold red]The demo could not go on.[/]\n{escape(text)}")


def _table(columns: Sequence[str]) -> Table:
    """A `>` before a heading puts the column's figures to the right."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    return table
