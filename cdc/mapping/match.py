"""A spec's ways to match, with the target's columns, to what the target looks for before it makes a row."""

from __future__ import annotations

from collections.abc import Iterator

from cdc.mapping.constant import fixed
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.change import Value
from cdc.model.reference import Match
from cdc.model.table import Column, Definition
from cdc.model.types import Kind
from cdc.model.write import Deletes

COMPARED = frozenset(
    {Kind.BOOL, Kind.INT, Kind.NUMERIC, Kind.TEXT, Kind.BYTES, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT, Kind.UUID, Kind.ENUM}
)
"""Kinds whose values may be looked for."""


def matches(spec: MappingSpec, target: Definition, key: Column) -> tuple[tuple[Match, ...], list[Problem]]:
    """Return one `Match` for each way. What the file alone tells is reported with it."""
    made: list[Match] = []
    problems: list[Problem] = []
    marks = tuple(_marks(spec, target))
    for way in spec.match:
        columns = [(at, column) for at, name in enumerate(way.columns) if (column := target.column(name))]
        for at, column in columns:
            if column.type.kind not in COMPARED:
                place = spec.document.at((*way.path, at))
                problems.append(place.problem("type-mismatch", f"rows can't be matched by {column.type.native}", "match by another column"))
        made.append(Match(target, tuple(column for _, column in columns), key, marks))
    return tuple(made), problems


def _marks(spec: MappingSpec, target: Definition) -> Iterator[tuple[Column, Value]]:
    """What a soft delete sets; a value that does not fit is reported where it is set."""
    for name, given in spec.soft_delete.items() if spec.deletes is Deletes.SOFT else ():
        if column := target.column(name):
            try:
                yield column, fixed(given, column.type)
            except BadValue:
                continue
