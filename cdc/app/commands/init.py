"""`cdc init`: a first service file, and first mapping files from what two databases look like."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdc.app.cli import Options

if TYPE_CHECKING:
    from cdc.app.operate.scaffold import Scaffold
    from cdc.model.endpoint import Endpoint

_NAMES = ("erp", "crm")
"""What the two databases are called where nobody says otherwise."""


@click.command("init", short_help="Write a first service file, or first mappings.")
@click.option("--from", "source", default=_NAMES[0], show_default=True, help="The database that is read, by its name in the service file.")
@click.option("--to", "target", default=_NAMES[1], show_default=True, help="The database that is written.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder for the files.  [default: mappings/FROM_to_TO]"
)
@click.option("--from-url", help="Its URL, without a password: writes the service file instead of mappings.")
@click.option("--to-url", help="The other's URL.")
@click.option("--dry-run", is_flag=True, help="Print what would be written.")
@click.pass_obj
def command(
    options: Options, source: str, target: str, folder: Path | None, from_url: str | None, to_url: str | None, *, dry_run: bool
) -> None:
    """Begin. With --from-url and --to-url write the service file; then, without them, write first mappings between the two databases.

    Tables and columns are paired by how alike their names and types are, keys and deletes are chosen by what the target's tables have,
    and each line that is not sure says so. It is a beginning for someone who knows the data, not a mapping to run unread. The servers
    are only asked for their catalogues. Files that are there are never touched.
    """
    if (from_url is None) != (to_url is None):
        raise click.UsageError("--from-url and --to-url stand together")
    if source == target:
        raise click.UsageError("--from and --to are one name")
    if from_url is not None and to_url is not None:
        _service_file(options, {source: from_url, target: to_url}, folder, dry_run=dry_run)
    else:
        _mappings(options, source, target, folder, dry_run=dry_run)


def _service_file(options: Options, databases: dict[str, str], folder: Path | None, *, dry_run: bool) -> None:
    from cdc.app.operate.scaffold import service_file
    from cdc.app.service.url import BadUrl, has_password, read_url

    for name, url in databases.items():
        try:
            read_url(name, url, "")
        except BadUrl as error:
            raise click.UsageError(f"the URL of {name}: {error.message}; {error.advice}") from None
        if has_password(url):
            raise click.UsageError(f"the URL of {name} has a password in it: leave it out, the service file names a file for it")
    source, target = databases
    _written({options.config: service_file(databases, folder or Path("mappings") / f"{source}_to_{target}")}, dry_run=dry_run)
    if not dry_run:
        given = zip(("--from", "--to"), databases, _NAMES, strict=True)
        again = " ".join(("cdc init", *(f"{option} {name}" for option, name, usual in given if name != usual)))
        click.echo(f"next: put the passwords into {source}.password and {target}.password beside it, then `{again}`", err=True)


def _mappings(options: Options, source: str, target: str, folder: Path | None, *, dry_run: bool) -> None:
    from cdc.app.operate.scaffold import files

    known = _databases(options)
    ends = _database(options, known, source), _database(options, known, target)
    found = _found(*ends)
    _written(files(found, *ends, folder or options.config.parent / "mappings" / f"{source}_to_{target}"), dry_run=dry_run)
    _say(found)


def _databases(options: Options) -> Mapping[str, Endpoint]:
    """The databases alone count: that there are no mappings yet is why we are called."""
    from cdc.app.operate.scaffold import databases
    from cdc.mapping.files.problem import Level, failed, render
    from cdc.model.errors import Misconfigured

    known, problems = databases(options.config)
    if failed(problems):
        click.echo(render(problem for problem in problems if problem.level is Level.ERROR), err=True, nl=False)
        raise Misconfigured(f"{options.config}: no service file to begin with", "`cdc init --from-url … --to-url …` writes a first one.")
    return known


def _database(options: Options, known: Mapping[str, Endpoint], name: str) -> Endpoint:
    from cdc.mapping.files.problem import did_you_mean

    if name not in known:
        there = did_you_mean(name, known) or f"there are: {', '.join(known)}"
        raise click.UsageError(f"no database '{name}' in {options.config}; {there}")
    return known[name]


def _found(source: Endpoint, target: Endpoint) -> Scaffold:
    from contextlib import closing

    from cdc.app.build import engine
    from cdc.app.operate.scaffold import described, scaffold

    with closing(engine(source).source_admin(source, "init")) as ours, closing(engine(target).target_admin(target, "init")) as theirs:
        return scaffold(described(ours, source), described(theirs, target))


def _written(files: Mapping[Path, str], *, dry_run: bool) -> None:
    from cdc.app.operate.scaffold import write

    if dry_run:
        click.echo("\n".join(f"# {path}\n{content}" for path, content in files.items()), nl=False)
        return
    write(files)
    for path in files:
        click.echo(str(path))


def _say(found: Scaffold) -> None:
    from cdc.app.files import count
    from cdc.mapping.tools.propose import unsure

    for proposal in found.proposals:
        if columns := list(unsure(proposal)):
            click.echo(f"{proposal.name}: look at {', '.join(columns)}", err=True)
    for proposal in found.keyless:
        click.echo(f"{proposal.source} → {proposal.target}: {'; '.join(proposal.remarks)}", err=True)
    if found.alone:
        click.echo(f"without a partner on the target: {', '.join(map(str, found.alone))}", err=True)
    click.echo(
        f"{count(len(found.proposals), 'mapping')} proposed; read them, then `cdc check --connect` and `cdc mapping preview`", err=True
    )
