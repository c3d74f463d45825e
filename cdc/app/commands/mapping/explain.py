"""`cdc mapping explain`: one source row on its way through a mapping."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import click

from cdc.app.cli import Options


@click.command("explain", short_help="Show how a mapping makes one row.")
@click.argument("mapping")
@click.option("--key", "keys", multiple=True, required=True, help="The source row's key; once per column of it, or as column=value.")
@click.option("--pipeline", help="The pipeline, where several have a mapping of this name.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(options: Options, mapping: str, keys: Sequence[str], *, pipeline: str | None, form: Literal["text", "json"]) -> None:
    """Show how MAPPING makes one row: for each target column what goes in, the expression and what comes out, whether the condition takes
    the row, and what the mapping would do with it on the target, which is asked what it has now. Nothing is written.

    `--key` names the source row: the values of its key's columns in their order, or `--key column=value` for any columns. The rows'
    values are printed, and never logged.
    """
    from cdc.app.files import chosen, opened
    from cdc.app.trial.explain import Explainer, to_json
    from cdc.app.trial.look import looks, one
    from cdc.app.trial.rows import by_key
    from cdc.app.trial.shown import console, heading, row
    from cdc.app.trial.tried import trials

    having, spec = one(chosen(opened(options), [pipeline] if pipeline else []), mapping)
    with looks(having, [spec]) as (look,):
        explainer = Explainer(look)
        explained = [explainer.explain(trial) for trial in trials(look, by_key(look, keys))]
    if form == "json":
        given = {"pipeline": having.name, "mapping": mapping, "rows": [to_json(one) for one in explained]}
        click.echo(json.dumps(given, ensure_ascii=False, default=str))
        return
    out = console(color=options.color)
    out.print(heading(look))
    for one_row in explained:
        row(out, look, one_row, whole=True)
