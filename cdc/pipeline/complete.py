"""Rows that the log carried in part and that the target does not have: asked from the source, whole, once per batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cdc.mapping.change_row import with_change
from cdc.mapping.plan import Bind, RowPlan
from cdc.model.change import ABSENT, Position, Row
from cdc.model.errors import Incomplete, Misconfigured
from cdc.model.table import Table
from cdc.model.write import Applied, Batch, Deletes, Write
from cdc.source.base import Source
from cdc.target.base import Target


def complete_and_apply(source: Source, bind: Bind, target: Target, batch: Batch) -> Applied:
    """Apply a batch; where a missing row came in part (unchanged TOAST, minimal row image), fetch it and apply again.

    A row that the target has marked as deleted counts as missing, since it was not followed from then on. Each round completes at least
    one write, or does without it, so that it ends.
    """
    batch = replace(batch, writes=refreshed(source, bind, batch.writes, batch.upto))
    while True:
        try:
            return target.apply(batch)
        except Incomplete as incomplete:
            wholes = complete(source, bind, incomplete.writes, batch.upto)
            batch = replace(batch, writes=completed(batch.writes, {id(w): wholes.get(id(w)) or _gone(w) for w in incomplete.writes}))


def refreshed(source: Source, bind: Bind, writes: Sequence[Write], since: Position) -> Sequence[Write]:
    """Complete partial writes that the target can't be trusted to have the rest of, whether it has the row or not.

    A mapping that ignores deletes may have kept the row when `where` no longer took it, and what the log leaves out now may have changed
    in between. A row that changes its key was perhaps completed under the old one when the source had given that to another row. The
    write of a row that is gone from the source goes as it is.
    """
    partial = [w for w in writes if w.image is not None and ABSENT in w.image and (w.moved is not None or w.plan.deletes is Deletes.IGNORE)]
    return completed(writes, complete(source, bind, partial, since)) if partial else writes


def completed(writes: Iterable[Write], wholes: Mapping[int, Write | None]) -> Sequence[Write]:
    """Replace writes by their whole selves, or leave them out."""
    return tuple(whole for write in writes if (whole := wholes.get(id(write), write)) is not None)


def complete(source: Source, bind: Bind, writes: Iterable[Write], since: Position) -> Mapping[int, Write | None]:
    """Fetch the writes' source rows as they are now: identity of a write → the whole write. None: `where` leaves it out; no entry: it is gone.

    Only what the log left out is taken from the fetched row, which may be newer than the log's position: taking all of it would let
    the target see a version before its time, and then again. What is taken converges, since each later change of it comes by the
    log.
    """
    wholes: dict[int, Write | None] = {}
    for table, of_table in _by_table(writes).items():
        plans = {plan.target: plan for plan in bind(table)}
        keys = {id(write): _source_key(table, write) for write in of_table}
        rows = {tuple(row[at] for at in table.key): row for row in source.fetch(table, list(dict.fromkeys(keys.values())), since)}
        for write in of_table:
            if row := rows.get(keys[id(write)]):
                wholes[id(write)] = _whole(write, row, plans[write.plan])
    return wholes


def _gone(write: Write) -> Write | None:
    """Return what to do instead when the source has the row no more: nothing, its delete follows, but an old key is given up now."""
    if write.moved is None or write.plan.deletes is Deletes.IGNORE:
        return None
    return replace(write, key=write.moved, image=None, moved=None)


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


def _whole(write: Write, row: Row, plan: RowPlan) -> Write | None:
    assert write.change.new is not None
    filled = _filled(write.change.new, row)
    mapped = plan.map_row(with_change(filled, write.change, write.committed_at) if plan.asks else filled)
    if mapped is None or mapped[0] != write.key:
        return None
    if plan.asks and ABSENT in mapped[1]:
        raise _unknown_past(plan)
    return replace(write, image=mapped[1])


def _unknown_past(plan: RowPlan) -> Misconfigured:
    """The row can be fetched as it is now, never as it was."""
    return Misconfigured(
        f"mapping {plan.target.mapping}: the log did not carry a column of the old row that `old` names, and the target lacks the row",
        "Let the log carry whole rows: `alter table … replica identity full` on PostgreSQL, binlog_row_image = FULL on MySQL and MariaDB.",
    )
