"""A pipeline's parked row changes as an operator sees and changes them, whether its daemon runs or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import replace

from cdc.app.build import Line
from cdc.app.state.control import operator, patient
from cdc.model.change import Change, Row
from cdc.model.errors import CdcError
from cdc.model.parked import Parked, ParkedKey
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.sql import parked as sql
from cdc.sql.control import audit
from cdc.sql.ledger import PARKED, SCHEMA
from cdc.target.base import TargetAdmin

_IDS = 50
"""Ids that the audit lists of one act."""


@value
class Waiting:
    """One parked row change, and behind which it waits."""

    pipeline: str
    key: ParkedKey
    entry: Parked
    behind: int | None
    """The id of the first one of its key; None: it is that itself."""
    why: str
    """The cause's fingerprint: its own, or that of the one it waits behind."""


@value
class Wanted:
    """Which ones an operator means. What is empty leaves nothing out."""

    ids: Collection[int] = ()
    mapping: str = ""
    cause: str = ""
    older: float = 0.0
    """Seconds."""

    def takes(self, one: Waiting) -> bool:
        return (
            (not self.ids or one.key.id in self.ids)
            and self.mapping in ("", one.key.mapping)
            and self.cause in ("", one.why)
            and one.key.age >= self.older
        )


@value
class Done:
    """What an act came to."""

    ids: Sequence[int]
    behind: int
    """Those of them that only went along, as they waited behind another."""


class Rows:
    """The rows over an ordinary connection that somebody else closes."""

    def __init__(self, line: Line, admin: TargetAdmin) -> None:
        self._pipeline, self._admin, self._words = line.name, admin, admin.parked
        self._there = bool(admin.definitions([TableName(SCHEMA, PARKED)]))

    def waiting(self, wanted: Wanted) -> list[Waiting]:
        """Return those that are wanted, by id."""
        keys = self._keys()
        entries = {one.id: one for one in self._entries([key.id for key in keys])}
        return [one for one in _behind(self._pipeline, keys, entries) if wanted.takes(one)]

    def counts(self) -> Mapping[str, int]:
        """Return mapping → parked row changes."""
        rows = self._admin.ask(sql.counts(self._words, self._pipeline)) if self._there else ()
        return {str(mapping): int(number) for mapping, number in rows}

    def replay(self, ids: AbstractSet[int]) -> Done:
        """Let these be tried again at once, deletes that were parked be done. Those that are gone are passed over."""
        with self._act("parked replay") as put_down:
            found = [key.id for key in self._keys() if key.id in ids]
            for statement in sql.asked(self._words, self._pipeline, found):
                self._admin.execute(statement)
            put_down(found, "")
        return Done(found, 0)

    def skip(self, ids: AbstractSet[int]) -> Done:
        """Give these up, and all that waits behind them. Those that are gone are passed over."""
        with self._act("parked skip") as put_down:
            found = following(self._keys(), ids)
            for statement in sql.statements(self._words, self._pipeline, (), found):
                self._admin.execute(statement)
            put_down(found, "")
        return Done(found, len([number for number in found if number not in ids]))

    def edit(self, number: int, given: Mapping[str, str | None]) -> Done:
        """Give columns of the row other values, and let it be tried again at once. Raises `CdcError`."""
        with self._act("parked edit") as put_down:
            for one in self._entries([number]):
                change = replace(one.change, new=edited(one.change, given))
                self._admin.execute(sql.edited(self._words, self._pipeline, number, change))
                put_down([number], f"; columns {', '.join(sorted(given))}")
                return Done([number], 0)
        return Done([], 0)

    def _keys(self) -> Sequence[ParkedKey]:
        return list(sql.parked_keys(self._admin.ask(sql.keys(self._words, self._pipeline, 0)))) if self._there else []

    def _entries(self, ids: Sequence[int]) -> Sequence[Parked]:
        return list(sql.parked(self._admin.ask(sql.entries(self._words, self._pipeline, ids)))) if ids and self._there else []

    @contextmanager
    def _act(self, what: str) -> Iterator[Callable[[Sequence[int], str], None]]:
        """Open a transaction that waits for the daemon's, of which the daemon learns, and in which the act is put down once it has done anything."""
        did: list[Sequence[int]] = []

        def put_down(ids: Sequence[int], detail: str) -> None:
            if ids:
                did.append(ids)
                self._admin.execute(audit(self._admin.words, self._pipeline, operator(), what, f"ids {_listed(ids)}{detail}"))

        self._admin.execute("begin")
        try:
            with patient(self._admin, self._pipeline):
                self._admin.execute(sql.changed(self._words, self._pipeline))
            yield put_down
        except BaseException:
            self._admin.execute("rollback")
            raise
        self._admin.execute("commit" if did else "rollback")


@contextmanager
def opened(line: Line) -> Iterator[Rows]:
    with closing(line.target_admin()) as admin:
        yield Rows(line, admin)


def following(keys: Iterable[ParkedKey], ids: AbstractSet[int]) -> list[int]:
    """Return the ids and those of all that waits behind them, by id: what comes later of their keys, and of the keys that these change to."""
    found: list[int] = []
    taken: set[tuple[str, Row]] = set()
    for one in keys:
        spots = {(one.mapping, key) for key in one.keys}
        if one.id in ids or not taken.isdisjoint(spots):
            found.append(one.id)
            taken |= spots
    return found


def edited(change: Change, given: Mapping[str, str | None]) -> Row:
    """Return the row with other values. Raises `CdcError` for what can't be changed here."""
    names = [column.name for column in change.table.columns]
    if change.new is None:
        raise CdcError("a delete has no values to edit", "Replay it, or skip it.")
    if change.table.name.schema == ":keys":
        raise CdcError("the source is asked for the rows of a mapping by query each time", "Mend the row on the source, and replay.")
    for name in given:
        if name not in names:
            raise CdcError(f"{change.table.name} has no column '{name}'", f"Its columns are: {', '.join(names)}.")
        if names.index(name) in change.table.key:
            raise CdcError(f"'{name}' is in the key of {change.table.name}: it says which row it is", "Mend the row on the source.")
    return tuple(given.get(name, text) for name, text in zip(names, change.new, strict=True))


def _behind(pipeline: str, keys: Iterable[ParkedKey], entries: Mapping[int, Parked]) -> Iterator[Waiting]:
    heads: dict[tuple[str, Row], Waiting] = {}
    for key in keys:
        if key.id not in entries:
            continue  # released meanwhile
        head = next((heads[key.mapping, each] for each in key.keys if (key.mapping, each) in heads), None)
        cause = entries[key.id].cause
        own = cause.fingerprint if cause else ""
        one = Waiting(pipeline, key, entries[key.id], head.key.id if head else None, own or (head.why if head else ""))
        for each in key.keys:
            heads.setdefault((key.mapping, each), head or one)
        yield one


def _listed(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - _IDS} more" if len(ids) > _IDS else ""
    return ", ".join(map(str, ids[:_IDS])) + more


def masked_test(one: Parked) -> str:
    """Return an entry of a mapping's `tests:` made of the row, every value masked but those of small sets."""
    from cdc.app.state.parked_mask import masked

    change = one.change
    row = change.new if change.new is not None else change.old
    given = masked(change.table, row or ())
    return f"tests:\n  - given: {json.dumps(given, ensure_ascii=False)}\n    expect: {{}}\n"
