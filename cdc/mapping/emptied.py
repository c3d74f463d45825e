"""A mapping that applies TRUNCATE → by which of its constants its rows are told from others, and a note of what would be deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.mapping.column import Item
from cdc.mapping.expression.node import Constant
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.emptied import by_crosswalk
from cdc.mapping.spec.mapping import MappingSpec, Moment
from cdc.model.change import Value
from cdc.model.table import Column, Definition
from cdc.model.types import Kind
from cdc.model.write import Truncates

_PLAIN = frozenset({Kind.BOOL, Kind.INT, Kind.TEXT, Kind.ENUM, Kind.DATE, Kind.UUID})
"""Kinds whose values every server compares alike."""


def scope(spec: MappingSpec, target: Definition, items: Sequence[Item]) -> tuple[tuple[Column, Value], ...]:
    """Return the constants that each row of the mapping has: columns that are always written, and never otherwise."""
    seldom = {*spec.only_at(Moment.INSERT), *spec.only_at(Moment.UPDATE), *spec.newest()}
    fixed = (
        (target.column(item.column), item.node.native) for item in items if isinstance(item.node, Constant) and item.column not in seldom
    )
    return tuple((column, text) for column, text in fixed if column is not None and column.type.kind in _PLAIN)


def told(spec: MappingSpec, target: Definition, items: Sequence[Item]) -> Iterator[Problem]:
    """Say which rows go where that is not what the crosswalk says: whoever made them."""
    if spec.truncate is not Truncates.APPLY or by_crosswalk(spec):
        return
    common = " and ".join(f"{column.name} is {'NULL' if text is None else repr(text)}" for column, text in scope(spec, target, items))
    which = f"each row of {target.name} where {common}" if common else f"every row of {target.name}"
    goes = "is deleted" if not spec.soft_delete else "is marked as deleted"
    message = f"when {spec.source} is truncated, {which} {goes}, whoever made it"
    advice = "a key by `xref`, or a constant that no other row has, tells the mapping's rows from others"
    yield spec.document.at(("truncate",)).note("truncate-all", message, advice)
