"""Mappings of two opposite pipelines to the pairs that write the same two tables, and the columns that both of a pair write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.reads import names
from cdc.mapping.expression.scope import Scope
from cdc.mapping.files.problem import Place, Problem
from cdc.mapping.spec.mapping import Direction, MappingSpec, Moment, expressions, table_name
from cdc.model.table import TableName
from cdc.model.value import value

_SHOWN = 8
"""Columns that a report names."""


@value
class Pair:
    """What goes from a table to another one, and what comes back from there."""

    forward: MappingSpec
    back: MappingSpec

    def turned(self) -> Pair:
        return Pair(self.back, self.forward)

    @property
    def derived(self) -> bool:
        """Whether one follows from the other's file."""
        return Direction.REVERSE in (self.forward.direction, self.back.direction)


def pairs(there: Sequence[MappingSpec], back: Sequence[MappingSpec], source_schema: str, target_schema: str) -> Iterator[Pair]:
    """Find the pairs. The schemas are those of unqualified names in the one database and in the other.

    Of two that follow from one file, that of the file is the forward one; what follows belongs to nothing else.
    """
    ways = {id(spec): _ends(spec, source_schema, target_schema) for spec in there}
    for one in back:
        ends = _ends(one, target_schema, source_schema)
        for spec in there:
            pair = Pair(one, spec) if spec.direction is Direction.REVERSE else Pair(spec, one)
            strangers = pair.derived and spec.document.text is not one.document.text
            if spec.query is None and one.query is None and ends is not None and ways[id(spec)] == ends[::-1] and not strangers:
                yield pair


def _ends(spec: MappingSpec, source_schema: str, target_schema: str) -> tuple[TableName, TableName] | None:
    try:
        return table_name(spec.source, source_schema), table_name(spec.target, target_schema)
    except ValueError:
        return None  # reported where it stands


def always(spec: MappingSpec) -> list[str]:
    """Name the columns that a mapping writes whenever its row changes: neither its key, nor what new rows alone get."""
    return [name for name in spec.columns if name not in spec.key and name not in spec.only_at(Moment.INSERT)]


def reads(spec: MappingSpec, column: str) -> list[str]:
    """Name what a column is made of, in lower case."""
    found = (check_value(sql.text, Scope(spec.source, None, spec.salt))[0] for sql in expressions(spec.columns[column]))
    return list(dict.fromkeys(name.lower() for node in found for name in names(node)))


def both_write(pair: Pair) -> list[tuple[str, str]]:
    """Return the columns of the second table, each with one of the first, that are made of each other and always written."""
    made = {column: reads(pair.back, column) for column in always(pair.back)}
    return [
        (name, column)
        for name in always(pair.forward)
        for column, of in made.items()
        if name.lower() in of and column.lower() in reads(pair.forward, name)
    ]


def unowned(pair: Pair) -> Iterator[Problem]:
    """Warn of columns that both directions write, so that nobody can say whose value stays when both sides change it."""
    timed = {*pair.forward.newest()}, {*pair.back.newest()}
    found = [(name, column) for name, column in both_write(pair) if name not in timed[0] and column not in timed[1]]
    if not found:
        return
    first = pair.forward.place(found[0][0])
    told = [f"'{name}'{beside(pair.back.place(column), first)}" for name, column in dict(found).items()]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    one = len(told) == 1
    message = (
        f"{'column' if one else 'columns'} {', '.join(told[:_SHOWN])}{more} {'goes' if one else 'go'} both ways and nobody owns {'it' if one else 'them'}: "
        "of two changes of a row at the same time, each side keeps the other's"
    )
    yield first.warning(
        "no-owner", message, "write `owner: source` or `owner: target` where one side decides, `owner: newest` where the later change does"
    )


def beside(place: Place, first: Place) -> str:
    """Where the other direction writes it, when that is another file."""
    return "" if place.file == first.file else f" (and {place.file}:{place.line})"
