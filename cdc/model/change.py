"""What a source says: transactions of row changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from enum import Enum
from typing import Final, Literal, NewType, TypeAlias

from cdc.model.table import Table
from cdc.model.value import value


class Absent(Enum):
    """The third state beside a text and NULL: the log did not carry the column (unchanged TOAST, minimal row image)."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

Value: TypeAlias = str | Literal[Absent.ABSENT] | None
Row: TypeAlias = tuple[Value, ...]
"""Values by position, in the order of the table's columns."""

Position = NewType("Position", str)
"""A transaction's end in a source's log. Opaque: only the source that made it can read or compare it."""

Origin: TypeAlias = tuple[str, ...]
"""The databases that a change has passed through before this one, oldest first; empty when an application made it."""


class Op(Enum):
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    TRUNCATE = "truncate"
    """All rows of the table went, by one statement."""
    LOST = "lost"
    """Rows went or came without events of theirs: partitions that are dropped, a table that takes another one's name."""

    __hash__ = object.__hash__  # Enum's own is Python code, and rows are counted by it


@value
class Change:
    """One row's change. `old` and `new` have one value per column of `table`.

    `old` is None for an insert, and for an update that the log describes by its new image alone (PostgreSQL's default replica
    identity when the key stays). Columns that the log does not carry are `ABSENT`. TRUNCATE and LOST have neither.
    """

    table: Table
    op: Op
    old: Row | None
    new: Row | None


@value
class Transaction:
    """A committed transaction, in commit order."""

    changes: Sequence[Change]
    upto: Position
    committed_at: float
    """Commit time by the source's clock, seconds since the epoch."""
    origin: Origin = ()
    echoes: int = 0
    """Row changes that are not to be followed because the transaction came from this pipeline's own target. `changes` are then those
    of tables on which queries depend, for these alone."""
    beat: float = 0.0
    """It is a heartbeat, written at this time by the daemon's clock; it has no changes."""
    size: int = field(default=0, compare=False)
    """Bytes that the changes took in the log, roughly."""

    @property
    def echo(self) -> bool:
        return self.echoes > 0


@value
class Part:
    """Some changes of a committed transaction that is too large to be held. More parts follow, and then a `Transaction` with the rest and the end."""

    changes: Sequence[Change]
    at: Position
    """A place inside the transaction: the source can be asked for what it holds since. No checkpoint may say it."""
    committed_at: float
    origin: Origin = ()
    size: int = field(default=0, compare=False)
    echo: bool = False
    """It is of a transaction with echoes."""


@value
class Idle:
    """Nothing more is at hand. Everything up to `upto` has been yielded; the loop may write what it holds."""

    upto: Position
    """What a checkpoint may say."""
    seen: Position
    """How far the log has been read, our own echoes included, which never move `upto`. Lag is measured from here."""
