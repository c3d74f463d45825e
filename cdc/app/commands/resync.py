"""`cdc resync`: mappings compared with their source and repaired, by the daemon that runs them or here; over a gap in the log too."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit
from cdc.model.value import value

if TYPE_CHECKING:
    from cdc.app.build import Line
    from cdc.app.operate.resync import Stands
    from cdc.app.service.config import Listen
    from cdc.app.state.control import Controls
    from cdc.app.state.repair import Repair
    from cdc.mapping.plan import Plan


@value
class _Asked:
    mappings: Sequence[str]
    gap: bool
    delete: bool
    cancel: bool
    dry_run: bool
    wait: bool
    yes: bool
    confirm: str
    form: Literal["text", "json"]


@click.command("resync", short_help="Compare mappings with their source and repair them.")
@click.argument("pipeline")
@click.argument("mappings", nargs=-1, metavar="[MAPPING]...")
@click.option("--delete", is_flag=True, help="Rows that the source does not have go from the mapped tables, whoever made them.")
@click.option("--gap", is_flag=True, help="Where the log can't be followed from the checkpoint any more; all mappings, and stopped.")
@click.option("--cancel", is_flag=True, help="Break off what is asked for or under way.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Whether to wait for the daemon that does it.")
@click.option("--yes", is_flag=True, help="Do not ask, unless with --delete.")
@click.option("--confirm", metavar="PIPELINE", default="", help="With --delete: the pipeline's name once more; without it you are asked.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_context
def command(ctx: click.Context, /, pipeline: str, **given: Any) -> Exit:
    """Compare rows of the target with what the source's rows say now, all mappings of PIPELINE or those named, and write what differs.

    Where a daemon runs the pipeline, on any host, it does that between two transactions and then goes on; otherwise it is done here, and
    all that the log holds is applied. What is right is not written again. It can be broken off or killed at any moment: `cdc run` goes on
    with it, and doing it twice does no more than once.

    Rows of the target that the source does not have are deleted by the mapping's rule where the crosswalk knows them. Of other mappings
    nobody can say who made a row: it stays and is counted, unless --delete is given.

    With --gap, after a log that was lost, slot or position are made anew, and a load of what differs begins.

    Exit codes: 0, or 3 when rows stay that the source does not have, 75 when it is not done yet.
    """
    from cdc.app.build import line as line_of
    from cdc.app.files import chosen, logging, opened
    from cdc.app.operate import resync

    options: Options = ctx.obj
    settings = opened(options)
    logging(options, settings)
    (known,) = chosen(settings, [pipeline])
    asked, line = _Asked(**given), line_of(known)
    if asked.cancel:
        click.echo(f"{pipeline}: {'broken off' if resync.broken_off(line) else 'no resync is under way'}", err=True)
        return Exit.OK
    stands = resync.examined(line)
    return _over_a_gap(ctx, line, stands, asked) if asked.gap else _repaired(ctx, line, stands, asked, known.metrics or settings.metrics)


def _repaired(ctx: click.Context, line: Line, stands: Stands, asked: _Asked, daemon: Listen | None) -> Exit:
    from cdc.app.commands.run import command as run
    from cdc.app.operate import resync

    mappings = _mappings(stands.plan, asked.mappings)
    if not stands.held and (reason := resync.gap(line, stands.checkpoint, mappings)) is not None:
        raise reason
    _says(line, stands.plan, mappings)
    if asked.dry_run:
        click.echo(f"{line.name}: {'the daemon that runs it' if stands.held else 'this command'} would do it", err=True)
        return Exit.OK
    _confirmed(line.name, asked)
    number = resync.wanted(line, mappings, delete=asked.delete)
    if stands.held and not asked.wait:
        click.echo(f"{line.name}: asked for; `cdc status` shows how far it is", err=True)
        return Exit.OK
    if not stands.held:
        ran: Exit = ctx.invoke(run, pipelines=(line.name,), once=True, plan_hash="")
        if ran is not Exit.OK:
            click.echo(f"{line.name}: {resync.AGAIN.format(line.name)}", err=True)
            return ran
    return _ended(line, _awaited(line, number, daemon), asked.form)


def _awaited(line: Line, number: str, daemon: Listen | None) -> Repair:
    from cdc.app.operate import resync

    try:
        return resync.awaited(line, number, _progress(line.name, daemon))
    except KeyboardInterrupt:
        click.echo(f"\n{line.name}: the daemon goes on with it; `cdc resync {line.name} --cancel` breaks it off", err=True)
        raise


def _progress(pipeline: str, daemon: Listen | None) -> Callable[[Controls], None]:
    """Return what says how far it is when that has changed, as far as the daemon answers."""
    from cdc.app.monitor.standing import ask

    said = [""]

    def look(controls: Controls) -> None:
        summary = ask(daemon).get(pipeline, {})
        compared = ((summary.get("resync") or {}).get("rows") or {}).get("compared") or {}
        text = "paused: it begins when the pipeline goes on" if controls.paused else ""
        text = text or ", ".join(f"{mapping}: {rows:,} rows read" for mapping, rows in compared.items())
        if text not in ("", said[0]):
            said[0] = text
            click.echo(f"{pipeline}: {text}", err=True)

    return look


def _ended(line: Line, repair: Repair, form: Literal["text", "json"]) -> Exit:
    from cdc.app.state.repair import Stage, shown

    if form == "json":
        click.echo(json.dumps({"pipeline": line.name, **(shown(repair) or {})}, ensure_ascii=False))
    for mapping in repair.mappings:
        rows = {what: counts.get(mapping, 0) for what, counts in repair.rows.items()}
        click.echo(f"{line.name}: {mapping}: {_counted(rows)}" if rows else f"{line.name}: {mapping}: {repair.stage.value}", err=True)
    if repair.stage is not Stage.DONE:
        click.echo(f"{line.name}: {repair.stage.value}{': ' * bool(repair.text)}{repair.text}", err=True)
        return Exit.FAILURE
    return Exit.DIFFERENCES if repair.total("kept") else Exit.OK


def _counted(rows: dict[str, int]) -> str:
    texts = [f"{rows['compared']:,} rows compared, {rows['written']:,} written"]
    texts += [f"{rows['deleted']:,} deleted"] * bool(rows.get("deleted"))
    texts += [f"{rows['kept']:,} stay that the source does not have (--delete deletes them)"] * bool(rows.get("kept"))
    texts += [f"{rows['parked']:,} wait (`cdc parked list`)"] * bool(rows.get("parked"))
    return ", ".join(texts)


def _over_a_gap(ctx: click.Context, line: Line, stands: Stands, asked: _Asked) -> Exit:
    from cdc.app.commands.run import command as run
    from cdc.app.operate import resync
    from cdc.app.preflight.gap import window

    if asked.mappings:
        raise click.UsageError("--gap repairs all mappings: after a gap each may lack something")
    resync.stopped(line, stands)
    reason = resync.gap(line, stands.checkpoint)
    if reason is None:
        click.echo(f"{line.name}: no gap: the log goes on from the checkpoint", err=True)
        return Exit.OK
    click.echo(f"{line.name}: {reason}\n{line.name}: missing may be {window(stands.checkpoint)}", err=True)
    _says(line, stands.plan, _mappings(stands.plan, ()))
    if asked.dry_run:
        for statement in resync.renewing(line, stands.plan):
            click.echo(f"-- on {line.source.name}:\n{statement};")
        return Exit.OK
    _confirmed(line.name, asked)
    kept = _bridge(line, stands.plan, delete=asked.delete)
    loaded: Exit = ctx.invoke(run, pipelines=(line.name,), once=True, plan_hash="")
    return loaded if loaded is not Exit.OK or not kept else Exit.DIFFERENCES


def _bridge(line: Line, plan: Plan, *, delete: bool) -> int:
    """Return how many rows stay that the source does not have."""
    from cdc.app.operate.resync import bridged, renewed
    from cdc.pipeline.step import Gone

    for statement in renewed(line, plan):
        click.echo(f"-- on {line.source.name}:\n{statement};")
    kept = 0
    for step in bridged(line, plan, delete=delete):
        if isinstance(step, Gone):
            kept += step.kept
            text = f", {step.kept} stay that the source does not have" if step.kept else ""
            click.echo(f"{step.mapping}: {step.deleted} rows deleted{text}", err=True)
        elif step.done:
            click.echo(f"{step.mapping}: {step.rows} rows of {step.source} compared", err=True)
    click.echo(f"{line.name}: a load of what differs begins", err=True)
    return kept


def _mappings(plan: Plan, names: Sequence[str]) -> list[str]:
    """Return the mappings of these names, or all. Raises a usage error for an unknown one."""
    from cdc.mapping.files.problem import did_you_mean

    known = [each.mapping for each in plan.targets]
    for name in names:
        if name not in known:
            raise click.UsageError(f"no mapping '{name}'; " + (did_you_mean(name, known) or f"there are: {', '.join(known)}"))
    return [name for name in known if not names or name in names]


def _says(line: Line, plan: Plan, mappings: Sequence[str]) -> None:
    tables = ", ".join(str(each.table.name) for each in plan.targets if each.mapping in mappings)
    click.echo(f"{line.name}: to compare: {tables}", err=True)


def _confirmed(pipeline: str, asked: _Asked) -> None:
    """What deletes rows that may be the target's own is not done for a word that says yes to anything."""
    if asked.delete:
        confirm = asked.confirm
        if not confirm and not sys.stdin.isatty():
            raise click.UsageError(f"--delete deletes rows that others may have made: add --confirm {pipeline}")
        confirm = confirm or click.prompt(f"Rows that the source does not have are deleted. Type {pipeline} to go on", err=True)
        if confirm != pipeline:
            raise click.UsageError(f"'{confirm}' is not the pipeline's name: nothing was changed")
    elif not asked.yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody is there to be asked: add --yes")
        click.confirm(f"Repair {pipeline}?", abort=True, err=True)
