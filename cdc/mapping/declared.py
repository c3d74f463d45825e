"""The types of a table's columns, as its log announces them and its catalogue declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdc.model.table import Column, Definition
from cdc.model.types import Kind, Type


def types(columns: Sequence[Column], known: Definition | None = None) -> Mapping[str, Type]:
    """The columns' types. A binary log does not say that an integer was declared tinyint(1): that the catalogue knows."""
    return {column.name: _declared(column, known.column(column.name) if known else None) for column in columns}


def _declared(column: Column, known: Column | None) -> Type:
    given = column.type
    if known is None or given.kind is not Kind.INT or known.type.kind is not Kind.INT:
        return given
    return known.type if (given.size, given.unsigned) == (known.type.size, known.type.unsigned) else given
