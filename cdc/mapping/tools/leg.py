"""One direction of a pair of mappings, each column compiled by itself: by both tables, or by what the mappings' examples suggest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from cdc.mapping.plan import RowPlan
from cdc.mapping.printed import with_scale
from cdc.mapping.spec.mapping import Given, MappingSpec, Moment
from cdc.mapping.tools.example import NoValueError, Program, column_text, inferred, tried
from cdc.mapping.tools.single import TRUTH, Around, single
from cdc.model.change import ABSENT
from cdc.model.errors import CdcError
from cdc.model.reference import Ref
from cdc.model.table import Column, Definition, Table
from cdc.model.types import Type
from cdc.model.value import value

Values: TypeAlias = Mapping[str, Any]
"""A row by its columns' names, as texts or as an example has them; what is missing is not known."""


class FailsError(Exception):
    """A value can't be made of the row."""


@value
class Made:
    """What makes one column. Both functions raise `FailsError`."""

    run: Callable[[Values], Any]
    """A row → the column's text."""
    text: Callable[[Any], Any]
    """The column's value in such a row → its text."""
    of: Type


@value
class Leg:
    """One direction."""

    spec: MappingSpec
    columns: Mapping[str, Made]
    """Those that are written to rows that are there, the key with them."""
    where: Made | None


def connected(spec: MappingSpec, source: Definition, table: Table, target: Definition, around: Around) -> Leg:
    """Compile for the tables as they are; `table` is the source as its rows come."""

    def made(given: Given, column: Column) -> Made | None:
        plan, _ = single(spec, given, column, source, table, around)
        return None if plan is None or plan.asks else _column((plan, table), column, lambda _, text: text)

    found = {name: made(spec.columns[name], column) for name in _written(spec) if (column := target.column(name))}
    where = spec.where or spec.decided
    return Leg(spec, {name: one for name, one in found.items() if one}, made(where, TRUTH) if where else None)


def exemplary(spec: MappingSpec, types: Mapping[str, Type] | None = None) -> Leg:
    """Compile for the types that the spec's own examples suggest, or for these ones of the source's columns."""
    find = inferred(spec)

    def made(name: str, given: Given, column: Column | None) -> Made | None:
        try:
            found = find(name, given, column) if types is None else tried(spec, name, given, column, types)
        except NoValueError:
            return None
        if isinstance(found, str) or found[0][0].asks:
            return None
        return _column(found[0], Column(name, found[1]), column_text)

    columns = {name: one for name in _written(spec) if (one := made(name, spec.columns[name], None))}
    where = spec.where or spec.decided
    return Leg(spec, columns, made("", where, TRUTH) if where else None)


def _written(spec: MappingSpec) -> list[str]:
    seeds = spec.only_at(Moment.INSERT)
    return [name for name in spec.columns if name not in seeds]


def _column(program: Program, made: Column, text: Callable[[Column, Any], Any]) -> Made:
    """Take what gives a column of a row; what only the target can tell is not known."""
    plan, table = program

    def read(column: Column, given: Any) -> Any:
        try:
            return text(column, given)
        except NoValueError as error:
            raise FailsError(str(error)) from None

    def run(row: Values) -> Any:
        given = tuple(read(column, row[column.name]) if column.name in row else ABSENT for column in table.columns)
        try:
            found = _last(plan, given)
        except CdcError as error:
            raise FailsError(str(error)) from None
        if isinstance(found, Ref):
            return ABSENT
        return with_scale(found, made.type) if isinstance(found, str) else found

    return Made(run, lambda given: read(made, given), made.type)


def _last(plan: RowPlan, row: tuple[Any, ...]) -> Any:
    """The image's last column is the one that was asked for; the first is a key that never fails."""
    mapped = plan.map_row(row)
    assert mapped is not None
    return mapped[1][1]
