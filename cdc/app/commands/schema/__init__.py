"""`cdc schema`: what mapped tables look like, what has changed in them, and what a migration would break."""

from __future__ import annotations

import click

from cdc.app.cli import Commands
from cdc.app.commands.schema import check, diff, dump


@click.group("schema", cls=Commands, short_help="Compare tables, and check migrations before they run.")
def command() -> None:
    """Show what the mapped tables look like, what has changed in them, and what a migration would break. Databases are only read."""


for each in (check.command, dump.command, diff.command):
    command.add_command(each)
