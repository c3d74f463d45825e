"""What resolving references asks of a database, in bulk and inside the open transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol, TypeAlias

from cdc.model.change import Row, Value
from cdc.model.reference import Lookup, Match
from cdc.model.write import TargetPlan

Texts: TypeAlias = tuple[str | None, ...]
Found: TypeAlias = Mapping[Texts, Sequence[Value]]
"""What was looked for → the values taken from the rows that were found; two are enough to know that there are several."""


class Store(Protocol):
    @property
    def reserves(self) -> bool:
        """Whether the database gives keys away before their rows are there."""
        ...

    def find(self, lookup: Lookup, keys: Sequence[Texts]) -> Found: ...

    def agreeing(self, match: Match, keys: Sequence[Texts]) -> Found:
        """Return the keys of the rows that agree with these texts, none of which is NULL, as the server's own `=` compares them."""
        ...

    def entries(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the crosswalk's entries: source key → target key."""
        ...

    def sources(self, entity: str, node: str, most: int) -> Sequence[str]:
        """Return the source keys that have an entry, `most` at most."""
        ...

    def record(self, entity: str, node: str, entries: Mapping[str, str]) -> None: ...

    def rename(self, entity: str, node: str, old: str, new: str) -> None:
        """Let the entry of a source key be that of another one."""
        ...

    def shared(self, entity: str, node: str, keys: Sequence[str]) -> Mapping[str, int]:
        """Return those target keys to which several entries lead, and how many."""
        ...

    def taken(self, entity: str, node: str, keys: Sequence[str]) -> AbstractSet[str]:
        """Return those target keys to which an entry leads."""
        ...

    def forget(self, entity: str, node: str, key: str) -> None:
        """Remove the entry of a source key."""
        ...

    def reserve(self, plan: TargetPlan, count: int) -> Sequence[str]:
        """Take keys that no row has from the database."""
        ...

    def create(self, plan: TargetPlan, places: Sequence[int], rows: Sequence[Row]) -> Sequence[str]:
        """Insert rows of the columns at `places`; return the keys that the database gives them, in order."""
        ...
