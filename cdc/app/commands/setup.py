"""`cdc setup`: what a pipeline needs on its servers, made or printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cdc.app.cli import Options

if TYPE_CHECKING:
    from cdc.app.build import Line
    from cdc.mapping.plan import Plan


@click.command("setup", short_help="Make what pipelines need on their servers.")
@click.argument("pipelines", nargs=-1, metavar="[PIPELINE]...")
@click.option("--dry-run", is_flag=True, help="Only print the SQL, for a DBA who runs it himself.")
@click.pass_obj
def command(options: Options, pipelines: Sequence[str], *, dry_run: bool) -> None:
    """Make what pipelines need on their servers: publication, slot, our own tables.

    Can be run again at any time: only what is missing is made. Servers are asked first, as `cdc check --connect` does, and nothing is
    made on any of them while there is an error. `cdc run` does the same by itself before a pipeline's first load.
    """
    from cdc.app.build import line
    from cdc.app.files import chosen, logging, opened

    settings = opened(options)
    logging(options, settings)
    for each, plan in _runnable([line(pipeline) for pipeline in chosen(settings, pipelines)], refuse=not dry_run):
        made = _print(each, plan) if dry_run else _make(each, plan)
        if not made:
            click.echo(f"{each.name}: nothing to do", err=True)


def _runnable(lines: Sequence[Line], *, refuse: bool) -> list[tuple[Line, Plan]]:
    """Ask all servers before anything is made on one. A dry run prints what it can whatever is missing there."""
    from cdc.app.outcome import ORDER
    from cdc.app.preflight.examined import examine, report

    examined = [examine(each) for each in lines]
    click.echo("".join(map(report, examined)), err=True, nl=False)
    refusals = sorted((error for each in examined for error in each.refusals(before_setup=True)), key=lambda error: ORDER.index(error.exit))
    if refusals and (refuse or any(each.plan is None for each in examined)):
        raise refusals[0]
    return [(each.line, each.plan) for each in examined if each.plan is not None]


def _make(line: Line, plan: Plan) -> int:
    from cdc.app.operate.setup import set_up

    made = 0
    for made, statement in enumerate(set_up(line, plan), start=1):  # noqa: B007, the number of the last one
        click.echo(statement.sql())
    return made


def _print(line: Line, plan: Plan) -> int:
    from contextlib import closing

    from cdc.app.operate.setup import setting_up

    with line.admins() as (source, target), closing(line.probe()) as probe:
        statements = setting_up(line, plan, source, target, probe)
    for statement in statements:
        click.echo(statement.sql())
    return len(statements)
