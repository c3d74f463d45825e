"""`cdc mapping explain`: one source row, or what the log told of it, on its way through a mapping."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from cdc.app.cli import Options

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from cdc.app.service.config import Pipeline
    from cdc.app.trial.told import Account

Form = Literal["text", "json"]


@click.command("explain", short_help="Show how a mapping makes one row.")
@click.argument("mapping", required=False)
@click.option("--key", "keys", multiple=True, help="The source row's key; once per column of it, or as column=value.")
@click.option("--parked", type=click.IntRange(min=1), metavar="ID", help="The parked change with this id, as it arrived.")
@click.option("--position", metavar="PLACE", help="The changes of the transaction at this place in the source's log.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="With --position: changes that are shown.")
@click.option("--pipeline", help="The pipeline, where several have a mapping of this name.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(options: Options, /, mapping: str | None, keys: Sequence[str], *, pipeline: str | None, form: Form, **log: Any) -> None:
    """Show how MAPPING makes one row: for each target column what goes in, the expression and what comes out, whether the condition takes
    the row, and what the mapping would do with it on the target, which is asked what it has now. Nothing is written.

    `--key` names the source row: the values of its key's columns in their order, or `--key column=value` for any columns. `--parked` takes
    a change that waits, as it arrived. `--position` reads the log again: on MySQL and MariaDB FILE:OFFSET anywhere in the transaction, its
    GTID, or the position at its end as `cdc` prints it; on PostgreSQL the first transaction that ends at an LSN or behind it, which the
    pipeline must not have applied yet, and while it does not run; on all, `next` is the first transaction that it has not applied.
    Without MAPPING the changes of all mappings are shown. The rows' values are printed, and never logged.
    """
    if [bool(keys), log["parked"] is not None, log["position"] is not None].count(True) != 1:
        raise click.UsageError("give one of --key, --parked and --position")
    from cdc.app.files import chosen, opened

    pipelines = chosen(opened(options), [pipeline] if pipeline else [])
    if keys:
        _by_key(options, pipelines, mapping, keys, form)
        return
    with _account(pipelines, mapping, **log) as account:
        _print(options, account, form)


def _account(
    pipelines: Sequence[Pipeline], mapping: str | None, parked: int | None, position: str | None, limit: int
) -> AbstractContextManager[Account]:
    from cdc.app.trial.look import named
    from cdc.app.trial.told import of_parked, of_position

    if parked is not None:
        return of_parked(pipelines, mapping, parked)
    assert position is not None
    found = named(pipelines, [mapping] if mapping else [])
    if len(found) > 1:
        raise click.UsageError(f"a position is in one log: choose {' or '.join(each.name for each, _ in found)} with --pipeline")
    return of_position(*found[0], position, limit)


def _print(options: Options, account: Account, form: Form) -> None:
    from cdc.app.trial import shown
    from cdc.app.trial.told import account_json

    if form == "json":
        click.echo(json.dumps(account_json(account), ensure_ascii=False))
    else:
        shown.account(shown.console(color=options.color), account)


def _by_key(options: Options, pipelines: Sequence[Pipeline], mapping: str | None, keys: Sequence[str], form: Form) -> None:
    from cdc.app.trial.explain import Explainer, to_json
    from cdc.app.trial.look import looks, one
    from cdc.app.trial.rows import by_key
    from cdc.app.trial.shown import console, heading, row
    from cdc.app.trial.tried import trials

    if mapping is None:
        raise click.UsageError("--key needs a MAPPING: keys are those of its source table")
    having, spec = one(pipelines, mapping)
    with looks(having, [spec], alone=True) as (look,):
        explainer = Explainer(look)
        explained = [explainer.explain(trial) for trial in trials(look, by_key(look, keys))]
    if form == "json":
        given = {"pipeline": having.name, "mapping": mapping, "rows": [to_json(one) for one in explained]}
        click.echo(json.dumps(given, ensure_ascii=False, default=str))
        return
    out = console(color=options.color)
    out.print(heading(look))
    for one_row in explained:
        row(out, look, one_row, whole=True)
