"""`cdc mapping`: what mappings may say, what becomes of them, and what they do to real rows."""

from __future__ import annotations

import click

from cdc.app.cli import Commands
from cdc.app.commands.mapping import explain, graph, language, preview, show, test


@click.group("mapping", cls=Commands, short_help="Show what mappings may say, become and do.")
def command() -> None:
    """Show what mappings may say, what becomes of them, and what they do to real rows. Nothing is ever written."""


for each in (show.command, explain.command, preview.command, test.command, graph.command, language.functions, language.schema):
    command.add_command(each)
