"""`cdc status`: where each pipeline stands, with or without a running daemon."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.monitor.standing import Standing, Summary

_COLUMNS: Sequence[tuple[str, Literal["left", "right"]]] = (
    ("PIPELINE", "left"), ("STATE", "left"), ("LAG", "right"), ("LOG AHEAD", "right"), ("ROWS APPLIED", "right"), ("PARKED", "right"),
)  # fmt: skip
_STYLES = {
    "streaming": "green",
    "paused": "yellow",
    "snapshot": "blue",
    "starting": "blue",
    "backoff": "yellow",
    "failed": "red",
    "stopped": "dim",
}


@click.command("status", short_help="Show where pipelines stand.")
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(options: Options, pipelines: Sequence[str], *, form: Literal["text", "json"]) -> Exit:
    """Show state, position, lag and rows applied of pipelines.

    Position and rows come from the target's checkpoint; state, lag and the last error from the running daemon when it answers at
    the metrics address. Without one, a pipeline is `stopped`, or what its checkpoint says while somebody else holds it.

    Exit codes: 0, or 69 and others when a server did not answer; the rest is printed all the same.
    """
    from cdc.app.files import chosen, opened
    from cdc.app.log import Masks
    from cdc.app.monitor.standing import standings_of
    from cdc.app.outcome import worst

    settings = opened(options)
    standings = standings_of(settings, chosen(settings, pipelines))
    if form == "json":
        text = json.dumps({"pipelines": {each.pipeline: each.summary for each in standings}}, ensure_ascii=False)
        click.echo(Masks(settings.secrets)(text))
    else:
        _table(standings, color=options.color, masks=Masks(settings.secrets))
    return worst(each.exit() for each in standings)


def _table(standings: Sequence[Standing], *, color: bool, masks: Callable[[str], str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from cdc.app.outcome import one_line

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, justify in _COLUMNS:
        table.add_column(name, justify=justify, no_wrap=True)
    for each in standings:
        state = each.summary["state"]
        table.add_row(each.pipeline, Text(state, _STYLES.get(state, "")), *_numbers(each.summary))
    console = Console(no_color=not color, width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for each in standings:
        for what, text in _more(each.summary):
            console.print(Text(f"{each.pipeline}: {what}: {one_line(masks(text))}"), soft_wrap=True)


def _more(summary: Summary) -> Iterator[tuple[str, str]]:
    """What there is to say beside the numbers."""
    from cdc.app.monitor.stall import spoken

    for what in ("position", "last_error", "paused_for"):
        if text := summary[what]:
            yield what.replace("_", " "), text
    if text := _resync(summary["resync"]):
        yield "resync", text
    if summary["stalled"]:
        yield "stalled", "its position does not move, and there is work to do"
    used, lost = summary["log_budget_used"], summary["log_lost_in_seconds"]
    if used is not None and lost is not None:
        yield "source's log", f"{used:.0%} of what may be kept is used; at this rate the log is lost in {spoken(lost)}"


def _resync(repair: Summary | None) -> str:
    """What is asked for or under way, and what did not work; one that is done is in the JSON form."""
    if repair is None or repair["stage"] in {"done", "cancelled"}:
        return ""
    compared = (repair["rows"].get("compared") or {}).items()
    far = ", ".join(f"{mapping} {rows:,} rows compared" for mapping, rows in compared) or ", ".join(repair["mappings"])
    return f"{repair['stage']}: {repair['text'] or far} (by {repair['who']})"


def _numbers(summary: Summary) -> list[str]:
    lag, ahead = summary["lag_seconds"], summary["lag_bytes"]
    return [
        "?" if lag is None else f"{lag:,.1f} s",
        "?" if ahead is None else f"{ahead:,} B",
        f"{summary['rows_applied']:,}",
        str(summary["parked"]),
    ]
