"""Rows that the log carried in part and that the target does not have: asked from the source, whole, once per batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cdc.mapping.plan import Bind, RowPlan
from cdc.model.change import ABSENT, Row
from cdc.model.errors import Incomplete
from cdc.model.table import Table
from cdc.model.write import Applied, Batch, Write
from cdc.source.base import Source
from cdc.target.base import Target


def complete_and_apply(source: Source, bind: Bind, target: Target, batch: Batch) -> Applied:
    """Apply a batch; where a missing row came in part (unchanged TOAST, minimal row image), fetch it and apply again.

    Each round completes at least one write, so that it ends.
    """
    while True:
        try:
            return target.apply(batch)
        except Incomplete as incomplete:
            completed = complete(source, bind, incomplete.writes)
            batch = replace(batch, writes=tuple(completed_writes(batch.writes, completed)))


def completed_writes(writes: Iterable[Write], completed: Mapping[int, Write | None]) -> Iterable[Write]:
    """Replace writes by their completed selves; a row that is gone from the source is left out, its delete follows."""
    for write in writes:
        whole = completed.get(id(write), write)
        if whole is not None:
            yield whole


def complete(source: Source, bind: Bind, writes: Iterable[Write]) -> Mapping[int, Write | None]:
    """Fetch the writes' source rows as they are now: identity of a write → the whole write, or None.

    Only what the log left out is taken from the fetched row, which may be newer than the log's position: taking all of it would let
    the target see a version before its time, and then again. What is taken converges, since each later change of it comes by the
    log. A row that is gone, or has another key by now, is left out for the same reason.
    """
    completed: dict[int, Write | None] = {}
    for table, of_table in _by_table(writes).items():
        plans = {plan.target: plan for plan in bind(table)}
        keys = {id(write): _source_key(table, write) for write in of_table}
        rows = {tuple(row[at] for at in table.key): row for row in source.fetch(table, list(dict.fromkeys(keys.values())))}
        for write in of_table:
            completed[id(write)] = _whole(write, rows.get(keys[id(write)]), plans[write.plan])
    return completed


def _by_table(writes: Iterable[Write]) -> Mapping[Table, list[Write]]:
    grouped: dict[Table, list[Write]] = {}
    for write in writes:
        grouped.setdefault(write.change.table, []).append(write)
    return grouped


def _filled(given: Row, fetched: Row) -> Row:
    return tuple(now if then is ABSENT else then for then, now in zip(given, fetched, strict=True))


def _source_key(table: Table, write: Write) -> Row:
    assert write.change.new is not None
    return tuple(write.change.new[at] for at in table.key)


def _whole(write: Write, row: Row | None, plan: RowPlan) -> Write | None:
    assert write.change.new is not None
    mapped = None if row is None else plan.map_row(_filled(write.change.new, row))
    return replace(write, image=mapped[1]) if mapped is not None and mapped[0] == write.key else None
