"""What a command begins with: the service file read and checked, its pipelines chosen, its secrets kept out of all that is said."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

import click

from cdc.app import log
from cdc.app.build import Line, line
from cdc.app.cli import Options
from cdc.app.service import config
from cdc.app.service.config import Pipeline, Settings
from cdc.mapping.compile import check_expressions
from cdc.mapping.files.problem import Level, Problem, did_you_mean, failed, ordered, render
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.errors import Misconfigured


def checked(options: Options) -> tuple[Settings | None, list[Problem]]:
    """Read all files and return all that is wrong with them, the expressions too."""
    settings, problems = config.load(options.config)
    specs = {id(spec): spec for pipeline in (settings.pipelines.values() if settings else ()) for spec in pipeline.specs}
    for spec in specs.values():
        problems = problems + list(check_expressions(spec))
    return settings, ordered(problems)


def opened(options: Options) -> Settings:
    """Read all files, show what is wrong with them, and raise where it is an error."""
    settings, problems = checked(options)
    print(render(problem for problem in problems if problem.level is not Level.NOTE), file=sys.stderr, end="")  # `check` shows notes
    if settings is None or failed(problems):
        errors = [problem for problem in problems if problem.level is Level.ERROR]
        raise Misconfigured(f"{options.config}: {count(len(errors), 'error')}", "Mend them; `cdc check` shows them again.")
    return settings


def logging(options: Options, settings: Settings, secrets: Collection[str] = ()) -> bool:
    """Set logs up as the service file and the command line say; return whether they are for people. `secrets`: more of them."""
    level = "debug" if options.verbose else settings.log.level
    return log.configure(settings.log.format, level, color=options.color, masks=log.Masks({*settings.secrets, *secrets}))


def chosen(settings: Settings, names: Sequence[str]) -> list[Pipeline]:
    """Return the pipelines of these names, or all when none is named."""
    if not settings.pipelines:
        raise Misconfigured(f"{settings.file}: there is no pipeline", "Name one under `pipelines:`, with its source, target and mappings.")
    for name in names:
        if name not in settings.pipelines:
            known = did_you_mean(name, settings.pipelines) or f"there are: {', '.join(settings.pipelines)}"
            raise click.UsageError(f"no pipeline '{name}' in {settings.file}; {known}")
    return [settings.pipelines[name] for name in dict.fromkeys(names or settings.pipelines)]


def one_line(options: Options, pipeline: str) -> Line:
    """Return the one pipeline of this name, with its servers."""
    settings = opened(options)
    logging(options, settings)
    return line(chosen(settings, [pipeline])[0])


def specs(options: Options, pipeline: str) -> Sequence[MappingSpec]:
    """Read a pipeline's mapping files again. Raises `Misconfigured` with the first mistake, as nothing may be run from such files."""
    settings, problems = checked(options)
    if wrong := next((problem for problem in problems if problem.level is Level.ERROR), None):
        raise Misconfigured(f"{wrong.file}:{wrong.line}:{wrong.column}: {wrong.message}", wrong.help)
    if settings is None or pipeline not in settings.pipelines:
        raise Misconfigured(f"{options.config}: there is no pipeline '{pipeline}' any more", "Put it back, or stop the process.")
    return settings.pipelines[pipeline].specs


def count(number: int, word: str) -> str:
    """Return `1 error`, `2 errors`."""
    return f"{number} {word}{'' if number == 1 else 's'}"
