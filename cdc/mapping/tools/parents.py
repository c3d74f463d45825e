"""Columns that refer to rows of another table, on either side, to the pair of tables that they lead to."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.mapping.tools.similar import Tables, words
from cdc.model.table import Column, Definition, TableName
from cdc.model.types import Kind, Type
from cdc.model.value import value

_KEYS = frozenset({"id", "no", *words("number"), *words("id"), *words("key")})
"""Words that say of a column only that it refers."""


@value
class Parent:
    """Where a target column leads to."""

    column: str
    """The source's column that refers."""
    source: Definition
    """What that refers to."""
    hashed: bool
    """Whether the key of the target's row is made of the source's by `stable_uuid`."""
    table: str
    by: str
    """A unique column of the target's row that has the source's value; empty when there is none."""
    take: str


class Parents:
    """All pairs of tables, by either end."""

    def __init__(self, found: Sequence[Tables]) -> None:
        self._by_source = {one.source.name: one for one in found}

    def of(self, source: Definition, target: Definition, column: Column) -> Parent | None:
        """Return where a column of the target leads to, if one of the source leads to its partner."""
        for key in source.foreign_keys:
            pair = self._by_source.get(key.parent)
            if pair is None or len(key.columns) != 1 or pair.target.name == target.name:
                continue
            if _refers(target, column, pair.target.name):
                hashed = hashed_key(pair)
                by = next((one.target.name for one in pair.pairs if one.source.name == key.parent_columns[0]), "")
                take = primary(pair.target)
                known = by if take and take.name != by and _is_unique(pair.target, by) else ""
                made = hashed is not None and key.parent_columns == (hashed[0].name,)
                return Parent(key.columns[0], pair.source, made, pair.target.name.name, known, take.name if take else "")
        return None


def hashed_key(tables: Tables) -> tuple[Column, Column] | None:
    """Return the two primary key columns where the target's holds a UUID and the source's does not."""
    ours, theirs = primary(tables.source), primary(tables.target)
    if ours is None or theirs is None or not holds_uuid(theirs.type) or holds_uuid(ours.type):
        return None
    return ours, theirs


def primary(table: Definition) -> Column | None:
    names = next((unique.columns for unique in table.uniques if unique.primary), ())
    return table.column(names[0]) if len(names) == 1 else None


def holds_uuid(of: Type) -> bool:
    return of.kind is Kind.UUID or (of.kind is Kind.TEXT and of.size == 36)


def _refers(table: Definition, column: Column, parent: TableName) -> bool:
    """By a foreign key, or where the table has none on the column, by its name."""
    keys = [key for key in table.foreign_keys if column.name in key.columns]
    if keys:
        return any(key.parent == parent and key.columns == (column.name,) for key in keys)
    found = words(column.name)
    return bool(set(found) & _KEYS) and set(found) - _KEYS == set(words(parent.name))


def _is_unique(table: Definition, column: str) -> bool:
    return any(unique.exact and unique.columns == (column,) for unique in table.uniques)
