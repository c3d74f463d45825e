"""`cdc mapping`: what mappings may say, and what becomes of them."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Literal

import click

from cdc.app.cli import Options

if TYPE_CHECKING:
    from cdc.app.config import Pipeline
    from cdc.mapping.plan import RowPlan
    from cdc.model.table import Definition, Table


@click.group("mapping", short_help="Show what mappings may say and become.")
def command() -> None:
    """Show what mappings may say, and what becomes of them."""


@command.command("functions", short_help="List what expressions may use.")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print them.")
def functions(name: str | None, *, form: Literal["text", "json"]) -> None:
    """List the functions and operators that expressions may use, or show the one called NAME."""
    from cdc.mapping.expression.vocabulary import FUNCTIONS
    from cdc.mapping.problem import did_you_mean

    if name is not None and name not in FUNCTIONS:
        raise click.UsageError(f"no function or operator '{name}'; {did_you_mean(name, FUNCTIONS) or '`cdc mapping functions` lists them'}")
    listed = [FUNCTIONS[name]] if name is not None else list(FUNCTIONS.values())
    if form == "json":
        given = [{"name": each.name, "family": each.family, "usage": each.usage, "doc": each.doc} for each in listed]
        click.echo(json.dumps(given, ensure_ascii=False))
        return
    for family, members in groupby(listed, lambda function: function.family):
        click.echo(f"{family}\n")
        for each in members:
            click.echo("".join(f"  {usage}\n" for usage in each.usage) + f"      {each.doc}\n")


@command.command("schema", short_help="Print the JSON Schema, for editors.")
@click.option("--service-file", is_flag=True, help="The schema of cdc.yaml instead.")
def schema(*, service_file: bool) -> None:
    """Print the JSON Schema of mapping files, by which editors complete and check them.

    In an editor with yaml-language-server, write the schema to a file and begin each mapping with
    `# yaml-language-server: $schema=mapping.schema.json`.
    """
    from cdc.app.service_file import ServiceFile
    from cdc.mapping import schema as schemas

    made = schemas.schema(ServiceFile, "The service file of cdc") if service_file else schemas.mapping_schema()
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))


@command.command("explain", short_help="Print what a mapping is compiled to.")
@click.argument("mapping")
@click.option("--pipeline", help="The pipeline, where several have a mapping of this name.")
@click.pass_obj
def explain(options: Options, mapping: str, *, pipeline: str | None) -> None:
    """Print the Python function that MAPPING is compiled to. Asks both servers for their tables."""
    from cdc.app.files import chosen, opened
    from cdc.mapping.problem import did_you_mean

    pipelines = chosen(opened(options), [pipeline] if pipeline else [])
    having = [each for each in pipelines if any(spec.name == mapping for spec in each.specs)]
    if not having:
        known = [spec.name for each in pipelines for spec in each.specs]
        raise click.UsageError(f"no mapping '{mapping}'; " + (did_you_mean(mapping, known) or f"there are: {', '.join(known)}"))
    if len(having) > 1:
        raise click.UsageError(f"{' and '.join(each.name for each in having)} have a mapping '{mapping}': choose with --pipeline")
    for plan in _plans(having[0], mapping):
        click.echo(f"# {having[0].name}: {plan.target.mapping} → {plan.target.table.name}\n{plan.text.rstrip()}")


def _plans(pipeline: Pipeline, mapping: str) -> list[RowPlan]:
    from cdc.app.build import line
    from cdc.app.preflight import examine, report

    examined = examine(line(pipeline))
    if examined.plan is None:
        click.echo(report(examined), err=True, nl=False)
        raise examined.refusals()[0]
    shapes = [_shape(definition) for definition in examined.source.definitions.values()]
    return [plan for shape in shapes for plan in examined.plan.bind(shape) if plan.target.mapping == mapping]


def _shape(definition: Definition) -> Table:
    """The table as its log would announce it."""
    from cdc.model.table import Table

    key = definition.identity or ()
    return Table(definition.name, definition.columns, tuple(at for at, column in enumerate(definition.columns) if column.name in key))
