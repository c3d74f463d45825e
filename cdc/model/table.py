"""Tables: the shape that a log announces, and the definition that a catalogue knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import NamedTuple

from cdc.model.types import Type
from cdc.model.value import identity, value


class TableName(NamedTuple):
    """A table's name; `schema` is PostgreSQL's schema and MySQL's database."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@value
class Column:
    name: str
    type: Type
    nullable: bool = True
    default: bool = False
    """The server fills the column when an insert does not name it (default, identity, AUTO_INCREMENT)."""
    generated: bool = False
    """The server computes the column: it can't be written."""
    identity: bool = False
    """Identity or AUTO_INCREMENT: the database makes the values."""


@identity
class Table:
    """One shape of a table as the log announces it; a new shape is a new `Table`, so it is known by identity."""

    name: TableName
    columns: tuple[Column, ...]
    key: tuple[int, ...]
    """Positions of the columns that identify a row in the log (replica identity, primary key)."""
    old: tuple[str, ...] | None = None
    """Columns that the log carries of an old row in this shape; None: it does not say."""


@value
class Unique:
    """A unique index. `exact` is false when it can't name a row: partial, deferrable, on expressions or with nullable columns."""

    name: str
    columns: tuple[str, ...]
    primary: bool
    exact: bool


@value
class ForeignKey:
    name: str
    columns: tuple[str, ...]
    parent: TableName
    parent_columns: tuple[str, ...]
    cascades: bool
    """ON DELETE or ON UPDATE does something to the child (CASCADE, SET NULL, SET DEFAULT)."""


@value
class Definition:
    """A table as the catalogue describes it now."""

    name: TableName
    columns: tuple[Column, ...]
    uniques: tuple[Unique, ...]
    foreign_keys: tuple[ForeignKey, ...]
    identity: tuple[str, ...] | None
    """Columns that the log carries of an old row; None: no old rows are logged, so updates and deletes can't be followed."""
    triggers: bool
    estimate: int
    """Rows, roughly, by the server's statistics."""
    loose: Mapping[str, str] = field(default_factory=dict)
    """Column → the collation or type by which the server holds different texts of it equal; others it tells apart letter by letter."""
    history: str | None = None
    """The column by which a row of now is told from what it was, in tables that keep that too (MariaDB's system versioning)."""

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)
