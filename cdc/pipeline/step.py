"""What the loop yields, so that whoever iterates it can count, show and decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from cdc.model.change import Position
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.model.write import Applied, Batch


@value
class Loading:
    """The initial load has written one more chunk of a mapping."""

    mapping: str
    source: TableName
    rows: int
    """Rows read so far, those left out by `where` too."""
    estimate: int
    """Rows in all, roughly."""
    done: bool


@value
class Done:
    """A batch is durable on the target and confirmed to the source."""

    batch: Batch
    applied: Applied


@value
class Waiting:
    """Nothing is at hand; everything up to `seen` has been dealt with."""

    seen: Position
    skipped: Mapping[tuple[str, str], int]
    """(mapping or source table, reason) → row changes left out since the last step."""
    beat: float = 0.0
    """When the newest heartbeat was written that has come since; all before it has been dealt with. 0: none has."""


@value
class Asked:
    """A batch has touched so many root rows that they are asked for and written by and by; it is under way still."""

    mapping: str
    keys: int
    """Asked for so far."""
    of: int


@value
class Parted:
    """A part of a transaction that is too large to be held is written. Nothing of it can be seen before its end is written, too."""

    rows: int
    """Writes of it so far."""


@value
class Holding:
    """What waits has changed."""

    rows: Mapping[str, int]
    """Mapping → row changes that wait now."""
    oldest: float
    """When the first of them was parked, by the target's clock, seconds since the epoch; 0: nothing waits."""
    parked: Mapping[tuple[str, str, str, str], int]
    """(mapping, cause, its text, what to do) → row changes parked for it since the last step of this kind."""
    released: Mapping[str, int]
    skipped: Mapping[str, int]
    """Mapping → row changes that an operator has given up."""


@value
class Gone:
    """What was found to have gone from a mapping's source, and what became of it."""

    mapping: str
    deleted: int
    kept: int
    """Rows without a source row that stay: they may be the target's own, or it refused to delete them."""


@value
class Resynced:
    """Mappings have been compared and repaired: by mapping, what that came to."""

    number: str
    """The request's."""
    rows: Mapping[str, int]
    """Source rows that were compared."""
    written: Mapping[str, int]
    """Target rows that were not as they should be, and are now."""
    deleted: Mapping[str, int]
    kept: Mapping[str, int]
    """Target rows that the source does not have, and that stay."""
    parked: Mapping[str, int]
    """Row changes that wait, since they can't be mapped or written."""


Step: TypeAlias = Loading | Gone | Resynced | Asked | Parted | Done | Waiting | Holding
