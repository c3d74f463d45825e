"""A batch's transaction on a session: begun and fenced, committed or undone; or its part of one, which is a savepoint."""

from __future__ import annotations

from contextlib import suppress

import psycopg
from psycopg.pq import TransactionStatus

from cdc.model.errors import Transient
from cdc.model.write import Applied, Batch
from cdc.target.postgresql.fence import Fence
from cdc.target.tally import Tally
from cdc.target.underway import Underway


class Transactions:
    """One session's, one after the other."""

    def __init__(self, connection: psycopg.Connection, fence: Fence, where: str) -> None:
        self._connection, self._fence, self._where = connection, fence, where
        self._underway = Underway()

    def begin(self, batch: Batch) -> None:
        self._connection.execute("begin" if batch.begins else "savepoint part")

    def fence(self, batch: Batch) -> psycopg.Cursor | None:
        """Queue what moves the checkpoint; `Fence.prove` reads the result."""
        return self._fence.swap(batch, self._underway.writes)

    def open(self, batch: Batch) -> None:
        """Begin, and prove that we may."""
        with self._connection.pipeline():
            self.begin(batch)
            self._fence.prove(self.fence(batch))

    def counted(self, batch: Batch, tally: Tally) -> Applied:
        return self._underway.takes(batch, tally)

    def prove_part(self, batch: Batch) -> None:
        """Let what a part breaks show while its rows are at hand. COMMIT would find it when they are gone."""
        if batch.begins and batch.ends:
            return
        self._connection.execute("set constraints all immediate")
        self._connection.execute("set constraints all deferred")
        if not batch.begins:
            self._connection.execute("release savepoint part")

    def undo(self, batch: Batch) -> None:
        """Undo what the batch did; what parts before it did stays."""
        with suppress(psycopg.Error):  # the error that brought us here says more; a lost connection has rolled back by itself
            if self._connection.info.transaction_status is not TransactionStatus.IDLE:
                self._connection.execute("rollback" if batch.begins else "rollback to savepoint part")

    def commit(self) -> None:
        try:
            ended = self._connection.execute("commit").statusmessage
        except psycopg.OperationalError as error:
            if not self._connection.closed:
                raise
            self._fence.settle(error)
        else:
            if ended != "COMMIT":
                raise Transient(f"{self._where}: the server answered COMMIT with {ended}")
        self._fence.moved()
