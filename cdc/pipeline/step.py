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


@value
class Asked:
    """A batch has touched so many root rows that they are asked for and written by and by; it is under way still."""

    mapping: str
    keys: int
    """Asked for so far."""
    of: int


Step: TypeAlias = Loading | Asked | Done | Waiting
