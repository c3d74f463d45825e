"""Plans → which writes may not overtake each other within a batch. Decided once, from keys, columns and foreign keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdc.model.change import Row
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.model.write import Deletes, TargetPlan, Write


class Pending:
    """What one plan has to do in an open segment, by key, in order of first appearance."""

    __slots__ = ("deletes", "new", "upserts")

    def __init__(self, *, new: bool = True) -> None:
        self.upserts: dict[Row, tuple[Row, Write]] = {}
        """key → (image, last write); images of one key are laid over each other."""
        self.deletes: dict[Row, Write] = {}
        self.new = new
        """The first that came of each upserted key was an insert."""


@value
class Guard:
    """What a write of one plan has to look at before it joins an open segment."""

    revives: bool
    """Soft deletes run after upserts, so an upsert can't follow a soft delete of its key."""
    loose: bool
    """A soft delete of another key may be about the same row, too."""
    strangers: tuple[TargetPlan, ...]
    """Plans that write the same table by other key columns: which rows they touch can't be told."""
    rivals: tuple[TargetPlan, ...]
    """Plans that write the same table by the same key, and a column of ours, or one that it matters for who inserts the row."""
    fellows: tuple[TargetPlan, ...]
    """Plans that write the same table by the same key and other columns: only deletes are in each other's way."""
    descendants: tuple[TargetPlan, ...]
    """Plans whose rows our delete takes along (ON DELETE CASCADE, SET NULL): what was written to them before comes first."""

    def blocks(self, segment: Mapping[TargetPlan, Pending], write: Write) -> bool:
        """Return whether `write` must wait until the open segment is done."""
        deletes = write.image is None
        return (
            (self.revives and not deletes and write.plan in segment and self._marked(segment[write.plan], write.key))
            or any(plan in segment for plan in self.strangers)
            or any(_holds(segment.get(plan), write.key, upserts=True) for plan in self.rivals)
            or any(_holds(segment.get(plan), write.key, upserts=deletes) for plan in self.fellows)
            or (deletes and any(plan in segment and bool(segment[plan].upserts) for plan in self.descendants))
        )

    def _marked(self, pending: Pending, key: Row) -> bool:
        return key in pending.deletes or (self.loose and bool(pending.deletes))


def _holds(pending: Pending | None, key: Row, *, upserts: bool) -> bool:
    return pending is not None and (key in pending.deletes or (upserts and key in pending.upserts))


def guards(plans: Sequence[TargetPlan]) -> dict[TargetPlan, Guard]:
    """Return a guard for each plan that needs one; most plans have a table to themselves and need none."""
    cascades = _cascades(plans)
    made = {plan: _guard(plan, plans, cascades) for plan in plans}
    return {plan: guard for plan, guard in made.items() if guard != _NONE}


_NONE = Guard(revives=False, loose=False, strangers=(), rivals=(), fellows=(), descendants=())


def _guard(plan: TargetPlan, plans: Sequence[TargetPlan], cascades: Mapping[TableName, set[TableName]]) -> Guard:
    neighbours = [other for other in plans if other is not plan and other.table.name == plan.table.name]
    same_key = [other for other in neighbours if _key(other) == _key(plan)]
    rivals = [other for other in same_key if _payload(other) & _payload(plan) or _selective(plan) or _selective(other)]
    taken = cascades[plan.table.name] if plan.deletes in (Deletes.HARD, Deletes.PARK) else set()
    return Guard(
        revives=plan.deletes is Deletes.SOFT,
        loose=plan.deletes is Deletes.SOFT and plan.loose,
        strangers=tuple(other for other in neighbours if other not in same_key),
        rivals=tuple(rivals),
        fellows=tuple(other for other in same_key if other not in rivals),
        descendants=tuple(other for other in plans if other.table.name in taken),
    )


def _key(plan: TargetPlan) -> tuple[str, ...]:
    return tuple(plan.columns[i].name for i in plan.key)


def _payload(plan: TargetPlan) -> set[str]:
    return {column.name for column in plan.columns} - set(_key(plan))


def _selective(plan: TargetPlan) -> bool:
    return bool(plan.once or plan.later or plan.newest)


def _cascades(plans: Sequence[TargetPlan]) -> dict[TableName, set[TableName]]:
    """Table → the mapped tables whose rows change with a delete of its rows, through any number of foreign keys."""
    tables = {plan.table.name: plan.table for plan in plans}
    taken: dict[TableName, set[TableName]] = {name: set() for name in tables}
    for table in tables.values():
        for key in table.foreign_keys:
            if key.cascades and key.parent in taken:
                taken[key.parent].add(table.name)
    for through in tables:
        for name in tables:
            if through in taken[name]:
                taken[name] |= taken[through]
    return taken
