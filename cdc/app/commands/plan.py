"""`cdc plan`: what mappings would do to the rows that are there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from rich.progress import Progress

    from cdc.app.service.config import Pipeline
    from cdc.app.trial.forecast import Forecast
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
    as changes. Rows that only the target has are not looked for.

    Exit codes: 0 nothing would change, 3 something would, or a row fails.
    """
    from cdc.app.files import chosen, opened
    from cdc.app.trial.look import named

    found = named(chosen(opened(options), [pipeline] if pipeline else []), [mapping] if mapping else [])
    with _progress(color=options.color) as progress:
        plans = [_forecasts(each, specs, None if whole else limit, examples, progress) for each, specs in found]
    if form == "json":
        click.echo(json.dumps({"pipelines": [_json(*plan) for plan in plans]}, ensure_ascii=False, default=str))
    else:
        for plan in plans:
            _print(*plan, limit=None if whole else limit, color=options.color)
    return Exit.DIFFERENCES if any(made.differs for _, _, forecasts in plans for made in forecasts) else Exit.OK


@contextmanager
def _progress(*, color: bool) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, no_color=not color), disable=not sys.stderr.isatty(), transient=True) as shown:
        yield shown


def _forecasts(
    pipeline: Pipeline, specs: Sequence[MappingSpec], limit: int | None, examples: int, progress: Progress
) -> tuple[str, str, list[Forecast]]:
    """Return the pipeline's name, its plan's hash, and what each mapping would do."""
    from cdc.app.trial.forecast import forecast
    from cdc.app.trial.look import looks

    made = []
    with looks(pipeline, specs) as bound:
        for look in bound:
            total = min(limit, look.source.estimate) if limit else look.source.estimate
            task = progress.add_task(look.spec.name, total=total)
            made.append(forecast(look, limit, examples, lambda task=task: progress.advance(task)))  # type: ignore[misc]
        return pipeline.name, bound[0].plan_hash, made


def _json(pipeline: str, plan: str, made: Sequence[Forecast]) -> dict[str, Any]:
    from cdc.app.trial.forecast import to_json

    return {"pipeline": pipeline, "plan_hash": plan, "mappings": [to_json(each) for each in made]}


def _print(pipeline: str, plan: str, made: Sequence[Forecast], *, limit: int | None, color: bool) -> None:
    from rich.text import Text

    from cdc.app.trial.shown import console, forecast, heading

    out = console(color=color)
    for each in made:
        more = limit is not None and each.rows >= limit
        out.print(
            heading(each.look).append(f": {'the first ' if more else ''}{each.rows:,} row{'' if each.rows == 1 else 's'}"), soft_wrap=True
        )
        forecast(out, each)
    out.print(Text(f"{pipeline}: plan_hash {plan}", "dim"))
