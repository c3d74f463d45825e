"""The initial load: a snapshot through the same mappings and the same target, and a stream that follows without a gap.

The checkpoint says LOADING from the first chunk on and keeps the position of the attempt's snapshot. A load that was killed begins
again with a new snapshot; the rows that were deleted, left the filter or changed their key in between are found in the log between the two
snapshots and deleted first. Rows that are there already are not written again, since nothing differs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import TypeAlias

from cdc.failpoint import reach
from cdc.mapping.plan import Bind, QueryPlan, Route, RowPlan
from cdc.model.change import Change, Op, Position, Row
from cdc.model.errors import BadRow, Misconfigured
from cdc.model.parked import Parked
from cdc.model.table import Table
from cdc.model.write import Batch, Phase, TargetPlan, Write
from cdc.pipeline.ask import Answers, answered, loaded, parked, root_keys, translated, with_answers
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.complete import complete_and_apply
from cdc.pipeline.park import nowhere
from cdc.pipeline.release import mapped_now
from cdc.pipeline.step import Loading, Step
from cdc.pipeline.translate import Translators, translator
from cdc.pipeline.way import Way
from cdc.source.base import Snapshot

Late: TypeAlias = dict[tuple[TargetPlan, Row], Write]
"""Deletions that are parked, since rows refer to these still that are deleted later, or that the load will change: done at its end."""


def load(way: Way, routes: Sequence[Route], *, begun: Position | None, limits: Limits) -> Generator[Step, None, Position]:
    """Copy all mapped tables; return the position after which the stream goes on. `begun`: a killed attempt's snapshot.

    All rows come anew, so that nothing waits any more when it begins, but for deletions, which wait for its end.
    """
    with way.source.snapshot(tuple(dict.fromkeys(route.source for route in routes))) as snapshot:
        reach("load.snapshot")
        if begun is not None:
            for batch in _deletions(way, routes, (begun, snapshot.position), limits=limits):
                complete_and_apply(way, batch)
        late, waiting = _deletions_that_wait(way)
        forgotten = {number: one.mapping for number, one in way.parking.queues.entries.items() if number not in waiting}
        origin = (way.node,)
        complete_and_apply(way, Batch(begun, snapshot.position, (), Phase.LOADING, origin=origin, released=forgotten))
        chunk = Batch(snapshot.position, snapshot.position, (), Phase.LOADING, origin=origin)
        for route in routes:
            yield from _copy(way, snapshot, route, chunk, late)
        complete_and_apply(way, replace(chunk, writes=tuple(late.values()), phase=Phase.STREAMING, released=waiting))
        reach("load.done")
        return snapshot.position


def _deletions_that_wait(way: Way) -> tuple[Late, Mapping[int, str]]:
    """Return the deletions among what is parked, and the ids and mappings of these."""
    late: Late = {}
    waiting: dict[int, str] = {}
    mapped = mapped_now(way)
    for one in way.target.parked.entries(list(way.parking.queues.entries)):
        try:
            made = mapped(one, one.change)
            gone = _deletion(made) if isinstance(made, Write) else None
        except BadRow:  # deletes that an operator has not approved are forgotten with the rest
            gone = _left(way.bind, one)
        if gone is not None:
            late[gone.plan, gone.key] = gone
            waiting[one.id] = one.mapping
    return late, waiting


def _copy(way: Way, snapshot: Snapshot, route: Route, chunk: Batch, late: Late) -> Iterator[Step]:
    read, estimate, mapping = 0, snapshot.estimate(route.source), route.target.mapping
    inserts = writes_of(way, route, snapshot.position)
    yield Loading(mapping, route.source, 0, estimate, done=False)
    for table, rows in snapshot.rows(route.source, way.rows):
        answers = inserts(table, rows)
        for write in answers.writes if late else ():
            late.pop((write.plan, write.key), None)
        if answers.writes or answers.refused:
            complete_and_apply(way, with_answers(chunk, parked(way.parking, answers, chunk)))
            reach("load.chunk")
            if told := way.parking.standing():
                yield told
        read += len(rows)
        yield Loading(mapping, route.source, read, max(estimate, read), done=False)
    yield Loading(mapping, route.source, read, read, done=True)


def writes_of(way: Way, route: Route, since: Position) -> Callable[[Table, Sequence[Row]], Answers]:
    """Return the function that turns a chunk of a table's rows into one mapping's writes."""
    return _asks(route.query, way, since) if route.query else _inserts(route, way.bind)


def _inserts(route: Route, bind: Bind) -> Callable[[Table, Sequence[Row]], Answers]:
    translators = cache(lambda table: translator(next(plan for plan in bind(table) if plan.target is route.target), table))

    def inserts(table: Table, rows: Sequence[Row]) -> Answers:
        return translated(translators(table), route.target.mapping, (), (Change(table, Op.INSERT, None, row) for row in rows))

    return inserts


def _asks(query: QueryPlan, way: Way, since: Position) -> Callable[[Table, Sequence[Row]], Answers]:
    """Return the function that turns a chunk of the root's rows into a query mapping's writes: of what the query says now."""
    touches = cache(query.touches)

    def asks(table: Table, rows: Sequence[Row]) -> Answers:
        key_of = touches(table).keys[0]
        return loaded(way.source, way.bind, query, [key for row in rows if (key := key_of(row)) is not None], since)

    return asks


def _deletions(way: Way, routes: Sequence[Route], window: tuple[Position, Position], *, limits: Limits) -> Iterator[Batch]:
    """Yield what went away between a killed attempt's snapshot and the new one, and nothing else.

    What can't be mapped there is of no account, but for the keys that it leaves: the new snapshot has all rows that remain.
    """
    begun, until = window
    queries, translators = [route.query for route in routes if route.query], Translators(way.bind, nowhere())
    feed = way.source.read(begun, until)
    for step in batches(feed, translators, begun, node=way.node, limits=limits, clock=lambda: 0.0, queries=queries):
        if not isinstance(step, Batch):
            continue
        writes = list(step.writes)
        for touched in step.touched:
            query = next(query for query in queries if query.target is touched.plan)
            writes += answered(way.source, way.bind, query, root_keys(way.source, query, touched), touched.since).writes
        gone = [deleted for write in writes if (deleted := _deletion(write))]
        if gone := gone + [left for one in step.parked if (left := _left(way.bind, one))]:
            yield Batch(begun, begun, gone, Phase.LOADING, origin=step.origin, empties=step.empties)


def _left(bind: Bind, one: Parked) -> Write | None:
    """Return the deletion of a row that got another key, whatever it is that can't be mapped now."""
    change = one.change
    if change.op is not Op.UPDATE or change.old is None or change.new is None:
        return None
    with suppress(Misconfigured, StopIteration):  # its columns may be those of another time, and its mapping gone
        plan = next(plan for plan in bind(change.table) if plan.target.mapping == one.mapping)
        key = _key(plan, change.old)
        if key is not None and key != _key(plan, change.new):
            return Write(plan.target, key, None, None, change)
    return None


def _key(plan: RowPlan, row: Row) -> Row | None:
    with suppress(BadRow):
        return plan.key_of(row)
    return None


def _deletion(write: Write) -> Write | None:
    if write.image is None:
        return write
    return None if write.moved is None else replace(write, key=write.moved, image=None, moved=None)
