"""The shape of a mapping file's `match`: columns that must all agree, or several such lists, tried in order."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag

from cdc.mapping.files.shape import CHOICE

_ONE, _SEVERAL = f"{CHOICE}one", f"{CHOICE}several"
_Columns: TypeAlias = Annotated[list[str], Field(min_length=1)]


def _kind(given: Any) -> str:
    return _SEVERAL if isinstance(given, list) and any(isinstance(one, list) for one in given) else _ONE


MatchFile: TypeAlias = Annotated[
    Annotated[_Columns, Tag(_ONE)] | Annotated[list[_Columns], Tag(_SEVERAL)],
    Discriminator(_kind),
]
