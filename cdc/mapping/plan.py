"""A compiled mapping set: plain functions, decided at start, that the loop calls per row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeAlias

from cdc.model.change import Row
from cdc.model.table import Table, TableName
from cdc.model.value import value
from cdc.model.write import TargetPlan

MapRow: TypeAlias = Callable[[Row], tuple[Row, Row] | None]
"""A whole or partial source row → (target key, target image); None when `where` leaves the row out.

Raises `BadRow` when an expression fails on the row's data. A target column whose expression needs an absent source column is absent.
"""

KeyOf: TypeAlias = Callable[[Row], Row | None]
"""An old source row → the target key that it has, or None when `where` surely left it out. Absent columns in `where` count as "may be"."""


class Truncates(Enum):
    """What a TRUNCATE of the source table does."""

    HALT = "halt"
    IGNORE = "ignore"


@value
class RowPlan:
    """One mapping, bound to one shape of its source table."""

    target: TargetPlan
    map_row: MapRow
    key_of: KeyOf
    truncates: Truncates
    text: str
    """The generated Python, for `mapping explain`."""


Bind: TypeAlias = Callable[[Table], Sequence[RowPlan]]
"""A shape of a source table → its mappings, compiled for that shape. Raises `Misconfigured` when a mapping needs a column that is gone."""


@value
class Route:
    """One mapping's way: from a source table to a target table."""

    source: TableName
    target: TargetPlan


@value
class Plan:
    """All mappings of one pipeline."""

    routes: Sequence[Route]
    """In loading order: rising rank of the target, so that parents come first."""
    bind: Bind

    @property
    def sources(self) -> Sequence[TableName]:
        """The source tables that any mapping reads, without repetition."""
        return tuple(dict.fromkeys(route.source for route in self.routes))

    @property
    def targets(self) -> Sequence[TargetPlan]:
        return tuple(route.target for route in self.routes)
