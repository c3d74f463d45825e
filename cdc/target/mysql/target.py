"""Batches → transactions on MySQL and MariaDB, each with the checkpoint row as its first and its fence."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from cdc.failpoint import reach
from cdc.model.endpoint import Endpoint
from cdc.model.errors import BadRow, CdcError, Denied, Fenced, Incomplete, Misconfigured, ParkedChanged, Unreachable
from cdc.model.write import Applied, Batch, Checkpoint, TargetPlan, Write
from cdc.sql import mysql_checkpoint as sql
from cdc.sql.ledger import SCHEMA
from cdc.sql.parked import MYSQL
from cdc.target.collapse import collapser
from cdc.target.mysql.held import held
from cdc.target.mysql.privileges import account
from cdc.target.mysql.reference import MySQLStore
from cdc.target.mysql.session import Session
from cdc.target.mysql.writer import Writer
from cdc.target.parked import StoredRows
from cdc.target.plans import Plans
from cdc.target.reference import node, refers, resolve
from cdc.target.singly import one_by_one
from cdc.target.tally import Tally
from cdc.target.underway import Underway


class MySQLTarget:
    """A `Target` on MySQL or MariaDB."""

    def __init__(self, endpoint: Endpoint, pipeline: str, plans: Sequence[TargetPlan]) -> None:
        self._endpoint = endpoint
        self._pipeline = pipeline
        self._written = plans
        self._collapse = collapser(plans)
        self._plans = Plans(plans) if refers(plans) else None
        self._seq = self._epoch = -1
        self._underway = Underway()
        self._open()

    def _open(self) -> None:
        self._session = Session(self._endpoint)
        try:
            self._writer = Writer(self._session, self._written)
            self._session.rollback()  # what was looked at is let go
        except BaseException:
            self._session.close()
            raise
        self._store = MySQLStore(self._session)
        self.held = partial(held, self._session)
        self.parked = StoredRows(MYSQL, self._pipeline, self._session.read, self._session.execute)

    @property
    def connection(self) -> int:
        """The server's number for our session."""
        return self._session.number

    def checkpoint(self) -> Checkpoint:
        session, pipeline = self._session, self._pipeline
        try:
            found = sql.stored(session.rows(sql.select(pipeline, lock=False)))
            session.lock(pipeline, found.holder if found else "unknown")
            found = sql.stored(session.rows(sql.select(pipeline, lock=True)))
            holder = f"{socket.gethostname()}:{os.getpid()}"
            session.execute(sql.take_over(pipeline, holder) if found else sql.begin(pipeline, holder))
            session.commit()
        except Misconfigured as error:
            raise Misconfigured(f"{error}: our own tables are missing", "Run `cdc setup` for this pipeline.") from error
        except Denied as error:
            raise Denied(str(error), f"grant select, insert, update, delete on {SCHEMA}.* to {account(session.rows)};") from error
        stored = found or sql.FRESH
        self._seq, self._epoch, self.parked.version = stored.seq, stored.epoch + 1, stored.parked
        return stored.checkpoint

    def apply(self, batch: Batch) -> Applied:
        if len(batch.writes) > 1:
            with suppress(BadRow):
                return self._transaction(batch, self._together)
        return self._transaction(batch, self._singly)

    def _transaction(self, batch: Batch, way: Callable[[Batch, Tally], None]) -> Applied:
        tally = Tally()
        if batch.begins:
            self._writer.guard.begins()
        try:
            self._advance(batch)
            way(batch, tally)
            if batch.ends:
                self.parked.put(batch)
                self._session.reaches("apply.pre_commit")
        except BaseException:
            self._session.rollback(part=not batch.begins)
            self._writer.guard.begins()
            raise
        self._session.underway = not batch.ends
        if not batch.ends:
            reach("apply.part")
            return self._underway.takes(batch, tally)
        try:
            self._session.commit()
        except CdcError as error:
            self._settle(error)
        self._seq += 1
        reach("apply.post_commit")
        return self._underway.takes(batch, tally)

    def _advance(self, batch: Batch) -> None:
        """Move the checkpoint, before anything else: it is the fence, and in the binary log the marker of what follows.

        Of a transaction in parts the first fences and marks, the last moves the position.
        """
        if not batch.begins:
            self._session.execute("savepoint part")
            if batch.ends:
                self._session.execute(sql.move(self._pipeline, batch, self._underway.writes + len(batch.writes)))
            return
        if not self._session.execute(sql.advance(self._pipeline, self._seq, self._epoch, self.parked.version, batch)):
            raise self._fenced(sql.stored(self._session.rows(sql.select(self._pipeline, lock=True))))
        self._session.reaches("apply.begin")

    def _together(self, batch: Batch, tally: Tally) -> None:
        if self._plans is None:
            self._writer.collapsed(self._collapse(batch.writes), tally)
            return
        plans = self._plans
        resolve(plans, self._store, batch.writes, node(batch), tally, lambda writes: self._writer.collapsed(plans.collapse(writes), tally))

    def _singly(self, batch: Batch, tally: Tally) -> None:
        if self._plans is None:
            one_by_one(batch.writes, lambda write: self._writer.write(write, tally), tally)
        else:
            plans, source = self._plans, node(batch)
            one_by_one(batch.writes, lambda write: self._resolved(plans, write, source, tally), tally)

    def _resolved(self, plans: Plans, write: Write, source: str, tally: Tally) -> None:
        """Apply one write with what it refers to; when it is refused, nothing of it is left."""

        def apply(writes: Sequence[Write]) -> None:
            for one in writes:
                self._writer.write(one, tally)

        self._session.execute("savepoint one")
        try:
            resolve(plans, self._store, [write], source, tally, apply)
        except (BadRow, Incomplete):
            self._session.execute("rollback to savepoint one")
            self._writer.guard.begins()  # the lock of a first look has gone with it
            raise

    def _settle(self, error: CdcError) -> None:
        """Find out whether a COMMIT without an answer happened. Returns if it did; else raises what the loop has to know.

        The old commit may still be under way, so the row is read with a lock that waits for it.
        """
        lost, version = self._session, self.parked.version
        lost.close()
        self._open()
        self.parked.version = version
        self._session.kill(lost.number, self._pipeline)
        self._session.lock(self._pipeline, "a session that is ending")
        found = sql.stored(self._session.rows(sql.select(self._pipeline, lock=True)))
        self._session.rollback()
        if found is None or found.epoch != self._epoch or found.seq not in (self._seq, self._seq + 1):
            raise self._fenced(found)
        if found.seq == self._seq:
            raise Unreachable(f"{error}; the transaction was not committed", error.hint) from error

    def _fenced(self, found: sql.Stored | None) -> CdcError:
        """Say why the checkpoint was not ours to move."""
        if found is not None and (found.seq, found.epoch) == (self._seq, self._epoch):
            return ParkedChanged()
        return Fenced(
            f"{self._session.where}: another process moved the checkpoint of pipeline {self._pipeline}",
            "Let one process run the pipeline; the one that came last goes on.",
        )

    def ping(self) -> None:
        self.parked.prove()

    def close(self) -> None:
        self._session.close()
