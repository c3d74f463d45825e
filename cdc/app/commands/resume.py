"""`cdc resume`: a paused pipeline goes on."""

from __future__ import annotations

import click

from cdc.app.cli import Options


@click.command("resume", short_help="Let a paused pipeline go on.")
@click.argument("pipeline")
@click.option("--allow-deletes", is_flag=True, help="However many deletes wait, until the pipeline has caught up.")
@click.pass_obj
def command(options: Options, pipeline: str, *, allow_deletes: bool) -> None:
    """Let a paused pipeline go on from where it is.

    One that was paused before many deletes (`delete_breaker`) pauses again, unless they are allowed. Resuming what runs changes nothing.
    """
    from cdc.app.files import one_line
    from cdc.app.state.control import controlled, operator

    with controlled(one_line(options, pipeline), operator()) as control:
        resumed = control.resume(deletes=allow_deletes)
    click.echo(f"{pipeline}: {'goes on' if resumed else 'is not paused'}", err=True)
