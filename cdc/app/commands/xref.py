"""`cdc xref`: which row of the source is which row of the target, as the crosswalk knows it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeVar

import click

from cdc.app.cli import Commands, Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.build import Line
    from cdc.app.state.crosswalk import Entity

Form = Literal["text", "json"]
F = TypeVar("F", bound=Callable[..., Any])

_pipeline = click.option("--pipeline", help="The pipeline, where several have mappings with `xref`.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")


def _form(command: F) -> F:
    return click.option(
        "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it."
    )(command)


@click.group("xref", cls=Commands, short_help="Show and mend the crosswalk.")
def command() -> None:
    """Show and mend the crosswalk: which row of the source is which row of the target.

    An entry belongs to an entity and a source database. Source keys of several values are joined by commas, as `cdc xref get` prints
    them.
    """


@command.command("get", short_help="Show entries.")
@click.argument("entity", required=False)
@click.argument("key", required=False)
@click.option("--target-key", default="", help="Only the entries that lead to this row of the target.")
@_pipeline
@_form
@click.pass_obj
def get(options: Options, entity: str | None, key: str | None, *, target_key: str, pipeline: str | None, form: Form) -> Exit:
    """Show the entries of ENTITY, or the one of the source key KEY; without ENTITY, which entities there are.

    Exit codes: 0, or 1 when no entry was found.
    """
    from cdc.app.state.crosswalk import listed

    if entity is None:
        with _opened(options, pipeline) as (line, admin):
            found: list[dict[str, Any]] = [{"entity": name, "entries": number} for name, number in listed(line, admin)]
    else:
        with _entity(options, pipeline, entity) as of:
            found = [entry._asdict() for entry in of.entries(source=key or "", target=target_key)]
    _print(found, form, options)
    return Exit.OK if found else Exit.FAILURE


@command.command("set", short_help="Add or change an entry.")
@click.argument("entity")
@click.argument("source_key")
@click.argument("target_key")
@_pipeline
@_yes
@click.pass_obj
def set_(options: Options, entity: str, source_key: str, target_key: str, *, pipeline: str | None, yes: bool) -> None:
    """Let SOURCE_KEY of ENTITY be the target's row TARGET_KEY. The pipeline's next write of that row goes there."""
    with _entity(options, pipeline, entity) as of:
        now = [entry.target_key for entry in of.entries(source=source_key)]
        _confirm(f"Change the entry, which leads to {now[0]} now?" if now else "Add the entry?", yes=yes)
        of.put([(source_key, target_key)])


@command.command("import", short_help="Add entries from a CSV file.")
@click.argument("entity")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@_pipeline
@_yes
@click.pass_obj
def import_(options: Options, entity: str, file: TextIO, *, pipeline: str | None, yes: bool) -> None:
    """Add entries of ENTITY from FILE (`-`: standard input), CSV with the columns source_key and target_key, before the first run, say.

    Entries of the same source keys are changed.
    """
    from cdc.app.files import count
    from cdc.app.state.crosswalk import read

    pairs = read(file, file.name)
    with _entity(options, pipeline, entity) as of:
        _confirm(f"Set {len(pairs):,} of {entity}?", yes=yes)
        of.put(pairs)
        click.echo(f"{count(len(pairs), 'line')} imported", err=True)


@command.command("export", short_help="Write entries as CSV.")
@click.argument("entity")
@_pipeline
@click.pass_obj
def export(options: Options, entity: str, *, pipeline: str | None) -> None:
    """Write the entries of ENTITY to standard output as CSV, with the columns source_key, target_key and created_at."""
    from cdc.app.state.crosswalk import write

    with _entity(options, pipeline, entity) as of:
        write(of.entries(), sys.stdout)


@command.command("merge", short_help="Let two source rows be one.")
@click.argument("entity")
@click.argument("source_key")
@click.argument("into")
@_pipeline
@_yes
@click.pass_obj
def merge(options: Options, entity: str, source_key: str, into: str, *, pipeline: str | None, yes: bool) -> None:
    """Let SOURCE_KEY of ENTITY be the same row of the target as the source key INTO: two rows of the source that are one there.

    The row that SOURCE_KEY led to until now stays as it is: what becomes of it is for the application to say. When one of the two
    source rows is deleted, the target's row stays for the other.
    """
    with _entity(options, pipeline, entity) as of:
        _confirm(f"Let {source_key} be the same row as {into}?", yes=yes)
        if left := of.merge(source_key, into):
            click.echo(f"the row {left} of the target has no entry any more", err=True)


@command.command("check", short_help="Compare entries with rows.")
@click.argument("entity", required=False)
@_pipeline
@_form
@click.pass_obj
def check(options: Options, entity: str | None, *, pipeline: str | None, form: Form) -> Exit:
    """Find entries without a row, and rows without an entry, of ENTITY or of all that the pipeline's mappings make.

    An entry stays when its row is deleted, so that a row that comes back gets its key again. Rows without an entry are the target's
    own: the application made them.

    Exit codes: 0 none, 3 some.
    """
    from cdc.app.preflight.examined import examine, report
    from cdc.app.state.crosswalk import entity as of_line
    from cdc.app.state.crosswalk import owners

    found: list[dict[str, Any]] = []
    with _opened(options, pipeline) as (line, admin):
        examined = examine(line)
        if examined.plan is None:
            click.echo(report(examined), err=True, nl=False)
            raise examined.refusals()[0]
        plans = owners(examined.plan.targets)
        if entity is not None and entity not in plans:
            raise click.UsageError(f"no mapping of {line.name} makes rows of '{entity}'; there are: {', '.join(plans)}")
        for name in [entity] if entity is not None else plans:
            of = of_line(line, admin, name)
            gone, alone = of.without_rows(plans[name]), of.without_entries(plans[name])
            found += [{"entity": name, "source_key": source, "target_key": target, "missing": "row"} for source, target in gone]
            found += [{"entity": name, "source_key": None, "target_key": target, "missing": "entry"} for target in alone]
    _print(found, form, options)
    return Exit.DIFFERENCES if found else Exit.OK


@contextmanager
def _opened(options: Options, name: str | None) -> Iterator[tuple[Line, Any]]:
    """Choose the pipeline, and connect to its target."""
    from cdc.app.build import line
    from cdc.app.files import chosen, opened
    from cdc.app.state.crosswalk import crosswalk, using

    lines = [line(pipeline) for pipeline in chosen(opened(options), [name] if name else [])]
    fitting = lines if name else using(lines)
    if len(fitting) != 1:
        known = ", ".join(each.name for each in fitting)
        raise click.UsageError(f"choose with --pipeline: {known}" if known else "no pipeline has a mapping with `xref`")
    with crosswalk(fitting[0]) as admin:
        yield fitting[0], admin


@contextmanager
def _entity(options: Options, pipeline: str | None, name: str) -> Iterator[Entity]:
    from cdc.app.state.crosswalk import entity

    with _opened(options, pipeline) as (line, admin):
        yield entity(line, admin, name)


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to be asked: add --yes")
    click.confirm(question, abort=True, err=True)


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
    for name in found[0]:
        table.add_column(name.replace("_", " ").upper(), no_wrap=True)
    for each in found:
        table.add_row(*(one_line("" if text is None else str(text)) for text in each.values()))
    Console(no_color=not options.color, width=None if sys.stdout.isatty() else 200, markup=False).print(table)
