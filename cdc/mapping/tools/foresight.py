"""A migration against mappings, before it runs: which statement would stop which mapping, why, and how to do it in steps that stop none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdc.mapping.compile import compile_plan
from cdc.mapping.files.problem import Level, Problem
from cdc.mapping.query.prepare import Answers, wanted_tables
from cdc.mapping.spec.mapping import MappingSpec
from cdc.mapping.tools.migration import Ran, Tables
from cdc.model.value import value
from cdc.model.write import Truncates

_MAPPING_FIRST = (
    "1. Change the mapping so that it fits the tables before and after, and `cdc reload`. 2. Run the statement."
    " The other way round the pipeline waits at the statement's place, and goes on by itself once the mapping fits."
)
_STEPS: Mapping[str, str] = {
    "column-required": "1. Add the column with a default, or without NOT NULL. 2. Name it in the mapping, and `cdc reload`. 3. Then make it NOT NULL.",
    "key-not-unique": "1. Make the new unique index. 2. Change `key` in the mapping, and `cdc reload`. 3. Drop the old index.",
    "no-identity": "On PostgreSQL let the log carry whole rows first (`replica identity full`), and make the new key before the old one goes.",
    "unknown-table": "Run it when the pipeline has caught up; then change the mapping to the new name: the pipeline waits for that, and goes on by itself.",
    "emptied": "Rows on the target stay. To let the pipeline pass it, set `truncate: ignore` first; otherwise it waits there until you do.",
    "query": "Run the mapping's query on a copy that has the change; while the daemon runs, a query that no longer fits makes the pipeline wait.",
}


@value
class Hit:
    """What a statement would do to a mapping."""

    mapping: str
    message: str
    place: str
    steps: str
    stops: bool = True
    """Whether the mapping stops; otherwise nobody can tell."""

    def to_json(self) -> dict[str, Any]:
        return {"mapping": self.mapping, "message": self.message, "place": self.place, "steps": self.steps, "stops": self.stops}


@value
class Around:
    """One pipeline's mappings, and both catalogues as they are."""

    specs: Sequence[MappingSpec]
    sources: Tables
    targets: Tables
    schemas: tuple[str, str]
    answers: Answers


def hits(around: Around, ran: Ran, before: Tables, *, source: bool) -> Iterator[Hit]:
    """Yield what one statement does, on the source's side or the target's; `before` are that side's tables before it."""
    old, new = (_problems(around, tables, source=source) for tables in (before, ran.tables))
    known = {(problem.file, problem.code, problem.message) for problem in old}
    for problem in new:
        if (problem.file, problem.code, problem.message) not in known:
            place = f"{problem.file}:{problem.line}:{problem.column}"
            yield Hit(_mapping(around.specs, problem), problem.message, place, _STEPS.get(problem.code, _MAPPING_FIRST))
    if source:
        yield from _of_source(around, ran, before)


def _of_source(around: Around, ran: Ran, before: Tables) -> Iterator[Hit]:
    changed = {name for name in (*before, *ran.tables) if before.get(name) is not ran.tables.get(name)}
    for spec in around.specs:
        read = tuple(wanted_tables(spec, around.schemas[0]))
        passes = spec.truncate is Truncates.IGNORE or (spec.truncate is Truncates.APPLY and ran.truncates)
        if not passes and (lost := [name for name in read if name in ran.emptied]):
            yield Hit(
                spec.name,
                f"{lost[0]} loses rows without their deletes: the mapping says `truncate: {spec.truncate.value}`",
                spec.document.file,
                _STEPS["emptied"],
            )
        if spec.query and (hit := changed.intersection(read)):
            yield Hit(
                spec.name,
                f"its query reads {min(hit)}: whether it still runs can't be seen from here",
                spec.document.file,
                _STEPS["query"],
                stops=False,
            )


def _problems(around: Around, tables: Tables, *, source: bool) -> Sequence[Problem]:
    sources, targets = (tables, around.targets) if source else (around.sources, tables)
    _, problems = compile_plan(around.specs, sources, targets, *around.schemas, around.answers)
    return [problem for problem in problems if problem.level is Level.ERROR]


def _mapping(specs: Sequence[MappingSpec], problem: Problem) -> str:
    return next((spec.name for spec in specs if spec.document.file == problem.file), problem.file)
