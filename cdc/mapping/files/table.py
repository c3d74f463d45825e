"""The shape of value maps and decision tables in a mapping file, each written out there or named as a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from cdc.mapping.files.shape import CHOICE, Literally, Shape, SqlText

_ONE, _MANY, _FILE = f"{CHOICE}one", f"{CHOICE}many", f"{CHOICE}file"


def _one_or_many(given: Any) -> str:
    return _MANY if isinstance(given, list) else _ONE


def _kind(given: Any) -> str:
    if isinstance(given, list):
        return _MANY
    return _FILE if isinstance(given, dict) and "file" in given else _ONE


SqlTexts: TypeAlias = Annotated[Annotated[SqlText, Tag(_ONE)] | Annotated[list[SqlText], Tag(_MANY)], Discriminator(_one_or_many)]
"""An SQL expression, or several."""
Names: TypeAlias = Annotated[Annotated[str, Tag(_ONE)] | Annotated[list[str], Tag(_MANY)], Discriminator(_one_or_many)]
CellFile: TypeAlias = Annotated[Annotated[Literally, Tag(_ONE)] | Annotated[list[Literally], Tag(_MANY)], Discriminator(_one_or_many)]
Inputs: TypeAlias = Annotated[
    Annotated[dict[str, SqlText], Field(min_length=1), Tag(_ONE)] | Annotated[list[SqlText], Field(min_length=1), Tag(_MANY)],
    Discriminator(_one_or_many),
]
_SEPARATOR: Any = Field(default="comma", description="What stands between the cells of a line.", examples=["semicolon"])
Separator: TypeAlias = Literal["comma", "semicolon", "tab", "bar"]


class MapFile(Shape):
    """A value map in a CSV file: source texts, then the target value."""

    file: str = Field(description="The file, relative to the mapping's own.", examples=["segments.csv"])
    sources: Names | None = Field(
        default=None, alias="from", description="The file's columns with the source texts, by its first line.", examples=["code"]
    )
    to: str = Field(default="", description="The file's column with the target value, by its first line.", examples=["segment"])
    separator: Separator = _SEPARATOR


class DecisionFile(Shape):
    """A decision table: conditions on the left, results on the right."""

    match: Literal["first", "all"] = Field(
        default="first",
        description="Which rules speak: the first that fits, or all that fit, each result being the first that is not empty.",
    )
    when: Inputs = Field(
        description="What the conditions are about: SQL expressions over the source's columns, or names for them.",
        examples=[["state", "amount"]],
    )
    then: list[str] = Field(description="The names of the results.", min_length=1, examples=[["stage"]])
    rules: list[list[CellFile]] = Field(
        default_factory=list, description="The rules: for each of `when` a condition, for each of `then` a value."
    )
    file: str = Field(default="", description="A CSV file with the rules; its first line names the columns.", examples=["stages.csv"])
    separator: Separator = _SEPARATOR
    otherwise: CellFile = Field(default=None, alias="else", description="The results when no rule fits.", examples=["Unknown"])


class DecidedFile(Shape):
    """A condition that a decision table makes."""

    decision: str = Field(description="The decision table, one of `decisions`.", examples=["to_crm"])
    take: str = Field(default="", description="Its result, true or false; needed where it has several.", examples=["wanted"])


def _where(given: Any) -> str:
    return _MANY if isinstance(given, dict) else _ONE


WhereFile: TypeAlias = Annotated[Annotated[SqlText, Tag(_ONE)] | Annotated[DecidedFile, Tag(_MANY)], Discriminator(_where)]
ValueMapFile: TypeAlias = Annotated[
    Annotated[dict[str, Literally], Field(json_schema_extra={"not": {"required": ["file"]}}), Tag(_ONE)]
    | Annotated[list[list[Literally]], Tag(_MANY)]
    | Annotated[MapFile, Tag(_FILE)],
    Discriminator(_kind),
]
"""A value map: text to value; a list of rows, each with the texts and then the value; or a file."""
