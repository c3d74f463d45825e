"""Source rows to what their mapping would do with them on the target now. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from itertools import islice
from typing import Any

from cdc.app.trial.adopted import Adopting
from cdc.app.trial.beside import Find, Named, finding
from cdc.app.trial.look import Look
from cdc.app.trial.referred import Filled, filled
from cdc.mapping.tools.alike import comparable
from cdc.model.change import ABSENT, Change, Row
from cdc.model.errors import BadRow
from cdc.model.table import Table
from cdc.model.value import value
from cdc.model.write import Deletes, Write
from cdc.pipeline.translate import Translate, translator
from cdc.target.clock import wins

_CHUNK = 500
"""Rows that the target is asked for at once."""


class Verdict(Enum):
    INSERT = "insert"
    ADOPT = "adopt"
    """The target has the row, and the mapping's `match` makes it the source row's own."""
    UPDATE = "update"
    DELETE = "delete"
    """The condition leaves the row out and the target has it: the mapping's `deletes` rule."""
    NOTHING = "nothing"
    """The target is as the mapping says."""
    FILTERED = "left out"
    """The condition leaves the row out, and the target does not have it, or keeps it."""
    FAILS = "fails"

    @property
    def changes(self) -> bool:
        return self in (Verdict.INSERT, Verdict.ADOPT, Verdict.UPDATE, Verdict.DELETE)


@value
class Trial:
    """One source row's."""

    change: Change
    verdict: Verdict
    mapped: Named
    """Target column → what the mapping makes of the row; ABSENT is left as it is. Empty when the row is left out or fails."""
    now: Named | None
    """Target column → what is there; None when the target does not have the row."""
    differs: tuple[str, ...]
    """Columns that an update, an adoption or a soft delete would change."""
    error: str = ""

    @property
    def row(self) -> Row:
        """The row now; one that was deleted as it was before."""
        return self.change.new if self.change.new is not None else self.change.old or ()


def trials(look: Look, changes: Iterable[Change], at: float | None = None) -> Iterator[Trial]:
    """Try the rows, a chunk at a time. `at` is when they were committed, where that is known."""
    trying, rest = _Trying(look, at), iter(changes)
    while chunk := list(islice(rest, _CHUNK)):
        yield from trying.tried(chunk)


class _Trying:
    """What is found once for a mapping."""

    def __init__(self, look: Look, at: float | None) -> None:
        self._look, self._plan = look, look.plan.target
        beside = [column for column, _ in self._plan.soft_delete if column not in self._plan.columns]
        self._table = Table(self._plan.table.name, (*self._plan.columns, *beside), self._plan.key)
        self._adopting = Adopting(look)
        self._translate = _guarded(translator(look.plan, look.table), at)
        self._alike = {column.name: comparable(column.type) for column in self._table.columns}

    def tried(self, changes: list[Change]) -> Iterator[Trial]:
        made = [self._translate(change) for change in changes]
        whole = iter(list(filled(self._look, [one for one in made if isinstance(one, Write)], self._adopting)))
        ends = [next(whole) if isinstance(one, Write) else one for one in made]
        find = finding(self._look.beside, self._table, [one.key for one in ends if isinstance(one, Filled) and one.key is not None])
        for change, end in zip(changes, ends, strict=True):
            yield self._judged(change, end, find)

    def _judged(self, change: Change, end: Filled | BadRow | str, find: Find) -> Trial:
        if isinstance(end, BadRow):
            return Trial(change, Verdict.FAILS, {}, None, (), str(end))
        if isinstance(end, str):
            return Trial(change, Verdict.FILTERED, {}, None, ())
        now = next(iter(find(end.key)), None) if end.key is not None else None
        if end.image is None:
            return self._removed(change, now)
        mapped = self._written(end.image, now)
        if now is None:
            return Trial(change, Verdict.INSERT, mapped, None, ())
        differs = self._differs(mapped, now)
        same = Verdict.UPDATE if differs else Verdict.NOTHING
        return Trial(change, Verdict.ADOPT if end.adopted else same, mapped, now, differs)

    def _removed(self, change: Change, now: Named | None) -> Trial:
        marks = {column.name: text for column, text in self._plan.soft_delete}
        differs = self._differs(marks, now) if now is not None else ()
        gone = now is not None and (self._plan.deletes is Deletes.HARD or bool(differs))
        return Trial(change, Verdict.DELETE if gone else Verdict.FILTERED, {}, now, differs if gone else ())

    def _written(self, image: tuple[Any, ...], now: Named | None) -> Named:
        """Some columns are set only with the row, others only once it is there, or when what is there is older."""
        kept = self._plan.later if now is None else self._plan.once | self._newer(image, now)
        return {column.name: ABSENT if at in kept else image[at] for at, column in enumerate(self._plan.columns)}

    def _newer(self, image: tuple[Any, ...], now: Named) -> frozenset[int]:
        """The positions of what the row keeps, since it is newer."""
        if (newest := self._plan.newest) is None:
            return frozenset()
        older = wins(newest, image[newest.clock], now[self._plan.columns[newest.clock].name])
        return newest.columns if older is False else frozenset()

    def _differs(self, wanted: Mapping[str, Any], now: Named) -> tuple[str, ...]:
        """Name the columns that are not as they should be."""
        keys = {self._plan.columns[at].name for at in self._plan.key}
        return tuple(
            name
            for name, given in wanted.items()
            if name not in keys and given is not ABSENT and self._alike[name](given) != self._alike[name](now[name])
        )


def _guarded(translate: Translate, at: float | None) -> Callable[[Change], Write | str | BadRow]:
    """A row that fails is one row's fate."""

    def guarded(change: Change) -> Write | str | BadRow:
        try:
            return translate(change, at)
        except BadRow as error:
            return error

    return guarded
