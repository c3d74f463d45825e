"""Places in PostgreSQL's log to positions and back: `<system identifier>/<timeline>/<LSN>`."""

from __future__ import annotations

from cdc.model.change import Position
from cdc.model.errors import Misconfigured
from cdc.model.value import value


@value
class Place:
    """An LSN in the log of one cluster's one timeline."""

    system: str
    timeline: int
    lsn: int


def position(place: Place) -> Position:
    return Position(f"{place.system}/{place.timeline}/{lsn_text(place.lsn)}")


def place(at: Position) -> Place:
    """Raises `Misconfigured` when another kind of source made the position."""
    try:
        system, timeline, lsn = at.split("/", 2)
        return Place(system, int(timeline), lsn_number(lsn))
    except ValueError:
        raise Misconfigured(
            f"the position {at!r} is not one of PostgreSQL",
            "`cdc position show` prints the pipeline's. If that is it, its source was of another engine when it was written: give the pipeline another name.",
        ) from None


def lsn_text(lsn: int) -> str:
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def lsn_number(text: str) -> int:
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)
