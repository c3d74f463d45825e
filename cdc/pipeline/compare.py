"""A mapping's rows on the target held against a snapshot of its source: what the source does not have is found, and deleted where that may be."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Protocol

from cdc.mapping.change_row import identity_of
from cdc.mapping.plan import Bind, Route
from cdc.model.change import ABSENT, Change, Op, Row
from cdc.model.errors import BadRow, Misconfigured, ParkedChanged, Refused
from cdc.model.table import Table
from cdc.model.write import Batch, TargetPlan, Write
from cdc.pipeline.ask import Answers
from cdc.pipeline.complete import complete_and_apply
from cdc.pipeline.load import writes_of
from cdc.pipeline.step import Gone, Loading
from cdc.pipeline.way import Way
from cdc.source.base import Snapshot


class Held(Protocol):
    """The rows that the target holds of one mapping."""

    def found(self, keys: Sequence[Row]) -> None:
        """Cross these off: the source has them."""
        ...

    def rest(self) -> Iterator[Row]:
        """Yield the keys that were not crossed off. Afterwards nothing can be crossed off any more."""
        ...


def what_went(
    way: Way,
    snapshot: Snapshot,
    routes: Sequence[Route],
    held: Mapping[TargetPlan, Held],
    deletes: Callable[[TargetPlan], bool],
    chunk: Batch,
) -> Generator[Loading | Gone]:
    """Compare the mappings of `held`, and delete what went where `deletes` says so: children before their parents."""
    for route in reversed(routes):
        if (rows := held.get(route.target)) is not None:
            certain = yield from _crossed(way, snapshot, route, rows)
            yield _deleted(way, route, rows.rest(), chunk, deletes=certain and deletes(route.target))


def _crossed(way: Way, snapshot: Snapshot, route: Route, held: Held) -> Generator[Loading, None, bool]:
    """Cross off what the source has. Return whether that is certain: where a row's key on the target can't be told, any rest may be that row."""
    read, estimate, mapping = 0, snapshot.estimate(route.source), route.target.mapping
    writes, keys, waiting = writes_of(way, route, snapshot.position), _Keys(way.bind, route), list(way.parking.queues.held[mapping])
    for table, rows in snapshot.rows(route.source, way.rows):
        if waiting:
            shape = route.query.result if route.query else table
            held.found(keys.of((shape, _only_key(shape, key)) for key in waiting))
            waiting = []
        held.found(keys.of_answers(writes(table, rows)))
        read += len(rows)
        yield Loading(mapping, route.source, read, max(estimate, read), done=False)
    yield Loading(mapping, route.source, read, read, done=True)
    return keys.certain and not waiting


class _Keys:
    """Source rows to their keys on the target, of one mapping."""

    def __init__(self, bind: Bind, route: Route) -> None:
        self.certain = True
        self._bind, self._target = bind, route.target

    def of_answers(self, answers: Answers) -> Sequence[Row]:
        """A row that can't be mapped is there all the same, perhaps as it was before."""
        refused = ((change.table, change.new) for change, _ in answers.refused if change.new is not None)
        return [*(write.key for write in answers.writes), *self.of(refused)]

    def of(self, rows: Iterable[tuple[Table, Row]]) -> list[Row]:
        return [key for table, row in rows if (key := self._key(table, row)) is not None]

    def _key(self, table: Table, row: Row) -> Row | None:
        plan = next(plan for plan in self._bind(table) if plan.target is self._target)
        for known in (row, identity_of(table, row)):
            with suppress(BadRow, Misconfigured):  # a condition may fail on the row, and its key alone be enough
                return plan.key_of(known)
        self.certain = False
        return None


def _only_key(table: Table, key: Row) -> Row:
    known = dict(zip(table.key or range(len(key)), key, strict=True))
    return tuple([known.get(at, ABSENT) for at in range(len(table.columns))])


def _deleted(way: Way, route: Route, keys: Iterator[Row], chunk: Batch, *, deletes: bool) -> Gone:
    change = Change(Table(route.source, (), ()), Op.DELETE, (), None)
    deleted = kept = 0
    while some := [Write(route.target, key, None, None, change) for key in islice(keys, way.rows)]:
        if not deletes:
            kept += len(some)
        elif (done := _applied(way, chunk, some)) is not None:
            deleted += done
        else:
            each = [_applied(way, chunk, [write]) for write in some]
            deleted, kept = deleted + sum(done or 0 for done in each), kept + each.count(None)
    return Gone(route.target.mapping, deleted, kept)


def _applied(way: Way, chunk: Batch, writes: Sequence[Write]) -> int | None:
    """Return how many rows went; None when the target does not let one of them go, since others of its own refer to it."""
    while True:
        try:
            done = complete_and_apply(way, Batch(chunk.after, chunk.upto, tuple(writes), chunk.phase, origin=chunk.origin), parks=False)
        except Refused:
            return None
        except ParkedChanged:
            way.parking.reload(way.target.parked.keys())
        else:
            return sum(done.rows.values())
