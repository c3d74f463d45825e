"""How a pipeline keeps its source's log from running full and itself from standing still or deleting too much, as the service file says."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from cdc.mapping.files.shape import Shape
from cdc.model.value import value
from cdc.pipeline.budget import Budget

_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?(MB|GB|TB)")
_BYTES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_SHARE = re.compile(r"(\d{1,2}|100) ?%")


def duration(given: Any) -> float:
    """Return the seconds of a written time. Raises `ValueError` where it is none."""
    if given in ("off", 0, False):
        return 0.0
    found = _DURATION.fullmatch(given) if isinstance(given, str) else None
    if not found:
        raise PydanticCustomError("no-duration", "write a time such as 10s, 5m or 1h, or off")
    return float(found[1]) * _SECONDS[found[2]]


def _size(given: Any) -> int:
    found = _SIZE.fullmatch(given) if isinstance(given, str) else None
    if not found:
        raise PydanticCustomError("no-size", "write a size such as 500MB, 20GB or 1TB")
    return round(float(found[1]) * _BYTES[found[2]])


def _share(given: Any) -> float:
    found = _SHARE.fullmatch(given) if isinstance(given, str) else None
    if not found:
        raise PydanticCustomError("no-share", "write a share such as 50%")
    return int(found[1]) / 100


def _text(pattern: re.Pattern[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^({pattern.pattern}|off|\\$\\{{.*)$"})


Duration: TypeAlias = Annotated[float, BeforeValidator(duration), _text(_DURATION)]
Size: TypeAlias = Annotated[int, BeforeValidator(_size), _text(_SIZE)]
Share: TypeAlias = Annotated[float, BeforeValidator(_share), _text(_SHARE)]


class RetentionFile(Shape):
    """How much log the source may keep for a pipeline, and what happens when that is used up."""

    budget: Size | None = Field(
        default=None,
        description="Log that PostgreSQL may keep for the pipeline; without it, what the server's max_slot_wal_keep_size leaves.",
        examples=["20GB"],
    )
    warn: Share = Field(
        default=0.5, description="Share of the budget from which on a warning is logged and an initial load waits.", examples=["50%"]
    )
    give_up: bool = Field(
        default=False,
        description="Drop the slot when the budget is used up: the source stays alive, and the pipeline ends with a gap that only a new load closes.",
        examples=[True],
    )


class DeleteBreakerFile(Shape):
    """When the pipeline pauses rather than go on deleting."""

    per_minute: Annotated[int, Field(ge=1, le=1_000_000_000)] = Field(
        description="Deletes within a minute; the batch that would exceed them is not applied, and the pipeline is paused.", examples=[1000]
    )


class ParkingFile(Shape):
    """How much may be parked before that ends the pipeline."""

    rows: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=1000,
        description="Row changes that wait at most, those behind others of their key counted; 0: the first row that fails ends the pipeline.",
        examples=[1000],
    )
    share: Share = Field(
        default=0.5,
        description="Share of a mapping's latest row changes, a hundred at least, that may fail: when nearly all do, the rows are not to blame.",
        examples=["50%"],
    )
    age: Duration = Field(default=0.0, description="Time that a row change may wait; `off`: any.", examples=["72h"])


@value
class Protection:
    """The same, unpacked."""

    heartbeat: float = 10.0
    """Seconds between two; 0: none."""
    stall: float = 60.0
    """Seconds of standing still, with work to do, after which somebody is told; 0: never."""
    warn: float = 0.5
    budget: int | None = None
    give_up: bool = False
    deletes: int | None = None
    """In a minute; None: any number."""
    parking: Budget = field(default_factory=Budget)


def protection(
    heartbeat: float, stall: float, retention: RetentionFile, breaker: DeleteBreakerFile | None, parking: ParkingFile
) -> Protection:
    deletes, budget = breaker.per_minute if breaker else None, Budget(parking.rows, parking.share, parking.age or None)
    return Protection(heartbeat, stall, retention.warn, retention.budget, retention.give_up, deletes, budget)
