"""The shape of a mapping file: its keys, their types and what each means. The JSON Schema is made from these models."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from cdc.mapping.files.clock import ClockFile
from cdc.mapping.files.match import MatchFile
from cdc.mapping.files.python import PythonFile
from cdc.mapping.files.query import SETTLE, DependencyFile, short_forms
from cdc.mapping.files.shape import CHOICE, SCALAR, Literally, Shape, SqlText
from cdc.mapping.files.special import DatesFile, NumbersFile
from cdc.mapping.files.table import DecisionFile, SqlTexts, ValueMapFile, WhereFile

_SHORT = {"description": "SQL expression over the source's columns.", **SCALAR}
_NAMES = {"description": "Columns that have one name on both sides and are copied.", "type": "array", "items": {"type": "string"}}


NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"
"""What a mapping may be called."""


def _short_forms(made: dict[str, Any]) -> None:
    """What the models accept before they look closer: an expression alone, and `same` among the columns."""
    column = {"anyOf": [_SHORT, made["additionalProperties"]]}
    made.update(additionalProperties=column, properties={"same": {"anyOf": [*column["anyOf"], _NAMES]}})


class ValueFile(Shape):
    """How one column gets its value: `value`, or `map` with `from`."""

    value: SqlText = Field(default="", description="SQL expression over the source's columns.", examples=["trim(name)"])
    map: str = Field(default="", description="The value map, one of `maps`, that translates the text of `from`.", examples=["segments"])
    source: SqlTexts = Field(
        default="",
        alias="from",
        description="SQL expression whose text the value map translates, or a list of them.",
        examples=["type_code"],
    )
    default: Literally = Field(default=None, description="What a text becomes that the value map does not have.", examples=["prospect"])
    lookup: str = Field(default="", description="Table in the target in which a row is looked up.", examples=["users"])
    by: dict[str, SqlText] = Field(
        default_factory=dict,
        description="What that row must agree on: its column, and an SQL expression over the source's columns.",
        examples=[{"user_name": "created_by"}],
    )
    take: str = Field(
        default="", description="The column of the found row, or the decision's result, whose value is taken.", examples=["id"]
    )
    missing: Literal["keep", "null", "park"] | None = Field(
        default="park",
        description="What happens when no row is found: keep the value that is there, set NULL, or park the row.",
        examples=["keep"],
    )

    decision: str = Field(default="", description="The decision table, one of `decisions`, that gives the value.", examples=["stage"])
    python: PythonFile = Field(
        default="",
        description="A function that makes the value of the source's columns, or its long form; the service file lists its module.",
        examples=["acme.names:greeting"],
    )
    check: SqlText = Field(
        default="",
        description="SQL condition over the target's columns as this mapping writes them; a value that makes it false is a failure.",
        examples=["length(phone) <= 32"],
    )
    on_fail: Literal["park", "null", "truncate", "replace", "halt"] | None = Field(
        default="park",
        description="What becomes of a value that can't be made, does not fit the column, or fails its check.",
        examples=["park"],
    )
    dates: DatesFile = Field(
        default_factory=DatesFile, description="What special dates and times become in this column.", examples=[{"infinity": "9999-12-31"}]
    )
    numbers: NumbersFile = Field(
        default_factory=NumbersFile, description="What special numbers become in this column.", examples=[{"nan": 0}]
    )
    write: Literal["always", "insert", "update"] = Field(
        default="always", description="When the column is set: always, only when the row is inserted, only when it is there already."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: Any) -> Any:
        return given if isinstance(given, dict) else {"value": given}


def _value_forms(made: dict[str, Any]) -> None:
    """A column's short form, wherever such columns stand."""
    for form in (made, *made.get("anyOf", ()), *made.get("oneOf", ())):
        if "additionalProperties" in form:
            short = {**_SHORT, "description": "SQL expression over the target's columns."}
            form.update(additionalProperties={"anyOf": [short, form["additionalProperties"]]})


def _reverse_kind(given: Any) -> str:
    return _COLUMNS if isinstance(given, dict) else _ALONE


_ALONE, _COLUMNS = f"{CHOICE}alone", f"{CHOICE}columns"
ReverseColumns: TypeAlias = Annotated[
    Annotated[SqlText, Tag(_ALONE)] | Annotated[dict[str, ValueFile], Field(min_length=1), Tag(_COLUMNS)], Discriminator(_reverse_kind)
]


class ColumnFile(ValueFile):
    """How one target column gets its value, and what becomes of it in the other direction."""

    owner: Literal["source", "target", "newest"] = Field(
        default="source",
        description="Whose word counts: the source's, and nothing comes back; the target's, and it is written here in new rows only; or whose change is the newest, by `clock`.",
        examples=["source"],
    )
    reverse: ReverseColumns = Field(
        default="",
        description="How the other direction makes source columns of it: column: SQL expression over the target's columns, or its long form.",
        json_schema_extra=_value_forms,
        examples=[{"credit_cents": "cast(credit_limit * 100 as bigint)"}],
    )


class ReverseFile(Shape):
    """What the other direction's mapping says that does not follow from this one."""

    mapping: str = Field(default="", description="Its name; this one's if left out.", pattern=NAME, examples=["customers_back"])
    key: list[str] = Field(
        default_factory=list, description="Source columns that name a row, where they are not what the key is made of.", examples=[["code"]]
    )
    where: WhereFile = Field(
        default="", description="SQL condition over the target's columns: which rows come back.", examples=["kind = 'company'"]
    )
    columns: dict[str, ValueFile] = Field(
        default_factory=dict,
        description="Further source columns: SQL expression over the target's columns, or its long form.",
        json_schema_extra=_value_forms,
    )
    deletes: Literal["hard", "soft", "ignore", "park"] = Field(
        default="hard", description="What a deleted target row does to its source row."
    )
    soft_delete: dict[str, Literally] = Field(
        default_factory=dict, description="Source columns and the values that a soft delete sets.", examples=[{"active": False}]
    )
    truncate: Literal["halt", "ignore"] = Field(default="halt", description="What TRUNCATE of the target table does.")
    on_error: Literal["park", "halt"] = Field(default="park", description="What a row does that can't be mapped or written.")
    dates: DatesFile = Field(
        default_factory=DatesFile, description="What special dates and times become on the way back.", examples=[{"far": None}]
    )
    numbers: NumbersFile = Field(
        default_factory=NumbersFile, description="What special numbers become on the way back.", examples=[{"nan": 0}]
    )


class TestFile(Shape):
    """An example row and what becomes of it."""

    __test__: ClassVar[bool] = False

    given: dict[str, Literally] = Field(description="Source columns; those not named are NULL.", examples=[{"id": 7, "name": "Müller"}])
    expect: dict[str, Literally] | None = Field(
        description="Target columns that the row must give; null when `where` leaves it out.", examples=[{"name": "Müller"}]
    )
    old: dict[str, Literally] | None = Field(
        default=None,
        description="Source columns before an update, for expressions about `old`; those not named are as given.",
        examples=[{"name": "Meier"}],
    )
    op: Literal["insert", "update"] | None = Field(
        default=None, description="What the change did, for `op()`: `insert`, or `update` where `old` is given.", examples=["update"]
    )
    direction: Literal["forward", "reverse"] = Field(
        default="forward", description="`reverse`: a target row is given, and source columns are expected.", examples=["reverse"]
    )


class MappingFile(Shape):
    """A mapping: one source table, or a query on the source, to columns of one target table."""

    later: ClassVar[frozenset[str]] = frozenset({"owner"})

    version: Literal[1] = Field(description="Version of the mapping language.", examples=[1])
    mapping: str = Field(
        description="The mapping's name, unique within the pipeline; metrics, logs and commands use it.",
        pattern=NAME,
        examples=["customers"],
    )
    direction: Literal["forward", "both"] = Field(
        default="forward", description="`both`: the opposite pipeline's mapping follows from this one.", examples=["both"]
    )
    reverse: ReverseFile = Field(
        default_factory=ReverseFile, description="What the opposite pipeline's mapping says that does not follow from this one."
    )
    source: str = Field(description="Table in the pipeline's source.", examples=["public.customer"])
    target: str = Field(description="Table in the pipeline's target.", examples=["accounts"])
    key: list[str] = Field(
        description="Target columns that name a row; the table needs a unique index on exactly these.", min_length=1, examples=[["id"]]
    )
    match: MatchFile | None = Field(
        default=None,
        description="Target columns: a row that agrees on all of them, and is nobody's yet, is adopted where one would be inserted; or lists of them, tried in order.",
        examples=[["email", "tax_id"]],
    )
    clock: ClockFile = Field(
        default="",
        description="Target column with the time, or the version number, of the row's last change, or its long form; columns with `owner: newest` go by it.",
        examples=["changed_at"],
    )
    query: str = Field(
        default="",
        description="SELECT on the source, in its own SQL, that gives the rows of the root keys `:keys`; `columns` are made of what it returns.",
        examples=["select p.id, p.name from party p where p.id in (:keys)"],
    )
    depends_on: dict[str, DependencyFile] = Field(
        default_factory=dict,
        description="Other tables that the query reads: how a changed row there leads to the root's key.",
        examples=[{"party_address": "party"}],
        json_schema_extra=short_forms,
    )
    settle: str = Field(
        default="0s",
        description="How long rows must have been quiet before the source is asked.",
        json_schema_extra={"pattern": SETTLE},
        examples=["500ms"],
    )
    where: WhereFile = Field(
        default="",
        description="SQL condition over the source's columns, or a decision table; a row that leaves it is deleted by `deletes`.",
        examples=["active"],
    )
    columns: dict[str, ColumnFile] = Field(
        default_factory=dict,
        description="Target column: SQL expression over the source's columns, or its long form.",
        json_schema_extra=_short_forms,
    )
    same: list[str] = Field(default_factory=list, description="Columns that have one name on both sides and are copied.")
    deletes: Literal["hard", "soft", "ignore", "park"] = Field(
        default="hard", description="What a deleted source row does to its target row; `park`: an operator decides."
    )
    soft_delete: dict[str, Literally] = Field(
        default_factory=dict, description="Target columns and the values that a soft delete sets.", examples=[{"deleted": 1}]
    )
    truncate: Literal["halt", "ignore", "apply"] = Field(
        default="halt",
        description="What TRUNCATE of the source table does; `apply`: the rows that the mapping made are deleted by `deletes`.",
    )
    on_error: Literal["park", "halt"] = Field(default="park", description="What a row does that can't be mapped or written.")
    dates: DatesFile = Field(
        default_factory=DatesFile,
        description="What dates and times become, in all columns of dates and times, that the other server can't hold.",
        examples=[{"infinity": "9999-12-31"}],
    )
    numbers: NumbersFile = Field(
        default_factory=NumbersFile,
        description="What numbers become, in all columns of numbers, that the other server can't hold.",
        examples=[{"nan": 0}],
    )
    maps: dict[str, ValueMapFile] = Field(
        default_factory=dict, description="Value maps: name, then source text: target value, or rows of texts and a value, or a CSV file."
    )
    decisions: dict[str, DecisionFile] = Field(
        default_factory=dict, description="Decision tables: name, then what is asked, what comes out, and the rules, here or in a CSV file."
    )
    tests: list[TestFile] = Field(default_factory=list, description="Examples, which `cdc mapping test` runs.")
