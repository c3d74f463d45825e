"""`cdc resync`: a pipeline's tables compared and repaired, over a gap in the log too."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.build import Line
    from cdc.mapping.plan import Plan


@click.command("resync", short_help="Compare a pipeline's tables and repair them.")
@click.argument("pipeline")
@click.option("--gap", is_flag=True, help="Only where the log can't be followed from the checkpoint; what went meanwhile is deleted.")
@click.option("--delete", is_flag=True, help="Rows that the source does not have go from the mapped tables, whoever made them.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def command(ctx: click.Context, pipeline: str, *, gap: bool, delete: bool, dry_run: bool, yes: bool) -> Exit:
    """Compare the tables of a pipeline with its source, and write what differs.

    The pipeline must be stopped. What is right is not written again. Where the log goes on from the checkpoint, rows that went from
    the source are found in it. With --gap, after a log that was lost, they are found by comparing keys: what the crosswalk knows is
    deleted by its mapping's rule; of other mappings nobody can say who made a row, so it stays and is counted, unless --delete is given.

    It can be killed at any moment and run again; once it says that the load begins, `cdc run` goes on from there as well.

    Exit codes: 0, or 3 when rows stay that the source does not have.
    """
    from cdc.app.commands.run import command as run
    from cdc.app.files import one_line
    from cdc.app.operate import resync
    from cdc.app.preflight.gap import window

    options: Options = ctx.obj
    line = one_line(options, pipeline)
    plan, stands = resync.examined(line)
    reason = resync.gap(line, stands)
    if gap and reason is None and not delete:
        click.echo(f"{pipeline}: no gap: the log goes on from the checkpoint", err=True)
        return Exit.OK
    if reason is not None and not gap:
        raise reason
    if reason is not None:
        click.echo(f"{pipeline}: {reason}\n{pipeline}: missing may be {window(stands)}", err=True)
    click.echo(f"{pipeline}: to compare: {', '.join(str(each.table.name) for each in plan.targets)}", err=True)
    if dry_run:
        _print(line, plan)
        return Exit.OK
    _confirm(pipeline, yes=yes)
    kept = _bridge(line, plan, compare=gap or delete, delete=delete)
    loaded: Exit = ctx.invoke(run, pipelines=(pipeline,), once=True, plan_hash="")
    return loaded if loaded is not Exit.OK or not kept else Exit.DIFFERENCES


def _print(line: Line, plan: Plan) -> None:
    from cdc.app.operate.resync import renewing

    for statement in renewing(line, plan):
        click.echo(f"-- on {line.source.name}:\n{statement};")


def _bridge(line: Line, plan: Plan, *, compare: bool, delete: bool) -> int:
    """Return how many rows stay that the source does not have."""
    from cdc.app.operate.resync import bridged, renewed
    from cdc.pipeline.bridge import Gone

    for statement in renewed(line, plan):
        click.echo(f"-- on {line.source.name}:\n{statement};")
    kept = 0
    for step in bridged(line, plan, compare=compare, delete=delete):
        if isinstance(step, Gone):
            kept += step.kept
            text = f", {step.kept} stay that the source does not have" if step.kept else ""
            click.echo(f"{step.mapping}: {step.deleted} rows deleted{text}", err=True)
        elif step.done:
            click.echo(f"{step.mapping}: {step.rows} rows of {step.source} compared", err=True)
    click.echo(f"{line.name}: a load of what differs begins", err=True)
    return kept


def _confirm(what: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to be asked: add --yes")
    click.confirm(f"Repair {what}?", abort=True, err=True)
