"""Touched root keys to writes: the mapping's query is run on the source for them, once per batch, before the target is asked to do anything.

The query reads the present, so what is written may be newer than the batch's position. It converges, since each later change of what the
query reads touches the key again; and what is there already is not written, so that asking twice does nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import replace

from cdc.mapping.plan import Bind, QueryPlan
from cdc.model.change import ABSENT, Change, Op, Position, Row
from cdc.model.errors import BadRow, Misconfigured
from cdc.model.value import value
from cdc.model.write import Applied, Batch, Touched, Write
from cdc.pipeline.complete import complete_and_apply
from cdc.pipeline.step import Asked
from cdc.pipeline.translate import Translate, translator
from cdc.source.base import Source
from cdc.target.base import Target


@value
class Answers:
    """What the source says about some keys."""

    writes: Sequence[Write]
    """Upserts of what came back, deletes of what did not."""
    skipped: Counter[tuple[str, str]]


def ask_and_apply(
    source: Source, bind: Bind, queries: Sequence[QueryPlan], target: Target, batch: Batch, size: int
) -> Generator[Asked, None, Applied]:
    """Ask the source for what the batch has touched, and apply it all in one target transaction.

    A change that touches more than `size` keys would make a transaction of any size. Its keys are written in transactions of their own
    first, which leave the position where it is, and only the last of them with the batch: after a crash they are asked again, and nothing
    differs. Such rows that the target refuses may wait for others of the batch, and so go with it after all.
    """
    writes, skipped = list(batch.writes), Counter(batch.skipped or {})
    for touched in batch.touched:
        plan = next(query for query in queries if query.target is touched.plan)
        keys = root_keys(source, plan, touched)
        for start in range(0, len(keys), size):
            answers = answered(source, bind, plan, keys[start : start + size], touched.since)
            skipped += answers.skipped
            if start + size >= len(keys) or not _applied_early(source, bind, target, batch, answers.writes):
                writes += answers.writes
            if len(keys) > size:
                yield Asked(plan.target.mapping, min(start + size, len(keys)), len(keys))
    return complete_and_apply(source, bind, target, replace(batch, writes=tuple(writes), touched=(), skipped=skipped))


def _applied_early(source: Source, bind: Bind, target: Target, batch: Batch, writes: Sequence[Write]) -> bool:
    assert batch.after is not None
    try:
        complete_and_apply(source, bind, target, Batch(batch.after, batch.after, writes, batch.phase, origin=batch.origin))
    except BadRow:
        return False
    return True


def root_keys(source: Source, plan: QueryPlan, touched: Touched) -> Sequence[Row]:
    """Return all root keys that are touched, each once: those that changes name, and those that queries lead to."""
    keys = dict.fromkeys(touched.keys)
    for place, values in touched.asked.items():
        asking = plan.asking[place]
        for row in source.query(asking.query, values, touched.since):
            if (key := asking.key_of(row)) is not None:
                keys[key] = None
    return tuple(keys)


def answered(source: Source, bind: Bind, plan: QueryPlan, keys: Sequence[Row], since: Position) -> Answers:
    """Run the query for keys. What does not come back is to be deleted by the mapping's rule."""
    translate, skipped, writes = _translate(bind, plan), Counter[tuple[str, str]](), []
    rows = _rows(source, plan, keys, since)
    changes = [Change(plan.result, Op.UPDATE, None, row) for row in rows.values()]
    changes += [Change(plan.result, Op.DELETE, _only_key(plan, key), None) for key in _gone(source, plan, keys, rows.keys(), since)]
    for change in changes:
        write = translate(change)
        if isinstance(write, Write):
            writes.append(write)
        else:
            skipped[plan.target.mapping, write] += 1
    return Answers(writes, skipped)


def loaded(source: Source, bind: Bind, plan: QueryPlan, keys: Sequence[Row], since: Position) -> list[Write]:
    """Run the query for keys of the initial load, which deletes nothing."""
    translate = _translate(bind, plan)
    changes = (Change(plan.result, Op.INSERT, None, row) for row in _rows(source, plan, keys, since).values())
    return [write for change in changes if isinstance(write := translate(change), Write)]


def _translate(bind: Bind, plan: QueryPlan) -> Translate:
    return translator(next(made for made in bind(plan.result) if made.target is plan.target), plan.result)


def _rows(source: Source, plan: QueryPlan, keys: Sequence[Row], since: Position) -> dict[Row, Row]:
    """Return root key → row."""
    rows: dict[Row, Row] = {}
    for row in source.query(plan.query, keys, since):
        key = tuple([row[at] for at in plan.result.key])
        if rows.setdefault(key, row) is not row:
            raise Misconfigured(
                f"mapping {plan.target.mapping}: the query returns several rows of one key of {plan.tables[0]}",
                "A root row makes one target row: aggregate with `group by`, or choose one child by `order by … limit 1`.",
            )
    return rows


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
