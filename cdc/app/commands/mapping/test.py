"""`cdc mapping test`: the mappings' own examples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cdc.app.cli import Options
from cdc.model.errors import Exit

if TYPE_CHECKING:
    from cdc.app.service.config import Pipeline
    from cdc.mapping.spec.mapping import MappingSpec
    from cdc.mapping.tools.example import Outcome


@click.command("test", short_help="Run the mappings' own examples.")
@click.argument("mappings", nargs=-1, metavar="[MAPPING]...")
@click.option("--connect", is_flag=True, help="Take the columns' types from both servers instead of the examples' values.")
@click.option("--pipeline", help="This pipeline's mappings only.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write a JUnit report to this file, too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it.")
@click.pass_obj
def command(
    options: Options, mappings: Sequence[str], *, connect: bool, pipeline: str | None, junit: Path | None, form: Literal["text", "json"]
) -> Exit:
    """Run the examples under `tests:` of the named mappings, or of all: the row that is `given` must give the columns that it is expected
    to, or be left out by the condition (`expect: null`).

    No server is asked: a column has the type of its values in the examples, and what an expression gives is compared before it is
    fitted to the target's column. With --connect the types are those of the tables, and a value that does not fit is found, too.

    Exit codes: 0 all is as expected, 3 it is not, 78 configuration or mapping wrong.
    """
    from cdc.app.files import chosen, count, opened
    from cdc.app.junit import report
    from cdc.app.trial.look import named

    found = named(chosen(opened(options), [pipeline] if pipeline else []), mappings)
    suites = dict(_run(found, connect=connect))
    if junit is not None:
        junit.write_text(report(suites), encoding="utf-8")
    failures = [outcome for outcomes in suites.values() for outcome in outcomes if outcome.differences]
    number = sum(map(len, suites.values()))
    click.echo(_json(suites) if form == "json" else "".join(map(_text, failures)), nl=form == "json")
    without = [name for name, outcomes in suites.items() if not outcomes]
    click.echo(f"{count(number, 'example')}, {count(len(failures), 'failure')}", err=True)
    if without:
        click.echo(f"without an example: {', '.join(without)}", err=True)
    return Exit.DIFFERENCES if failures else Exit.OK


def _run(found: Sequence[tuple[Pipeline, Sequence[MappingSpec]]], *, connect: bool) -> Iterator[tuple[str, list[Outcome]]]:
    from cdc.app.trial.look import looks
    from cdc.mapping.tools.example import outcomes

    for pipeline, specs in found:
        if not connect:
            yield from ((f"{pipeline.name}/{spec.name}", outcomes(spec)) for spec in specs)
            continue
        with looks(pipeline, specs) as bound:
            for look in bound:
                yield f"{pipeline.name}/{look.spec.name}", outcomes(look.spec, look.source, look.plan.target.table)


def _text(outcome: Outcome) -> str:
    from cdc.mapping.files.problem import printable

    lines = (
        f"{one.place.file}:{one.place.line}:{one.place.column}: example {outcome.number}: {one.column}{': ' if one.column else ''}{one.message}"
        for one in outcome.differences
    )
    return "".join(printable(line) + "\n" for line in lines)


def _json(suites: dict[str, list[Outcome]]) -> str:
    given = [
        {
            "mapping": name,
            "example": outcome.number,
            "ok": not outcome.differences,
            "file": outcome.place.file,
            "line": outcome.place.line,
            "differences": [{"column": one.column, "line": one.place.line, "message": one.message} for one in outcome.differences],
        }
        for name, outcomes in suites.items()
        for outcome in outcomes
    ]
    return json.dumps({"examples": given}, ensure_ascii=False)
