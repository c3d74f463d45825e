"""`cdc plan`: what mappings would do to the rows that are there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit
from cdc.model.value import value

if TYPE_CHECKING:
    from rich.progress import Progress

    from cdc.app.service.config import Pipeline
    from cdc.app.trial.forecast import Forecast
    from cdc.app.trial.leftover import Leftover
    from cdc.mapping.spec.mapping import MappingSpec


@click.command("plan", short_help="Show what mappings would change on the target.")
@click.argument("pipeline", required=False)
@click.argument("mapping", required=False)
@click.option(
    "--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="Rows of each source table, the first by its key."
)
@click.option("--all", "whole", is_flag=True, help="All rows, however many there are.")
@click.option("--examples", type=click.IntRange(min=0), default=3, show_default=True, help="Rows of each kind that are shown, with values.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(
    options: Options, pipeline: str | None, mapping: str | None, limit: int, *, whole: bool, examples: int, form: Literal["text", "json"]
) -> Exit:
    """Run the mappings of PIPELINE, or MAPPING alone, over rows of the source and compare with what the target has now: which rows would
    be inserted, which columns updated, which rows fail, and which leave the condition and are deleted by the mapping's rule.

    Nothing is written: both sides are only read. The source is read as it is now, so rows that a running daemon is about to apply count
    as changes. Where all rows of the source were looked at, rows that only the target has are counted too, the first by their key as far
    as --limit goes. They would stay, so they are no change.

    Exit codes: 0 nothing would change, 3 something would, or a row fails.
    """
    from cdc.app.files import chosen, opened
    from cdc.app.trial.look import named

    found = named(chosen(opened(options), [pipeline] if pipeline else []), [mapping] if mapping else [])
    with progressing(color=options.color) as progress:
        plans = [_planned(each, specs, None if whole else limit, examples, progress) for each, specs in found]
    if form == "json":
        click.echo(json.dumps({"pipelines": [_json(plan) for plan in plans]}, ensure_ascii=False, default=str))
    else:
        for plan in plans:
            _print(plan, color=options.color)
    return Exit.DIFFERENCES if any(made.differs for plan in plans for made in plan.forecasts) else Exit.OK


@value
class Planned:
    """One pipeline's plan."""

    pipeline: str
    plan_hash: str
    forecasts: Sequence[Forecast]
    left: Sequence[Leftover]


@contextmanager
def progressing(*, color: bool) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, no_color=not color), disable=not sys.stderr.isatty(), transient=True) as shown:
        yield shown


def _planned(pipeline: Pipeline, specs: Sequence[MappingSpec], limit: int | None, examples: int, progress: Progress) -> Planned:
    from cdc.app.trial.forecast import forecast
    from cdc.app.trial.leftover import leftovers
    from cdc.app.trial.look import looks

    def stepped(name: str, rows: int) -> Callable[[], None]:
        task = progress.add_task(name, total=min(limit, rows) if limit else rows)
        return lambda: progress.advance(task)

    with looks(pipeline, specs) as bound:
        made = [forecast(look, limit, examples, stepped(look.spec.name, look.source.estimate)) for look in bound]
        beside = sum({look.plan.target.table.name: look.around.targets[look.plan.target.table.name].estimate for look in bound}.values())
        left = list(leftovers(made, limit, examples, stepped("the target's rows", beside)))
        return Planned(pipeline.name, bound[0].plan_hash, made, left)


def _json(plan: Planned) -> dict[str, Any]:
    from cdc.app.trial import forecast, leftover

    return {
        "pipeline": plan.pipeline,
        "plan_hash": plan.plan_hash,
        "mappings": [forecast.to_json(each) for each in plan.forecasts],
        "only_on_target": [leftover.to_json(each) for each in plan.left],
    }


def _print(plan: Planned, *, color: bool) -> None:
    from rich.text import Text

    from cdc.app.trial.shown import console, forecast, heading, leftover

    out = console(color=color)
    for each in plan.forecasts:
        rows = f": {'' if each.whole else 'the first '}{each.rows:,} row{'' if each.rows == 1 else 's'}"
        out.print(heading(each.look).append(rows), soft_wrap=True)
        forecast(out, each)
    for left in plan.left:
        leftover(out, left)
    out.print(Text(f"{plan.pipeline}: plan_hash {plan.plan_hash}", "dim"))
