"""A compiled mapping set: plain functions, decided at start, that the loop calls per row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from cdc.mapping.query.query import Query
from cdc.model.change import Row
from cdc.model.table import Table, TableName
from cdc.model.value import identity, value
from cdc.model.write import TargetPlan, Truncates

MapRow: TypeAlias = Callable[[Row], tuple[Row, Row] | None]
"""A whole or partial source row → (target key, target image); None when `where` leaves the row out.

Raises `BadRow` when an expression fails on the row's data. A target column whose expression needs an absent source column is absent.
"""

KeyOf: TypeAlias = Callable[[Row], Row | None]
"""An old source row → the target key that it has, or None when `where` surely left it out. Absent columns in `where` count as "may be"."""


@value
class Now:
    """The table as it is now, for rows that were logged in an older shape."""

    table: Table
    places: Sequence[int | None]
    """For each of its columns the position in the older shape; None where that has no such column, or one of another type."""


@value
class RowPlan:
    """One mapping, bound to one shape of its source table."""

    target: TargetPlan
    map_row: MapRow
    key_of: KeyOf
    truncates: Truncates
    text: str
    """The generated Python, for `mapping show`."""
    asks: bool = False
    """Whether an expression asks about the change: `map_row` then takes what `change_row.with_change` makes of a row."""
    now: Now | None = None
    """Set when the shape is older than the table: what a row lacks is asked of the table as it is."""


Bind: TypeAlias = Callable[[Table], Sequence[RowPlan]]
"""A shape of a source table → its mappings, compiled for that shape. Raises `Drifted` when a mapping needs a column that is gone."""


@value
class Touches:
    """How a changed row of a table leads to root keys of a query mapping."""

    keys: Sequence[KeyOf]
    """Row → root key."""
    asked: Sequence[tuple[int, KeyOf]]
    """Place among the plan's `asking`, and row → the values that this query is asked with."""
    led: Sequence[KeyOf] = ()
    """Those of `keys` that lead from a table on which the query depends: what an echo touches."""


@value
class Asking:
    """A query that leads from another table's rows to root keys."""

    query: Query
    key_of: KeyOf
    """A row of its result → the root key."""


@identity
class QueryPlan:
    """Where a mapping's rows come from, when a query on the source makes them."""

    target: TargetPlan
    tables: Sequence[TableName]
    """What it reads: the root, then what it depends on."""
    query: Query
    result: Table
    """The shape of its rows, to be bound like a table's. Its key is the root's."""
    root_key: Sequence[str]
    asking: Sequence[Asking]
    touches: Callable[[Table], Touches]
    """Compiled for a shape of a table. Raises `Drifted` when a column is gone."""
    truncates: Truncates
    settle: float
    """Seconds of quiet before the source is asked."""
    depends: Sequence[TableName] = ()
    """What it depends on: the root, too, if it depends on other rows of that."""


@value
class Route:
    """One mapping's way: from a source table to a target table."""

    source: TableName
    target: TargetPlan
    query: QueryPlan | None = None
    """What makes the rows; None: the source table's own."""


@value
class Plan:
    """All mappings of one pipeline."""

    routes: Sequence[Route]
    """In loading order: rising rank of the target, so that parents come first."""
    bind: Bind

    @property
    def sources(self) -> Sequence[TableName]:
        """The source tables that any mapping reads, without repetition."""
        return tuple(dict.fromkeys(name for route in self.routes for name in (route.query.tables if route.query else (route.source,))))

    @property
    def told(self) -> frozenset[TableName]:
        """The tables of which echoes are told: queries depend on them."""
        return frozenset(name for query in self.queries for name in query.depends)

    @property
    def queries(self) -> Sequence[QueryPlan]:
        return tuple(route.query for route in self.routes if route.query is not None)

    @property
    def targets(self) -> Sequence[TargetPlan]:
        return tuple(route.target for route in self.routes)
