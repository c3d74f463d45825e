"""`cdc mapping functions` and `cdc mapping schema`: what mappings may say."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Literal

import click


@click.command("functions", short_help="List what expressions may use.")
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print them.")
def functions(name: str | None, *, form: Literal["text", "json"]) -> None:
    """List the functions and operators that expressions may use, or show the one called NAME."""
    from cdc.mapping.expression.vocabulary import FUNCTIONS
    from cdc.mapping.files.problem import did_you_mean

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


@click.command("schema", short_help="Print the JSON Schema, for editors.")
@click.option("--service-file", is_flag=True, help="The schema of cdc.yaml instead.")
def schema(*, service_file: bool) -> None:
    """Print the JSON Schema of mapping files, by which editors complete and check them.

    In an editor with yaml-language-server, write the schema to a file and begin each mapping with
    `# yaml-language-server: $schema=mapping.schema.json`.
    """
    from cdc.app.service.service_file import ServiceFile
    from cdc.mapping.files import schema as schemas

    made = schemas.schema(ServiceFile, "The service file of cdc") if service_file else schemas.mapping_schema()
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
