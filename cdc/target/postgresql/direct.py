"""New rows by COPY straight into their table: a third of what it costs the server to stage them and to look for each of them.

Only a row that is there already tells that this was wrong: the server refuses it, the COPY is undone to its savepoint, and the same rows are
staged. So this is for tables in which a unique index on the mapping's key makes the server notice, and where COPY does what INSERT would do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeGuard, cast

import psycopg
from psycopg.pq import TransactionStatus

from cdc.failpoint import reach
from cdc.model.change import Op
from cdc.model.table import TableName
from cdc.model.types import Kind
from cdc.model.write import TargetPlan
from cdc.sql import postgresql as sql
from cdc.target.collapse import Step, Upserts
from cdc.target.postgresql.copying import MANY, copied
from cdc.target.tally import Tally

_REST = 100
"""Batches of a plan that are staged after one that was refused: what a refused COPY has written is litter in the table."""


class Direct:
    """One session's."""

    def __init__(self, connection: psycopg.Connection, plans: Sequence[TargetPlan]) -> None:
        self._connection = connection
        written = [plan.table.name for plan in plans]
        wanted = [[name.schema for name in written], [name.name for name in written]]
        plain = {TableName(*row) for row in connection.execute(sql.PLAIN.encode(), wanted)}
        self._able = {plan for plan in plans if plan.table.name in plain and written.count(plan.table.name) == 1 and _able(plan)}
        self._rests: dict[TargetPlan, int] = defaultdict(int)

    def leading(self, steps: Sequence[Step]) -> Sequence[Upserts]:
        """Return the first of the steps, as many as bring new rows alone. What comes behind any other step may need it."""
        found: list[Upserts] = []
        for step in steps:
            if not self._suits(step):
                break
            found.append(step)
        return found

    def insert(self, steps: Sequence[Upserts], tally: Tally) -> bool:
        """Insert them, or nothing, and return which. Call it behind `savepoint direct`, and outside a pipeline."""
        done = Tally()
        try:
            for step in steps:
                self._copy(step, done)
        except (psycopg.Error, UnicodeError):
            if self._connection.info.transaction_status is not TransactionStatus.INERROR:
                raise
            self._connection.execute("rollback to savepoint direct")
            self._rests.update((step.plan, _REST) for step in steps)
            return False
        tally.take(done)
        return True

    def _suits(self, step: Step) -> TypeGuard[Upserts]:
        if not isinstance(step, Upserts) or not step.new or len(step.rows) <= MANY or step.plan not in self._able:
            return False
        rests = self._rests[step.plan]
        self._rests[step.plan] = max(0, rests - 1)
        return not rests

    def _copy(self, step: Upserts, tally: Tally) -> None:
        plan = step.plan
        reach("apply.statement")
        inserted = copied(self._connection, sql.copy(plan), step.rows)
        for place, column in enumerate(plan.columns):
            if column.identity:
                highest = max(int(cast(str, row[place])) for row in step.rows)
                self._connection.execute(sql.advance(plan, column).encode(), (highest,))
        tally.add(plan.mapping, Op.INSERT, inserted)
        tally.add(plan.mapping, None, len(step.rows) - inserted)


def _able(plan: TargetPlan) -> bool:
    """Whether a row that is there already is refused, all of a row is inserted, and its numbers tell how far sequences have to go."""
    key = {plan.columns[at].name for at in plan.key}
    counted = all(column.type.kind is Kind.INT for column in plan.columns if column.identity)
    return counted and not plan.later and any(unique.exact and set(unique.columns) == key for unique in plan.table.uniques)
