"""`cdc teardown`: what `setup` made is removed from both servers; rows in the tables stay."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from cdc.app.cli import Options


@click.command("teardown", short_help="Remove what setup made.")
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only print the SQL.")
@click.option("--crosswalk", is_flag=True, help="Forget which rows belong together, too, with the last pipeline of a target.")
@click.pass_obj
def command(options: Options, pipelines: Sequence[str], *, yes: bool, dry_run: bool, crosswalk: bool) -> None:
    """Remove publication, slot and checkpoint of pipelines. The rows that were replicated stay.

    Refuses while somebody runs the pipeline. The next `cdc run` begins with an initial load: what changed on the source in between
    is found by it, what was deleted there in between is not. The crosswalk stays, so that the next load finds its rows: without it
    (--crosswalk), a load makes a second row for each whose key the target's database made.
    """
    from contextlib import ExitStack, closing

    from cdc.app.build import line
    from cdc.app.files import chosen, logging, opened
    from cdc.app.operate.setup import tearing_down

    settings = opened(options)
    logging(options, settings)
    lines = [line(pipeline) for pipeline in chosen(settings, pipelines)]
    with ExitStack() as connections:
        statements = [
            statement
            for each in lines
            for statement in tearing_down(
                each,
                *connections.enter_context(each.admins()),
                connections.enter_context(closing(each.probe())),
                crosswalk=crosswalk,
            )
        ]
        for statement in statements:
            click.echo(statement.sql())
        if not statements:
            click.echo("nothing to do", err=True)
        elif not dry_run:
            _confirm(", ".join(each.name for each in lines), yes=yes)
            for statement in statements:
                statement.run()
            click.echo("removed", err=True)


def _confirm(what: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to be asked: add --yes to run these statements")
    click.confirm(f"Remove {what}? The next run loads everything again", abort=True, err=True)
