"""Row changes as the log told them, parked ones or those of a transaction, to what their mappings make of each. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from enum import Enum
from typing import Any

import click

from cdc.app.build import Line, line
from cdc.app.service.config import Pipeline
from cdc.app.state import parked
from cdc.app.trial.explain import Explained, Explainer, to_json
from cdc.app.trial.look import Look, looks, named
from cdc.app.trial.rows import of_roots
from cdc.app.trial.tried import trials
from cdc.mapping.plan import QueryPlan
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.change import ABSENT, Change, Op, Position, Row
from cdc.model.errors import BadRow, CdcError
from cdc.model.parked import source_keys
from cdc.model.table import Table
from cdc.model.value import value
from cdc.model.write import Write
from cdc.pipeline.translate import FILTER, translator

NEXT = "next"
"""The place of the first transaction that the pipeline has not applied."""


class Effect(Enum):
    """What a change is to a mapping, whatever the target has."""

    INSERT = "insert"
    UPDATE = "update"
    MOVES = "update of the key"
    ENTERS = "enters the condition"
    LEAVES = "leaves the condition"
    LEFT_OUT = "left out"
    DELETE = "delete"
    EMPTIES = "empties the table"
    FAILS = "fails"
    ASKED = "asks for the row"
    """A mapping by query: it runs its query for the root rows that the change touches."""


@value
class Told:
    """One change, and what one mapping makes of it now."""

    look: Look
    change: Change
    effect: Effect
    rows: Sequence[Explained]


@value
class Account:
    """What there is to say of a parked change, or of a transaction."""

    pipeline: str
    position: str
    committed_at: float | None
    echo: bool
    """The pipeline's own target wrote it, so that the pipeline leaves it out."""
    parked: parked.Waiting | None
    told: Sequence[Told]
    more: int
    """Changes that are not shown."""


@contextmanager
def of_parked(pipelines: Sequence[Pipeline], mapping: str | None, number: int) -> Iterator[Account]:
    """Explain a parked change as it arrived. Raises `CdcError` when there is none of this number."""
    found = [(each, one) for each in pipelines for one in _waiting(each, number)]
    if len(found) > 1:
        raise click.UsageError(f"{' and '.join(each.name for each, _ in found)} have a parked change {number}: choose with --pipeline")
    if not found:
        raise CdcError(f"no change with the id {number} is parked", "`cdc parked list` shows what waits.")
    pipeline, one = found[0]
    if mapping not in (None, one.key.mapping):
        raise click.UsageError(f"the parked change {number} is of the mapping '{one.key.mapping}'")
    entry = one.entry
    with looks(pipeline, named([pipeline], [one.key.mapping])[0][1], alone=True) as (look,):
        told = [_parked(look, entry.change, entry.committed_at)]
        yield Account(pipeline.name, entry.position, entry.committed_at, False, one, told, 0)


def _waiting(pipeline: Pipeline, number: int) -> Sequence[parked.Waiting]:
    with parked.opened(line(pipeline)) as rows:
        return rows.waiting(parked.Wanted([number]))


def _parked(look: Look, change: Change, at: float | None) -> Told:
    if look.query is None:
        return _of_row(look, change, at, Explainer(shaped(look, change.table), at))
    return _asked(look, change, list(source_keys(change)))


@contextmanager
def of_position(pipeline: Pipeline, specs: Sequence[MappingSpec], where: str, limit: int) -> Iterator[Account]:
    """Explain the transaction at a place in the source's log, or the `NEXT` one. Raises `CdcError` when there is none with a row of these mappings."""
    with looks(pipeline, specs, alone=True) as bound:
        built = bound[0].line
        tables = dict.fromkeys(name for look in bound for name in (look.query.tables if look.query else (look.root.name,)))
        at = _checkpoint(built) if where == NEXT else where
        excerpt = built.transaction_at(tuple(tables), at, behind=where == NEXT)
        if excerpt is None or not excerpt.rows:
            listed = ", ".join(map(str, tables))
            raise CdcError(
                f"{where}: no transaction there changes a row of {listed}", "`cdc position show` tells where the pipeline stands."
            )
        shown = excerpt.changes[:limit]
        echo = built.target.name in excerpt.origin
        told = list(
            _transaction([(look, change) for change in shown for look in bound if _reads(look, change.table)], excerpt.committed_at)
        )
        yield Account(built.name, excerpt.upto, excerpt.committed_at, echo, None, told, excerpt.rows - len(shown))


def _checkpoint(built: Line) -> Position:
    with closing(built.target_admin()) as admin:
        checkpoint = admin.checkpoint()
    if checkpoint is None or checkpoint.position is None:
        raise CdcError(f"{built.name} was never loaded, so that nothing is next", "`cdc run` begins with an initial load.")
    return checkpoint.position


def _reads(look: Look, table: Table) -> bool:
    return table.name in (look.query.tables if look.query else (look.root.name,))


def _transaction(concerned: Sequence[tuple[Look, Change]], at: float) -> Iterator[Told]:
    made = dict[tuple[str, Table], Explainer]()
    for look, change in concerned:
        if look.query is not None:
            yield _asked(look, change, _touched(look, look.query, change))
            continue
        which = look.spec.name, change.table
        if which not in made:
            made[which] = Explainer(shaped(look, change.table), at)
        yield _of_row(look, change, at, made[which])


def shaped(look: Look, table: Table) -> Look:
    """Return the mapping bound to the shape that a change came in, which may be an older one. Raises `Drifted` where it can't be."""
    plan = next((plan for plan in look.bind(table) if plan.target.mapping == look.spec.name), None)
    if plan is None:
        raise CdcError(f"mapping {look.spec.name} does not read {table.name} any more", "`cdc parked skip` gives a parked change up.")
    return replace(look, table=table, plan=plan, source=replace(look.source, columns=table.columns))


def _of_row(look: Look, change: Change, at: float | None, explainer: Explainer) -> Told:
    if change.old is None and change.new is None:
        return Told(look, change, Effect.EMPTIES, ())
    rows = [_whose(change, explainer.explain(trial)) for trial in trials(explainer.look, [change], at)]
    return Told(explainer.look, change, effect(explainer.look, change, at), rows)


def _whose(change: Change, explained: Explained) -> Explained:
    """Of a deleted row nothing counts but its key; often the log has no more."""
    return replace(explained, cells=tuple(cell for cell in explained.cells if cell.key)) if change.op is Op.DELETE else explained


def effect(look: Look, change: Change, at: float | None) -> Effect:
    """Return what the change is to the mapping."""
    try:
        made = translator(look.plan, look.table, approved=True)(change, at)
    except BadRow:
        return Effect.FAILS
    if isinstance(made, Write) and made.image is not None:
        if change.op is Op.INSERT:
            return Effect.INSERT
        if change.old is not None and look.plan.key_of(change.old) is None:
            return Effect.ENTERS
        return Effect.UPDATE if made.moved is None else Effect.MOVES
    if made == FILTER:
        return Effect.LEFT_OUT
    return Effect.DELETE if change.op is Op.DELETE else Effect.LEAVES


def _touched(look: Look, query: QueryPlan, change: Change) -> list[Row]:
    """Return the root keys that a change touches, as the pipeline finds them."""
    touches, rows = query.touches(change.table), [row for row in (change.old, change.new) if row is not None]
    keys = dict.fromkeys(key for key_of in touches.keys for row in rows if (key := key_of(row)) is not None)
    for place, values_of in touches.asked:
        asking = query.asking[place]
        values = [given for row in rows if (given := values_of(row)) is not None]
        keys |= dict.fromkeys(key for row in look.reader.ask(asking.query, values) if (key := asking.key_of(row)) is not None)
    return list(keys)


def _asked(look: Look, change: Change, keys: Sequence[Row]) -> Told:
    """A query reads the present, so the rows are explained as they are now."""
    assert look.query is not None
    if change.old is None and change.new is None:
        return Told(look, change, Effect.EMPTIES, ())
    explainer, now = Explainer(look), of_roots(look, look.query, keys) if keys else []
    rows = [explainer.explain(trial) for trial in trials(look, now)]
    return Told(look, change, Effect.ASKED if keys else Effect.LEFT_OUT, rows)


def images(told: Told) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """Return the row before and after, without what the log did not carry."""
    names = [column.name for column in told.change.table.columns]

    def image(row: Row | None) -> Mapping[str, Any] | None:
        return None if row is None else {name: text for name, text in zip(names, row, strict=True) if text is not ABSENT}

    return image(told.change.old), image(told.change.new)


def account_json(account: Account) -> dict[str, Any]:
    """Return the same shape for each row as one that is found by its key has, with its change beside."""
    waits = account.parked
    return {
        "pipeline": account.pipeline,
        "position": account.position,
        "committed_at": account.committed_at,
        "echo": account.echo,
        "parked": waits and {"id": waits.key.id, "behind": waits.behind, "error": waits.entry.cause and waits.entry.cause.message},
        "more": account.more,
        "changes": [_told_json(one) for one in account.told],
    }


def _told_json(told: Told) -> dict[str, Any]:
    old, new = images(told)
    return {
        "mapping": told.look.spec.name,
        "table": str(told.change.table.name),
        "op": told.change.op.value,
        "effect": told.effect.value,
        "old": old,
        "new": new,
        "rows": [to_json(one) for one in told.rows],
    }


def key_of_change(told: Told) -> Mapping[str, object]:
    """Return what names the row that changed, for people."""
    table = told.change.table
    names = [table.columns[at].name for at in table.key or range(len(table.columns))]
    return next((dict(zip(names, key, strict=True)) for key in source_keys(told.change)), {})
