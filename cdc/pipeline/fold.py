"""Successive changes of one row to the one change that has their effect: a row that was mended later is not held up by what it was before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from cdc.model.change import ABSENT, Change, Op, Row
from cdc.model.parked import source_keys
from cdc.model.table import Table


def fold(changes: Sequence[Change]) -> Change | None:
    """Return the change that the given ones come to; None when they do not follow each other as changes of one row do.

    What the last of them leaves out of the row stays left out, as far as it does not say it otherwise.
    """
    first: Change | None = changes[0]
    return reduce(_both, changes[1:], first)


def _both(before: Change | None, after: Change) -> Change | None:
    if before is None or before.new is None or after.op not in (Op.UPDATE, Op.DELETE):
        return None
    if not _alike(before.table, after.table) or source_keys(before)[0] != source_keys(after)[-1]:
        return None
    if after.new is None:
        return Change(after.table, Op.DELETE, after.old if before.old is None else before.old, None)
    op = (
        before.op if len(source_keys(after)) == 1 else Op.UPDATE
    )  # a new row, too, may be on the target under its first key: a load came twice
    old = before.old if before.old is not None or op is Op.INSERT else _identity(after)
    return Change(after.table, op, old, _known(after.new, after.old))


def _alike(one: Table, other: Table) -> bool:
    """Return whether values stand in the same places: a snapshot and a log may know different things of one table."""
    return (one.name, one.key, *((c.name, c.type.kind) for c in one.columns)) == (
        other.name, other.key, *((c.name, c.type.kind) for c in other.columns),
    )  # fmt: skip


def _identity(change: Change) -> Row | None:
    """Return the key that the row had: an update without an old row has left it as it was."""
    if change.old is None:
        return None
    return tuple(text if at in change.table.key else ABSENT for at, text in enumerate(change.old))


def _known(new: Row, old: Row | None) -> Row:
    """Fill what the log leaves out of a row from what it says the row was. The change before may not be the one before: what `where` left out does not wait."""
    return tuple(o if n is ABSENT else n for n, o in zip(new, old, strict=True)) if old is not None and ABSENT in new else new
