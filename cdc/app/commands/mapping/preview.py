"""`cdc mapping preview`: real rows beside what mappings make of them and what the target has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import click

from cdc.app.cli import Options

if TYPE_CHECKING:
    from cdc.app.trial.explain import Explained
    from cdc.app.trial.look import Look


@click.command("preview", short_help="Show real rows and what mappings make of them.")
@click.argument("mapping", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=5, show_default=True, help="Rows of each mapping.")
@click.option("--key", "keys", multiple=True, help="One row by its key instead; once per column of it, or as column=value.")
@click.option("--pipeline", help="This pipeline's mappings only.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(
    options: Options, mapping: str | None, limit: int, keys: Sequence[str], *, pipeline: str | None, form: Literal["text", "json"]
) -> None:
    """Show rows of the source, what MAPPING, or every mapping, makes of them, and what the target has now. Nothing is written.

    A row that fails is shown with its error, and the others all the same. The rows' values are printed, and never logged.
    """
    from cdc.app.files import chosen, opened
    from cdc.app.trial.look import looks, named
    from cdc.app.trial.shown import console

    if keys and mapping is None:
        raise click.UsageError("--key needs a MAPPING: keys are those of its source table")
    found: list[Any] = []
    out = console(color=options.color)
    for having, specs in named(chosen(opened(options), [pipeline] if pipeline else []), [mapping] if mapping else []):
        with looks(having, specs, alone=True) as bound:
            for look in bound:
                rows = _rows(look, limit, keys)
                found.append(_json(look, rows)) if form == "json" else _print(out, look, rows)
    if form == "json":
        click.echo(json.dumps({"mappings": found}, ensure_ascii=False, default=str))


def _rows(look: Look, limit: int, keys: Sequence[str]) -> list[Explained]:
    from cdc.app.trial.explain import Explainer
    from cdc.app.trial.rows import by_key, first
    from cdc.app.trial.tried import trials

    rows = islice(by_key(look, keys), limit) if keys else first(look, limit)
    explainer = Explainer(look)
    return [explainer.explain(trial) for trial in trials(look, list(rows))]


def _print(out: Any, look: Look, rows: Sequence[Explained]) -> None:
    from cdc.app.trial.shown import heading, row

    out.print(heading(look))
    if not rows:
        out.print("  the table is empty\n")
    for each in rows:
        row(out, look, each, whole=False)


def _json(look: Look, rows: Sequence[Explained]) -> dict[str, Any]:
    from cdc.app.trial.explain import to_json

    return {
        "pipeline": look.line.name,
        "mapping": look.spec.name,
        "source": str(look.root.name),
        "target": str(look.plan.target.table.name),
        "rows": [to_json(each) for each in rows],
    }
