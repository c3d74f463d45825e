"""A TRUNCATE that is to be applied → deletes of the rows that the target holds of the mapping, in the place where the log has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cdc.model.change import Op, Row
from cdc.model.errors import Refused, Truncated
from cdc.model.write import Batch, TargetPlan, Write
from cdc.target.base import Target

MOST = 500_000
"""Rows that one TRUNCATE may delete: they go in one transaction, with the checkpoint, and are held in memory."""
_BY_HAND = "Empty the target by hand, then set `truncate: ignore` in the mapping: the pipeline goes on by itself."


def with_deletes(batch: Batch, target: Target, node: str) -> Batch:
    """Return the batch with a delete of each row in the place of what stands for all of them.

    The target knows the rows that are there before the batch; those that the batch itself makes before the TRUNCATE come besides.
    """
    writes: list[Write] = []
    made: dict[TargetPlan, dict[Row, None]] = {}
    listed: set[TargetPlan] = set()
    for write in batch.writes:
        plan = write.plan
        if not stands_for_all(write):
            if write.image is not None:
                made.setdefault(plan, {})[write.key] = None
            writes.append(write)
            continue
        keys = made.pop(plan, {})
        if plan not in listed:
            listed.add(plan)
            keys = {**dict.fromkeys(_held(target, write, node)), **keys}
        writes += [replace(write, key=key) for key in keys]
    return replace(batch, writes=tuple(writes))


def _held(target: Target, write: Write, node: str) -> tuple[Row, ...]:
    found = tuple(target.held(write.plan, node, MOST + 1))
    if len(found) > MOST:
        message = (
            f"mapping {write.plan.mapping}: {write.change.table.name} was truncated, and the target holds more than {MOST:,} rows of it"
        )
        raise Truncated(message, _BY_HAND)
    return found


def stands_for_all(write: Write) -> bool:
    return write.change.op is Op.TRUNCATE


def last_emptied(batch: Batch) -> Mapping[TargetPlan, int]:
    """Return where in the batch the last delete of each mapping stands that a TRUNCATE has brought."""
    return {write.plan: at for at, write in enumerate(batch.writes) if stands_for_all(write)}


def prove_emptied(batch: Batch, refused: Refused) -> None:
    """Raise `Truncated` when the target does not let rows go: such a delete can't wait by itself, since nobody knows its source row."""
    kept = [(write, error) for write, error in refused.refused if stands_for_all(write)]
    if kept:
        write, error = kept[0]
        message = f"mapping {write.plan.mapping}: {write.change.table.name} was truncated, and the target keeps {len(kept):,} of its rows: {error}"
        hint = f"Other rows may refer to them: mend that on the target, and the pipeline goes on by itself. Or: {_BY_HAND}"
        raise Truncated(message, hint).at(batch.upto) from error
