"""Rows that the log carried in part and that the target does not have: asked from the source, whole, once per batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cdc.mapping.change_row import with_change
from cdc.mapping.plan import Bind, Now, RowPlan
from cdc.model.change import ABSENT, Change, Position, Row
from cdc.model.errors import BadRow, Incomplete, Misconfigured, ParkedChanged, Refused
from cdc.model.table import Table
from cdc.model.write import KEEPING, Applied, Batch, TargetPlan, Write
from cdc.pipeline.emptied import prove_emptied, with_deletes
from cdc.pipeline.way import Way
from cdc.source.base import Source


def complete_and_apply(way: Way, batch: Batch, *, parks: bool = True) -> Applied:
    """Apply a batch; where a missing row came in part (unchanged TOAST, minimal row image), fetch it and apply again.

    A row that the target has marked as deleted counts as missing, since it was not followed from then on. What can't be written is
    parked, and the rest applied again; of a part, it waits for the transaction's end. With `parks` false, `Refused` and `ParkedChanged` are raised instead. Each round completes or
    parks at least one write, or does without it, so that it ends.
    """
    made: Batch | Applied = way.parking.rest.due(batch)
    step, left_out = _refreshed, Counter[str]()
    while isinstance(made, Batch):
        batch = made
        try:
            made, step = step(way, batch), _applied
            left_out += _fewer(batch, made)
        except Refused as refused:
            prove_emptied(batch, refused)
            if not parks:
                raise
            made = way.parking.instead(batch, refused) if batch.ends else way.parking.rest.instead(batch, refused)
        except ParkedChanged:
            if not parks:
                raise
            made = way.parking.after(way.target.parked.keys(), batch)
    if left_out:
        made = replace(made, unchanged=Counter(made.unchanged) + left_out)
    if batch.ends:
        way.parking.applied(batch, made, way.target.parked)
    return made


def _fewer(before: Batch, after: Batch | Applied) -> Counter[str]:
    """Count the writes that are done without, by mapping: a row change that nobody counts would look lost."""
    if not isinstance(after, Batch) or len(after.writes) >= len(before.writes):
        return Counter()
    return Counter(write.plan.mapping for write in before.writes) - Counter(write.plan.mapping for write in after.writes)


def _refreshed(way: Way, batch: Batch) -> Batch | Applied:
    if batch.empties:
        batch = with_deletes(batch, way.target, way.node)
    return replace(batch, writes=refreshed(way.source, way.bind, batch.writes, batch.upto))


def _applied(way: Way, batch: Batch) -> Batch | Applied:
    """Apply it, or return it completed."""
    way.parking.check(batch)
    try:
        return way.target.apply(batch)
    except Incomplete as incomplete:
        wholes = complete(way.source, way.bind, incomplete.writes, batch.upto)
        return replace(batch, writes=completed(batch.writes, {id(w): wholes.get(id(w)) or _gone(w) for w in incomplete.writes}))


def refreshed(source: Source, bind: Bind, writes: Sequence[Write], since: Position) -> Sequence[Write]:
    """Complete partial writes that the target can't be trusted to have the rest of, whether it has the row or not.

    A mapping that ignores deletes may have kept the row when `where` no longer took it, and what the log leaves out now may have changed
    in between. What goes by the row's time is compared with it, all of it. A row that changes its key was perhaps completed under the old one when the source had given that to another row. A row
    that is older than a column, or than its name, may have had a value under another name. The write of a row that is gone from the
    source goes as it is.
    """
    wary = any(_wary(table, plan, bind) for table, plan in {(w.change.table, w.plan) for w in writes if w.image is not None})
    partial = [w for w in writes if (wary or w.moved is not None) and w.image is not None and ABSENT in w.image and _doubtful(w, bind)]
    return completed(writes, complete(source, bind, partial, since)) if partial else writes


def _wary(table: Table, plan: TargetPlan, bind: Bind) -> bool:
    """Whether a partial write may be doubtful without a change of its key: of most plans none is, and no image needs a look."""
    return plan.deletes in KEEPING or plan.newest is not None or _now(table, plan, bind) is not None


def _doubtful(write: Write, bind: Bind) -> bool:
    moved, table, plan = write.moved is not None, write.change.table, write.plan
    return moved or plan.deletes in KEEPING or _now(table, plan, bind) is not None or _untimed(write)


def _untimed(write: Write) -> bool:
    """Whether something is left out that goes by the row's time: the target's own may be newer, or older, than what was left out."""
    newest = write.plan.newest
    return newest is not None and write.image is not None and any(write.image[at] is ABSENT for at in newest.columns)


def completed(writes: Iterable[Write], wholes: Mapping[int, Write | None]) -> Sequence[Write]:
    """Replace writes by their whole selves, or leave them out."""
    return tuple(whole for write in writes if (whole := wholes.get(id(write), write)) is not None)


def complete(source: Source, bind: Bind, writes: Iterable[Write], since: Position) -> Mapping[int, Write | None]:
    """Fetch the writes' source rows as they are now: identity of a write → the whole write. None: `where` leaves it out; no entry: it is gone.

    Only what the log left out is taken from the fetched row, which may be newer than the log's position: taking all of it would let
    the target see a version before its time, and then again. What is taken converges, since each later change of it comes by the
    log. Raises `Refused` for rows that can't be mapped.
    """
    wholes: dict[int, Write | None] = {}
    refused: list[tuple[Write, BadRow]] = []
    for table, of_table in _by_table(writes, bind).items():
        plans = {plan.target: plan for plan in bind(table)}
        keys = {id(given): _source_key(table, given) for _, given in of_table}
        rows = {tuple(row[at] for at in table.key): row for row in source.fetch(table, list(dict.fromkeys(keys.values())), since)}
        for write, given in of_table:
            if row := rows.get(keys[id(given)]):
                try:
                    wholes[id(write)] = _whole(given, row, plans[write.plan])
                except BadRow as error:
                    refused.append((write, error))
    if refused:
        raise Refused(refused)
    return wholes


def filled(way: Way, mapping: str, change: Change, since: Position) -> Change:
    """Return a row change with what the log left out of the row taken from the source, as `complete` does; as it is where the row is gone."""
    if change.new is None or ABSENT not in change.new or not change.table.key:
        return change
    try:
        plan = next((plan for plan in way.bind(change.table) if plan.target.mapping == mapping), None)
    except Misconfigured:  # whoever maps it will say so
        return change
    if plan is None:
        return change
    given = change if plan.now is None else _as_now(change, plan.now)
    assert given.new is not None
    found = next(iter(way.source.fetch(given.table, [tuple(given.new[at] for at in given.table.key)], since)), None)
    if found is None:
        return change
    return Change(given.table, given.op, given.old, found if plan.target.newest is not None else _filled(given.new, found))


def _gone(write: Write) -> Write | None:
    """Return what to do instead when the source has the row no more: nothing, its delete follows, but an old key is given up now."""
    if write.moved is None or write.plan.deletes in KEEPING:
        return None
    return replace(write, key=write.moved, image=None, moved=None)


def _by_table(writes: Iterable[Write], bind: Bind) -> Mapping[Table, list[tuple[Write, Write]]]:
    """Group the writes, each with itself as a write of the table as it is now: that is what the source can be asked for."""
    grouped: dict[Table, list[tuple[Write, Write]]] = {}
    for write in writes:
        now = _now(write.change.table, write.plan, bind)
        given = write if now is None else replace(write, change=_as_now(write.change, now))
        grouped.setdefault(given.change.table, []).append((write, given))
    return grouped


def _now(table: Table, target: TargetPlan, bind: Bind) -> Now | None:
    return next(plan.now for plan in bind(table) if plan.target is target)


def _as_now(change: Change, now: Now) -> Change:
    def row(old: Row | None) -> Row | None:
        return None if old is None else tuple(ABSENT if at is None else old[at] for at in now.places)

    return Change(now.table, change.op, row(change.old), row(change.new))


def _filled(given: Row, fetched: Row) -> Row:
    return tuple(now if then is ABSENT else then for then, now in zip(given, fetched, strict=True))


def _source_key(table: Table, write: Write) -> Row:
    assert write.change.new is not None
    return tuple(write.change.new[at] for at in table.key)


def _whole(write: Write, row: Row, plan: RowPlan) -> Write | None:
    assert write.change.new is not None
    filled = row if _timeless(write) else _filled(write.change.new, row)
    mapped = plan.map_row(with_change(filled, write.change, write.committed_at) if plan.asks else filled)
    if mapped is None or mapped[0] != write.key:
        return None
    if plan.asks and ABSENT in mapped[1]:
        raise _unknown_past(plan)
    return replace(write, image=mapped[1])


def _timeless(write: Write) -> bool:
    """Whether the time itself was left out: the row's time is that of the row as it is now, and so must be all of it."""
    return write.plan.newest is not None and write.image is not None and write.image[write.plan.newest.clock] is ABSENT


def _unknown_past(plan: RowPlan) -> Misconfigured:
    """The row can be fetched as it is now, never as it was."""
    return Misconfigured(
        f"mapping {plan.target.mapping}: the log did not carry a column of the old row that `old` names, and the target lacks the row",
        "Let the log carry whole rows: `alter table … replica identity full` on PostgreSQL, binlog_row_image = FULL on MySQL and MariaDB.",
    )
