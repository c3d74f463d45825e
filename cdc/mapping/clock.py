"""A spec's clock, with the tables: whether both servers can tell by it which of two rows is the later, and what a plan compares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.mapping.column import Item
from cdc.mapping.expression.node import Column as Read
from cdc.mapping.expression.node import Constant, Node, children
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.table import Column, Definition
from cdc.model.types import Kind, Type
from cdc.model.write import Newest

_TIMES = (Kind.TIMESTAMP, Kind.INSTANT)
_NUMBERS = (Kind.INT, Kind.NUMERIC)
_DAYS = -5
"""Digits of the second that a date lacks."""
_ANY = 1 << 20
"""More digits than any."""


def newest(spec: MappingSpec, names: Sequence[str]) -> Newest | None:
    """Return what the target compares; `names` are the plan's columns. A column that is compiled by itself has no clock beside it."""
    if spec.clock is None or spec.clock.column not in names:
        return None
    return Newest(names.index(spec.clock.column), frozenset(map(names.index, spec.newest())), spec.clock.ties == "source")


def check_time(spec: MappingSpec, target: Definition, items: Sequence[Item]) -> Iterator[Problem]:
    """Find a clock whose values have no order, or not the same one on both sides."""
    column = target.column(spec.clock.column) if spec.clock else None
    if spec.clock is None or column is None or column.name not in spec.columns:
        return
    place = spec.document.at(spec.clock.path)
    if column.type.kind not in (*_TIMES, *_NUMBERS, Kind.DATE):
        message = f"column '{column.name}' is {column.type.native}: it does not tell the later of two changes"
        yield place.problem("bad-clock", message, "name a column of a date and time, or of a number that grows with each change")
        return
    for item in items:
        if item.column != column.name:
            continue
        if isinstance(item.node, Constant):
            yield place.problem("bad-clock", f"'{column.name}' is the same for every row: it tells nothing of its last change")
        elif finer := _finer(item.node, column):
            message = f"'{column.name}' has fewer digits than {finer.native}: of two times of the source, a rounded one would be compared"
            yield place.problem("clock-rounded", message, f"let the target's column have as many as {finer.native}")
    if target.triggers:
        message = f"{target.name.name} has triggers: one that sets '{column.name}' when cdc writes makes the row newer than the change is"
        yield place.note("clock-trigger", message, "let such a trigger leave a row alone whose time the statement itself sets")


def _finer(node: Node, column: Column) -> Type | None:
    """Return the type of a source column that tells times apart which the target's column holds equal."""
    digits = _ANY if column.type.kind is Kind.NUMERIC and column.type.scale is None else _digits(column.type, column.type)
    return next((read for read in _read(node) if _digits(read, column.type) > digits), None)


def _read(node: Node) -> Iterator[Type]:
    if isinstance(node, Read) and node.column:
        yield node.column
    for inner in children(node):
        yield from _read(inner)


def _digits(given: Type, beside: Type) -> int:
    """Count the digits behind the second, or behind the point; types of another family have none.

    A `numeric` that says nothing of them mostly counts: where it does not, the value is an error of its row.
    """
    if beside.kind in _NUMBERS:
        return given.scale or 0
    if given.kind in _TIMES:
        return 6 if given.precision is None else given.precision
    return _DAYS
