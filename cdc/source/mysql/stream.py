"""The binary log as a reader for the feed's thread: packets in, transactions out, silence watched."""

from __future__ import annotations

import time
from collections.abc import Sequence

from cdc.failpoint import reach
from cdc.model.change import Position, Transaction
from cdc.model.errors import CdcError, Unreachable
from cdc.server.mysql import translated
from cdc.source.mysql.assembler import Assembler
from cdc.source.mysql.driver import Dump
from cdc.source.mysql.packets import Packets, ended, refuse
from cdc.source.mysql.position import LogPosition


class LogReader:
    """Implements the feed's `Reader`."""

    def __init__(self, dump: Dump, assembler: Assembler, until: LogPosition | None, where: str) -> None:
        self._dump = dump
        self._assembler = assembler
        self._until = until
        self._where = where
        self._packets = Packets()
        self._heard = time.monotonic()
        self._failure: CdcError | None = None

    def receive(self, timeout: float) -> tuple[Sequence[Transaction], bool]:
        """Take what one call gives. What came before an unknown event is returned first."""
        if self._failure:
            raise self._failure
        with translated(self._where):
            piece = self._dump.receive(timeout)
        if piece is None:
            if time.monotonic() - self._heard > self._dump.silence:
                raise Unreachable(f"{self._where}: the server has been silent for {self._dump.silence} seconds")
            return (), False
        if not piece:
            ended(self._where)
        self._heard = time.monotonic()
        reach("source.read")
        done: list[Transaction] = []
        try:
            self._take(piece, done)
        except CdcError as error:
            self._failure = error
            return done, True
        return done, self._dump.more()

    def upto(self) -> Position:
        return self._assembler.progress.idle()

    def seen(self) -> Position:
        return self._assembler.progress.text()

    def finished(self) -> bool:
        return self._until is not None and self._assembler.progress.reached(self._until)

    def keepalive(self) -> None:
        """The server asks for none."""

    def close(self) -> None:
        self._dump.close()

    def _take(self, piece: bytes, done: list[Transaction]) -> None:
        event = self._assembler.event
        bounded = self._until is not None
        for data, at, end in self._packets.add(piece):
            if bounded and self.finished():
                return  # what comes behind the asked end is in the next snapshot, or not
            if data[at]:
                if data[at] == 0xFE:
                    ended(self._where)
                refuse(data, at, end, self._where)
            if transaction := event(data, at + 1, end):
                done.append(transaction)
