"""`cdc mapping graph`: which tables feed which, as a diagram."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click

from cdc.app.cli import Options

if TYPE_CHECKING:
    from cdc.app.service.config import Pipeline
    from cdc.mapping.spec.mapping import MappingSpec
    from cdc.mapping.tools.graph import Arrow
    from cdc.model.endpoint import Endpoint


@click.command("graph", short_help="Print a diagram of tables and mappings.")
@click.argument("mappings", nargs=-1, metavar="[MAPPING]...")
@click.option("--columns", is_flag=True, help="Column by column: which source columns each target column is made of.")
@click.option("--pipeline", help="This pipeline's mappings only.")
@click.option("--format", "form", type=click.Choice(["mermaid", "json"]), default="mermaid", show_default=True, help="How to print it.")
@click.pass_obj
def command(options: Options, mappings: Sequence[str], *, columns: bool, pipeline: str | None, form: Literal["mermaid", "json"]) -> None:
    """Print a Mermaid diagram of source tables, mappings and target tables, of the named mappings or of all. Asks no server.

    Many wikis and code hosts draw it from a fenced block of the language `mermaid`.
    """
    from cdc.app.files import chosen, opened
    from cdc.app.trial.look import named
    from cdc.mapping.tools.graph import mermaid

    found = named(chosen(opened(options), [pipeline] if pipeline else []), mappings)
    arrows = [_arrow(each, spec) for each, specs in found for spec in specs]
    if form == "json":
        click.echo(json.dumps({"mappings": [arrow.to_json() for arrow in arrows]}, ensure_ascii=False))
    else:
        click.echo(mermaid(arrows, columns=columns), nl=False)


def _arrow(pipeline: Pipeline, spec: MappingSpec) -> Arrow:
    from cdc.mapping.tools.graph import Arrow

    beside = tuple(_table(pipeline.source, one.table) for one in spec.query.depends_on) if spec.query else ()
    return Arrow(pipeline.name, _table(pipeline.source, spec.source), _table(pipeline.target, spec.target), spec, beside)


def _table(database: Endpoint, written: str) -> str:
    from cdc.app.service.config import default_schema
    from cdc.mapping.spec.mapping import table_name

    return f"{database.name}: {table_name(written, default_schema(database))}"
