"""A replication connection: logging in, commands to rows, frames in and out, and its errors to ours."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from typing import TypeAlias

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, PGconn, PollingStatus
from psycopg.pq.abc import PGconn as Connection
from psycopg.pq.abc import PGresult

from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError, Misconfigured, Unreachable
from cdc.server.postgresql import PATIENCE, classify, conninfo, translated
from cdc.source.postgresql.session import SETTINGS

Answer: TypeAlias = Sequence[tuple[str | None, ...]]

OLDEST = 140000
"""The first version with logical messages in the stream; our transactions are marked by them."""

_WAITS = {PollingStatus.READING: select.POLLIN, PollingStatus.WRITING: select.POLLOUT}
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE, ExecStatus.EMPTY_QUERY)


class Walsender:
    """Takes the replication protocol's commands, whose keywords must be capitals, and plain SQL without parameters.

    psycopg offers replication in its `pq` layer only.
    """

    def __init__(self, endpoint: Endpoint, application: str) -> None:
        self.name = endpoint.name
        self._connection = _begun(endpoint, application)
        if self._connection.status != ConnStatus.OK:
            raise classify(psycopg.OperationalError(self._connection.get_error_message()), self.name)
        if self._connection.server_version < OLDEST:
            raise Misconfigured(f"{self.name}: the server is older than version 14, the first with logical messages", "Upgrade the server.")
        self._connection.nonblocking = 1
        self._poll = select.poll()
        self._poll.register(self._connection.socket, select.POLLIN)

    def execute(self, command: str) -> Answer:
        """Run a command and return its rows."""
        with translated(self.name):
            self.send(command)
            return self.answer()

    def send(self, command: str) -> None:
        """Send a command whose answer may take its time. Raises psycopg's errors, as `answer` does: the caller knows what they mean."""
        self._connection.send_query(command.encode())
        self._connection.flush()

    def answered(self, timeout: float | None) -> bool:
        """Wait for the answer, up to `timeout` seconds of silence (None: as long as it takes); return whether it has come."""
        while True:
            self._take_in()
            if not self._connection.is_busy():
                return True
            if not self.ready(timeout):
                return False

    def answer(self) -> Answer:
        """Return the rows of the command that was sent, or raise what the server said instead."""
        self.answered(None)
        rows: Answer = ()
        failure: psycopg.Error | None = None
        while result := self._connection.get_result():
            if result.status in _FAILED:
                failure = error_from_result(result)
            elif result.status == ExecStatus.COPY_BOTH:
                break
            rows = _rows(result)
        if failure is not None:
            raise failure
        return rows

    def frame(self) -> bytes | None:
        """Return the next frame that has come whole, or None. Raises when the server has ended the stream."""
        size, frame = self._next()
        if size < 0:
            raise self._ended()
        return bytes(frame) if size else None

    def ready(self, timeout: float | None) -> bool:
        """Wait until the server has sent more; return whether it has. Ask for frames first: under TLS some may have come already."""
        return bool(self._poll.poll(None if timeout is None else timeout * 1000))

    def put(self, frame: bytes) -> None:
        """Send a frame. Never waits: what the network does not take now goes with the next one."""
        with translated(self.name):
            self._connection.put_copy_data(frame)
            self._connection.flush()

    def end(self, patience: float) -> None:
        """End the stream in good order: when this returns in time, the slot is free and all acknowledgements have been read."""
        deadline = time.monotonic() + patience
        with translated(self.name):
            self._connection.put_copy_end()
            self._connection.flush()
        while (size := self._next()[0]) > 0 or (size == 0 and self.ready(max(0.0, deadline - time.monotonic()))):
            pass
        self.answered(max(0.0, deadline - time.monotonic()))

    def close(self) -> None:
        self._connection.finish()

    def _next(self) -> tuple[int, memoryview]:
        """Return the next frame's size and bytes; 0: none has come whole, -1: there are no more."""
        found = self._connection.get_copy_data(1)
        if found[0] == 0:
            self._take_in()
            return self._connection.get_copy_data(1)
        return found

    def _take_in(self) -> None:
        try:
            self._connection.consume_input()
        except psycopg.Error as error:
            raise classify(error, self.name) from error

    def _ended(self) -> CdcError:
        try:
            self.answer()
        except psycopg.Error as error:
            return classify(error, self.name)
        return Unreachable(f"{self.name}: the server has ended the stream")


def _begun(endpoint: Endpoint, application: str) -> Connection:
    """Log in, or fail to: the connection's status says which. libpq's own way to wait would keep all threads of the process waiting."""
    deadline = time.monotonic() + float(endpoint.options.get("connect_timeout", PATIENCE))
    connection: Connection = PGconn.connect_start(conninfo(endpoint, application, SETTINGS, replication="database").encode())
    while connection.status != ConnStatus.BAD and (wanted := _WAITS.get(PollingStatus(connection.connect_poll()))):
        arrivals = select.poll()  # libpq takes another socket for a host's next address
        arrivals.register(connection.socket, wanted)
        if not arrivals.poll(max(0.0, deadline - time.monotonic()) * 1000):
            connection.finish()
            raise Unreachable(f"{endpoint.name}: the server does not answer a login")
    return connection


def _rows(result: PGresult) -> Answer:
    return [tuple(_text(result.get_value(row, column)) for column in range(result.nfields)) for row in range(result.ntuples)]


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode()
