"""`cdc pause`: a pipeline stays where it is, until `cdc resume`."""

from __future__ import annotations

import click

from cdc.app.cli import Options


@click.command("pause", short_help="Let a pipeline stay where it is.")
@click.argument("pipeline")
@click.option("--reason", default="", help="Why, for those who look at `cdc status`; 200 characters at most.")
@click.pass_obj
def command(options: Options, pipeline: str, *, reason: str) -> None:
    """Let a pipeline stay where it is, from the end of the transaction at hand.

    The wish is kept on the target, so that it reaches a daemon on any host, within a second or two, and holds after a restart. The
    source goes on keeping its log meanwhile: look after its disk. Pausing what is paused changes nothing.
    """
    from cdc.app.files import one_line
    from cdc.app.state.control import controlled, operator

    line, who = one_line(options, pipeline), operator()
    with controlled(line, who) as control:
        paused = control.pause(f"{who}: {reason[:200]}" if reason else who)
    click.echo(f"{pipeline}: {'pauses' if paused else 'is paused already'}", err=True)
