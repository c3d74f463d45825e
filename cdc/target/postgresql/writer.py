"""Collapsed steps → statements on one connection, and their results → counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

import psycopg
from psycopg import errors

from cdc.failpoint import reach
from cdc.model.change import Op, Row
from cdc.model.errors import Incomplete
from cdc.model.table import TableName
from cdc.model.write import KEEPING, TargetPlan, Write
from cdc.sql import look as looking
from cdc.sql import postgresql as sql
from cdc.target.collapse import Move, Removals, Step, Upserts, alone
from cdc.target.guard import Guard, Seen, plan_of
from cdc.target.postgresql.direct import Direct
from cdc.target.postgresql.staging import Stages
from cdc.target.tally import Tally

_REVALIDATES = "RevalidateCachedQuery"
"""The server's function that refuses a prepared query whose result has other columns than when it was prepared. In a pipeline the error may
come with any later statement."""

Settle: TypeAlias = Callable[[Tally], Sequence[Write]]
"""Reads a statement's result and counts it; returns the writes whose rows are missing and whose images are partial."""


class Writer:
    """Applies steps. Inside a pipeline of the connection the statements go out together, results come at the end."""

    def __init__(self, connection: psycopg.Connection, plans: Sequence[TargetPlan]) -> None:
        self._connection = connection
        self.guard = Guard(plans, lambda table, columns: _seen(connection.execute(looking.pg_look(table, columns).encode(), prepare=True)))
        self._direct = Direct(connection, plans)
        self._statements: dict[tuple[object, ...], bytes] = {}

    def insert(self, steps: Sequence[Step], tally: Tally) -> Sequence[Step]:
        """Put new rows straight into their tables, as many of the first steps as bring these alone; return the steps that are left.

        Call it inside a transaction. Does not work inside a pipeline.
        """
        first = self._direct.leading(steps)
        if not first:
            return steps
        with self._revalidated(), self._connection.pipeline():
            looks = [self._look(table) for step in first if self.guard.unseen(table := step.plan.table.name)]
            self._connection.execute("savepoint direct")
            for look in looks:
                look(tally)
        return steps[len(first) :] if self._direct.insert(first, tally) else steps

    def run(self, steps: Sequence[Step], stages: Stages, tally: Tally) -> None:
        """Apply the steps in order. Raises `Incomplete` when rows are missing whose images are partial."""
        with self._revalidated():
            lacking = self._settled(steps, stages, tally)
        if lacking:
            raise Incomplete(lacking)

    @contextmanager
    def _revalidated(self) -> Iterator[None]:
        """Raise `Drifted` where the server refuses a look."""
        try:
            yield
        except errors.FeatureNotSupported as error:
            if error.diag.source_function != _REVALIDATES:
                raise
            raise self.guard.changed() from error

    def _settled(self, steps: Sequence[Step], stages: Stages, tally: Tally) -> list[Write]:
        settled: list[Settle] = []
        for place, step in enumerate(steps):
            if self.guard.unseen(table := plan_of(step).table.name):
                settled.append(self._look(table))
            settled.append(self._send(step, stages.get(place)))
        return [write for settle in settled for write in settle(tally)]

    def _look(self, table: TableName) -> Settle:
        """Prepared, it costs next to nothing; the server refuses to run it once its columns are others, and prepared anew it shows them."""
        cursor = self._connection.execute(looking.pg_look(table, self.guard.columns[table]).encode(), prepare=True)

        def settle(_: Tally) -> list[Write]:
            cursor.fetchall()
            self.guard.prove(table, _seen(cursor))
            return []

        return settle

    def _send(self, step: Step, stage: str | None) -> Settle:
        match step:
            case Upserts():
                return self._upsert(step, stage)
            case Removals():
                return self._remove(step.plan, step.keys)
            case Move():
                return self._move(step.write)

    def _upsert(self, step: Upserts, stage: str | None = None) -> Settle:
        given = [] if stage else [sql.array(texts) for texts in zip(*step.rows, strict=True)]
        cursor = self._execute(given, sql.upsert, step.plan, step.mask, stage)

        def settle(tally: Tally) -> list[Write]:
            updated, rest, *further = _row(cursor)
            if step.plan.newest is not None:
                tally.keep(step.plan.mapping, further[-1])
            lacking = [step.writes[place - 1] for place in rest] if step.partial else []
            inserted = 0 if step.partial else rest
            tally.add(step.plan.mapping, Op.UPDATE, updated)
            tally.add(step.plan.mapping, Op.INSERT, inserted)
            tally.add(step.plan.mapping, None, len(step.rows) - updated - inserted - len(lacking))
            return lacking

        return settle

    def _remove(self, plan: TargetPlan, keys: Sequence[Row]) -> Settle:
        cursor = self._execute([sql.array(texts) for texts in zip(*keys, strict=True)], sql.remove, plan)

        def settle(tally: Tally) -> list[Write]:
            (removed,) = _row(cursor)
            tally.add(plan.mapping, Op.DELETE, removed)
            tally.add(plan.mapping, None, len(keys) - removed)
            return []

        return settle

    def _move(self, write: Write) -> Settle:
        """Change the key in place, or, where that row is gone or another has the new key, upsert by the new key: only a whole image can."""
        plan, step = write.plan, alone(write)
        assert write.moved is not None
        given = [sql.array([text]) for text in (*step.rows[0], *write.moved)]
        moved, *further = _row(self._execute(given, sql.move, plan, step.mask))
        if moved:
            return partial(_moved, plan, further[-1] if plan.newest is not None else 0)
        if step.partial:
            return lambda _: [write]
        if plan.deletes not in KEEPING:
            _row(self._execute([sql.array([text]) for text in write.moved], sql.remove, plan))
        return self._upsert(step)

    def _execute(self, given: Sequence[str], build: Callable[..., str], *facts: object) -> psycopg.Cursor[Any]:
        """Queue the statement that `build` makes of the facts; it is made once."""
        statement = self._statements.get((build, *facts))
        if statement is None:
            statement = self._statements[(build, *facts)] = build(*facts).encode()
        reach("apply.statement")
        return self._connection.execute(statement, given)


def _seen(cursor: psycopg.Cursor[Any]) -> Seen:
    """Return what the server says of a result's columns: type and modifier."""
    result = cursor.pgresult
    assert result is not None
    return [((result.fname(at) or b"").decode(), (result.ftype(at), result.fmod(at))) for at in range(result.nfields)]


def _moved(plan: TargetPlan, kept: int, tally: Tally) -> list[Write]:
    tally.add(plan.mapping, Op.UPDATE)
    tally.keep(plan.mapping, kept)
    return []


def _row(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    """Every statement of ours returns one row."""
    (row,) = cursor.fetchall()
    return tuple(row)
