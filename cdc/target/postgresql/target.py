"""The target over one PostgreSQL session: a batch becomes one transaction, the set-based way first, write by write where that fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeAlias

import psycopg

from cdc.failpoint import reach
from cdc.model.endpoint import Endpoint
from cdc.model.errors import BadRow, Incomplete
from cdc.model.write import Applied, Batch, Checkpoint, TargetPlan, Write
from cdc.server.postgresql import translated
from cdc.target.collapse import Collapsed, collapser
from cdc.target.guard import plan_of
from cdc.target.lost import give_up
from cdc.target.plans import Plans
from cdc.target.postgresql.culprit import culprit
from cdc.target.postgresql.fence import Fence
from cdc.target.postgresql.held import held
from cdc.target.postgresql.parked import stored_rows
from cdc.target.postgresql.reference import PostgreSQLStore
from cdc.target.postgresql.refusal import bad_row, refused
from cdc.target.postgresql.session import closed_on_error, open_session
from cdc.target.postgresql.staging import Staging
from cdc.target.postgresql.transaction import Transactions
from cdc.target.postgresql.writer import Writer
from cdc.target.reference import node, refers, resolve
from cdc.target.singly import one_by_one
from cdc.target.tally import Tally

_Way: TypeAlias = Callable[[Batch, Tally], None]


class PostgreSQLTarget:
    """A `Target`."""

    def __init__(self, endpoint: Endpoint, pipeline: str, plans: Sequence[TargetPlan]) -> None:
        self._where, self._endpoint = endpoint.name, endpoint
        self._connection = open_session(endpoint, pipeline)
        self._number = self._connection.info.backend_pid
        self.parked = stored_rows(self._connection, endpoint, pipeline)
        self._fence = Fence(self._connection, endpoint, pipeline, self.parked)
        self._work = Transactions(self._connection, self._fence, self._where)
        with closed_on_error(self._connection), translated(self._where):
            self._writer = Writer(self._connection, plans)
        self._staging = Staging(self._connection, plans)
        self._collapse = collapser(plans)
        self._plans = Plans(plans) if refers(plans) else None
        self._store = PostgreSQLStore(self._connection)
        self.held = partial(held, self._connection, self._where)
        self._quick: _Way = self._together if self._plans is None else self._resolved

    def checkpoint(self) -> Checkpoint:
        with translated(self._where):
            return self._fence.take()

    def apply(self, batch: Batch) -> Applied:
        with translated(self._where):
            if batch.begins and not batch.ends:
                self._staging.prepare_all()
            for way in (self._quick, self._singly):
                try:
                    return self._transaction(batch, way)
                except BadRow:
                    if way != self._resolved:
                        raise
                except (psycopg.Error, UnicodeError) as error:
                    if not refused(error):
                        raise
            return self._transaction(batch, self._strictly)

    def ping(self) -> None:
        self.parked.prove()

    def close(self) -> None:
        give_up(self._endpoint, self._number)
        with suppress(psycopg.Error):  # it may be gone already
            self._connection.close()

    def _transaction(self, batch: Batch, way: _Way) -> Applied:
        tally = Tally()
        if batch.begins:
            self._writer.guard.begins()
            self._staging.begins()
        try:
            way(batch, tally)
            self._work.prove_part(batch)
            if batch.ends:
                self.parked.put(batch)
                reach("apply.pre_commit")
        except BaseException:
            self._work.undo(batch)
            self._writer.guard.begins()
            raise
        if batch.ends:
            self._work.commit()
            reach("apply.post_commit")
        else:
            reach("apply.part")
        return self._work.counted(batch, tally)

    def _together(self, batch: Batch, tally: Tally) -> None:
        collapsed = self._collapse(batch.writes)
        if stages := self._staging.stages(collapsed.steps):
            self._work.open(batch)
            self._run(collapsed, {plan_of(collapsed.steps[place]) for place in stages}, tally)
            return
        with self._connection.pipeline():
            self._work.begin(batch)
            swapped = self._work.fence(batch)
            self._writer.run(collapsed.steps, {}, tally)
            self._fence.prove(swapped)
        tally.supersede(collapsed.superseded)

    def _resolved(self, batch: Batch, tally: Tally) -> None:
        """As `_together`, in the runs that the references of the batch need."""
        assert self._plans is not None
        plans, tables = self._plans, self._staging.prepare(batch.writes)
        self._work.open(batch)
        resolve(plans, self._store, batch.writes, node(batch), tally, lambda writes: self._run(plans.collapse(writes), tables, tally))

    def _run(self, collapsed: Collapsed, tables: set[TargetPlan], tally: Tally) -> None:
        """Apply steps in the open transaction, many rows at a time by COPY; `tables`: the plans whose table for that is free."""
        steps = self._writer.insert(collapsed.steps, tally)
        stages = self._staging.stages(steps, tables)
        self._staging.copy(steps, stages)
        if steps:
            with self._connection.pipeline():
                self._writer.run(steps, stages, tally)
        tally.supersede(collapsed.superseded)

    def _singly(self, batch: Batch, tally: Tally) -> None:
        self._work.open(batch)
        one_by_one(batch.writes, lambda write: self._one(write, node(batch), tally), tally)

    def _strictly(self, batch: Batch, tally: Tally) -> None:
        """Apply one by one with deferred constraints checked at once: COMMIT found one broken, and this names the write that breaks it."""
        self._work.open(batch)
        self._connection.execute("set constraints all immediate")
        one_by_one(batch.writes, lambda write: self._one(write, node(batch), tally), tally)

    def _one(self, write: Write, source: str, tally: Tally) -> None:
        """Apply one write; when it is refused, the transaction can go on without it."""
        self._connection.execute("savepoint one")
        try:
            if self._plans is None:
                self._writer.run(self._collapse([write]).steps, {}, tally)
            else:
                run = self._writer.run
                resolve(self._plans, self._store, [write], source, tally, lambda writes: run(self._collapse(writes).steps, {}, tally))
        except (Incomplete, BadRow):
            self._back()
            raise
        except (psycopg.Error, UnicodeError) as error:
            if not refused(error):
                raise
            self._back()
            raise bad_row(error, write, culprit(self._connection, error, write)) from error
        self._connection.execute("release savepoint one")

    def _back(self) -> None:
        """Forget the last write; the lock of a first look goes with it."""
        self._connection.execute("rollback to savepoint one")
        self._writer.guard.begins()
