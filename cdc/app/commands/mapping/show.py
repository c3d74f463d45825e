"""`cdc mapping show`: what a mapping is compiled to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from cdc.app.cli import Options

if TYPE_CHECKING:
    from cdc.app.service.config import Pipeline, Settings
    from cdc.app.trial.look import Look
    from cdc.mapping.spec.mapping import MappingSpec


@click.command("show", short_help="Print what will run for a mapping.")
@click.argument("mapping")
@click.option("--pipeline", help="The pipeline, where several have a mapping of this name.")
@click.option("--reverse", is_flag=True, help="Print the mapping of the other direction, as YAML. Asks no server.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(options: Options, mapping: str, *, pipeline: str | None, reverse: bool, form: Literal["text", "json"]) -> None:
    """Print what will run for MAPPING: which source columns make each target column, the Python function that maps a row, the statement
    that reads the table, and those that write on the target. Asks both servers for their tables.

    With --reverse, print the mapping that follows from `direction: both` for the opposite pipeline, as its file would say it.
    """
    from cdc.app.files import chosen, opened
    from cdc.app.trial.look import looks, one

    settings = opened(options)
    if reverse:
        click.echo(_reversed(settings, chosen(settings, [pipeline] if pipeline else []), mapping, form), nl=form == "json")
        return
    having, spec = one(chosen(settings, [pipeline] if pipeline else []), mapping)
    with looks(having, [spec], alone=True) as (look,):
        shown = _shown(look)
    click.echo(json.dumps(shown, ensure_ascii=False) if form == "json" else _text(shown))


def _reversed(settings: Settings, pipelines: Sequence[Pipeline], mapping: str, form: str) -> str:
    from cdc.app.trial.look import named
    from cdc.mapping.files.write import written
    from cdc.mapping.spec.mapping import Direction

    files = {spec.document.file for _, specs in named(pipelines, [mapping]) for spec in specs if spec.direction is Direction.BOTH}
    found = [(each, spec) for each in settings.pipelines.values() for spec in each.specs if spec.direction is Direction.REVERSE]
    for having, spec in found:
        if spec.document.file in files:
            text = written(spec.document.data)
            given = {"pipeline": having.name, "mapping": spec.name, "yaml": text}
            return json.dumps(given, ensure_ascii=False) if form == "json" else _derived(having.name, spec) + text
    raise click.UsageError(f"mapping '{mapping}' goes one way: it has no `direction: both`")


def _derived(pipeline: str, spec: MappingSpec) -> str:
    return f"# {pipeline}: {spec.name}, which follows from {spec.document.file}\n"


def _shown(look: Look) -> dict[str, Any]:
    from cdc.mapping.files.write import written
    from cdc.mapping.lineage import lineage
    from cdc.mapping.spec.mapping import Direction

    types = {column.name: column.type for column in look.source.columns}
    return {
        "pipeline": look.line.name,
        "mapping": look.spec.name,
        "source": str(look.root.name),
        "target": str(look.plan.target.table.name),
        "key": list(look.spec.key),
        "lineage": [{"column": made.column, "sql": made.sql, "reads": made.reads} for made in lineage(look.spec, types)],
        "function": look.plan.text.rstrip(),
        "read": look.reader.query(look.reader.shape(look.root)),
        "ask": look.spec.query and look.spec.query.text.text.strip(),
        "write": dict(look.line.statements(look.plan.target)),
        "yaml": written(look.spec.document.data) if look.spec.direction is Direction.REVERSE else None,
    }


def _text(shown: dict[str, Any]) -> str:
    """Return it as Python: what is not is a comment."""
    lines = [f"# {shown['pipeline']}: {shown['mapping']}: {shown['source']} → {shown['target']}", "#"]
    width = max(len(made["column"]) for made in shown["lineage"])
    if shown["yaml"]:
        lines = [lines[0], "#", *(f"#   {line}" for line in shown["yaml"].splitlines()), "#"]
    lines += [f"# {made['column']:{width}} ← {', '.join(made['reads']) or '(a constant)'}" for made in shown["lineage"]]
    asked = {"ask": " ".join(shown["ask"].split())} if shown["ask"] else {}
    lines += ["", shown["function"], "", "# on the source"]
    lines += [f"# {what}: {statement}" for what, statement in {"read": shown["read"], **asked}.items()]
    lines += ["#", "# on the target", *(f"# {what}: {statement}" for what, statement in shown["write"].items())]
    return "\n".join(lines)
