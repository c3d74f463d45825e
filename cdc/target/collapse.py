"""Writes in source order → the few set-based steps that have the same effect: one row per key, in an order that constraints like.

Writes are gathered into a segment as long as none of them may not be overtaken (`order`); a key change ends it, and so do partial images
that would look like a whole row, and a key's second image where some columns are for rows that are there, or where only the server can tell
which of both is newer. Within a segment hard deletes come first, children before parents, then upserts, parents before children, then soft deletes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

from cdc.model.change import ABSENT, Op, Row
from cdc.model.value import value
from cdc.model.write import Deletes, TargetPlan, Write
from cdc.target.clock import laid
from cdc.target.order import Pending, guards

Mask: TypeAlias = tuple[int, ...]
"""Positions in `plan.columns` that an image carries."""


@value
class Upserts:
    """Rows of one plan that carry the same columns, each key once."""

    plan: TargetPlan
    mask: Mask
    rows: Sequence[Row]
    """Values at the positions of `mask`: nothing absent."""
    writes: Sequence[Write]
    """Beside each row the last write of its key."""
    new: bool
    """All are whole, and the first that the source told of each was an insert."""

    @property
    def partial(self) -> bool:
        """The images lack columns: rows that are missing, or marked as deleted and so not followed since, are handed back."""
        return len(self.mask) < len(self.plan.columns)


@value
class Removals:
    """Keys of one plan to delete by the plan's rule, each once."""

    plan: TargetPlan
    keys: Sequence[Row]


@value
class Move:
    """A key change, applied by itself."""

    write: Write


Step: TypeAlias = Upserts | Removals | Move


@value
class Collapsed:
    steps: Sequence[Step]
    """In the order in which they are to be applied."""
    superseded: Counter[tuple[str, Op]]
    """(mapping, op) → writes that a later one of the same key stands for: upserts count as updates, deletes as deletes."""


def collapser(plans: Sequence[TargetPlan]) -> Callable[[Iterable[Write]], Collapsed]:
    """Return the function that collapses batches of these plans' writes."""
    watched = guards(plans)
    insert = Op.INSERT

    def collapse(writes: Iterable[Write]) -> Collapsed:
        steps: list[Step] = []
        superseded: Counter[tuple[str, Op]] = Counter()
        pending: dict[TargetPlan, Pending] = {}
        there: set[tuple[TargetPlan, Row]] = set()  # keys that an earlier segment has written, so that their rows exist
        for write in writes:
            plan = write.plan
            if write.moved is not None:
                steps += _steps(pending)
                steps.append(Move(write))
                pending = {}
                there.clear()
                continue
            if plan in watched and watched[plan].blocks(pending, write):
                steps += _steps(pending)
                pending = {}
            held = pending.get(plan)
            if held is None:
                held = pending[plan] = Pending()
            if (image := write.image) is None:
                _delete(held, write, superseded)
                there.clear()
            elif (earlier := held.upserts.get(write.key)) is None:
                held.upserts[write.key] = (image, write)
                held.new = held.new and write.change.op is insert
            elif (over := _over(plan, earlier[0], image)) is None or (plan.later and (plan, write.key) not in there):
                steps += _steps(pending)
                pending = {plan: (held := Pending(new=False))}
                held.upserts[write.key] = (image, write)
                there.add((plan, write.key))
            else:
                held.upserts[write.key] = (_laid(plan, earlier[0], over), write)
                superseded[plan.mapping, Op.UPDATE] += 1
        return Collapsed(steps + _steps(pending), superseded)

    return collapse


def alone(write: Write) -> Upserts:
    """Return an upsert by itself."""
    assert write.image is not None
    (group,) = _by_mask(write.plan, [(write.image, write)], new=False)
    return group


def _delete(held: Pending, write: Write, superseded: Counter[tuple[str, Op]]) -> None:
    if write.plan.deletes is not Deletes.SOFT and write.key in held.upserts:
        del held.upserts[write.key]
        superseded[write.plan.mapping, Op.UPDATE] += 1
    if write.key in held.deletes:
        superseded[write.plan.mapping, Op.DELETE] += 1
    held.deletes[write.key] = write


def _over(plan: TargetPlan, under: Row, over: Row) -> Row | None:
    """Return what may be laid over an earlier image of the key; None: they are not to be one."""
    if _patchwork(under, over):
        return None
    return over if plan.newest is None else laid(plan.newest, under, over)


def _patchwork(under: Row, over: Row) -> bool:
    """Return whether two partial images have all columns between them.

    That is no whole row: `where` may have asked for a column that neither change carried. Apart, both are handed back if the row is missing.
    """
    return ABSENT in under and ABSENT in over and ABSENT not in _overlay(under, over)


def _laid(plan: TargetPlan, under: Row, over: Row) -> Row:
    """Lay an image over an earlier one. A whole row is inserted where there is none, so what only an insert sets stays the first one's."""
    laid = _overlay(under, over)
    if not plan.once or ABSENT in under:
        return laid
    return tuple(under[i] if i in plan.once else text for i, text in enumerate(laid))


def _overlay(under: Row, over: Row) -> Row:
    return tuple(u if o is ABSENT else o for u, o in zip(under, over, strict=True)) if ABSENT in over else over


def _steps(pending: dict[TargetPlan, Pending]) -> list[Step]:
    rising = sorted(pending.items(), key=lambda item: item[0].rank)
    hard = [Removals(plan, list(held.deletes)) for plan, held in reversed(rising) if held.deletes and plan.deletes is not Deletes.SOFT]
    soft = [Removals(plan, list(held.deletes)) for plan, held in rising if held.deletes and plan.deletes is Deletes.SOFT]
    upserts = [group for plan, held in rising if held.upserts for group in _by_mask(plan, held.upserts.values(), new=held.new)]
    return [*hard, *upserts, *soft]


def _by_mask(plan: TargetPlan, entries: Iterable[tuple[Row, Write]], *, new: bool) -> Iterator[Upserts]:
    """Split by the columns that the images carry, whole rows first."""
    whole: list[tuple[Row, Write]] = []
    partial: dict[Mask, list[tuple[Row, Write]]] = {}
    for entry in entries:
        if ABSENT in entry[0]:
            partial.setdefault(tuple(i for i, v in enumerate(entry[0]) if v is not ABSENT), []).append(entry)
        else:
            whole.append(entry)
    if whole:
        yield Upserts(plan, tuple(range(len(plan.columns))), [image for image, _ in whole], [write for _, write in whole], new)
    for mask, found in partial.items():
        pick = _picker(mask)
        yield Upserts(plan, mask, [pick(image) for image, _ in found], [write for _, write in found], new=False)


def _picker(mask: Mask) -> Callable[[Row], Row]:
    if len(mask) == 1:
        return lambda image: (image[mask[0]],)
    return itemgetter(*mask)
