"""A row with what its change says beside it, as one longer row: what `old.column`, `op()` and `commit_time()` read."""

from __future__ import annotations

from functools import lru_cache

from cdc.mapping.expression.runtime.temporal import instant_of_epoch, instant_out
from cdc.model.change import ABSENT, Change, Op, Row
from cdc.model.table import Table

FACTS = 2
"""The operation and the commit time."""


def with_change(row: Row, change: Change, committed_at: float | None) -> Row:
    """Return the row, then the row before it, then the operation and the commit time: in the order in which `Scope` counts them.

    An inserted row has nothing but NULL before it. `committed_at` is None in the initial load, whose rows were committed at any time.
    """
    if change.op is Op.INSERT:
        old: Row = (None,) * len(row)
    else:
        old = identity_of(change.table, row) if change.old is None else change.old
    return (*row, *old, change.op.value, None if committed_at is None else _instant(committed_at))


@lru_cache(maxsize=1)
def _instant(committed_at: float) -> str:
    """The rows of a transaction come one after the other."""
    return instant_out(instant_of_epoch(committed_at))


def identity_of(table: Table, row: Row) -> Row:
    """Return what a log that carries only the key says of an old row whose key did not change."""
    return tuple(text if position in table.key else ABSENT for position, text in enumerate(row))
