"""The shape of what a mapping file says about its query, beside the query itself."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from cdc.mapping.files.shape import SCALAR, Shape, SqlText

SETTLE = r"^(?:0|[1-9][0-9]{0,3})(?:ms|\.[0-9]{1,3}s|s)$"
"""`500ms`, `1.5s`, `2s`."""

_SHORT = {"description": "SQL expression over the table's columns that gives the root's key.", **SCALAR}
_SHORTS = {"description": "One expression for each column of the root's key, in its order.", "type": "array", "items": SCALAR}


def short_forms(made: dict[str, Any]) -> None:
    """What the model accepts before it looks closer: an expression alone, or one for each column of the root's key."""
    made.update(additionalProperties={"anyOf": [_SHORT, _SHORTS, made["additionalProperties"]]})


class DependencyFile(Shape):
    """How a row of another table leads to the root's key."""

    key: list[SqlText] = Field(
        default_factory=list, description="SQL expressions over the table's columns: the root's key.", examples=[["party"]]
    )
    query: str = Field(
        default="",
        description="SELECT on the source that gives the root's keys; `:id` and so on are values of the changed row.",
        examples=["select distinct party from party_address where country = :id"],
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return given
        return {"key": given if isinstance(given, list) else [given]}
