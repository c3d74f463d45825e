"""Rows of a trial without an entry → the target's rows that they would adopt now. Reads, and never makes anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cdc.app.service.config import default_schema
from cdc.app.trial.look import Look, crosswalk_by
from cdc.mapping.reference import makes
from cdc.mapping.spec.mapping import table_name
from cdc.model.errors import BadRow
from cdc.model.reference import Match, Xref
from cdc.model.table import Table


class Adopting:
    """Finds rows for one mapping; a row that was found is taken for all that come later."""

    def __init__(self, look: Look) -> None:
        self._look, self._claimed = look, set[str]()
        self._names = [column.name for column in look.plan.target.columns]

    def key(self, owner: Xref, image: Sequence[Any]) -> str | None:
        """Return the key of the row that is adopted; None: a new one is made. Raises `BadRow` where that would be refused.

        Each is asked for by itself: which texts are equal, the server says.
        """
        for match in owner.match:
            texts = [image[self._names.index(column.name)] for column in match.by]
            if not all(isinstance(text, str) for text in texts):
                continue
            found = self._rows(match, texts)
            if len(found) > 1:
                raise self._refused(match, "several rows agree with it")
            if found and (found[0] in self._claimed or self._has_entry(found[0])):
                raise self._refused(match, "the row that agrees with it is another source row's already")
            if found:
                self._claimed.add(found[0])
                return found[0]
        return None

    def _rows(self, match: Match, texts: Sequence[str]) -> list[str]:
        columns = (*match.by, match.take, *(column for column, _ in match.marks))
        table, by = Table(match.table.name, columns, tuple(range(len(match.by)))), len(match.by)
        marked = tuple(text for _, text in match.marks)
        rows = self._look.beside.fetch(table, [tuple(texts)])
        return [str(row[by]) for row in rows if not marked or tuple(row[by + 1 :]) != marked]

    def _has_entry(self, key: str) -> bool:
        look = self._look
        if look.crosswalk is None:
            return False
        asked = [(*look.crosswalk, entity, look.line.source.name, key) for entity in _rivals(look)]
        return bool(list(look.beside.fetch(crosswalk_by(look, "entity", "node", "target_key"), asked)))

    def _refused(self, match: Match, why: str) -> BadRow:
        by = ", ".join(column.name for column in match.by)
        return BadRow(f"mapping {self._look.spec.name}: {match.table.name}: {why} on {by}")


def _rivals(look: Look) -> Iterator[str]:
    """Yield the entities whose keys are this table's."""
    schema = default_schema(look.line.target)
    for spec in look.line.specs:
        if table_name(spec.target, schema) == look.plan.target.table.name and (entity := makes(spec)):
            yield entity
