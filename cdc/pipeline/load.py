"""The initial load: a snapshot through the same mappings and the same target, and a stream that follows without a gap.

The checkpoint says LOADING from the first chunk on and keeps the position of the attempt's snapshot. A load that was killed begins
again with a new snapshot; the rows that were deleted, left the filter or changed their key in between are found in the log between the two
snapshots and deleted first. Rows that are there already are not written again, since nothing differs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import cache

from cdc.mapping.plan import Bind, QueryPlan, Route
from cdc.model.change import Change, Op, Position, Row
from cdc.model.table import Table
from cdc.model.write import Batch, Phase, Write
from cdc.pipeline.ask import answered, loaded, root_keys
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.step import Loading, Step
from cdc.pipeline.translate import translator
from cdc.source.base import Snapshot, Source
from cdc.target.base import Target


def load(
    source: Source, routes: Sequence[Route], bind: Bind, target: Target, *, begun: Position | None, node: str, limits: Limits
) -> Generator[Step, None, Position]:
    """Copy all mapped tables; return the position after which the stream goes on. `begun`: a killed attempt's snapshot."""
    with source.snapshot(tuple(dict.fromkeys(route.source for route in routes))) as snapshot:
        if begun is not None:
            for batch in _deletions(source, routes, bind, (begun, snapshot.position), node=node, limits=limits):
                target.apply(batch)
        target.apply(Batch(begun, snapshot.position, (), Phase.LOADING, origin=(node,)))
        chunk = Batch(snapshot.position, snapshot.position, (), Phase.LOADING, origin=(node,))
        for route in routes:
            yield from _copy(source, snapshot, route, bind, target, chunk, limits.rows)
        target.apply(replace(chunk, phase=Phase.STREAMING))
        return snapshot.position


def _copy(source: Source, snapshot: Snapshot, route: Route, bind: Bind, target: Target, chunk: Batch, size: int) -> Iterator[Loading]:
    read, estimate, mapping = 0, snapshot.estimate(route.source), route.target.mapping
    inserts = _asks(route.query, source, bind, snapshot.position) if route.query else _inserts(route, bind)
    yield Loading(mapping, route.source, 0, estimate, done=False)
    for table, rows in snapshot.rows(route.source, size):
        if writes := inserts(table, rows):
            target.apply(replace(chunk, writes=writes))
        read += len(rows)
        yield Loading(mapping, route.source, read, max(estimate, read), done=False)
    yield Loading(mapping, route.source, read, read, done=True)


def _inserts(route: Route, bind: Bind) -> Callable[[Table, Sequence[Row]], list[Write]]:
    """Return the function that turns a chunk of a table's rows into one mapping's writes."""
    translators = cache(lambda table: translator(next(plan for plan in bind(table) if plan.target is route.target), table))

    def inserts(table: Table, rows: Sequence[Row]) -> list[Write]:
        translate = translators(table)
        return [write for row in rows if isinstance(write := translate(Change(table, Op.INSERT, None, row)), Write)]

    return inserts


def _asks(query: QueryPlan, source: Source, bind: Bind, since: Position) -> Callable[[Table, Sequence[Row]], list[Write]]:
    """Return the function that turns a chunk of the root's rows into a query mapping's writes: of what the query says now."""
    touches = cache(query.touches)

    def asks(table: Table, rows: Sequence[Row]) -> list[Write]:
        key_of = touches(table).keys[0]
        return loaded(source, bind, query, [key for row in rows if (key := key_of(row)) is not None], since)

    return asks


def _deletions(
    source: Source, routes: Sequence[Route], bind: Bind, window: tuple[Position, Position], *, node: str, limits: Limits
) -> Iterator[Batch]:
    """Yield what went away between a killed attempt's snapshot and the new one, and nothing else."""
    begun, until = window
    queries = [route.query for route in routes if route.query]
    for step in batches(source.read(begun, until), bind, begun, node=node, limits=limits, clock=lambda: 0.0, queries=queries):
        if not isinstance(step, Batch):
            continue
        writes = list(step.writes)
        for touched in step.touched:
            query = next(query for query in queries if query.target is touched.plan)
            writes += answered(source, bind, query, root_keys(source, query, touched), touched.since).writes
        if gone := [deleted for write in writes if (deleted := _deletion(write))]:
            yield Batch(begun, begun, gone, Phase.LOADING, origin=step.origin)


def _deletion(write: Write) -> Write | None:
    if write.image is None:
        return write
    return None if write.moved is None else replace(write, key=write.moved, image=None, moved=None)
