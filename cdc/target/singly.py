"""Writes one by one in source order: the way that always gives the right rows, or names the writes that can't be applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from cdc.model.change import Op, Row
from cdc.model.errors import BadRow, Incomplete, Refused
from cdc.model.write import TargetPlan, Write
from cdc.target.tally import Tally

_Refusals: TypeAlias = list[tuple[Write, BadRow]]
_Lacking: TypeAlias = dict[tuple[TargetPlan, Row, Row | None], list[Write]]
"""(plan, key, key until now) → partial writes that found no row to fit."""


def one_by_one(writes: Iterable[Write], apply: Callable[[Write], None], tally: Tally) -> None:
    """Apply each write; `apply` counts what it did, or undoes what it began and raises.

    A write that is refused is tried again behind the others, and the later writes of its key behind it: a log may tell of a deleted
    parent before its children, or of a unique value's new owner before the old one let go. Raises `Refused` with all writes that are
    refused still when no other is left to wait for, but for those that stand behind another of their key.

    A partial write of a missing row (`apply` raises `Incomplete`) is left out when a later write of its key makes it whole, since that
    one carries its values; a key change is not, for the row at the old key is still there. Otherwise raises `Incomplete` at the end, with the last such write of each key.
    """
    lacking: _Lacking = {}
    rest: Sequence[Write] = list(writes)
    while rest:
        waiting, refused = _pass(rest, apply, tally, lacking)
        if refused and len(waiting) == len(rest) and not lacking:
            raise Refused(refused) from refused[0][1]
        if len(waiting) == len(rest):
            break  # they may be refused for want of the missing rows
        rest = waiting
    if lacking:
        raise Incomplete([skipped[-1] for skipped in lacking.values()])


def _pass(writes: Sequence[Write], apply: Callable[[Write], None], tally: Tally, lacking: _Lacking) -> tuple[Sequence[Write], _Refusals]:
    """Try each write once; return those that have to wait, and those of them that were refused, with the reason."""
    waiting: list[Write] = []
    held: set[tuple[TargetPlan, Row]] = set()
    refusals: _Refusals = []
    for write in writes:
        keys = {(write.plan, write.key), (write.plan, write.moved or write.key)}
        try:
            if held.isdisjoint(keys):
                apply(write)
                tally.add(write.plan.mapping, Op.UPDATE, len(lacking.pop((write.plan, write.key, None), ())))
                continue
        except Incomplete:
            lacking.setdefault((write.plan, write.key, write.moved), []).append(write)
            continue
        except BadRow as refused:
            refusals.append((write, refused))
        held |= keys
        waiting.append(write)
    return waiting, refusals
