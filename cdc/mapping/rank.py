"""Foreign keys among target tables to ranks: parents before children."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cdc.model.table import Definition, TableName


def ranks(definitions: Iterable[Definition]) -> Mapping[TableName, int]:
    """Return each table's rank, greater than those of the tables that it refers to.

    A ring of tables is cut, the same way every time, at the table with the fewest parents and the most children in it.
    """
    parents = {definition.name: {key.parent for key in definition.foreign_keys} - {definition.name} for definition in definitions}
    ranked: dict[TableName, int] = {}
    while len(ranked) < len(parents):
        waiting = {name: (parents[name] & parents.keys()) - ranked.keys() for name in sorted(parents) if name not in ranked}
        free = [name for name, missing in waiting.items() if not missing] or [min(waiting, key=lambda name: _cut(name, waiting))]
        ranked |= dict.fromkeys(free, len(set(ranked.values())))
    return ranked


def _cut(name: TableName, waiting: Mapping[TableName, set[TableName]]) -> tuple[int, int, TableName]:
    return len(waiting[name]), -sum(name in missing for missing in waiting.values()), name
