"""What a target is asked to make true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from cdc.model.change import Change, Op, Origin, Position, Row, Value
from cdc.model.reference import Reference
from cdc.model.table import Column, Definition
from cdc.model.value import identity, value

if TYPE_CHECKING:
    from cdc.model.parked import Parked


class Deletes(Enum):
    """What a deleted source row does to its target row."""

    HARD = "hard"
    SOFT = "soft"
    IGNORE = "ignore"
    PARK = "park"
    """It is parked; when an operator asks for it, the target row is deleted."""


KEEPING = (Deletes.IGNORE, Deletes.PARK)
"""By these rules a row may stay on the target that the mapping does not follow any more."""


class Truncates(Enum):
    """What a TRUNCATE of the source table does."""

    HALT = "halt"
    IGNORE = "ignore"
    APPLY = "apply"
    """The rows that the target holds of the mapping are deleted by its rule."""


@value
class Newest:
    """What a row that is there takes only from a write that is later than the row itself. A time is later than NULL."""

    clock: int
    """Position in `columns` of the time of the row's last change."""
    columns: frozenset[int]
    """Positions of what goes by it; the clock is one of them, so that it never goes back."""
    ties: bool
    """A write of the same time counts as later."""


@identity
class TargetPlan:
    """How one mapping writes its target table. Known by identity; statements are built from it once."""

    mapping: str
    table: Definition
    columns: tuple[Column, ...]
    """The columns that the mapping writes, in the order of an image."""
    key: tuple[int, ...]
    """Positions in `columns` that name the row."""
    deletes: Deletes
    soft_delete: tuple[tuple[Column, Value], ...]
    """What a soft delete sets."""
    rank: int
    """Parents before children: rows are inserted in rising and deleted in falling rank."""
    once: frozenset[int] = frozenset()
    """Positions in `columns` that are set only when the row is inserted."""
    later: frozenset[int] = frozenset()
    """Positions in `columns` that are set only where the row is there already."""
    references: tuple[Reference, ...] = ()
    """What `Ref`s in keys and images of this plan refer to, one per column at most."""
    halts: bool = False
    """The first row that can't be mapped or written ends the run, instead of being parked."""
    scope: tuple[tuple[Column, Value], ...] = ()
    """What all rows of the mapping have in common; only looked at where `truncate` is applied. Rows with other values are others'."""
    loose: bool = False
    """The server holds some different texts of the key equal: by a collation, or for blanks at the end."""
    exact: bool = False
    """The source tells such texts apart: a row whose key is another text is another's, however equal the server holds the two."""
    newest: Newest | None = None


@value
class Write:
    """Make one row so. `image` has a value per column of `plan.columns`; None deletes by the plan's rule.

    `ABSENT` in an image leaves the target's value alone. `moved` is the key that the row had until now, when it changes: the
    row at `moved` becomes the row at `key` and keeps what no mapping writes. `change` is what the write came from.

    A write of a TRUNCATE has no key and no image until the pipeline has put a delete of each row that the target holds in its place.

    Where the plan has references, a `Ref` may stand in place of any value until the target has put what it finds there.
    """

    plan: TargetPlan
    key: Row
    image: Row | None
    moved: Row | None
    change: Change
    committed_at: float | None = None
    """Commit time of the source transaction, seconds since the epoch; None: the initial load, which does not know."""


class Phase(Enum):
    LOADING = "loading"
    """The initial load is not complete; the position is that of the snapshot which was copied last."""
    STREAMING = "streaming"


@value
class Touched:
    """Root keys of a mapping by query that a batch's changes have touched. The source is asked for their rows before the batch is applied."""

    plan: TargetPlan
    keys: Sequence[Row]
    asked: Mapping[int, Sequence[Row]]
    """Place of a query that leads to more of them → the values that it is asked with."""
    since: Position
    """The end of the last transaction that touched any."""


@value
class Batch:
    """Whole source transactions, applied in one target transaction together with the checkpoint."""

    after: Position | None
    """The checkpoint's position before; None before the first load."""
    upto: Position
    writes: Sequence[Write]
    """In source order."""
    phase: Phase = Phase.STREAMING
    transactions: int = 0
    oldest: float = 0.0
    """Commit time of the first source transaction, seconds since the epoch; 0: none."""
    newest: float = 0.0
    origin: Origin = ()
    """The marker's path: the source's own name is appended by whoever builds the batch."""
    touched: Sequence[Touched] = ()
    skipped: Mapping[tuple[str, str], int] | None = None
    """(mapping or source table, reason) → row changes that gave no write (`filter`, `loop`, `not_mapped`)."""
    beat: float = 0.0
    """When the newest heartbeat among the transactions was written; 0: there was none."""
    parked: Sequence[Parked] = ()
    """Row changes that wait from now on, each key's in order."""
    released: Mapping[int, str] = field(default_factory=dict)
    """Id → mapping of parked row changes that wait no more."""
    begins: bool = True
    """It begins a target transaction; otherwise it goes on in the one that the part before it has left open."""
    ends: bool = True
    """It ends the target transaction. Otherwise it is a part of a source transaction that is too large to be held: the rest follows,
    `upto` is a place inside, and the checkpoint stays at `after` until the end."""
    empties: bool = False
    """Among the writes there are such as stand for all rows of their mapping: see `Write`."""


@value
class Checkpoint:
    """What the target remembers of a pipeline."""

    position: Position | None
    """None: never loaded."""
    phase: Phase
    rows: int
    """Row changes applied since the first load."""
    newest: float
    """Commit time of the last source transaction applied, seconds since the epoch; 0: none."""


@value
class Applied:
    """What one target transaction did. Counts are of source row changes, so a row changed twice in a batch counts twice."""

    rows: Mapping[tuple[str, Op], int]
    """(mapping, op) → row changes that took effect."""
    unchanged: Mapping[str, int]
    """mapping → upserts of what was there already, deletes of what was not, and changes of rows that the source has no more."""
    adopted: Mapping[str, int] = field(default_factory=dict)
    """mapping → rows of the target that became a source row's own, by `match`."""
    kept: Mapping[str, int] = field(default_factory=dict)
    """mapping → rows that kept other values than a write's, since they are newer. The write counts as what the rest of it did."""
