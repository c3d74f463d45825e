"""The shape of a mapping file's `clock`: the column of a row's time, alone or with what a tie means."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from cdc.mapping.files.shape import CHOICE, Shape

_ALONE, _LONG = f"{CHOICE}alone", f"{CHOICE}long"


class ClockColumnFile(Shape):
    """The long form of `clock`."""

    column: str = Field(
        description="Target column with the time, or the version number, of the row's last change.", examples=["changed_at"], min_length=1
    )
    ties: Literal["source", "target"] = Field(
        default="source", description="Whose values stay when both sides have the same time.", examples=["target"]
    )


def _kind(given: Any) -> str:
    return _LONG if isinstance(given, dict) else _ALONE


ClockFile: TypeAlias = Annotated[
    Annotated[str, Field(min_length=1), Tag(_ALONE)] | Annotated[ClockColumnFile, Tag(_LONG)],
    Discriminator(_kind),
]
