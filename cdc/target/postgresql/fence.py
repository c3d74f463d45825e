"""A pipeline's lock and its row of `cdc.checkpoint`: who may write, and from which position."""

from __future__ import annotations

import os
import socket
import time

import psycopg
from psycopg import errors

from cdc.failpoint import reach
from cdc.model.change import Position
from cdc.model.endpoint import Endpoint
from cdc.model.errors import Fenced, Held, Misconfigured, ParkedChanged, Unreachable
from cdc.model.write import Batch, Checkpoint, Phase
from cdc.sql import postgresql_checkpoint as sql
from cdc.target.lost import is_lost
from cdc.target.parked import StoredRows
from cdc.target.postgresql.session import open_session

_PATIENCE = 10.0
"""Seconds in which a killed process's session ends: the server notices a closed socket at once, a lost machine it does not."""


class Fence:
    """One session's right to move the checkpoint."""

    def __init__(self, connection: psycopg.Connection, endpoint: Endpoint, pipeline: str, parked: StoredRows) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._pipeline = pipeline
        self._parked = parked
        self._seq = self._epoch = -1

    def take(self) -> Checkpoint:
        """Take the lock, raise the epoch, and read the checkpoint. Raises `Held` or `Misconfigured`."""
        try:
            self._lock()
            row = self._connection.execute(sql.TAKE.encode(), (self._pipeline, f"{socket.gethostname()}:{os.getpid()}")).fetchone()
        except (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn) as error:
            raise Misconfigured(
                f"{self._endpoint.name}: the table cdc.checkpoint does not exist, or is an earlier version's", "Run `cdc setup`."
            ) from error
        assert row is not None
        self._seq, self._epoch, self._parked.version, *rest = row
        return stored(*rest)

    def _lock(self) -> None:
        until = time.monotonic() + _PATIENCE
        key = sql.lock_key(self._pipeline)
        self._end_lost(key)
        while not self._locked(key):
            if time.monotonic() > until:
                who = holder(self._connection, self._pipeline) or "a session that has just ended"
                raise Held(f"{self._endpoint.name}: pipeline {self._pipeline} is held by {who}", "Stop the other process, or let it run.")
            time.sleep(0.2)

    def _end_lost(self, key: int) -> None:
        """End a session that we have given up and that the server has not noticed to be lost: it would keep the lock."""
        row = self._connection.execute(sql.HOLDER.encode(), (key, self._pipeline)).fetchone()
        if row is not None and is_lost(self._endpoint, row[1]):
            self._connection.execute(sql.END.encode(), (row[1],))

    def _locked(self, key: int) -> bool:
        row = self._connection.execute(sql.LOCK.encode(), (key,)).fetchone()
        return row is not None and bool(row[0])

    def swap(self, batch: Batch, before: int) -> psycopg.Cursor | None:
        """Queue the move of the checkpoint; its result has a row when it is still ours. `before`: writes of the parts before this one.

        The first part fences and marks, the last one moves the position, and those between them have nothing to do.
        """
        if not batch.begins:
            end = (self._pipeline, self._seq, self._epoch, batch.upto, batch.phase.value, batch.newest, before + len(batch.writes))
            return self._connection.execute(sql.MOVE.encode(), end) if batch.ends else None
        path = ",".join(batch.origin)
        given = (
            self._pipeline,
            self._seq,
            self._epoch,
            batch.upto if batch.ends else batch.after,
            batch.phase.value,
            path,
            batch.newest if batch.ends else 0.0,
            len(batch.writes) if batch.ends else 0,
            self._parked.version,
        )
        swapped = self._connection.execute(sql.SWAP.encode(), given)
        reach("apply.begin")
        return swapped

    def prove(self, swapped: psycopg.Cursor | None) -> None:
        """Raise `Fenced` when the checkpoint was not ours to move, `ParkedChanged` when an operator has been there."""
        if swapped is not None and swapped.fetchone() is None:
            row = self._connection.execute(sql.SETTLE.encode(), (self._pipeline,)).fetchone()
            raise ParkedChanged if row == (self._seq, self._epoch) else self._fenced()

    def moved(self) -> None:
        """Note that a swap was committed."""
        self._seq += 1

    def settle(self, lost: psycopg.Error) -> None:
        """Find out whether a COMMIT without an answer took place; raise `Unreachable` when it did not."""
        with open_session(self._endpoint, self._pipeline) as connection:
            row = connection.execute(sql.SETTLE.encode(), (self._pipeline,)).fetchone()
        if row == (self._seq, self._epoch):
            raise Unreachable(f"{self._endpoint.name}: the connection was lost at COMMIT, which did not take place") from lost
        if row != (self._seq + 1, self._epoch):
            raise self._fenced() from lost

    def _fenced(self) -> Fenced:
        return Fenced(
            f"{self._endpoint.name}: another process moved the checkpoint of pipeline {self._pipeline}",
            "Let one process run the pipeline; `cdc status` names the one that holds it.",
        )


def holder(connection: psycopg.Connection, pipeline: str) -> str | None:
    """Return who has the pipeline's lock, in words; None: nobody."""
    with psycopg.RawCursor(connection) as cursor:
        row = cursor.execute(sql.HOLDER.encode(), (sql.lock_key(pipeline), pipeline)).fetchone()
    return f"{row[0]} (server process {row[1]}, client {row[2]})" if row else None


def stored(position: str | None, phase: str, rows: int, newest: float) -> Checkpoint:
    return Checkpoint(None if position is None else Position(position), Phase(phase), rows, newest)
