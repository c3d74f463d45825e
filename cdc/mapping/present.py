"""A shape that the log announces against the table as the catalogue has it now: what may pass, what is older, and what no longer fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from cdc.mapping.change_row import FACTS
from cdc.mapping.declared import types
from cdc.mapping.files.problem import Problem
from cdc.mapping.plan import KeyOf, MapRow, Now, RowPlan
from cdc.mapping.query.query import Query, Question, Refusal
from cdc.model.change import ABSENT, Row
from cdc.model.errors import Drifted
from cdc.model.table import Column, Definition, Table, TableName

_AGAIN = "The pipeline waits and goes on by itself once they fit."


class Present(Protocol):
    """The source's catalogue, asked while the log is read."""

    def table(self, name: TableName) -> tuple[Definition, Table] | None:
        """Describe a table as it is now, and as the log would announce it; None when there is none."""
        ...

    def prepare(self, question: Question) -> Query | Refusal:
        """Let the server read a mapping's query now."""
        ...


def alike(table: Table, known: Definition) -> bool:
    """Return whether a shape is what a catalogue described: its columns, its key, and what is logged of old rows."""
    if table.old is not None and set(table.old) != set(known.identity or ()):
        return False
    return same_columns(table, known) and _same_key(table, known)


def same_columns(table: Table, known: Definition) -> bool:
    """Return whether a shape has the columns that a catalogue described, in any order. A log may leave out generated ones."""
    given, stored = types(table.columns, known), {column.name: column for column in known.columns}
    if any(name not in stored or stored[name].type != given[name] for name in given):
        return False
    return all(name in given or column.generated for name, column in stored.items())


def _same_key(table: Table, known: Definition) -> bool:
    key = {table.columns[at].name for at in table.key}
    keys = [set(unique.columns) for unique in known.uniques if unique.exact]
    return key in (keys or [set()]) or key == set(known.identity or ())


def gone(mapping: str, table: TableName) -> Drifted:
    return Drifted(
        f"mapping {mapping}: the log has rows of {table}, and there is no such table on the source now",
        f"Give the table its name back, or change `source` in the mapping. {_AGAIN}",
        (mapping,),
    )


def unfit(mapping: str, table: TableName, problem: Problem) -> Drifted:
    """Say that the mapping does not fit a table any more, by the first problem."""
    return Drifted(
        f"mapping {mapping} no longer fits {table}: {problem.message} ({problem.file}:{problem.line}:{problem.column})",
        f"{problem.help or 'Mend the mapping or the table.'}{'' if (problem.help or '.').endswith('.') else '.'} {_AGAIN}",
        (mapping,),
    )


def lacks(columns: Sequence[Column], now: Table) -> tuple[Column, ...]:
    """Return the table's present columns that an older shape has not."""
    known = {column.name for column in columns}
    return tuple(column for column in now.columns if column.name not in known)


def without_others(table: Table, now: Table) -> tuple[Column, ...]:
    """Return an older shape's columns, those apart that have another type now: such a value may be another column's of the name, and is lacking.

    They keep their places, under a name that no column has. The key is not among them: the row is found by what it was.
    """
    present, key = {column.name: column.type for column in now.columns}, {table.columns[at].name for at in table.key}
    kept = (column.name in key or present.get(column.name, column.type) == column.type for column in table.columns)
    return tuple(column if keep else replace(column, name=f"\0{column.name}") for column, keep in zip(table.columns, kept, strict=True))


def padded(plan: RowPlan, table: Table, lacking: int, now: Table) -> RowPlan:
    """Let a plan that was bound to a shape with `lacking` columns more take rows without them: they are absent.

    The rows are older than those columns, or lie before a change of name: what they have now is asked from the source.
    """
    size, absent, places = len(table.columns), (ABSENT,) * lacking, _places(table, now)
    lost = [now.columns[at].name for at in now.key if places[at] is None]
    if lost and lacking:
        raise Drifted(
            f"mapping {plan.target.mapping}: rows of {table.name} were logged before its key had the column '{lost[0]}'",
            "They can't be found again: run `cdc teardown` and `cdc setup`, then `cdc run` loads the tables again.",
            (plan.target.mapping,),
        )
    map_row, key_of = (
        (plan.map_row, plan.key_of) if not lacking else (_padded(plan.map_row, size, absent), _padded_key(plan.key_of, absent))
    )
    return RowPlan(plan.target, map_row, key_of, plan.truncates, plan.text, plan.asks, None if lost else Now(now, places))


def _padded(map_row: MapRow, size: int, absent: Row) -> MapRow:
    def padded(row: Row) -> tuple[Row, Row] | None:
        if len(row) == size:
            return map_row(row + absent)
        return map_row((*row[:size], *absent, *row[size:-FACTS], *absent, *row[-FACTS:]))

    return padded


def _padded_key(key_of: KeyOf, absent: Row) -> Callable[[Row], Row | None]:
    return lambda row: key_of(row + absent)


def _places(table: Table, now: Table) -> tuple[int | None, ...]:
    """Return where an old row has what the present table's columns are; not where a column got another type meanwhile, but the key."""
    known = {column.name: (place, column.type) for place, column in enumerate(table.columns)}
    found = [known.get(column.name) for column in now.columns]
    return tuple(old[0] if old and (at in now.key or old[1] == now.columns[at].type) else None for at, old in enumerate(found))
