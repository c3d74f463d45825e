"""The wanted tables by the names that the log has for them at its present place: a RENAME in the log moves them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from cdc.model.errors import Unfollowed
from cdc.model.table import TableName
from cdc.source.standing import LOAD, renamed

_ONLINE = re.compile(r"_+(?P<name>.+)_(gho|new)")
"""How gh-ost and pt-online-schema-change call the table that takes a table's place: it has the same rows, which the log told of."""


class Wanted:
    def __init__(self, names: Iterable[TableName], *, folds: bool, exists: Callable[[TableName], bool]) -> None:
        """`folds`: letter case makes no other name. `exists` asks whether there is a table of that name on the server now."""
        self._folds = folds
        self._exists = exists
        self._home = {self._folded(name): name for name in names}
        self._now = dict(self._home)
        self._passed: set[TableName] = set()

    def get(self, name: TableName) -> TableName | None:
        """Return the wanted table that the log means; its rows are passed over when it is none."""
        return self._now.get(self._folded(name))

    def passes(self, name: TableName) -> None:
        """Rows of a table that is not wanted are passed over."""
        self._passed.add(self._folded(name))

    def in_schema(self, schema: str) -> Sequence[TableName]:
        """Return the wanted tables of a database."""
        folded = self._folded(TableName(schema, "")).schema
        return [wanted for name, wanted in self._now.items() if name.schema == folded]

    def create(self, name: TableName) -> Sequence[TableName]:
        """Take a new table; return the wanted name that it has taken from one that was renamed."""
        folded = self._folded(name)
        if folded not in self._home or folded in self._now:
            return ()
        self._take(folded)
        return (self._home[folded],)

    def rename(self, pairs: Sequence[tuple[TableName, TableName]]) -> Sequence[TableName]:
        """Follow tables to their new names; return the wanted names that another table has now, with rows that no event told of.

        Raises `Drifted` when a wanted table goes away for good, `Unfollowed` when one comes whose rows were passed over before.
        """
        taken: list[TableName] = []
        for old, new in ((self._folded(before), self._folded(after)) for before, after in pairs):
            carried = self._now.pop(old, None)
            if carried is not None:
                self._now[new] = carried
            elif new in self._home:
                taken += self._comes(old, new)
                self._take(new)
        crossed = [name for name in self._home if name in self._now and self._now[name] != self._home[name]]
        for name in crossed:
            self._take(name)
        self._prove_there()
        return [self._home[name] for name in dict.fromkeys((*taken, *crossed))]

    def _comes(self, old: TableName, new: TableName) -> Sequence[TableName]:
        """Return the wanted name when the table that takes it has other rows than the one before."""
        if _same_rows(old, new):
            return ()
        if new not in self._now:
            return (new,)
        if old in self._passed:
            raise Unfollowed(f"{new} was called {old} until now, and its changes before that were passed over", f"To have them, {LOAD}.")
        return ()

    def _take(self, name: TableName) -> None:
        """A wanted name belongs to the table that has it now, wherever the one is that had it before."""
        wanted = self._home[name]
        self._now = {known: other for known, other in self._now.items() if other != wanted or known == name} | {name: wanted}

    def _prove_there(self) -> None:
        for name, wanted in self._home.items():
            if name not in self._now and not self._exists(wanted):
                raise renamed(wanted, next((known for known, other in self._now.items() if other == wanted), wanted))

    def _folded(self, name: TableName) -> TableName:
        return TableName(name.schema.lower(), name.name.lower()) if self._folds else name


def _same_rows(old: TableName, new: TableName) -> bool:
    found = _ONLINE.fullmatch(old.name)
    return found is not None and found["name"] == new.name
