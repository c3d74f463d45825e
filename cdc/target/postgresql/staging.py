"""Rows by COPY into temporary tables that the session keeps, for the statements that bring them into theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import psycopg

from cdc.model.write import TargetPlan, Write
from cdc.sql import postgresql as sql
from cdc.target.collapse import Step, Upserts
from cdc.target.postgresql.copying import MANY, copied

Stages: TypeAlias = Mapping[int, str]
"""Place among a batch's steps → the table that its rows were copied to."""


class Staging:
    """One session's tables, one for each plan that has needed one."""

    def __init__(self, connection: psycopg.Connection, plans: Sequence[TargetPlan]) -> None:
        self._connection, self._plans = connection, plans
        self._tables: dict[TargetPlan, str] = {}
        self._filled: set[str] = set()
        """Tables that the transaction at hand has copied rows to."""

    def begins(self) -> None:
        """A transaction begins: all tables are empty."""
        self._filled.clear()

    def prepare_all(self) -> None:
        """Make all tables that a transaction in parts may need: made inside of it, one would go when a part is undone."""
        for plan in self._plans:
            self._table(plan)

    def prepare(self, writes: Sequence[Write]) -> set[TargetPlan]:
        """Make the tables that these writes may need, outside a transaction: `stages` may use each of them once in the next one."""
        counts = Counter(write.plan for write in writes if write.image is not None)
        made = {plan for plan, count in counts.items() if count > MANY}
        for plan in made:
            self._table(plan)
        return made

    def stages(self, steps: Sequence[Step], free: set[TargetPlan] | None = None) -> Stages:
        """Choose the steps whose rows are to be copied, the first of each plan, and make the tables; call it outside a transaction.

        Inside one, choose among the plans whose table is there and `free`; it is no longer then.
        """
        chosen: dict[TargetPlan, int] = {}
        for place, step in enumerate(steps):
            if isinstance(step, Upserts) and len(step.rows) > MANY and not step.partial and (free is None or step.plan in free):
                chosen.setdefault(step.plan, place)
        if free is not None:
            free -= chosen.keys()
        return {place: self._table(plan) for plan, place in chosen.items()}

    def _table(self, plan: TargetPlan) -> str:
        if plan not in self._tables:
            name = f"pg_temp.cdc_stage_{len(self._tables)}"
            self._connection.execute(sql.stage_table(name, plan).encode())
            self._tables[plan] = name
        return self._tables[plan]

    def copy(self, steps: Sequence[Step], stages: Stages) -> None:
        """Copy the chosen steps' rows. Does not work inside a pipeline."""
        for place, table in stages.items():
            step = steps[place]
            assert isinstance(step, Upserts)
            if table in self._filled:
                self._connection.execute(f"truncate {table}".encode())
            self._filled.add(table)
            copied(self._connection, f"copy {table} from stdin", step.rows)
