"""A mapping as its file says it, before anything in it is known to exist on a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from cdc.mapping.expression.salt import Salt
from cdc.mapping.files.csv import Cell
from cdc.mapping.files.document import Data, Document, Path
from cdc.mapping.files.problem import Place
from cdc.mapping.files.shape import Scalar
from cdc.model.change import Absent
from cdc.model.reference import Missing
from cdc.model.table import TableName
from cdc.model.types import Zones
from cdc.model.value import value
from cdc.model.write import Deletes, Truncates

if TYPE_CHECKING:
    from cdc.mapping.spec.query import QuerySpec


@value
class Unavailable:
    """Why a function can't be called."""

    code: str
    message: str
    help: str


Function: TypeAlias = Callable[[Mapping[str, object]], object]
"""Source columns by name → a target column's value."""
Functions: TypeAlias = Mapping[str, Function | Unavailable]


@value
class Sql:
    """An SQL expression and where it stands: `spec.document.within(path, offset)` is the place of one of its characters."""

    text: str
    path: Path


@value
class Entry:
    """What a value map makes of some texts; None is NULL. `place` is the value's."""

    texts: tuple[str | None, ...]
    value: Scalar
    place: Place


@value
class Mapped:
    """A column that translates the text of an expression, or of several, by a value map."""

    sources: tuple[Sql, ...]
    map: str
    entries: Sequence[Entry]
    default: Scalar | Absent
    """ABSENT: a text that the map lacks is an error of the row."""
    path: Path


@value
class Condition:
    """What a cell of a decision table asks: whole SQL. `shift`: where the cell's own text begins in it; None: it is not the cell's text."""

    sql: str
    shift: int | None
    cell: Cell


@value
class Result:
    """What a cell of a decision table gives: a value, or an SQL expression."""

    value: Scalar
    sql: str | None
    cell: Cell

    @property
    def empty(self) -> bool:
        return self.sql is None and self.value is None


@value
class Rule:
    """A line of a decision table; None asks nothing."""

    conditions: tuple[Condition | None, ...]
    results: tuple[Result, ...]
    place: Place


@value
class Decision:
    """A decision table. `every`: all rules that fit speak, not only the first."""

    name: str
    whens: tuple[str, ...]
    inputs: tuple[Sql, ...]
    then: tuple[str, ...]
    rules: Sequence[Rule]
    otherwise: tuple[Result, ...] | None
    every: bool
    path: Path


@value
class Decided:
    """A column, or the condition `where`, that takes a result of a decision table. `inputs` are the table's."""

    table: str
    take: str
    inputs: tuple[Sql, ...]
    path: Path


@value
class Sought:
    """A column that takes a value from a row of the target."""

    table: str
    """As written; `table_name` reads it."""
    by: Mapping[str, Sql]
    take: str
    missing: Missing
    path: Path


@value
class Computed:
    """A column that a function of the service's own modules makes."""

    function: str
    """`package.module:function`."""
    columns: tuple[Sql, ...] | None
    """The source columns that it reads; None: all."""
    path: Path


Given: TypeAlias = Sql | Mapped | Sought | Decided | Computed
"""How a column gets its value."""


def expressions(given: Given) -> tuple[Sql, ...]:
    """Return the expressions over the source's columns that a column is made of."""
    if isinstance(given, Sought):
        return tuple(given.by.values())
    if isinstance(given, Decided):
        return given.inputs
    if isinstance(given, Computed):
        return given.columns or ()
    return given.sources if isinstance(given, Mapped) else (given,)


EVERY = ""
"""No column's name."""


class OnFail(Enum):
    """What becomes of a value that can't be made, does not fit its column, or fails its check."""

    PARK = "park"
    NULL = "null"
    TRUNCATE = "truncate"
    REPLACE = "replace"
    """Each character that the column's character set lacks becomes `?`; whatever else is wrong parks."""
    HALT = "halt"


class Moment(Enum):
    """When a column is written."""

    ALWAYS = "always"
    INSERT = "insert"
    UPDATE = "update"


class Direction(Enum):
    """Which way a mapping's file leads."""

    FORWARD = "forward"
    BOTH = "both"
    """Forward, and there is one for the opposite pipeline that follows from it."""
    REVERSE = "reverse"
    """That one."""


@value
class Options:
    """What a column's long form says besides its value."""

    check: Sql | None
    on_fail: OnFail
    write: Moment
    newest: bool = False
    """A row that is there takes it from a later change only."""


@value
class Clock:
    """The target column of the time of a row's last change, and whose values stay when two have the same: `source` or `target`."""

    column: str
    ties: str
    path: Path


@value
class Way:
    """Columns by which a row that is there is known again: all of them agree."""

    columns: tuple[str, ...]
    path: Path


@value
class Test:
    given: Mapping[str, Scalar]
    expect: Mapping[str, Scalar] | None
    path: Path
    old: Mapping[str, Scalar] | None = None
    """What differed in the row before; None: it is an inserted row."""


@value
class MappingSpec:
    """A mapping as its file says it. Nothing in it is known to exist on a server yet."""

    document: Document
    name: str
    source: str
    """The source table as written; `table_name` reads it."""
    target: str
    key: tuple[str, ...]
    where: Sql | None
    columns: Mapping[str, Given]
    deletes: Deletes
    soft_delete: Mapping[str, Scalar]
    truncate: Truncates
    halts: bool
    """`on_error: halt`: the first row that fails stops the pipeline."""
    tests: tuple[Test, ...]
    query: QuerySpec | None = None
    """Set where rows come from a query; expressions are then over what it returns, and `source` is its root."""
    options: Mapping[str, Options] = field(default_factory=dict)
    """Of the columns that have any."""
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    decided: Decided | None = None
    """`where`, when a decision table says which rows the mapping takes."""
    direction: Direction = Direction.FORWARD
    match: tuple[Way, ...] = ()
    """How a row of the target is adopted for a new one, tried in order."""
    salt: Salt | None = None
    """What the service file adds to what is hashed; it stands in no mapping file."""
    special: Mapping[tuple[str, str], Mapping[str, Scalar]] = field(default_factory=dict)
    """(column, `dates` or `numbers`) → special values and what they become; the column `EVERY` stands for all."""
    zones: Zones = Zones()
    """The time zones of the two databases, which the service file says too."""
    functions: Functions = field(default_factory=dict)
    """What `python` names in this file, for as much as the service file allows it."""
    clock: Clock | None = None

    def only_at(self, moment: Moment) -> list[str]:
        """Name the columns that are written at this moment only."""
        return [name for name, options in self.options.items() if options.write is moment]

    def newest(self) -> list[str]:
        """Name the columns that go by the clock, which is one of them."""
        return [name for name in self.columns if self.clock and (name == self.clock.column or self._is_newest(name))]

    def _is_newest(self, name: str) -> bool:
        return name in self.options and self.options[name].newest

    def place(self, column: str) -> Place:
        """Where the file names a target column that it writes."""
        if column not in self.columns:
            return self.document.at_key(("soft_delete", column))
        path = self.columns[column].path
        return self.document.at(path) if isinstance(path[-1], int) else self.document.at_key(path[:2])


def quoted(name: str, path: Path) -> Sql:
    """Return the expression that is a column of just this name."""
    return Sql('"' + name.replace('"', '""') + '"', path)


def same_columns(document: Document) -> Iterator[tuple[Path, str]]:
    """Yield place and name of the columns that keep their name: the list `same`, beside `columns` or inside."""
    columns = document.data.get("columns")
    inside = columns.get("same") if isinstance(columns, dict) else None
    lists: tuple[tuple[Path, Data], ...] = ((("same",), document.data.get("same")), (("columns", "same"), inside))
    for path, names in lists:
        for at, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str):
                yield (*path, at), name


_NAME = r'(?:\s*"((?:[^"]|"")+)"\s*|\s*`((?:[^`]|``)+)`\s*|([^."`]+))'
_TABLE = re.compile(rf"(?:{_NAME}\.)?{_NAME}")


def table_name(text: str, default_schema: str) -> TableName:
    """Read `customer`, `public.customer`, `"We.ird"."tab"` or the same with backticks. Letters keep their case, quoted or not.

    Raises `ValueError` when the text names no table.
    """
    found = _TABLE.fullmatch(text)
    groups = found.groups() if found else ()
    schema, name = (_unquoted(*groups[at : at + 3]) for at in (0, 3))
    if not name or (schema == "" and groups[:3] != (None, None, None)):
        raise ValueError(f"not a table's name: {text!r}")
    return TableName(schema or default_schema, name)


def _unquoted(double: str | None = None, backtick: str | None = None, bare: str | None = None) -> str:
    return (double or "").replace('""', '"') or (backtick or "").replace("``", "`") or (bare or "").strip()
