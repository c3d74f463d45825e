"""Parked row changes tried again: each key's in their order, in transactions of their own that leave the position where it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TypeAlias

from cdc.model.change import Change, Origin, Position, Row
from cdc.model.errors import BadRow, Misconfigured, ParkedChanged, Refused
from cdc.model.parked import Cause, Parked, cause, source_keys
from cdc.model.table import Table
from cdc.model.write import Batch, Write
from cdc.pipeline.ask import answered
from cdc.pipeline.complete import complete_and_apply, filled
from cdc.pipeline.fold import fold
from cdc.pipeline.schedule import Spot
from cdc.pipeline.translate import Translate, translator
from cdc.pipeline.way import Way

Mapped: TypeAlias = Callable[[Parked, Change], Write | str]
"""A parked row change, and the change to map in its place → what `Translate` gives. Raises `BadRow`."""
_Way: TypeAlias = Callable[[], tuple[Sequence[Write | str], Sequence[Parked]]]
_FEWER = 30
"""How many beginnings of what waits at one key are tried."""
_ALONE = 50
"""How many keys of a round are tried by themselves."""
_ROUND = 500
"""Parked row changes that are tried in one transaction, about; more where one key has more."""
_BOX = 0.5
"""Seconds after which the stream has its turn again."""


class Attempt:
    """What waits at one key, and at those that its changes lead to: tried as it is, then as the one change that it comes to, then its first alone.

    When it is tried by itself, also as what fewer and fewer of its changes come to: a value may be held by a row that waits for one of its own.
    """

    def __init__(self, entries: Sequence[Parked], mapped: Mapped, whole: Callable[[Change], Change], *, alone: bool) -> None:
        self.entries = entries
        self.error: BadRow | None = None
        self._mapped, self._whole = mapped, whole
        fewer = range(len(entries) - 1, 1, -1)[:_FEWER] if alone else ()
        self._ways: list[_Way] = [self._all]
        if len(entries) > 1:
            self._ways += [partial(self._folded, count) for count in (len(entries), *fewer)] + [self._first]
        self.released: Sequence[Parked] = ()
        self.made: Sequence[Write | str] = ()

    @property
    def head(self) -> Parked:
        return self.entries[0]

    def make(self) -> None:
        """Map it in the first way that can be mapped; when none is left, nothing of it is released."""
        while self._ways:
            try:
                self.made, self.released = self._ways[0]()
            except BadRow as error:
                self.refuse(error)
            else:
                return
        self.made, self.released = (), ()

    def refuse(self, error: BadRow) -> None:
        """The way that was tried does not work. What its first change fails for is what it waits for."""
        if self._ways.pop(0) in (self._all, self._first):
            self.error = error

    def _all(self) -> tuple[Sequence[Write | str], Sequence[Parked]]:
        return [self._mapped(one, one.change) for one in self.entries], self.entries

    def _folded(self, count: int) -> tuple[Sequence[Write | str], Sequence[Parked]]:
        entries = self.entries[:count]
        change = fold([one.change for one in entries])
        if change is None:
            raise BadRow("the changes are not of one row")
        return [self._mapped(entries[-1], self._whole(change))], entries

    def _first(self) -> tuple[Sequence[Write | str], Sequence[Parked]]:
        return [self._mapped(self.head, self.head.change)], [self.head]


class Asking(Attempt):
    """A root key of a query mapping: the source is asked for it anew."""

    def __init__(self, entry: Parked, answer: Write | BadRow | None) -> None:
        super().__init__([entry], _never, _never_folded, alone=False)
        self._answer = answer

    def _all(self) -> tuple[Sequence[Write | str], Sequence[Parked]]:
        if isinstance(self._answer, BadRow):
            raise self._answer
        return [self._answer] if self._answer else [], self.entries


def release(way: Way, at: Position, *, patience: float = _BOX) -> None:
    """Try what is due, for about so many seconds. `at` is the checkpoint's position."""
    schedule, begun = way.parking.schedule, way.clock()
    while schedule.due(now := way.clock()) and now - begun <= patience:
        spots = schedule.pick(now, _ROUND)
        if not _round(way, at, spots):
            schedule.rests(way.clock(), way.clock() - now)


def release_all(way: Way, at: Position) -> None:
    """Try all that waits, until nothing more can be released."""
    schedule = way.parking.schedule
    schedule.now(way.parking.queues.spots())
    while spots := schedule.pick(float("-inf"), _ROUND):
        _round(way, at, spots)


def _round(way: Way, at: Position, spots: Sequence[Spot]) -> bool:
    """Try what waits at some keys; return whether any of it was released."""
    linked = list(way.parking.linked(spots, _ROUND))
    entries = {one.id: one for one in way.target.parked.entries([number for ids in linked for number in ids])}
    groups: dict[Origin, list[list[Parked]]] = defaultdict(list)
    for ids in linked:
        if found := [entries[number] for number in ids if number in entries]:
            groups[found[0].origin].append(found)
    try:
        return any([_tried(way, at, origin, group) for origin, group in groups.items()])  # noqa: C419, each is to be tried
    except ParkedChanged:
        way.parking.reload(way.target.parked.keys())
        way.parking.schedule.now(spots)
        return False


def _tried(way: Way, at: Position, origin: Origin, groups: Sequence[Sequence[Parked]], *, alone: bool = False) -> bool:
    attempts = list(_attempts(way, at, groups, alone=alone))
    owners = {spot: attempt for attempt in attempts for one in attempt.entries for spot in _spots(one)}
    for attempt in attempts:
        attempt.make()
    while True:
        batch = _batch(way, at, origin, attempts)
        if not batch.released and not batch.parked:
            break
        try:
            complete_and_apply(way, batch, parks=False)
        except Refused as refused:
            _again(owners, refused)
        else:
            break
    # In the company of what is refused all was tried row by row. By itself, only what it comes to has to fit.
    # The stream waits meanwhile, so that some have to wait for the next time; they are due before these then.
    again = [] if alone else [attempt for attempt in attempts if len(attempt.entries) > 1 and not attempt.released][:_ALONE]
    for attempt in attempts:
        if attempt not in again:
            _settle(way, attempt)
    return any([bool(batch.released), *(_tried(way, at, origin, [attempt.entries], alone=True) for attempt in again)])


def _again(owners: dict[Spot, Attempt], refused: Refused) -> None:
    """Let what was refused be tried in another way."""
    hit: dict[int, tuple[Attempt, BadRow]] = {}
    for write, error in refused.refused:
        attempt = owners[write.plan.mapping, source_keys(write.change)[0]]
        hit.setdefault(id(attempt), (attempt, error))
    for attempt, error in hit.values():
        attempt.refuse(error)
        attempt.make()


def _attempts(way: Way, at: Position, groups: Iterable[Sequence[Parked]], *, alone: bool) -> Iterator[Attempt]:
    queries, mapped = {query.target.mapping: query for query in way.queries}, mapped_now(way)
    asked: dict[tuple[str, bool], list[Parked]] = defaultdict(list)
    for group in groups:
        if group[0].mapping in queries:
            asked[group[0].mapping, group[0].asked].append(group[0])
        else:
            yield Attempt(group, mapped, partial(_whole, way, at, group[0].mapping), alone=alone)
    for (mapping, approved), entries in asked.items():
        keys = [key for one in entries for key in source_keys(one.change)]
        answers = answered(way.source, way.bind, queries[mapping], keys, at, approved=approved)
        found: dict[tuple[Row, ...], Write | BadRow] = {source_keys(write.change): write for write in answers.writes}
        found |= {source_keys(change): error for change, error in answers.refused}
        yield from (Asking(one, found.get(source_keys(one.change))) for one in entries)


def mapped_now(way: Way) -> Mapped:
    """Return what maps a parked row change by the mapping as it is now."""
    translators = cache(partial(_translator, way))
    return lambda one, change: translators(one.mapping, change.table, one.asked)(change, one.committed_at)


def _translator(way: Way, mapping: str, table: Table, approved: bool) -> Translate:
    """A row has the columns of its time. Where the mapping can't do with them by now, the row can't be mapped."""
    try:
        plan = next((plan for plan in way.bind(table) if plan.target.mapping == mapping), None)
    except Misconfigured as error:
        return _refusing(f"mapping {mapping}: {error}", error.hint)
    if plan is None:
        return _refusing(f"mapping {mapping}: the pipeline has no such mapping of {table.name} any more", "`cdc parked skip` gives it up.")
    return translator(plan, table, approved=approved)


def _refusing(message: str, hint: str) -> Translate:
    def refuse(_change: Change, _at: float | None = None) -> Write | str:
        raise BadRow(message, hint)

    return refuse


def _whole(way: Way, at: Position, mapping: str, change: Change) -> Change:
    return filled(way, mapping, change, at)


def _never_folded(_change: Change) -> Change:
    raise NotImplementedError  # it is one


def _never(_one: Parked, _change: Change) -> Write | str:
    raise NotImplementedError  # a query mapping's rows are asked for


def _batch(way: Way, at: Position, origin: Origin, attempts: Iterable[Attempt]) -> Batch:
    writes: list[Write] = []
    skipped: Counter[tuple[str, str]] = Counter()
    released: dict[int, str] = {}
    parked: list[Parked] = []
    for attempt in attempts:
        for made in attempt.made:
            if isinstance(made, Write):
                writes.append(made)
            else:
                skipped[attempt.head.mapping, made] += 1
        released |= {one.id: one.mapping for one in attempt.released}
        if not attempt.released and (why := _new_cause(attempt)):
            parked.append(replace(attempt.head, cause=why))
    return Batch(at, at, tuple(writes), origin=(*origin, way.node), skipped=skipped, parked=parked, released=released)


def _new_cause(attempt: Attempt) -> Cause | None:
    """Return why the first of them fails now, if that is not what is known."""
    known = attempt.head.cause
    found = cause(attempt.error) if attempt.error else None
    return found if found and (known is None or known.fingerprint != found.fingerprint) else None


def _settle(way: Way, attempt: Attempt) -> None:
    """What is left is tried again later, at once where its first has gone."""
    schedule, now = way.parking.schedule, way.clock()
    for mapping, key in {spot for one in attempt.entries for spot in _spots(one)}:
        if not way.parking.queues.held[mapping].get(key):
            continue
        if attempt.released:
            schedule.now([(mapping, key)])
        else:
            schedule.failed((mapping, key), now)


def _spots(one: Parked) -> Iterator[Spot]:
    return ((one.mapping, key) for key in source_keys(one.change))
