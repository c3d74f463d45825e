"""`cdc schema dump`: the mapped tables of both sides, as files."""

from __future__ import annotations

from pathlib import Path

import click

from cdc.app.cli import Options


@click.command("dump", short_help="Write what the mapped tables look like to files.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="The folder; .cdc/schema beside the service file if left out."
)
@click.pass_obj
def command(options: Options, *, out: Path | None) -> None:
    """Write one JSON file for each table that a mapping reads or writes: columns, keys, and what the log carries of old rows.

    The same table gives the same text, so that the folder can be kept under version control. `cdc schema diff` compares with it.
    """
    from cdc.app.build import line
    from cdc.app.files import chosen, count, opened
    from cdc.app.operate.schema import FOLDER, databases, dump
    from cdc.app.preflight.examined import examine

    lines = [line(pipeline) for pipeline in chosen(opened(options), [])]
    folder = out or options.config.parent / FOLDER
    written = dump(databases([examine(each) for each in lines]), folder)
    click.echo(f"{count(len(written), 'table')} written to {folder}")
