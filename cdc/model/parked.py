"""Row changes that wait because they can't be mapped or written, or because an earlier one of their key waits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b

from cdc.model.change import ABSENT, Change, Origin, Position, Row
from cdc.model.errors import BadRow
from cdc.model.value import value

_VARYING = re.compile(r" \(key \w+\)| at row \d+|\b\d+ bytes")
"""What tells two refusals of one cause apart in their texts."""


@value
class Cause:
    """Why a row change can't be mapped or written. Nothing in it is a value of a row."""

    fingerprint: str
    """The same for all rows that fail for one reason: mapping, kind of error, column or constraint."""
    message: str
    hint: str
    waits: bool
    """Whether other rows may mend it: those that it refers to, or that refer to it."""


@value
class Parked:
    """One row change that waits. A mapping's changes of one source key wait in the order of their ids."""

    mapping: str
    change: Change
    """As the log told it. `change.table` names the source table, or a mapping by query, and has the columns of that time."""
    committed_at: float | None
    position: Position
    origin: Origin
    """The databases that the change had passed through before its source."""
    cause: Cause | None
    """None: it waits behind an earlier change of its key."""
    id: int = 0
    """Given by the target; 0: not there yet. In a batch, an entry with an id gets another cause."""
    asked: bool = False
    """Whether an operator wants it tried again. A parked delete is done then."""


@value
class ParkedKey:
    """What the loop has to know of a parked row change at all times."""

    id: int
    mapping: str
    keys: Sequence[Row]
    """The source keys that it is about: two when it changes the key."""
    waits: bool
    asked: bool
    parked_at: float
    """By the target's clock, seconds since the epoch."""
    age: float
    """Seconds that it had waited when it was read."""


def source_keys(change: Change) -> tuple[Row, ...]:
    """Return the source keys that a change is about: that of the row now, and the one before if it is another."""
    old, new = change.old, change.new
    if new is None:
        return () if old is None else (_key(change, old),)
    key = _key(change, new if old is None else _over(old, new))
    if old is None:
        return (key,)
    before = _key(change, old)
    return (key,) if before == key or ABSENT in before else (key, before)


def cause(error: BadRow) -> Cause:
    """Return what is remembered of a refusal. The mapping stands in its text."""
    text = _VARYING.sub("", str(error))
    return Cause(blake2b(text.encode(), digest_size=6).hexdigest(), str(error), error.hint, error.waits)


def _key(change: Change, row: Row) -> Row:
    """A table without a key has nothing but the whole row."""
    places = change.table.key or range(len(row))
    return tuple([row[at] for at in places])


def _over(old: Row, new: Row) -> Row:
    return tuple(o if n is ABSENT else n for o, n in zip(old, new, strict=True)) if ABSENT in new else new
