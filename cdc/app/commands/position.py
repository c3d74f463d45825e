"""`cdc position`: where a pipeline stands in its source's log, shown, or set by hand."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from cdc.app.cli import Commands, Options

if TYPE_CHECKING:
    from cdc.app.build import Line
    from cdc.model.change import Position

_CONFIRM = click.option("--confirm", metavar="PIPELINE", default="", help="The pipeline's name once more; without it you are asked.")


@click.group("position", cls=Commands, short_help="Show or set where a pipeline stands in the log.")
def command() -> None:
    """Show or set where a pipeline stands in its source's log.

    A position that is set by hand leaves out changes, or applies some twice: `cdc check --connect` and a new load are nearly always
    the better way.
    """


@command.command("show")
@click.argument("pipeline")
@click.pass_obj
def show(options: Options, pipeline: str) -> None:
    """Print the position up to which all is durable on the target."""
    from cdc.app.files import one_line

    with closing(one_line(options, pipeline).target_admin()) as admin:
        checkpoint = admin.checkpoint()
    click.echo(checkpoint.position if checkpoint and checkpoint.position else "none: never loaded")


@command.command("set")
@click.argument("pipeline")
@click.argument("position")
@_CONFIRM
@click.pass_obj
def set_(options: Options, pipeline: str, position: str, *, confirm: str) -> None:
    """Set the position; the source must be able to go on from there.

    Changes between the old position and a later one are never applied; those after an earlier one are applied again. Refused while
    somebody runs the pipeline.
    """
    from cdc.app.files import one_line
    from cdc.model.change import Position

    _move(one_line(options, pipeline), Position(position), confirm)


@command.command("advance")
@click.argument("pipeline")
@_CONFIRM
@click.pass_obj
def advance(options: Options, pipeline: str, *, confirm: str) -> None:
    """Set the position to the log's end: all that is in the log now is left out."""
    from cdc.app.files import one_line

    line = one_line(options, pipeline)
    with closing(line.open_source(())) as source:
        head = source.head()
    _move(line, head, confirm)


def _move(line: Line, position: Position, confirm: str) -> None:
    from cdc.app.state.control import controlled, operator
    from cdc.model.errors import Held, Misconfigured

    with closing(line.open_target(())) as target, controlled(line, operator()) as control:
        if (holder := control.admin.holder()) is not None:
            raise Held(f"{line.name} is run by {holder}", "Stop it first: systemctl stop, or Ctrl-C where it runs.")
        with closing(line.source_admin()) as source:
            source.prove(position)
        before = target.checkpoint().position  # takes the pipeline's lock, for as long as this takes
        if before is None:
            raise Misconfigured(f"{line.name} was never loaded", "`cdc run` begins with an initial load.")
        _confirmed(line.name, before, position, confirm)
        control.move(position, before)
    click.echo(f"{line.name}: {before} -> {position}", err=True)


def _confirmed(pipeline: str, before: str, position: str, confirm: str) -> None:
    """A word that says yes to anything is not enough here."""
    if not confirm:
        click.echo(f"{pipeline} stands at {before}\nand would stand at {position}", err=True)
        confirm = click.prompt("Type the pipeline's name to set it", err=True)
    if confirm != pipeline:
        raise click.UsageError(f"'{confirm}' is not the pipeline's name: nothing was changed")
