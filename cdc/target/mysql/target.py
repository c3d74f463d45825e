"""Batches → transactions on MySQL and MariaDB, each with the checkpoint row as its first and its fence."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

from cdc.model.endpoint import Endpoint
from cdc.model.errors import BadRow, CdcError, Denied, Fenced, Incomplete, Misconfigured, Unreachable
from cdc.model.write import Applied, Batch, Checkpoint, TargetPlan, Write
from cdc.sql import mysql_checkpoint as sql
from cdc.sql.ledger import SCHEMA
from cdc.target.collapse import collapser
from cdc.target.mysql.privileges import account
from cdc.target.mysql.session import Session
from cdc.target.mysql.writer import Writer
from cdc.target.singly import one_by_one
from cdc.target.tally import Tally


class MySQLTarget:
    """A `Target` on MySQL or MariaDB."""

    def __init__(self, endpoint: Endpoint, pipeline: str, plans: Sequence[TargetPlan]) -> None:
        self._endpoint = endpoint
        self._pipeline = pipeline
        self._collapse = collapser(plans)
        self._seq = self._epoch = -1
        self._open()

    def _open(self) -> None:
        self._session = Session(self._endpoint)
        self._writer = Writer(self._session)

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
        self._seq, self._epoch = stored.seq, stored.epoch + 1
        return stored.checkpoint

    def apply(self, batch: Batch) -> Applied:
        if len(batch.writes) > 1:
            with suppress(BadRow):
                return self._transaction(batch, self._together)
        return self._transaction(batch, self._singly)

    def _transaction(self, batch: Batch, write: Callable[[Sequence[Write]], Tally]) -> Applied:
        try:
            self._advance(batch)
            tally = write(batch.writes)
        except BaseException:
            self._session.rollback()
            raise
        try:
            self._session.commit()
        except CdcError as error:
            self._settle(error)
        self._seq += 1
        return tally.applied()

    def _advance(self, batch: Batch) -> None:
        """Move the checkpoint, before anything else: it is the fence, and in the binary log the marker of what follows."""
        if not self._session.execute(sql.advance(self._pipeline, self._seq, self._epoch, batch)):
            raise self._fenced()

    def _together(self, writes: Sequence[Write]) -> Tally:
        tally = Tally()
        collapsed = self._collapse(writes)
        lacking: list[Write] = []
        for step in collapsed.steps:
            try:
                self._writer.step(step, tally)
            except Incomplete as incomplete:
                lacking += incomplete.writes
        if lacking:
            raise Incomplete(lacking)
        for (mapping, op), count in collapsed.superseded.items():
            tally.add(mapping, op, count)
        return tally

    def _singly(self, writes: Sequence[Write]) -> Tally:
        tally = Tally()
        one_by_one(writes, lambda write: self._writer.write(write, tally), tally)
        return tally

    def _settle(self, error: CdcError) -> None:
        """Find out whether a COMMIT without an answer happened. Returns if it did; else raises what the loop has to know.

        The old commit may still be under way, so the row is read with a lock that waits for it.
        """
        lost = self._session
        lost.close()
        self._open()
        self._session.kill(lost.number, self._pipeline)
        self._session.lock(self._pipeline, "a session that is ending")
        found = sql.stored(self._session.rows(sql.select(self._pipeline, lock=True)))
        self._session.rollback()
        if found is None or found.epoch != self._epoch or found.seq not in (self._seq, self._seq + 1):
            raise self._fenced()
        if found.seq == self._seq:
            raise Unreachable(f"{error}; the transaction was not committed", error.hint) from error

    def _fenced(self) -> Fenced:
        return Fenced(
            f"{self._session.where}: another process moved the checkpoint of pipeline {self._pipeline}",
            "Let one process run the pipeline; the one that came last goes on.",
        )

    def ping(self) -> None:
        self._session.rows("select 1")
        self._session.rollback()

    def close(self) -> None:
        self._session.close()
