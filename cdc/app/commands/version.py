"""`cdc version`: what runs here."""

from __future__ import annotations

import platform

import click

from cdc.app.version import current


@click.command("version", short_help="Print the version.")
def command() -> None:
    """Print the version of cdc and of Python."""
    click.echo(f"cdc {current()} (Python {platform.python_version()})")
