"""Target tables that change while batches are applied: what their columns are is compared with what they were, within each transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from cdc.model.errors import Drifted
from cdc.model.table import TableName
from cdc.model.write import TargetPlan
from cdc.target.collapse import Move, Step

Seen: TypeAlias = Sequence[tuple[str, object]]
"""A table's written columns with what the server says of each."""


class Guard:
    """The tables of a session's plans as they were when the session began.

    The first statement about a table in a transaction is a look at it. The server then lets no ALTER through until the transaction
    ends, so what the look shows holds for all that is written.
    """

    def __init__(self, plans: Sequence[TargetPlan], see: Callable[[TableName, Sequence[str]], Seen]) -> None:
        self.columns = columns_of(plans)
        self._mappings = {name: tuple(dict.fromkeys(plan.mapping for plan in plans if plan.table.name == name)) for name in self.columns}
        self._seen = {name: see(name, columns) for name, columns in self.columns.items()}
        self._looked: set[TableName] = set()

    def begins(self) -> None:
        """A transaction begins: nothing has been looked at."""
        self._looked.clear()

    def unseen(self, table: TableName) -> bool:
        """Return whether the table has to be looked at before it is written, and take it that this is done now."""
        if table in self._looked or table not in self.columns:
            return False
        self._looked.add(table)
        return True

    def prove(self, table: TableName, now: Seen) -> None:
        """Raise `Drifted` when a column is not what it was."""
        for before, after in zip(self._seen[table], now, strict=True):
            if before != after:
                raise _changed(f"column '{before[0]}'", [table], self._mappings[table])

    def changed(self) -> Drifted:
        """Return the error of a look that the server refused: of one of the tables that were looked at."""
        tables = sorted(self._looked)
        return _changed("a column", tables, tuple(dict.fromkeys(name for table in tables for name in self._mappings[table])))


def _changed(what: str, tables: Sequence[TableName], mappings: Sequence[str]) -> Drifted:
    return Drifted(
        f"mapping {', '.join(mappings)}: {what} of the target's {' or '.join(map(str, tables))} has changed",
        "Nothing of the batch was applied. The mappings are compared with the table as it is now.",
        mappings,
    )


def plan_of(step: Step) -> TargetPlan:
    return step.write.plan if isinstance(step, Move) else step.plan


def columns_of(plans: Iterable[TargetPlan]) -> Mapping[TableName, Sequence[str]]:
    """Return the columns that plans write, or mark rows as deleted by, for each table."""
    found: dict[TableName, dict[str, None]] = {}
    for plan in plans:
        named = found.setdefault(plan.table.name, {})
        named.update(dict.fromkeys(column.name for column in (*plan.columns, *(column for column, _ in plan.soft_delete))))
    return {table: tuple(names) for table, names in found.items()}
