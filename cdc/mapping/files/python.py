"""The shape of a column's `python`: a function's name, alone or with the columns that it reads."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag

from cdc.mapping.files.shape import CHOICE, Shape

_ALONE, _WITH = f"{CHOICE}alone", f"{CHOICE}with"


class FunctionFile(Shape):
    """A function and what it reads."""

    function: str = Field(description="`package.module:function`; the service file lists the module.", examples=["acme.names:greeting"])
    columns: list[str] = Field(
        description="Source columns that it gets, by their names; it gets no others.", min_length=1, examples=[["name", "kind"]]
    )


def _kind(given: Any) -> str:
    return _WITH if isinstance(given, dict) else _ALONE


PythonFile: TypeAlias = Annotated[Annotated[str, Tag(_ALONE)] | Annotated[FunctionFile, Tag(_WITH)], Discriminator(_kind)]
