"""A spec's own examples (`tests:`) to what differs: given a source row, each expected target column and the condition are evaluated.

Column types come from both catalogues where they are known. Elsewhere a column has the type of the values that examples give it: a text
may then stand for a date, a time or a UUID where an expression asks for one and its look fits, and a column that no example gives,
which is NULL, for anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice, product
from typing import TypeAlias

from cdc.mapping.change_row import with_change
from cdc.mapping.constant import fixed
from cdc.mapping.expression.check import check_condition, check_value
from cdc.mapping.expression.node import Node
from cdc.mapping.expression.reads import names
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.sqltype import to_column
from cdc.mapping.files.problem import Place
from cdc.mapping.files.shape import Scalar
from cdc.mapping.plan import RowPlan
from cdc.mapping.spec.mapping import Computed, Given, MappingSpec, OnFail, Sought, Sql, Test, expressions
from cdc.mapping.tools.alike import comparable
from cdc.mapping.tools.single import TRUTH, Around, reason, single
from cdc.model.change import Change, Op, Row
from cdc.model.errors import BadRow
from cdc.model.table import Column, Definition, Table, TableName
from cdc.model.types import Kind, Type
from cdc.model.value import value

_SOURCE = TableName("cdc", "example")
_MOST = 300
"""Ways to give types to an expression's columns that are tried."""


@value
class Difference:
    """One thing that is not as the example says."""

    column: str
    """Empty: the condition."""
    message: str
    place: Place


@value
class Outcome:
    """What became of one example."""

    number: int
    """From 1, in the file's order."""
    place: Place
    differences: tuple[Difference, ...]


class NoValueError(Exception):
    """An expression has no value; the text says why."""


Program: TypeAlias = tuple[RowPlan, Table]
Find: TypeAlias = Callable[[str, Given, Column | None], tuple[Program, Type]]
"""A column's name and expressions, and the target column where it is known → what evaluates them, and the type of what comes out."""


def outcomes(spec: MappingSpec, source: Definition | None = None, target: Definition | None = None) -> list[Outcome]:
    """Run a spec's examples; with both tables by their types, else by those that the examples suggest."""
    examples = _Examples(spec, _known(spec, source) if source and target else inferred(spec), target)
    return [examples.outcome(number, test) for number, test in enumerate(spec.tests, start=1)]


class _Examples:
    """The examples of one spec. Each expression is compiled once."""

    def __init__(self, spec: MappingSpec, find: Find, target: Definition | None) -> None:
        self._spec, self._find, self._target = spec, find, target
        self._found: dict[str, tuple[Program, Type] | NoValueError] = {}

    def outcome(self, number: int, test: Test) -> Outcome:
        place = self._spec.document.at(test.path)
        return Outcome(number, place, tuple(self._differences(test)))

    def _differences(self, test: Test) -> Iterator[Difference]:
        try:
            where = self._spec.where or self._spec.decided
            taken = where is None or self._value("", where, TRUTH, test)[0] == "t"
        except NoValueError as error:
            yield Difference("", f"`where`: {error}", self._place(test))
            return
        if taken != (test.expect is not None):
            said = (
                "`where` takes the row, and the example expects it to be left out"
                if taken
                else "`where` leaves the row out, and the example expects it"
            )
            yield Difference("", said, self._place(test))
            return
        for name, expected in (test.expect or {}).items():
            if message := self._compared(name, expected, test):
                yield Difference(name, message, self._spec.document.at_key((*test.path, "expect", name)))

    def _compared(self, name: str, expected: Scalar, test: Test) -> str:
        column = self._target.column(name) if self._target else None
        if name not in self._spec.columns:
            return "the mapping does not make this column of the source row"
        if isinstance(self._spec.columns[name], Sought):
            return "only the target can tell what this column gets: leave it out of `expect`"
        try:
            got, of = self._value(name, self._spec.columns[name], column, test)
        except NoValueError as error:
            return str(error)
        try:
            wanted = fixed(_truth(expected, of), of)
        except BadValue as error:
            return f"expected a value that the column can't hold: {error}"
        form = comparable(of)
        return "" if form(wanted) == form(got) else f"expected {_shown(wanted)}, got {_shown(got)}"

    def _value(self, name: str, given: Given, column: Column | None, test: Test) -> tuple[object, Type]:
        if name not in self._found:
            try:
                self._found[name] = self._find(name, given, column)
            except NoValueError as error:
                self._found[name] = error
        found = self._found[name]
        if isinstance(found, NoValueError):
            raise found
        (plan, table), of = found
        return _evaluated(plan, _change(table, test)), of

    def _place(self, test: Test) -> Place:
        return self._spec.document.at_key((*test.path, "expect"))


def _evaluated(plan: RowPlan, change: Change) -> object:
    assert change.new is not None
    try:
        mapped = plan.map_row(with_change(change.new, change, None) if plan.asks else change.new)
    except BadRow as error:
        raise NoValueError(reason(error)) from None
    assert mapped is not None
    return mapped[1][1]


def _change(table: Table, test: Test) -> Change:
    known = {column.name for column in table.columns}
    if table.name != _SOURCE and (strange := sorted((test.given.keys() | (test.old or {}).keys()) - known)):
        raise NoValueError(f"{table.name} has no column {', '.join(strange)}")
    new = _row(table, test.given)
    return (
        Change(table, Op.INSERT, None, new) if test.old is None else Change(table, Op.UPDATE, _row(table, {**test.given, **test.old}), new)
    )


def _row(table: Table, given: Mapping[str, Scalar]) -> Row:
    return tuple(column_text(column, given.get(column.name)) for column in table.columns)


def column_text(column: Column, given: Scalar) -> str | None:
    try:
        return fixed(_truth(given, column.type), column.type)
    except BadValue as error:
        raise NoValueError(f"given {column.name}: {error}") from None


def _truth(given: Scalar, of: Type) -> Scalar:
    """Where the servers differ in what a truth value is, examples may write either."""
    if of.kind is Kind.BOOL and not isinstance(given, bool) and given in (0, 1):
        return bool(given)
    return int(given) if isinstance(given, bool) and of.kind is Kind.INT else given


def _shown(text: object) -> str:
    return "NULL" if text is None else repr(text) if isinstance(text, str) else "what only the target can tell"


def _known(spec: MappingSpec, source: Definition) -> Find:
    table = Table(source.name, source.columns, ())

    def find(_: str, given: Given, column: Column | None) -> tuple[Program, Type]:
        assert column is not None, "the catalogue has been checked"
        plan, problems = single(spec, given, column, source, table, Around({}, ""))
        if plan is None:
            raise NoValueError(problems[0].message)
        return (plan, table), column.type

    return find


def inferred(spec: MappingSpec) -> Find:
    values: dict[str, list[Scalar]] = {}
    for test in spec.tests:
        for name, given in (*test.given.items(), *(test.old or {}).items()):
            values.setdefault(name, []).append(given)

    def find(name: str, given: Given, column: Column | None) -> tuple[Program, Type]:
        read = list(
            dict.fromkeys(
                name for sql in expressions(given) for name in names(_checked(given, sql.text, Scope(spec.source, None, spec.salt), column))
            )
        )
        if isinstance(given, Computed):
            read = list(values) if given.columns is None else read
            column = column or Column(name, _candidates([test.expect.get(name) for test in spec.tests if test.expect])[0])
        known = {name.lower(): name for name in values}
        columns = {known.get(name.lower(), name): None for name in read}
        refusal = "its types can't be told from the examples"
        for types in islice(product(*(_candidates(values.get(name, ())) for name in columns)), _MOST):
            found = tried(spec, name, given, column, dict(zip(columns, types, strict=True)))
            if not isinstance(found, str):
                return found
            refusal = found
        raise NoValueError(f"{refusal}; `cdc mapping test --connect` takes the types from the servers")

    return find


def tried(spec: MappingSpec, name: str, given: Given, column: Column | None, types: Mapping[str, Type]) -> tuple[Program, Type] | str:
    """Compile with these types of the source's columns; a text says what does not fit."""
    made = tuple(Column(name, of) for name, of in types.items())
    source = Definition(_SOURCE, made, (), (), tuple(types), triggers=False, estimate=0)
    table = Table(_SOURCE, made, ())
    scope = Scope(spec.source, types, spec.salt)
    of = column.type if column else TEXT
    if column is None and isinstance(given, Sql):
        node, refused = check_value(given.text, scope)
        if refused:
            return refused[0].message
        of = to_column(node.type)
    if column is None and (options := spec.options.get(name)) and options.on_fail is OnFail.TRUNCATE and options.check is None:
        spec = replace(spec, options={})  # how long a text may be, only the target says
    plan, problems = single(spec, given, column or Column(name, of), source, table, Around({}, ""))
    return ((plan, table), of) if plan else problems[0].message


def _checked(given: Given, text: str, scope: Scope, column: Column | None) -> Node:
    return (check_condition if column is TRUTH and isinstance(given, Sql) else check_value)(text, scope)[0]


TEXT = Type(Kind.TEXT, "text")
_BIGINT = Type(Kind.INT, "bigint", 8)
_NUMERIC = Type(Kind.NUMERIC, "numeric")
_BOOL = Type(Kind.BOOL, "boolean")
_LOOKS: Sequence[tuple[Type, re.Pattern[str]]] = (
    (Type(Kind.DATE, "date"), re.compile(r"\d{4}-\d\d-\d\d")),
    (Type(Kind.TIMESTAMP, "timestamp", precision=6), re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?")),
    (Type(Kind.INSTANT, "timestamp with time zone", precision=6), re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*(Z|[+-]\d\d.*)")),
    (Type(Kind.TIME, "time", precision=6), re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?")),
    (Type(Kind.UUID, "uuid"), re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    (Type(Kind.JSON, "jsonb"), re.compile(r"[\[{].*[\]}]", re.DOTALL)),
)


def _candidates(given: Sequence[Scalar]) -> Sequence[Type]:
    """Return the types that a column with these values may have, the likeliest first."""
    there = [one for one in given if one is not None]
    if not there:
        return (TEXT, _BIGINT, _NUMERIC, _BOOL, *(of for of, _ in _LOOKS))
    if all(isinstance(one, bool) for one in there):
        return (_BOOL,)
    if all(isinstance(one, int) for one in there):
        return (
            Type(Kind.INT, "integer", 4) if all(-(2**31) <= one < 2**31 for one in there if isinstance(one, int)) else _BIGINT,
            _NUMERIC,
        )
    if all(isinstance(one, (int, Decimal)) for one in there):
        return (_NUMERIC, Type(Kind.FLOAT, "double precision", 8))
    return (TEXT, *(of for of, look in _LOOKS if all(isinstance(one, str) and look.fullmatch(one) for one in there)))
