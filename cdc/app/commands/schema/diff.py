"""`cdc schema diff`: what has changed in the mapped tables since they were dumped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit


@click.command("diff", short_help="Show what has changed in the mapped tables since a dump.")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(options: Options, folder: Path | None, form: Literal["text", "json"]) -> Exit:
    """Compare the mapped tables with what `cdc schema dump` wrote to FOLDER, .cdc/schema beside the service file if left out.

    Each difference is shown with the mappings that read or write the table; then what no longer fits, as `cdc check --connect` says it.

    Exit codes: 0 nothing has changed, 3 something has.
    """
    from cdc.app.build import line
    from cdc.app.files import chosen, opened
    from cdc.app.operate.schema import FOLDER, databases, differences, mapped
    from cdc.app.preflight.examined import examine
    from cdc.mapping.files.problem import Level, render, to_json

    lines = [line(pipeline) for pipeline in chosen(opened(options), [])]
    examined = [examine(each) for each in lines]
    known = {key: names for each in lines for key, names in mapped(each).items()}
    found = list(differences(databases(examined), folder or options.config.parent / FOLDER, known))
    wrong = [problem for each in examined for problem in each.problems if problem.level is Level.ERROR]
    if form == "json":
        given = {"differences": [one.to_json() for one in found], "problems": list(map(to_json, wrong))}
        click.echo(json.dumps(given, ensure_ascii=False))
    else:
        for one in found:
            hit = f" (mapping {', '.join(one.mappings)})" if one.mappings else ""
            click.echo(f"{one.database}: {one.table}: {one.what}{hit}")
        click.echo(render(wrong), nl=False)
    return Exit.DIFFERENCES if found else Exit.OK
