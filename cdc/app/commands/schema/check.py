"""`cdc schema check`: what a migration would do to mappings, before it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.preflight.examined import Examined
    from cdc.mapping.tools.foresight import Hit
    from cdc.mapping.tools.migration import Ran


@click.command("check", short_help="Tell what a migration would break, before it runs.")
@click.argument("migration", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--database", help="The database that it is for, by its name in the service file; needed where there are several.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(options: Options, migration: Path, database: str | None, form: Literal["text", "json"]) -> Exit:
    """Read the SQL statements of the file MIGRATION and tell which mappings would no longer fit, on the side of the source and of the target,
    and how to do it in steps that stop none. Nothing is run: the statements are followed in the tables as they are now.

    A statement, or a part of one, that is not understood is said to be so.

    Exit codes: 0 no mapping is hit, 3 one would stop, or a statement about a table was not understood.
    """
    from cdc.app.build import line
    from cdc.app.files import chosen, opened
    from cdc.app.preflight.examined import examine
    from cdc.mapping.files.problem import did_you_mean

    settings = opened(options)
    lines = [line(pipeline) for pipeline in chosen(settings, [])]
    names = list(dict.fromkeys(name for each in lines for name in (each.source.name, each.target.name)))
    if database is None:
        raise click.UsageError(f"--database is missing: one of {', '.join(names)}")
    if database not in names:
        raise click.UsageError(f"no pipeline reads or writes a database '{database}'; {did_you_mean(database, names) or ', '.join(names)}")
    concerned = [examine(each) for each in lines if database in (each.source.name, each.target.name)]
    found = list(_found(concerned, database, migration.read_text(encoding="utf-8")))
    if form == "json":
        click.echo(json.dumps({"statements": [_json(ran, hits) for ran, hits in found]}, ensure_ascii=False))
    else:
        for ran, hits in found:
            _print(migration, ran, hits)
    return Exit.DIFFERENCES if any(ran.unread or any(hit.stops for hit in hits) for ran, hits in found) else Exit.OK


def _found(concerned: Sequence[Examined], database: str, sql: str) -> Iterator[tuple[Ran, list[Hit]]]:
    """Follow the statements in each pipeline's tables. What is not understood is said once."""
    from cdc.app.service.config import default_schema
    from cdc.mapping.tools.foresight import Around, hits
    from cdc.mapping.tools.migration import run

    ways = []
    for each in concerned:
        error = each.source.error or each.target.error
        if error is not None:
            raise error
        schemas = default_schema(each.line.source), default_schema(each.line.target)
        around = Around(each.line.specs, each.source.definitions, each.target.definitions, schemas, each.source.answers)
        source = each.line.source.name == database
        side, endpoint = (each.source, each.line.source) if source else (each.target, each.line.target)
        ways.append(
            (around, source, side.definitions, list(run(sql, side.definitions, default_schema(endpoint), mysql=endpoint.engine == "mysql")))
        )
    for place, first in enumerate(ways[0][3]):
        made: list[Hit] = []
        for around, source, tables, rans in ways:
            made += hits(around, rans[place], rans[place - 1].tables if place else tables, source=source)
        yield first, made


def _json(ran: Ran, hits: Sequence[Hit]) -> dict[str, Any]:
    return {"line": ran.line, "statement": ran.text, "not_understood": ran.unread or None, "hits": [hit.to_json() for hit in hits]}


def _print(file: Path, ran: Ran, hits: Sequence[Hit]) -> None:
    first = " ".join(ran.text.split())
    click.echo(f"{file}:{ran.line}: {first[:100]}{'…' if len(first) > 100 else ''}")
    if ran.unread:
        click.echo(f"    not understood: {ran.unread}")
    for hit in hits:
        click.echo(f"    {'stops' if hit.stops else 'may stop'} mapping {hit.mapping}: {hit.message} ({hit.place})")
        click.echo(f"        {hit.steps}")
    if not ran.unread and not hits:
        click.echo("    no mapping is hit")
