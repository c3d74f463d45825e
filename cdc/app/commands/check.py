"""`cdc check`: all that is wrong with the files, and with the servers when they are asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.preflight.examined import Examined
    from cdc.app.service.config import Settings
    from cdc.mapping.files.problem import Problem


@click.command("check", short_help="Show all that is wrong with files and servers.")
@click.option("--connect", is_flag=True, help="Ask both servers of each pipeline, too. Changes nothing there.")
@click.option("--notes", is_flag=True, help="Show every note, not only the first of each kind and mapping.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print what was found."
)
@click.pass_obj
def command(options: Options, *, connect: bool, notes: bool, form: Literal["text", "json"]) -> int:
    """Show all problems of the service file and its mappings at once.

    With --connect, ask the servers: privileges, wal_level, binlog settings, replica identity, keys, and whether the mappings fit
    the tables, with the statement that mends each. Nothing is started and nothing is left behind.

    Mappings that lead to and fro between two tables are proven together: who owns what both write, and whether what goes over comes
    back as it was. The examples are sent to and fro; with --connect the first 100 rows of both tables, too. None is written.

    Exit codes: 0 all is well or there are only warnings, 78 configuration or mapping, 77 privilege, 76 gap, 69 unreachable.
    """
    from cdc.app.files import checked
    from cdc.mapping.files.problem import failed, ordered

    settings, problems = checked(options)
    problems += _proofs(settings) if settings and not failed(problems) else []
    wrong = settings is None or failed(problems)
    examined = _examine(settings) if connect and settings and not wrong else []
    found = _trips(settings, examined) if settings and examined else []
    problems = ordered([*problems, *(problem for each in examined for problem in each.problems), *found])
    exit_code = _exit(examined, wrong=wrong or failed(found))
    if form == "json":
        _json(problems, examined, exit_code)
    else:
        _text(problems, examined, notes=notes)
    click.echo(_summary(settings, problems, examined, connect=connect), err=True)
    return exit_code


def _proofs(settings: Settings) -> list[Problem]:
    """What two directions must have in common."""
    from cdc.app.preflight.two_way import proofs

    return list(proofs(list(settings.pipelines.values())))


def _trips(settings: Settings, examined: Sequence[Examined]) -> list[Problem]:
    from cdc.app.preflight.two_way import trips

    return list(trips(examined, settings.pipelines))


def _examine(settings: Settings) -> list[Examined]:
    from cdc.app.build import line
    from cdc.app.preflight.examined import examine
    from cdc.app.preflight.fencing import fenced

    return [fenced(examine(line(pipeline))) for pipeline in settings.pipelines.values()]


def _exit(examined: Sequence[Examined], *, wrong: bool) -> Exit:
    from cdc.app.outcome import worst

    return worst([Exit.CONFIG] * wrong + [error.exit for each in examined for error in each.refusals()])


def _text(problems: Sequence[Problem], examined: Sequence[Examined], *, notes: bool) -> None:
    from cdc.app.folded import folded
    from cdc.app.preflight.examined import on_servers
    from cdc.mapping.files.problem import render

    click.echo(render(problems if notes else folded(problems)) + "".join(map(on_servers, examined)), nl=False)


def _json(problems: Sequence[Problem], examined: Sequence[Examined], exit_code: Exit) -> None:
    from cdc.mapping.files.problem import to_json

    findings: list[dict[str, Any]] = [
        {
            "pipeline": each.line.name,
            "database": database,
            "level": "warning" if finding.exit is Exit.OK else "error",
            "code": finding.code,
            "message": finding.message,
            "hint": finding.hint,
        }
        for each in examined
        for database, finding in each.findings()
    ]
    click.echo(json.dumps({"exit": int(exit_code), "problems": list(map(to_json, problems)), "findings": findings}, ensure_ascii=False))


def _summary(settings: Settings | None, problems: Sequence[Problem], examined: Sequence[Examined], *, connect: bool) -> str:
    from cdc.app.files import count
    from cdc.mapping.files.problem import Level

    found = [finding for each in examined for _, finding in each.findings()]
    errors = sum(problem.level is Level.ERROR for problem in problems) + sum(finding.exit is not Exit.OK for finding in found)
    notes = sum(problem.level is Level.NOTE for problem in problems)
    numbers = ((errors, "error"), (len(problems) + len(found) - errors - notes, "warning"), (notes, "note"))
    said = ", ".join(count(number, word) for number, word in numbers if number) or "no problems"
    pipelines = settings.pipelines.values() if settings else ()
    what = f"{count(len(pipelines), 'pipeline')}, {count(sum(len(p.specs) for p in pipelines), 'mapping')}: " if settings else ""
    if connect and not examined:
        return f"{what}{said}; the servers were not asked: mend the files first"
    return f"{what}{said}" + ("" if connect or errors else "; `cdc check --connect` asks the servers, too")
