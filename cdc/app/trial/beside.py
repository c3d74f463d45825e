"""Rows of a target's table found by the values of some of its columns, as the server holds them equal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from cdc.mapping.tools.alike import comparable
from cdc.model.change import Row
from cdc.model.table import Table
from cdc.source.reader import Reader

Named: TypeAlias = Mapping[str, Any]
"""A row by its columns' names."""
Find: TypeAlias = Callable[[Row], Sequence[Named]]
"""Values of the table's key columns → the rows that have them."""


def finding(reader: Reader, table: Table, keys: Sequence[Row]) -> Find:
    """Ask for the rows of all keys at once; return what finds those of one of them."""
    forms = [comparable(table.columns[at].type) for at in table.key]
    exact, folded = defaultdict[object, list[Named]](list), defaultdict[object, list[Named]](list)
    for row in reader.fetch(table, list(dict.fromkeys(keys))) if keys else ():
        named = {column.name: text for column, text in zip(table.columns, row, strict=True)}
        form = tuple(make(row[at]) for make, at in zip(forms, table.key, strict=True))
        exact[form].append(named)
        folded[_folded(form)].append(named)

    def find(key: Row) -> Sequence[Named]:
        form = tuple(make(text) for make, text in zip(forms, key, strict=True))
        return exact.get(form, []) or folded.get(_folded(form), [])

    return find


def _folded(form: tuple[object, ...]) -> tuple[object, ...]:
    """A server whose collation ignores case gives back a key in another spelling; others give it back as it was asked for."""
    return tuple(part.casefold() if isinstance(part, str) else part for part in form)
