"""`cdc verify`: whether the target's rows are what the mappings make of the source's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.service.config import Pipeline
    from cdc.app.trial.look import Look
    from cdc.app.trial.verified import Verified
    from cdc.mapping.spec.mapping import MappingSpec

_LOOK = 1.0
"""Seconds between two looks at what differs."""


@click.command("verify", short_help="Compare the target's rows with the source's.")
@click.argument("pipeline", required=False)
@click.argument("mappings", nargs=-1, metavar="[MAPPING]...")
@click.option("--wait", type=click.FloatRange(0), default=20.0, show_default=True, help="Seconds for which differences may go away.")
@click.option("--extra/--no-extra", default=True, show_default=True, help="Whether to look for rows that only the target has.")
@click.option(
    "--keys", type=click.IntRange(min=0), default=20, show_default=True, help="Rows of each mapping that are shown, by their keys."
)
@click.option("--repair", is_flag=True, help="Let `cdc resync` write what differs, of the mappings that do.")
@click.option("--dry-run", is_flag=True, help="With --repair: only say what would be repaired.")
@click.option("--yes", is_flag=True, help="With --repair: do not ask.")
@click.option(
    "--metrics", type=click.Path(path_type=Path, dir_okay=False), help="Write what was found into this file for Prometheus' node_exporter."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_context
def command(ctx: click.Context, /, pipeline: str | None, mappings: Sequence[str], **given: Any) -> Exit:
    """Compare all rows of the source, by the mappings of PIPELINE or those named, with the rows of the target: which are missing, which
    have other values, which the target has too many of, and which can't be mapped.

    It finds what no log tells: rows that users changed on the target, that a session with `sql_log_bin = 0` wrote on the source, or that a
    restored backup lacks. Both sides are only read, while the daemon runs or not. What differs because it is under way is looked at
    again for --wait seconds, and only what lasts is told. Rows that only the target has may be its own: --no-extra leaves them out.

    Memory: about 100 bytes for each row of the target with --extra, and the keys of up to 10,000 differing rows.

    Exit codes: 0 equal, 3 different; with --repair what `cdc resync` says.
    """
    from cdc.app.files import chosen, opened
    from cdc.app.trial.look import named

    options: Options = ctx.obj
    found = named(chosen(opened(options), [pipeline] if pipeline else []), mappings)
    done = [(each.name, _verified(each, specs, given, color=options.color)) for each, specs in found]
    if given["metrics"]:
        _measured(given["metrics"], done)
    if given["form"] == "json":
        click.echo(json.dumps({"pipelines": [_json(name, made, given["keys"]) for name, made in done]}, ensure_ascii=False, default=str))
    else:
        for name, made in done:
            _print(name, made, given["keys"])
    if all(one.equal for _, made in done for one in made):
        return Exit.OK
    return _repaired(ctx, done, given) if given["repair"] else Exit.DIFFERENCES


def _verified(pipeline: Pipeline, specs: Sequence[MappingSpec], given: dict[str, Any], *, color: bool) -> list[Verified]:
    from cdc.app.commands.plan import progressing
    from cdc.app.trial.look import looks
    from cdc.app.trial.verified import Verifying

    with looks(pipeline, specs) as bound:
        with progressing(color=color) as shown:

            def begun(look: Look) -> Verifying:
                task = shown.add_task(look.spec.name, total=look.source.estimate)
                return Verifying(look, extra=given["extra"], progress=lambda: shown.advance(task))

            made = [begun(look) for look in bound]
        _settle(bound[0], made, given["wait"])
        return [each.found for each in made]


def _settle(look: Look, made: Sequence[Any], wait: float) -> None:
    """Look at what differs until nothing does, or time is up; where nobody applies the log, waiting is of no use."""
    with closing(look.line.target_admin()) as admin:
        running = admin.holder() is not None
    if not running and not all(each.found.equal for each in made):
        click.echo(f"{look.line.name}: nobody runs it: what its log holds still counts as different", err=True)
    deadline = time.monotonic() + (wait if running else 0)
    while time.monotonic() < deadline and not all(each.found.equal for each in made):
        time.sleep(_LOOK)
        for each in made:
            each.again()


def _measured(path: Path, done: Sequence[tuple[str, Sequence[Verified]]]) -> None:
    from cdc.app.monitor.verified_metrics import Compared, write

    write(
        path,
        (
            Compared(name, one.look.spec.name, one.rows, {kind.value: count for kind, count in one.counts().items()})
            for name, made in done
            for one in made
        ),
        time.time(),
    )


def _json(pipeline: str, made: Sequence[Verified], keys: int) -> dict[str, Any]:
    from cdc.app.trial.verified import to_json

    return {"pipeline": pipeline, "equal": all(one.equal for one in made), "mappings": [to_json(one, keys) for one in made]}


def _print(pipeline: str, made: Sequence[Verified], keys: int) -> None:
    from itertools import islice

    from cdc.app.outcome import one_line
    from cdc.app.trial.verified import Kind

    texts = {Kind.MISSING: "missing", Kind.DIFFERENT: "different", Kind.EXTRA: "too many", Kind.FAILING: "can't be mapped"}
    for one in made:
        counts = ", ".join(f"{count:,} {texts[kind]}" for kind, count in one.counts().items() if count)
        click.echo(f"{pipeline}: {one.look.spec.name}: {one.rows:,} rows compared: {counts or 'equal'}")
        for each in islice(one.differences(), keys):
            key = ", ".join(f"{name} = {text}" for name, text in each.key.items())
            more = each.error or ", ".join(each.columns)
            click.echo("  " + one_line(f"{texts[each.kind]}: {key}{': ' * bool(more)}{more}"))
        if (left := sum(one.counts().values()) - keys) > 0 and keys:
            click.echo(f"  and {left:,} more: --keys shows more of them")


def _repaired(ctx: click.Context, done: Sequence[tuple[str, Sequence[Verified]]], given: dict[str, Any]) -> Exit:
    from cdc.app.commands.resync import command as resync
    from cdc.app.outcome import worst

    invoke: Callable[..., Exit] = ctx.invoke
    differing = [(name, tuple(one.look.spec.name for one in made if not one.equal)) for name, made in done]
    wanted = {"dry_run": given["dry_run"], "yes": given["yes"]}
    return worst([invoke(resync, pipeline=name, mappings=mappings, **wanted) for name, mappings in differing if mappings])
