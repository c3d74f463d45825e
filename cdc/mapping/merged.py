"""A mapping's key and what names a row of its source to a warning where several source rows may become one target row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.mapping.column import Item
from cdc.mapping.expression.reads import names
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.table import Definition


def merged(spec: MappingSpec, source: Definition, items: Sequence[Item]) -> Iterator[Problem]:
    """The last change of any of them would be what stands there, and a delete of one would take the others' row."""
    made = [item.node for item in items if item.column in spec.key]
    read = {name.lower() for node in made for name in names(node)}
    exact = [unique.columns for unique in source.uniques if unique.exact]
    if len(made) < len(spec.key) or any(all(name.lower() in read for name in columns) for columns in exact):
        return
    there = "; ".join(", ".join(columns) for columns in exact)
    message = (
        f"the key is not made of what names a row of {source.name}: rows in which it is the same become one, and a delete of one deletes it"
    )
    advice = f"what names a row there: {there}" if there else "the table has no unique index that names a row; make one"
    yield spec.document.at_key(("key",)).warning("key-merges-rows", message, advice)
