"""Mappings compared and repaired between two transactions of the stream.

The stream is applied up to a snapshot's position, so that the target is what the log makes of it there; then the snapshot says what it should
be. What differs is written, what the source does not have is deleted where that may be. The position stands still meanwhile, and at every
moment the stream could go on from it: whoever breaks this off leaves nothing half done, and doing it again does only what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import field

from cdc.failpoint import reach
from cdc.mapping.plan import Route
from cdc.model.change import Position
from cdc.model.parked import source_keys
from cdc.model.table import TableName
from cdc.model.value import identity, value
from cdc.model.write import Batch, TargetPlan
from cdc.pipeline.ask import Answered, Answers, parked, with_answers
from cdc.pipeline.compare import Held, what_went
from cdc.pipeline.complete import complete_and_apply
from cdc.pipeline.load import writes_of
from cdc.pipeline.park import Parking
from cdc.pipeline.step import Gone, Loading, Resynced, Step
from cdc.pipeline.way import Way
from cdc.source.base import Snapshot


@value
class Wanted:
    """What is to be repaired."""

    number: str
    """The request's."""
    mappings: Collection[str]
    held: Mapping[TargetPlan, Held]
    deletes: Callable[[TargetPlan], bool]
    """Whether the rows of a mapping that the source does not have may be deleted."""


@identity
class _Tally:
    number: str
    rows: dict[str, int]
    written: dict[str, int]
    deleted: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)

    def done(self, parking: Parking) -> Resynced:
        waiting = Counter(one.mapping for one in parking.queues.entries.values())
        return Resynced(self.number, self.rows, self.written, self.deleted, self.kept, {name: waiting[name] for name in self.rows})


def sources(routes: Collection[Route], wanted: Wanted) -> tuple[TableName, ...]:
    """Return the tables to be read."""
    return tuple(dict.fromkeys(route.source for route in routes if route.target.mapping in wanted.mappings))


def repair(way: Way, routes: Collection[Route], wanted: Wanted, snapshot: Snapshot, at: Position) -> Generator[Step]:
    """Repair the mappings by the snapshot, up to which all has been applied. `at`: the checkpoint's position."""
    chosen = [route for route in routes if route.target.mapping in wanted.mappings]
    names = [route.target.mapping for route in chosen]
    tally = _Tally(wanted.number, dict.fromkeys(names, 0), dict.fromkeys(names, 0))
    chunk = Batch(at, at, (), origin=(way.node,))
    reach("resync.begun")
    for step in what_went(way, snapshot, chosen, wanted.held, wanted.deletes, chunk):
        if isinstance(step, Gone):
            tally.deleted[step.mapping], tally.kept[step.mapping] = step.deleted, step.kept
        yield step
    reach("resync.compared")
    for route in chosen:
        yield from _written(way, snapshot, route, chunk, tally)
    reach("resync.done")
    yield tally.done(way.parking)


def _written(way: Way, snapshot: Snapshot, route: Route, chunk: Batch, tally: _Tally) -> Iterator[Step]:
    mapping, estimate = route.target.mapping, snapshot.estimate(route.source)
    writes = writes_of(way, route, snapshot.position)
    for table, rows in snapshot.rows(route.source, way.rows):
        answers = writes(table, rows)
        given = parked(way.parking, answers, chunk) if route.query else _behind(way.parking, answers, chunk)
        if given.writes or given.parked:
            applied = complete_and_apply(way, with_answers(chunk, given))
            reach("resync.chunk")
            tally.written[mapping] += sum(applied.rows.values())
            if told := way.parking.standing():
                yield told
        tally.rows[mapping] += len(rows)
        yield Loading(mapping, route.source, tally.rows[mapping], max(estimate, tally.rows[mapping]), done=False)
    yield Loading(mapping, route.source, tally.rows[mapping], tally.rows[mapping], done=True)


def _behind(parking: Parking, answers: Answers, chunk: Batch) -> Answered:
    """Let the row as it is now stand for all that waits at its key. What waits because it changes a key goes its own way: it knows both."""
    queues, mapping = parking.queues, answers.mapping
    if mapping not in queues.holding():
        return parked(parking, answers, chunk)
    released: dict[int, str] = {}
    moving = set()
    changes = [*(write.change for write in answers.writes), *(change for change, _ in answers.refused)]
    for change in changes:
        (key,) = source_keys(change)
        linked = queues.linked((mapping, key), ())
        if any(len(queues.entries[number].keys) > 1 for number in linked):
            moving.add(id(change))
        else:
            released.update(dict.fromkeys(linked, mapping))
    left = Answers(
        mapping,
        answers.keys,
        [write for write in answers.writes if id(write.change) not in moving],
        Counter(answers.skipped),
        [(change, error) for change, error in answers.refused if id(change) not in moving],
    )
    given = parked(parking, left, chunk)
    return Answered(given.writes, given.skipped, given.parked, released)
