"""Touched root keys to writes: the mapping's query is run on the source for them, once per batch, before the target is asked to do anything.

The query reads the present, so what is written may be newer than the batch's position. It converges, since each later change of what the
query reads touches the key again; and what is there already is not written, so that asking twice does nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from cdc.mapping.plan import Bind, QueryPlan
from cdc.mapping.query.query import Query
from cdc.model.change import ABSENT, Change, Op, Position, Row
from cdc.model.errors import BadRow, Drifted, Misconfigured, ParkedChanged
from cdc.model.parked import Parked
from cdc.model.value import value
from cdc.model.write import Applied, Batch, Touched, Write
from cdc.pipeline.complete import complete_and_apply
from cdc.pipeline.park import Parking
from cdc.pipeline.step import Asked
from cdc.pipeline.translate import Translate, translator
from cdc.pipeline.way import Way
from cdc.source.base import Source


@value
class Answers:
    """What the source says about some keys."""

    mapping: str
    keys: Sequence[Row]
    writes: Sequence[Write]
    """Upserts of what came back, deletes of what did not."""
    skipped: Counter[tuple[str, str]]
    refused: Sequence[tuple[Change, BadRow]]
    """What can't be mapped."""


def ask_and_apply(way: Way, batch: Batch) -> Generator[Asked, None, Applied]:
    """Ask the source for what the batch has touched, and apply it all in one target transaction.

    A change that touches more than `way.rows` keys would make a transaction of any size. Its keys are written in transactions of their
    own first, which leave the position where it is, and only the last of them with the batch: after a crash they are asked again, and
    nothing differs. Such rows that the target refuses may wait for others of the batch, and so go with it after all.
    """
    for touched in batch.touched:
        plan = next(query for query in way.queries if query.target is touched.plan)
        keys = root_keys(way.source, plan, touched)
        for start in range(0, len(keys), way.rows):
            answers = parked(way.parking, answered(way.source, way.bind, plan, keys[start : start + way.rows], touched.since), batch)
            if start + way.rows >= len(keys) or not _applied_early(way, batch, answers):
                batch = with_answers(batch, answers)
            if len(keys) > way.rows:
                yield Asked(plan.target.mapping, min(start + way.rows, len(keys)), len(keys))
    return complete_and_apply(way, replace(batch, touched=()))


def with_answers(batch: Batch, answers: Answered) -> Batch:
    """Return the batch with answers."""
    return replace(
        batch,
        writes=(*batch.writes, *answers.writes),
        skipped=Counter(batch.skipped or {}) + answers.skipped,
        parked=(*batch.parked, *answers.parked),
        released={**batch.released, **answers.released},
    )


def _applied_early(way: Way, batch: Batch, answers: Answered) -> bool:
    assert batch.after is not None
    if not batch.begins and (answers.parked or answers.released):
        return False  # with the end
    begun = Batch(batch.after, batch.after, (), batch.phase, origin=batch.origin, begins=batch.begins, ends=batch.begins)
    early = with_answers(begun, answers)
    try:
        complete_and_apply(way, early, parks=False)
    except (BadRow, ParkedChanged):
        return False
    return True


@value
class Answered:
    """What the source's answer comes to."""

    writes: Sequence[Write]
    skipped: Counter[tuple[str, str]]
    parked: Sequence[Parked]
    released: Mapping[int, str]


def parked(parking: Parking, answers: Answers, batch: Batch) -> Answered:
    """Park what can't be mapped; let go of what waited there and can."""
    mapping, where = answers.mapping, (batch.upto, batch.origin[:-1])
    refused = [parking.parked(mapping, change, None, where, error) for change, error in answers.refused]
    return Answered(answers.writes, answers.skipped, refused, parking.answered(mapping, answers.keys, refused))


def root_keys(source: Source, plan: QueryPlan, touched: Touched) -> Sequence[Row]:
    """Return all root keys that are touched, each once: those that changes name, and those that queries lead to."""
    keys = dict.fromkeys(touched.keys)
    for place, values in touched.asked.items():
        asking = plan.asking[place]
        for row in _told(source, plan, asking.query, values, touched.since):
            if (key := asking.key_of(row)) is not None:
                keys[key] = None
    return tuple(keys)


def answered(source: Source, bind: Bind, plan: QueryPlan, keys: Sequence[Row], since: Position, *, approved: bool = False) -> Answers:
    """Run the query for keys. What does not come back is to be deleted by the mapping's rule; `approved`: even if that parks deletes."""
    rows = _rows(source, plan, keys, since)
    changes = [Change(plan.result, Op.UPDATE, None, row) for row in rows.values()]
    changes += [Change(plan.result, Op.DELETE, _only_key(plan, key), None) for key in _gone(source, plan, keys, rows.keys(), since)]
    return translated(_translate(bind, plan, approved=approved), plan.target.mapping, keys, changes)


def loaded(source: Source, bind: Bind, plan: QueryPlan, keys: Sequence[Row], since: Position) -> Answers:
    """Run the query for keys of the initial load, which deletes nothing."""
    changes = [Change(plan.result, Op.INSERT, None, row) for row in _rows(source, plan, keys, since).values()]
    return translated(_translate(bind, plan), plan.target.mapping, keys, changes)


def translated(translate: Translate, mapping: str, keys: Sequence[Row], changes: Iterable[Change]) -> Answers:
    """Map rows that the source was asked for."""
    skipped: Counter[tuple[str, str]] = Counter()
    answers = Answers(mapping, keys, writes := [], skipped, refused := [])
    for change in changes:
        try:
            write = translate(change)
        except BadRow as error:
            refused.append((change, error))
            continue
        if isinstance(write, Write):
            writes.append(write)
        else:
            skipped[mapping, write] += 1
    return answers


def _translate(bind: Bind, plan: QueryPlan, *, approved: bool = False) -> Translate:
    return translator(next(made for made in bind(plan.result) if made.target is plan.target), plan.result, approved=approved)


def _rows(source: Source, plan: QueryPlan, keys: Sequence[Row], since: Position) -> dict[Row, Row]:
    """Return root key → row."""
    rows: dict[Row, Row] = {}
    for row in _told(source, plan, plan.query, keys, since):
        key = tuple([row[at] for at in plan.result.key])
        if rows.setdefault(key, row) is not row:
            raise Misconfigured(
                f"mapping {plan.target.mapping}: the query returns several rows of one key of {plan.tables[0]}",
                "A root row makes one target row: aggregate with `group by`, or choose one child by `order by … limit 1`.",
            )
    return rows


def _told(source: Source, plan: QueryPlan, query: Query, values: Sequence[Row], since: Position) -> Iterator[Row]:
    try:
        yield from source.query(query, values, since)
    except Drifted as error:
        mapping = plan.target.mapping
        raise Drifted(f"mapping {mapping}: {error}; asked for what the log tells up to {since}", error.hint, (mapping,)) from error


def _gone(source: Source, plan: QueryPlan, keys: Sequence[Row], found: Collection[Row], since: Position) -> Iterator[Row]:
    """Yield the keys that the query has no row for.

    Where rows of other keys came back, the server takes other spellings for the same (letter case, trailing blanks): a key that it
    knows by another spelling is not gone.
    """
    respelled = not set(found) <= set(keys)
    for key in keys:
        if key not in found and not (respelled and _rows(source, plan, [key], since)):
            yield key


def _only_key(plan: QueryPlan, key: Row) -> Row:
    known = dict(zip(plan.result.key, key, strict=True))
    return tuple([known.get(at, ABSENT) for at in range(len(plan.result.columns))])
