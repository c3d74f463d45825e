"""`cdc version`: what runs here."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import click


def current() -> str:
    """Return the installed version, or what a bare source tree can say."""
    try:
        return version("cdc")
    except PackageNotFoundError:
        return "0+source"


@click.command("version", short_help="Print the version.")
def command() -> None:
    """Print the version of cdc and of Python."""
    click.echo(f"cdc {current()} (Python {platform.python_version()})")
