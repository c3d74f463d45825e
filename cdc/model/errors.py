"""Errors say who must act: retry or not, the exit code, and a hint for the person on call. Never a row's values."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, IntEnum
from hashlib import blake2b
from typing import ClassVar

from cdc.model.change import Position, Row
from cdc.model.value import value
from cdc.model.write import Write


class Exit(IntEnum):
    OK = 0
    FAILURE = 1
    USAGE = 2
    DIFFERENCES = 3
    THRESHOLD = 4
    UNREACHABLE = 69
    RETRY_LATER = 75
    GAP = 76
    DENIED = 77
    CONFIG = 78


class Retry(Enum):
    SOON = "soon"
    MENDED = "mended"
    """Somebody has to mend something first; a pipeline that ran waits for that."""
    NEVER = "never"


class CdcError(Exception):
    """Base of all errors that the daemon knows. The text says what is wrong, `hint` what to do."""

    retry: ClassVar[Retry] = Retry.NEVER
    exit: ClassVar[Exit] = Exit.FAILURE
    name: ClassVar[str] = "failure"
    """The error's class in metrics and logs."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Unreachable(CdcError):
    """A server can't be reached, went away, or is starting or stopping."""

    retry, exit, name = Retry.SOON, Exit.UNREACHABLE, "unreachable"


class Transient(CdcError):
    """The server asked for another try: deadlock, lock timeout, serialization failure, disk full, read-only."""

    retry, exit, name = Retry.SOON, Exit.RETRY_LATER, "transient"


class Denied(CdcError):
    """A login or a privilege is missing; the hint is the statement that grants it."""

    exit, name = Exit.DENIED, "denied"


class Misconfigured(CdcError):
    """The configuration, a mapping, or a server's setting does not fit; the hint is what mends it."""

    exit, name = Exit.CONFIG, "configuration"


class Drifted(Misconfigured):
    """A table has changed, and a mapping no longer fits it. `mappings` are those that are known to be hit."""

    retry, name = Retry.MENDED, "schema_drift"

    def __init__(self, message: str, hint: str = "", mappings: Sequence[str] = ()) -> None:
        super().__init__(message, hint)
        self.mappings = tuple(mappings)

    def at(self, place: Position) -> Drifted:
        """Return the error with the place in the log that it came at."""
        return Drifted(f"{self}; in the log before {place}", self.hint, self.mappings)


class Unfollowed(Misconfigured):
    """A table was not followed for a while: what changed in it meanwhile is in no log, so nothing goes on by itself."""


class Gap(CdcError):
    """The log no longer holds what comes after the checkpoint, or it is another server's log."""

    exit, name = Exit.GAP, "gap"


class Held(CdcError):
    """Another process runs this pipeline."""

    exit, name = Exit.RETRY_LATER, "held"


class Fenced(CdcError):
    """Another process moved this pipeline's checkpoint while we ran."""

    exit, name = Exit.RETRY_LATER, "fenced"


class Paused(CdcError):
    """An operator has paused the pipeline, and nobody is there to wait."""

    exit, name = Exit.RETRY_LATER, "paused"


class TooManyDeletes(CdcError):
    """More rows would be deleted than the service file allows at once. Nothing was applied; the pipeline is paused."""

    retry, exit, name = Retry.SOON, Exit.RETRY_LATER, "deletes"


class UnknownEvent(CdcError):
    """The log holds something that we do not understand; going on would lose it."""

    name = "unknown_event"


class Truncated(CdcError):
    """A source table was truncated, and a mapping says that this halts the pipeline."""

    retry, name = Retry.MENDED, "truncated"

    def at(self, place: Position) -> Truncated:
        """Return the error with the place in the log that it came at."""
        return Truncated(f"{self}; in the log before {place}", self.hint)


class BadRow(CdcError):
    """One row can't be mapped or applied: a constraint, a cast, a value that does not fit."""

    name = "bad_row"

    def __init__(self, message: str, hint: str = "", *, waits: bool = False) -> None:
        """`waits`: other rows may mend it: those that the row refers to, or that refer to it."""
        super().__init__(message, hint)
        self.waits = waits


class Refused(BadRow):
    """Writes of a batch can't be applied. Nothing was applied. The text is the first one's."""

    def __init__(self, refused: Sequence[tuple[Write, BadRow]]) -> None:
        first = refused[0][1]
        super().__init__(str(first), first.hint, waits=first.waits)
        self.refused = refused


class ParkedChanged(CdcError):
    """An operator has changed the parked rows since the loop read them. Nothing was applied."""

    name = "parked_changed"

    def __init__(self) -> None:
        super().__init__("an operator has changed the parked rows")


class TooManyParked(CdcError):
    """More rows are parked than the service file allows, or for longer."""

    name = "parking_budget"


class Halted(CdcError):
    """A value fails, and its mapping says that this halts the pipeline."""

    name = "halted"


class Incomplete(CdcError):
    """Rows are missing on the target, and the log carried only some of their columns. Nothing was applied.

    The loop asks the source for the whole rows and applies the batch again.
    """

    name = "incomplete"

    def __init__(self, writes: Sequence[Write]) -> None:
        super().__init__(f"{len(writes)} row(s) are missing on the target and the log carried only some of their columns")
        self.writes = writes


@value
class Finding:
    """One thing that `check` found on a server."""

    code: str
    """`wal-level`, `row-metadata`, `replica-identity`, …"""
    message: str
    hint: str
    """The statement or setting that mends it."""
    exit: Exit
    """CONFIG, DENIED, GAP or UNREACHABLE; OK for a warning."""


def key_text(key: Row) -> str:
    """A key as errors and logs show it: a short digest, so that no value leaks."""
    return blake2b(repr(key).encode(), digest_size=6).hexdigest()
