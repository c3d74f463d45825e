"""Mappings bound to their tables as both catalogues have them now, with what reads rows of both sides: for the commands that look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import click

from cdc.app.build import Line, line
from cdc.app.preflight.examined import Examined, examine, report
from cdc.app.preflight.plan_hash import pipeline_hash
from cdc.app.service.config import Pipeline, default_schema
from cdc.mapping.files.problem import Level, did_you_mean
from cdc.mapping.plan import Bind, QueryPlan, RowPlan
from cdc.mapping.spec.mapping import MappingSpec, table_name
from cdc.mapping.tools.single import Around
from cdc.model.table import Column, Definition, Table, TableName
from cdc.model.types import Kind, Type
from cdc.model.value import value
from cdc.source.reader import Reader
from cdc.sql.ledger import CROSSWALK, SCHEMA


@value
class Look:
    """One mapping on its tables."""

    line: Line
    spec: MappingSpec
    source: Definition
    """Its table, or what its query returns."""
    table: Table
    """The same, as rows come from it."""
    root: Definition
    """The table whose key names a row; `source` itself where there is no query."""
    query: QueryPlan | None
    plan: RowPlan
    reader: Reader
    """Of the source."""
    beside: Reader
    """Of the target."""
    around: Around
    """What its expressions may refer to on the target."""
    crosswalk: tuple[str, ...] | None
    """What stands before the entity in the crosswalk's keys: the target's own database where those of a server share the table. None: no table yet."""
    plan_hash: str
    """Of all mappings of the pipeline."""
    bind: Bind
    """What compiles the pipeline's mappings for another shape of a table."""


def named(pipelines: Sequence[Pipeline], wanted: Sequence[str]) -> list[tuple[Pipeline, list[MappingSpec]]]:
    """Return the pipelines with their mappings of these names, or all when none is named. Raises a usage error for an unknown name."""
    known = [spec.name for each in pipelines for spec in each.specs]
    for name in wanted:
        if name not in known:
            raise click.UsageError(f"no mapping '{name}'; " + (did_you_mean(name, known) or f"there are: {', '.join(known)}"))
    chosen = [(each, [spec for spec in each.specs if not wanted or spec.name in wanted]) for each in pipelines]
    return [(each, specs) for each, specs in chosen if specs]


def one(pipelines: Sequence[Pipeline], mapping: str) -> tuple[Pipeline, MappingSpec]:
    """Return the one mapping of this name. Raises a usage error when there is none, or more than one."""
    found = named(pipelines, [mapping])
    if len(found) > 1:
        raise click.UsageError(f"{' and '.join(each.name for each, _ in found)} have a mapping '{mapping}': choose with --pipeline")
    return found[0][0], found[0][1][0]


@contextmanager
def looks(pipeline: Pipeline, specs: Sequence[MappingSpec], *, alone: bool = False) -> Iterator[list[Look]]:
    """Ask both servers, compile, and bind these mappings. Raises what keeps the pipeline's mappings from being compiled.

    `alone`: what is wrong with the others is passed over.
    """
    built = line(pipeline)
    examined = examine(built)
    if examined.plan is None and alone and len(specs) < len(built.specs):
        examined = examine(replace(built, specs=specs))
    if examined.plan is None:
        wrong = replace(examined, problems=[one for one in examined.problems if one.level is Level.ERROR])
        click.echo(report(wrong), err=True, nl=False)
        raise examined.refusals()[0]
    made = pipeline_hash(built, examined)
    with built.readers() as readers:
        yield [_look(built, examined, spec, readers, made) for spec in specs]


def _look(built: Line, examined: Examined, spec: MappingSpec, readers: tuple[Reader, Reader], made: str) -> Look:
    assert examined.plan is not None
    targets = examined.target.definitions
    root = examined.source.definitions[table_name(spec.source, default_schema(built.source))]
    query = next((query for query in examined.plan.queries if query.target.mapping == spec.name), None)
    table = query.result if query else readers[0].shape(root)
    source = Definition(table.name, table.columns, (), (), None, triggers=False, estimate=root.estimate) if query else root
    plan = next(plan for plan in examined.plan.bind(table) if plan.target.mapping == spec.name)
    around = Around(targets, default_schema(built.target))
    return Look(built, spec, source, table, root, query, plan, *readers, around, _crosswalk(built, targets), made, examined.plan.bind)


def _crosswalk(built: Line, targets: Mapping[TableName, Definition]) -> tuple[str, ...] | None:
    table = targets.get(TableName(SCHEMA, CROSSWALK))
    if table is None:
        return None
    return (default_schema(built.target),) if any(column.name == "home" for column in table.columns) else ()


def crosswalk_by(look: Look, *names: str) -> Table:
    """Return the crosswalk's table with the columns that are named as its key, what stands before them included."""
    whole = (*["home" for _ in look.crosswalk or ()], *names)
    columns = tuple(Column(name, Type(Kind.TEXT, "text"), nullable=False) for name in dict.fromkeys((*whole, "target_key")))
    return Table(TableName(SCHEMA, CROSSWALK), columns, tuple(range(len(whole))))


def key_of_row(table: Table, row: Sequence[object]) -> Mapping[str, object]:
    """Return what names a source row, for people: its key, or all of it where it has none."""
    return {table.columns[at].name: row[at] for at in table.key or range(len(row))}
