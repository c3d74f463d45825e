"""Pipelines that lead to and fro between two databases: what one's mappings say of the other's, and what is proven of both before they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from cdc.app.preflight.examined import Examined
from cdc.app.service.config import Pipeline, default_schema
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.double import doubles
from cdc.mapping.spec.mapping import MappingSpec, table_name
from cdc.mapping.spec.pair import Pair, pairs, unowned
from cdc.mapping.spec.pair_clock import unlike_clocks
from cdc.mapping.tools.leg import Leg, Values, connected
from cdc.mapping.tools.round_trip import by_examples, unsettled
from cdc.mapping.tools.single import Around
from cdc.model.errors import CdcError
from cdc.model.table import Definition, Table
from cdc.source.reader import Reader

_SAMPLE = 100
"""Rows of each table that are sent to and fro."""


def proofs(pipelines: Sequence[Pipeline]) -> Iterator[Problem]:
    """Find rows that would be doubled, columns without an owner, and those that the mappings' examples show to come back altered."""
    for one, other in combinations(pipelines, 2):
        if (one.source, one.target) == (other.target, other.source):
            yield from doubles(one.specs, other.specs, default_schema(one.source), default_schema(one.target))
        for pair in _pairs(one, other):
            yield from unowned(pair)
            yield from unlike_clocks(pair)
            yield from by_examples(pair)


def trips(examined: Sequence[Examined], pipelines: Mapping[str, Pipeline]) -> Iterator[Problem]:
    """Send the first rows of both sides to and fro, without writing any."""
    for there, back in combinations(examined, 2):
        found = list(_pairs(pipelines[there.line.name], pipelines[back.line.name])) if there.plan and back.plan else []
        for pair in found:
            one, other = (there, back) if any(pair.forward is spec for spec in pipelines[there.line.name].specs) else (back, there)
            try:
                yield from _sampled(pair, one, other)
            except CdcError as error:
                place = pair.forward.document.at(("mapping",))
                yield place.note("not-sampled", f"rows of mapping '{pair.forward.name}' were not sent to and fro: {error}", error.hint)


def _pairs(one: Pipeline, other: Pipeline) -> Iterator[Pair]:
    if (one.source, one.target) == (other.target, other.source):
        yield from pairs(one.specs, other.specs, default_schema(one.source), default_schema(one.target))


def _sampled(pair: Pair, there: Examined, back: Examined) -> Iterator[Problem]:
    with there.line.readers() as (near, far):
        legs = _leg(pair.forward, there, near), _leg(pair.back, back, far)
        yield from unsettled(*legs, _rows(near, _source(pair.forward, there)), "rows")
        yield from unsettled(*legs[::-1], _rows(far, _source(pair.back, back)), "rows")


def _leg(spec: MappingSpec, examined: Examined, reader: Reader) -> Leg:
    source, schema = _source(spec, examined), default_schema(examined.line.target)
    target = examined.target.definitions[table_name(spec.target, schema)]
    return connected(spec, source, reader.shape(source), target, Around(examined.target.definitions, schema))


def _source(spec: MappingSpec, examined: Examined) -> Definition:
    return examined.source.definitions[table_name(spec.source, default_schema(examined.line.source))]


def _rows(reader: Reader, definition: Definition) -> Iterator[Values]:
    table: Table = reader.shape(definition)
    names = [column.name for column in table.columns]
    for rows in reader.rows(table, _SAMPLE, _SAMPLE):
        yield from (dict(zip(names, row, strict=True)) for row in rows)
