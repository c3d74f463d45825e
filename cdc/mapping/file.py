"""The shape of a mapping file: its keys, their types and what each means. The JSON Schema is made from these models."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from cdc.mapping.shape import SCALAR, Literally, Shape, SqlText

_SHORT = {"description": "SQL expression over the source's columns.", **SCALAR}
_NAMES = {"description": "Columns that have one name on both sides and are copied.", "type": "array", "items": {"type": "string"}}


def _short_forms(made: dict[str, Any]) -> None:
    """What the models accept before they look closer: an expression alone, and `same` among the columns."""
    column = {"anyOf": [_SHORT, made["additionalProperties"]]}
    made.update(additionalProperties=column, properties={"same": {"anyOf": [*column["anyOf"], _NAMES]}})


class ColumnFile(Shape):
    """How one target column gets its value: `value`, or `map` with `from`."""

    later: ClassVar[frozenset[str]] = frozenset(
        {"lookup", "by", "take", "missing", "xref", "check", "on_fail", "owner", "write", "reverse", "python"}
    )

    value: SqlText = Field(default="", description="SQL expression over the source's columns.", examples=["trim(name)"])
    map: str = Field(default="", description="The value map, one of `maps`, that translates the text of `from`.", examples=["segments"])
    source: SqlText = Field(
        default="", alias="from", description="SQL expression whose text the value map translates.", examples=["type_code"]
    )
    default: Literally = Field(default=None, description="What a text becomes that the value map does not have.", examples=["prospect"])

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: Any) -> Any:
        return given if isinstance(given, dict) else {"value": given}


class TestFile(Shape):
    """An example row and what becomes of it."""

    __test__: ClassVar[bool] = False
    later: ClassVar[frozenset[str]] = frozenset({"old", "op"})

    given: dict[str, Literally] = Field(description="Source columns; those not named are NULL.", examples=[{"id": 7, "name": "Müller"}])
    expect: dict[str, Literally] | None = Field(
        description="Target columns that the row must give; null when `where` leaves it out.", examples=[{"name": "Müller"}]
    )


class MappingFile(Shape):
    """A row mapping: one source table to columns of one target table."""

    later: ClassVar[frozenset[str]] = frozenset(
        {"query", "depends_on", "settle", "match", "direction", "reverse", "owner", "python", "deletes: park", "truncate: apply"}
    )

    version: Literal[1] = Field(description="Version of the mapping language.", examples=[1])
    mapping: str = Field(
        description="The mapping's name, unique within the pipeline; metrics, logs and commands use it.",
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$",
        examples=["customers"],
    )
    source: str = Field(description="Table in the pipeline's source.", examples=["public.customer"])
    target: str = Field(description="Table in the pipeline's target.", examples=["accounts"])
    key: list[str] = Field(
        description="Target columns that name a row; the table needs a unique index on exactly these.", min_length=1, examples=[["id"]]
    )
    where: SqlText = Field(
        default="",
        description="SQL condition over the source's columns; a row that leaves it is deleted by `deletes`.",
        examples=["active"],
    )
    columns: dict[str, ColumnFile] = Field(
        default_factory=dict,
        description="Target column: SQL expression over the source's columns, or its long form.",
        json_schema_extra=_short_forms,
    )
    same: list[str] = Field(default_factory=list, description="Columns that have one name on both sides and are copied.")
    deletes: Literal["hard", "soft", "ignore"] = Field(default="hard", description="What a deleted source row does to its target row.")
    soft_delete: dict[str, Literally] = Field(
        default_factory=dict, description="Target columns and the values that a soft delete sets.", examples=[{"deleted": 1}]
    )
    truncate: Literal["halt", "ignore"] = Field(default="halt", description="What TRUNCATE of the source table does.")
    on_error: Literal["park", "halt"] = Field(default="park", description="What a row does that can't be mapped or written.")
    maps: dict[str, dict[str, Literally]] = Field(default_factory=dict, description="Value maps: name, then source text: target value.")
    tests: list[TestFile] = Field(default_factory=list, description="Examples; this version checks their form and does not run them.")
