"""What the databases' own users wrote into columns and rows that no mapping names, so that we can tell that it stayed as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Edit(NamedTuple):
    """A user wrote these columns of one row."""

    table: str
    key: tuple[Any, ...]
    columns: Mapping[str, Any]


class Own:
    """The last value of each such column. Each thread of users has one of its own."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, tuple[Any, ...]], dict[str, Any]] = {}

    def note(self, edits: Sequence[Edit]) -> None:
        for edit in edits:
            self._rows.setdefault((edit.table, edit.key), {}).update(edit.columns)

    def of(self, table: str, key: tuple[Any, ...]) -> Mapping[str, Any]:
        return self._rows.get((table, key), {})

    def keys(self, table: str) -> set[tuple[Any, ...]]:
        return {key for name, key in self._rows if name == table}
