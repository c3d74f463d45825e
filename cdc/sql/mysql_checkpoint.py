"""The checkpoint row of MySQL and MariaDB: the statements that read it, fence with it and move it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdc.model.change import Position
from cdc.model.value import value
from cdc.model.write import Batch, Checkpoint, Phase
from cdc.sql.ledger import CHECKPOINT, SCHEMA
from cdc.sql.names import my_text

_TABLE = f"{SCHEMA}.{CHECKPOINT}"
_HOLDER = 255
"""Characters of the column."""


@value
class Stored:
    """The row: the checkpoint, and what fences it."""

    seq: int
    epoch: int
    holder: str
    checkpoint: Checkpoint
    parked: int = 0
    """How often operators have changed the parked rows."""


FRESH = Stored(0, 0, "", Checkpoint(None, Phase.LOADING, 0, 0.0))
"""What a pipeline without a row has."""


def select(pipeline: str, *, lock: bool) -> str:
    """Locked, the row is read as the last transaction left it, once that one has ended; with what only this program's layout has."""
    columns = "seq, epoch, holder, position, phase, rows_applied, newest" + (", parked_version" if lock else "")
    return f"select {columns} from {_TABLE} where pipeline = {my_text(pipeline)}{' for update' if lock else ''}"


def stored(rows: Sequence[Sequence[Any]]) -> Stored | None:
    """Read what `select` returned, undecoded."""
    if not rows:
        return None
    seq, epoch, holder, position, phase, applied, newest, *parked = rows[0]
    at = Position(position) if position is not None else None
    return Stored(int(seq), int(epoch), holder, Checkpoint(at, Phase(phase), int(applied), float(newest)), int(parked[0]) if parked else 0)


def begin(pipeline: str, holder: str) -> str:
    """Make the row."""
    return (
        f"insert into {_TABLE} (pipeline, seq, epoch, phase, position, origin, holder, newest, rows_applied, updated_at) values"
        f" ({my_text(pipeline)}, {FRESH.seq}, {FRESH.epoch + 1}, '{FRESH.checkpoint.phase.value}', null, '', {my_text(holder[:_HOLDER])},"
        " 0, 0, utc_timestamp(6))"
    )


def take_over(pipeline: str, holder: str) -> str:
    """Raise the epoch: whoever had the row before is fenced off."""
    return (
        f"update {_TABLE} set epoch = epoch + 1, holder = {my_text(holder[:_HOLDER])}, updated_at = utc_timestamp(6)"
        f" where pipeline = {my_text(pipeline)}"
    )


def advance(pipeline: str, seq: int, epoch: int, parked: int, batch: Batch) -> str:
    """Move the checkpoint by compare-and-swap; it changes no row when another process has moved it, or an operator changed the parked rows.

    Of a transaction in parts the first fences and marks; `move` says the rest at its end.
    """
    moved = _moved(batch, len(batch.writes)) if batch.ends else ""
    return (
        f"update {_TABLE} set seq = {seq + 1}, phase = '{batch.phase.value}',"
        f" origin = {my_text(','.join(batch.origin))},{moved}"
        f" updated_at = utc_timestamp(6) where pipeline = {my_text(pipeline)} and seq = {seq} and epoch = {epoch}"
        f" and parked_version = {parked}"
    )


def move(pipeline: str, batch: Batch, writes: int) -> str:
    """End a transaction in parts: `writes` are those of all of them. The row is locked since `advance`."""
    return f"update {_TABLE} set{_moved(batch, writes)} updated_at = utc_timestamp(6) where pipeline = {my_text(pipeline)}"


def _moved(batch: Batch, writes: int) -> str:
    newest = f" newest = {batch.newest!r}," if batch.newest else ""
    return f" position = {my_text(batch.upto)},{newest} rows_applied = rows_applied + {writes},"


def forget(pipeline: str) -> str:
    return f"delete from {_TABLE} where pipeline = {my_text(pipeline)}"


PIPELINES = f"select pipeline from {_TABLE}"
"""All pipelines that have a row."""
