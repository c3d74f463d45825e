"""A mapping's source rows against the target's: which are missing, differ or are too many there, and whether they still are a while later.

Both sides are read as they are, while a daemon may be applying the log: what differs only because it was on its way does so no more when it is
looked at again. So each difference is looked at until it is gone or time is up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from itertools import islice
from typing import Any

from cdc.app.trial.forecast import key_hash
from cdc.app.trial.leftover import key_table, target_rows
from cdc.app.trial.look import Look, key_of_row
from cdc.app.trial.rows import first, of_keys
from cdc.app.trial.tried import Trial, Verdict, trials
from cdc.mapping.tools.alike import comparable
from cdc.model.change import Change, Row
from cdc.model.value import value
from cdc.model.write import KEEPING

MOST = 10_000
"""Differences of a mapping that are kept, and looked at again; more are counted as they were found."""


class Kind(StrEnum):
    MISSING = "missing"
    """The target lacks the row."""
    DIFFERENT = "different"
    EXTRA = "extra"
    """The target has a row that no source row makes, or one that the condition leaves out."""
    FAILING = "failing"
    """The row can't be mapped: what the target should have is not known."""


_KINDS: Mapping[Verdict, Kind] = {
    Verdict.INSERT: Kind.MISSING,
    Verdict.ADOPT: Kind.MISSING,
    Verdict.UPDATE: Kind.DIFFERENT,
    Verdict.DELETE: Kind.EXTRA,
    Verdict.FAILS: Kind.FAILING,
}


@value
class Difference:
    kind: Kind
    key: Mapping[str, Any]
    """Column → value: of the source's key, or of the target's where no source row makes the row."""
    columns: Sequence[str] = ()
    """Target columns that differ."""
    error: str = ""


@value
class Verified:
    """What was found of one mapping."""

    look: Look
    rows: int
    """Source rows that were compared."""
    by_source: dict[Row, Difference]
    by_target: dict[Row, Difference]
    more: Counter[Kind] = field(default_factory=Counter)
    """Beyond those that are kept."""

    def counts(self) -> Mapping[Kind, int]:
        found = Counter(one.kind for one in self.differences())
        return {kind: found[kind] + self.more[kind] for kind in Kind}

    def differences(self) -> Iterator[Difference]:
        yield from self.by_source.values()
        yield from self.by_target.values()

    @property
    def equal(self) -> bool:
        return not self.by_source and not self.by_target and not self.more


class _Candidates:
    """The rows that the target has of a mapping, read before the source is: a hash of each key, so that those of millions fit into memory."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.table, self._marks = key_table(look.plan.target)
        self._forms = [comparable(self.table.columns[at].type) for at in self.table.key]
        self._names = [self.table.columns[at].name for at in self.table.key]
        self._left = {self._hash(key) for key in self._keys(self._rows())}

    def found(self, trial: Trial) -> None:
        """Its row is there, whatever is to become of it."""
        if trial.now is not None:
            self._left.discard(self._hash([trial.now[name] for name in self._names]))

    def rest(self) -> Iterator[Row]:
        """Yield the keys of those that were not found, and are there still."""
        if self._left:
            yield from (key for key in self._keys(self._rows()) if self._hash(key) in self._left)

    def there(self, keys: Sequence[Row]) -> Iterator[Row]:
        return self._keys(iter(self._look.beside.fetch(self.table, keys)))

    def _rows(self) -> Iterator[Row]:
        return iter(()) if self._look.plan.target.deletes in KEEPING else target_rows([self._look], self.table, None)

    def _keys(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if not self._marks or any(row[at] != text for at, text in self._marks.items()):
                yield tuple([row[at] for at in self.table.key])

    def _hash(self, key: Sequence[Any]) -> int:
        return key_hash([form(text) for form, text in zip(self._forms, key, strict=True)])


class Verifying:
    """One mapping's comparison. What it has found stands in `found`."""

    def __init__(self, look: Look, *, extra: bool, progress: Callable[[], None]) -> None:
        """`extra`: whether the target's rows are read, too. `progress` is called for each source row."""
        self._look, self._candidates = look, _Candidates(look) if extra else None
        by_source: dict[Row, Difference] = {}
        more: Counter[Kind] = Counter()
        rows = 0
        for trial in trials(look, first(look, None)):
            progress()
            rows += 1
            if self._candidates is not None:
                self._candidates.found(trial)
            if (found := self._difference(trial)) is not None:
                self._keep(by_source, self._key(trial), found, more)
        by_target: dict[Row, Difference] = {}
        for key in self._candidates.rest() if self._candidates is not None else ():
            self._keep(by_target, key, self._too_many(key), more)
        self.found = Verified(look, rows, by_source, by_target, more)

    def again(self) -> None:
        """Look at what differs once more: what does no longer is forgotten."""
        found = self.found
        if self._look.table.key:
            changes = (change for keys in _pieces(found.by_source) for change in of_keys(self._look, keys))
            still = self._still(changes)
            self.found = Verified(self._look, found.rows, still, self._still_there(found.by_target), found.more)

    def _still(self, changes: Iterable[Change]) -> dict[Row, Difference]:
        return {self._key(trial): now for trial in trials(self._look, changes) if (now := self._difference(trial)) is not None}

    def _still_there(self, by_target: Mapping[Row, Difference]) -> dict[Row, Difference]:
        if self._candidates is None:
            return {}
        return {key: self._too_many(key) for keys in _pieces(by_target) for key in self._candidates.there(keys)}

    def _difference(self, trial: Trial) -> Difference | None:
        kind = _KINDS.get(trial.verdict)
        return None if kind is None else Difference(kind, key_of_row(self._look.table, trial.row), trial.differs, trial.error)

    def _key(self, trial: Trial) -> Row:
        places = self._look.table.key or range(len(trial.row))
        return tuple([trial.row[at] for at in places])

    def _too_many(self, key: Row) -> Difference:
        assert self._candidates is not None
        table = self._candidates.table
        return Difference(Kind.EXTRA, dict(zip((table.columns[at].name for at in table.key), key, strict=True)))

    @staticmethod
    def _keep(into: dict[Row, Difference], key: Row, found: Difference, more: Counter[Kind]) -> None:
        if len(into) < MOST:
            into[key] = found
        else:
            more[found.kind] += 1


def _pieces(keys: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(keys)
    while some := list(islice(rest, 500)):
        yield some


def to_json(found: Verified, keys: int) -> Mapping[str, Any]:
    """Return what was found, with the first `keys` differences."""
    look = found.look
    return {
        "mapping": look.spec.name,
        "source": str(look.root.name),
        "target": str(look.plan.target.table.name),
        "equal": found.equal,
        "rows": found.rows,
        **{kind.value: count for kind, count in found.counts().items()},
        "differences": [
            {"kind": one.kind.value, "key": one.key, "columns": list(one.columns), "error": one.error or None}
            for one in islice(found.differences(), keys)
        ],
    }
