"""What a target holds of a mapping, to the keys of those rows that its source no longer has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cdc.app.build import Line
from cdc.model.change import Row
from cdc.model.reference import Ref, Xref
from cdc.model.table import Table
from cdc.model.write import KEEPING, TargetPlan
from cdc.pipeline.compare import Held
from cdc.source.reader import Reader
from cdc.sql.crosswalk import source_key, source_texts
from cdc.sql.crosswalk_admin import Side
from cdc.target.base import TargetAdmin

_PIECE = 2_000
"""Rows that are read at once."""


class Keyed:
    """Rows whose key stands in the mapping. The server itself finds them, since two spellings may be one key to it."""

    def __init__(self, reader: Reader, plan: TargetPlan) -> None:
        self._reader = reader
        shape = reader.shape(plan.table)
        places = {column.name: at for at, column in enumerate(shape.columns)}
        self._table = Table(shape.name, shape.columns, tuple(places[plan.columns[at].name] for at in plan.key))
        self._marks = [(places[column.name], text) for column, text in plan.soft_delete]
        self._there: set[Row] = set()

    def found(self, keys: Sequence[Row]) -> None:
        if keys:
            self._there.update(map(self._key, self._reader.fetch(self._table, list(dict.fromkeys(keys)))))

    def rest(self) -> Iterator[Row]:
        for rows in self._reader.rows(self._table, None, _PIECE):
            for row in rows:
                if (key := self._key(row)) not in self._there and not self._is_marked(row):
                    yield key

    def _key(self, row: Row) -> Row:
        return tuple(row[at] for at in self._table.key)

    def _is_marked(self, row: Row) -> bool:
        return bool(self._marks) and all(row[at] == text for at, text in self._marks)


class Entered:
    """Rows that the crosswalk knows by their source's keys."""

    def __init__(self, owner: Xref, entries: Sequence[str]) -> None:
        self._owner = owner
        self._left = dict.fromkeys(entries)

    def found(self, keys: Sequence[Row]) -> None:
        for key in keys:
            for ref in key:
                if isinstance(ref, Ref):
                    self._left.pop(source_key(ref.texts), None)

    def rest(self) -> Iterator[Row]:
        for entry in self._left:
            yield (Ref(self._owner, source_texts(entry)),)  # type: ignore[misc]


def held(line: Line, plans: Iterable[TargetPlan], reader: Reader, admin: TargetAdmin) -> Mapping[TargetPlan, Held]:
    """Return what the target holds, for the mappings that delete and whose rows can be told by their keys."""
    found: dict[TargetPlan, Held] = {}
    for each in plans:
        owner = _owner(each)
        if each.deletes in KEEPING:
            continue
        if owner is not None:
            found[each] = Entered(owner, [row[0] for row in admin.ask(Side(admin.words, owner.entity, line.source.name).entries())])
        elif not any(reference.column == each.columns[at].name for reference in each.references for at in each.key):
            found[each] = Keyed(reader, each)
    return found


def made_by_us(plan: TargetPlan) -> bool:
    """Return whether all rows that `held` gives for a mapping are surely its own: the crosswalk says so."""
    return _owner(plan) is not None


def _owner(plan: TargetPlan) -> Xref | None:
    return next((one for one in plan.references if isinstance(one, Xref) and one.maker is not None), None)
