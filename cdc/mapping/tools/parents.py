"""Columns that refer to rows of another table, on either side, to the pair of tables that they lead to."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.mapping.tools.similar import Tables, words
from cdc.model.table import Column, Definition, ForeignKey, TableName
from cdc.model.types import Kind, Type
from cdc.model.value import value

_KEYS = frozenset({"id", "no", *words("number"), *words("id"), *words("key")})
"""Words that say of a column only that it refers."""


@value
class Parent:
    """Where a target column leads to."""

    columns: tuple[str, ...]
    """The source's columns that refer, in the order of the key that they refer to."""
    source: Definition
    """What that refers to."""
    hashed: bool
    """Whether the key of the target's row is made of the source's by `stable_uuid`."""
    table: str
    by: tuple[str, ...]
    """Unique columns of the target's row that have the source's values, one for each of `columns`; empty when there are none."""
    take: str


class Parents:
    """All pairs of tables, by either end."""

    def __init__(self, found: Sequence[Tables]) -> None:
        self._by_source = {one.source.name: one for one in found}

    def of(self, source: Definition, target: Definition, column: Column) -> Parent | None:
        """Return where a column of the target leads to, if one of the source leads to its partner."""
        for key in source.foreign_keys:
            pair = self._by_source.get(key.parent)
            if pair is not None and pair.target.name != target.name and _refers(target, column, pair.target.name):
                return _parent(key, pair)
        return None


def _parent(key: ForeignKey, pair: Tables) -> Parent:
    ours = dict(zip(key.parent_columns, key.columns, strict=True))
    known = {one.source.name: one.target.name for one in pair.pairs}
    take = primary(pair.target)
    by = tuple(known.get(name, "") for name in ours)
    if take is None or take.name in by or not _is_unique(pair.target, by):
        by = ()
    if (hashed := hashed_key(pair)) and {column.name for column in hashed[0]} == ours.keys():
        return Parent(tuple(ours[column.name] for column in hashed[0]), pair.source, True, pair.target.name.name, by, "")
    return Parent(key.columns, pair.source, False, pair.target.name.name, by, take.name if take else "")


def hashed_key(tables: Tables) -> tuple[tuple[Column, ...], Column] | None:
    """Return the two primary keys where the target's is one column that holds a UUID, and the source's has none."""
    ours, theirs = primary_columns(tables.source), primary(tables.target)
    if not ours or theirs is None or not holds_uuid(theirs.type) or any(holds_uuid(column.type) for column in ours):
        return None
    return ours, theirs


def primary(table: Definition) -> Column | None:
    found = primary_columns(table)
    return found[0] if len(found) == 1 else None


def primary_columns(table: Definition) -> tuple[Column, ...]:
    names = next((unique.columns for unique in table.uniques if unique.primary), ())
    return tuple(column for name in names if (column := table.column(name)))


def holds_uuid(of: Type) -> bool:
    return of.kind is Kind.UUID or (of.kind is Kind.TEXT and of.size == 36)


def _refers(table: Definition, column: Column, parent: TableName) -> bool:
    """By a foreign key, or where the table has none on the column, by its name."""
    keys = [key for key in table.foreign_keys if column.name in key.columns]
    if keys:
        return any(key.parent == parent and key.columns == (column.name,) for key in keys)
    found = words(column.name)
    return bool(set(found) & _KEYS) and set(found) - _KEYS == set(words(parent.name))


def _is_unique(table: Definition, columns: tuple[str, ...]) -> bool:
    return any(unique.exact and set(unique.columns) == set(columns) for unique in table.uniques)
