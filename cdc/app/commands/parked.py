"""`cdc parked`: the row changes that wait, what for, and what becomes of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from cdc.app.cli import Commands, Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.build import Line
    from cdc.app.state.parked import Done, Rows, Waiting, Wanted

Form = Literal["table", "json"]
F = TypeVar("F", bound=Callable[..., Any])

_pipeline = click.option("--pipeline", help="The pipeline, where there are several.")
_mapping = click.option("--mapping", default="", help="Only this mapping's.")
_cause = click.option("--cause", default="", help="Only those that wait for this cause, as `cdc parked list` shows it.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_values = click.option("--values", is_flag=True, help="Show the rows' values.")
_form = click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print it.")
_ids = click.argument("ids", nargs=-1, type=click.IntRange(min=1), metavar="[ID]...")


@click.group("parked", cls=Commands, short_help="Show and settle row changes that wait.")
def command() -> None:
    """Show and settle row changes that can't be mapped or written, and those that wait behind them.

    All of it works while the daemon runs, which takes note within seconds, and while it does not. Who did what is kept in `cdc.audit_trail`
    on the target.
    """


@command.command("list", short_help="Show what waits.")
@_pipeline
@_mapping
@_cause
@click.option("--id", "ids", multiple=True, type=click.IntRange(min=1), help="Only these.")
@click.option("--older", metavar="TIME", default="", help="Only those that wait for longer, as 90s, 15m, 6h.")
@_values
@_form
@click.pass_obj
def list_(options: Options, /, form: Form, pipeline: str | None, *, values: bool, **only: Any) -> None:
    """Show what waits, by id: the mapping, what for, behind which other it waits, and since when.

    Rows are named by a digest of their key, unless --values asks for the keys themselves.
    """
    from cdc.app.state.parked import Wanted

    wanted = Wanted(only["ids"], only["mapping"], only["cause"], _seconds(only["older"]))
    found = [_json(one, values=values) for line in _lines(options, pipeline) for one in _waiting(line, wanted)]
    _print(found, form, options)


@command.command("show", short_help="Show one row change.")
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@_pipeline
@_values
@click.option("--to-test", is_flag=True, help="Print an entry for the mapping's `tests:` instead, its values masked.")
@_form
@click.pass_obj
def show(options: Options, number: int, *, pipeline: str | None, values: bool, to_test: bool, form: Form) -> Exit:
    """Show the row change ID: what is wrong, what to do, and its columns; their values with --values.

    Exit codes: 0, or 1 when there is none.
    """
    from cdc.app.state.parked import Wanted, masked_test

    found = [one for line in _lines(options, pipeline) for one in _waiting(line, Wanted([number]))]
    if to_test:
        click.echo("".join(masked_test(one.entry) for one in found), nl=False)
    elif form == "json":
        click.echo(json.dumps([_json(one, values=values) | _row(one, values=values) for one in found], ensure_ascii=False))
    else:
        for one in found:
            _details(_json(one, values=values) | _row(one, values=values))
    if not found:
        click.echo(f"nothing is parked as {number}; `cdc parked list` shows what waits", err=True)
    return Exit.OK if found else Exit.FAILURE


@command.command("edit", short_help="Give a parked row other values.")
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@click.option("--set", "given", multiple=True, metavar="COLUMN=VALUE", help="A source column's value, as the log writes it.")
@click.option("--null", "nulls", multiple=True, metavar="COLUMN", help="A source column that is to be NULL.")
@_pipeline
@click.pass_obj
def edit(options: Options, number: int, given: Sequence[str], nulls: Sequence[str], pipeline: str | None) -> None:
    """Give the row change ID other values of source columns, and try it again at once. The source's own row stays as it is.

    A later change of the row that carries the column overwrites it again: better mend the row on the source where that can be done.
    """
    changes: dict[str, str | None] = dict.fromkeys(nulls)
    for each in given:
        name, equals, text = each.partition("=")
        if not equals:
            raise click.UsageError(f"--set takes COLUMN=VALUE, not '{each}'")
        changes[name] = text
    if not changes:
        raise click.UsageError("say what to change: --set COLUMN=VALUE or --null COLUMN")
    with _rows(options, pipeline) as (_, rows):
        _report("edited", rows.edit(number, changes))


@command.command("replay", short_help="Try parked rows again at once.")
@_ids
@_mapping
@_cause
@_pipeline
@_yes
@click.pass_obj
def replay(options: Options, ids: Sequence[int], mapping: str, cause: str, pipeline: str | None, *, yes: bool) -> None:
    """Try these again at once: by ID, or all of --cause or --mapping. What fails still keeps its place.

    A delete that was parked by `deletes: park` is done on the target.
    """
    with _rows(options, pipeline) as (line, rows):
        wanted = _chosen(line, rows, ids, mapping, cause)
        if not ids and wanted:
            _confirm(f"Try {len(wanted):,} again?", yes=yes)
        _report("to be tried again", rows.replay(wanted))


@command.command("skip", short_help="Give parked rows up.")
@_ids
@_mapping
@_cause
@_pipeline
@_yes
@click.pass_obj
def skip(options: Options, ids: Sequence[int], mapping: str, cause: str, pipeline: str | None, *, yes: bool) -> None:
    """Give these up, and all that waits behind them: by ID, or all of --cause or --mapping.

    The target keeps what it has of those rows, until something changes them on the source.
    """
    from cdc.app.state.parked import Wanted, following

    with _rows(options, pipeline) as (line, rows):
        wanted = _chosen(line, rows, ids, mapping, cause)
        every = [one.key for one in rows.waiting(Wanted())]
        if gone := following(every, wanted):
            behind = len(set(gone) - wanted)
            _confirm(f"Give up {len(gone):,}, {behind:,} of them behind others?", yes=yes or (len(ids) == 1 and not behind))
        _report("given up", rows.skip(wanted))


def _chosen(line: Line, rows: Rows, ids: Sequence[int], mapping: str, cause: str) -> set[int]:
    from cdc.app.state.parked import Wanted

    if not (ids or mapping or cause):
        raise click.UsageError(f"say which of {line.name}: ID, --cause or --mapping")
    return {one.key.id for one in rows.waiting(Wanted(ids, mapping, cause))}


def _lines(options: Options, pipeline: str | None) -> list[Line]:
    from cdc.app.build import line
    from cdc.app.files import chosen, logging, opened

    settings = opened(options)
    logging(options, settings)
    return [line(each) for each in chosen(settings, [pipeline] if pipeline else [])]


@contextmanager
def _rows(options: Options, pipeline: str | None) -> Iterator[tuple[Line, Rows]]:
    from cdc.app.state.parked import opened

    lines = _lines(options, pipeline)
    if len(lines) != 1:
        raise click.UsageError(f"choose with --pipeline: {', '.join(line.name for line in lines)}")
    with opened(lines[0]) as rows:
        yield lines[0], rows


def _waiting(line: Line, wanted: Wanted) -> list[Waiting]:
    from cdc.app.state.parked import opened

    with opened(line) as rows:
        return rows.waiting(wanted)


def _json(one: Waiting, *, values: bool) -> dict[str, Any]:
    from cdc.model.errors import key_text

    key, entry = one.key, one.entry
    known = entry.cause
    return {
        "id": key.id,
        "pipeline": one.pipeline,
        "mapping": key.mapping,
        "source": entry.mapping if entry.change.table.name.schema == ":keys" else str(entry.change.table.name),
        "op": entry.change.op.value,
        "key": list(key.keys[0]) if values else key_text(key.keys[0]),
        "cause": one.why,
        "behind": one.behind,
        "message": known.message if known else "",
        "hint": known.hint if known else "",
        "parked_at": datetime.fromtimestamp(key.parked_at, UTC).isoformat(timespec="seconds"),
        "asked": key.asked,
    }


def _row(one: Waiting, *, values: bool) -> dict[str, Any]:
    from cdc.app.state.parked_mask import masked

    change = one.entry.change
    shown: dict[str, Any] = {"position": one.entry.position}
    for name, row in (("old", change.old), ("new", change.new)):
        if row is not None:
            given = masked(change.table, row)
            plain = {column.name: text for column, text in zip(change.table.columns, row, strict=True) if column.name in given}
            shown[name] = plain if values else given
    return shown


def _details(shown: dict[str, Any]) -> None:
    from cdc.app.outcome import one_line

    for name, given in shown.items():
        if isinstance(given, dict):
            click.echo(f"{name}:")
            for column, text in given.items():
                click.echo(f"  {column}: {'null' if text is None else one_line(text)}")
        elif given not in (None, "", False):
            click.echo(f"{name}: {one_line(str(given))}")


def _seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if not text:
        return 0.0
    if text[-1] not in units or not text[:-1].isdigit():
        raise click.UsageError(f"--older takes a time such as 90s, 15m, 6h or 2d, not '{text}'")
    return float(text[:-1]) * units[text[-1]]


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to be asked: add --yes")
    click.confirm(question, abort=True, err=True)


def _report(what: str, done: Done) -> None:
    if not done.ids:
        click.echo("nothing of that is parked; `cdc parked list` shows what waits", err=True)
        return
    behind = f", {done.behind:,} of them behind others" if done.behind else ""
    click.echo(f"{len(done.ids):,} {what}{behind}", err=True)


def _print(found: Sequence[dict[str, Any]], form: Form, options: Options) -> None:
    from rich.console import Console
    from rich.table import Table

    from cdc.app.outcome import one_line

    if form == "json":
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    shown = ("id", "pipeline", "mapping", "op", "key", "cause", "behind", "parked_at", "message")
    for name in shown:
        table.add_column(name.replace("_", " ").upper(), no_wrap=True)
    for each in found:
        texts = (",".join(map(str, each[name])) if isinstance(each[name], list) else each[name] for name in shown)
        table.add_row(*(one_line("" if text is None else str(text)) for text in texts))
    Console(no_color=not options.color, width=None if sys.stdout.isatty() else 250, markup=False).print(table)
