"""`cdc lag`: how far behind pipelines are, in seconds, as a line each and an exit code for whoever watches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.monitor.standing import Standing


@click.command("lag", short_help="Show how far behind pipelines are.")
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]...")
@click.option("--max", "limit", metavar="TIME", help="End with 4 when a pipeline is further behind, such as `60s`, or nobody knows.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(options: Options, pipelines: Sequence[str], *, limit: str | None, form: Literal["text", "json"]) -> Exit:
    """Show the lag of pipelines in seconds, `?` where nobody knows.

    It is the age of the oldest transaction that is not on the target yet, 0 when there is none.

    Exit codes: 0, 4 beyond --max, 69 and others when a server did not answer.
    """
    from cdc.app.files import chosen, opened
    from cdc.app.monitor.standing import standings_of
    from cdc.app.outcome import worst

    most = None if limit is None else _seconds(limit)
    settings = opened(options)
    standings = standings_of(settings, chosen(settings, pipelines))
    if form == "json":
        click.echo(json.dumps({"lag_seconds": {each.pipeline: each.summary["lag_seconds"] for each in standings}}, ensure_ascii=False))
    else:
        for each in standings:
            click.echo(f"{each.pipeline}\t{'?' if (lag := each.summary['lag_seconds']) is None else lag}")
    return worst([*(each.exit() for each in standings), *(_judged(each, most) for each in standings)])


def _judged(standing: Standing, most: float | None) -> Exit:
    lag = standing.summary["lag_seconds"]
    return Exit.THRESHOLD if most is not None and (lag is None or lag > most) else Exit.OK


def _seconds(text: str) -> float:
    from cdc.app.service.protection import duration

    try:
        return duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--max") from None
