"""Writes one by one in source order: the way that always gives the right rows, or names the write that can't be applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cdc.model.change import Op, Row
from cdc.model.errors import BadRow, Incomplete
from cdc.model.write import TargetPlan, Write
from cdc.target.tally import Tally


def one_by_one(writes: Iterable[Write], apply: Callable[[Write], None], tally: Tally) -> None:
    """Apply each write; `apply` counts what it did and raises `Incomplete` when its row is missing and its image partial.

    A partial write of a missing row is left out when a later write of its key makes it whole, since that one carries its values.
    Otherwise raises `Incomplete` at the end, with the last such write of each key, or `BadRow` for the first write that fails.
    """
    lacking: dict[tuple[TargetPlan, Row], list[Write]] = {}
    for write in writes:
        try:
            apply(write)
        except Incomplete:
            lacking.setdefault((write.plan, write.key), []).append(write)
        except BadRow:
            if not lacking:
                raise
            break  # it may have failed for want of the missing rows
        else:
            tally.add(write.plan.mapping, Op.UPDATE, len(lacking.pop((write.plan, write.key), ())))
    if lacking:
        raise Incomplete([skipped[-1] for skipped in lacking.values()])
