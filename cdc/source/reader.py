"""Rows of a database's tables for people: what `preview`, `explain` and `plan` look at, on either side of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from cdc.mapping.query.query import Query
from cdc.model.change import Row
from cdc.model.table import Definition, Table


class Reader(Protocol):
    """Reads over ordinary connections, opened when first needed, in the same canonical text as the log gives. It never writes."""

    def shape(self, definition: Definition) -> Table:
        """Return the table as the log would announce it."""
        ...

    def query(self, table: Table, limit: int | None = None) -> str:
        """Return the statement for all of the table's rows, or the first of them, in its key's order."""
        ...

    def rows(self, table: Table, limit: int | None, size: int) -> Iterator[list[Row]]:
        """Yield the rows of `query`, `size` at a time: no more than that is held. The next question comes after the last row."""
        ...

    def fetch(self, table: Table, keys: Sequence[Row]) -> Iterable[Row]:
        """Return the rows that have these values in the table's key columns."""
        ...

    def ask(self, query: Query, keys: Sequence[Row]) -> Iterable[Row]:
        """Run a mapping's query for root keys; return its rows as they are now."""
        ...

    def close(self) -> None:
        """Close all connections. Does not raise."""
        ...
