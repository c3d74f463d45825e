"""The binary log as a reader for the feed's thread: packets in, transactions out, silence watched."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from cdc.failpoint import reach
from cdc.model.change import Part, Position, Transaction
from cdc.model.errors import CdcError, Unreachable
from cdc.server.mysql import translated
from cdc.source.feed import PART_ROWS
from cdc.source.mysql.assembler import Assembler, Piece
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
        self._taking: Iterator[Piece] | None = None
        """What is left of the bytes that were received last: a compressed transaction in them may be of any size."""

    def receive(self, timeout: float) -> tuple[Sequence[Transaction | Part], bool]:
        """Take what one call gives. What came before an unknown event is returned first."""
        if self._failure:
            raise self._failure
        if self._taking is None and not self._heard_more(timeout):
            return (), False
        done: list[Piece] = []
        try:
            more = self._take(done)
        except CdcError as error:
            self._failure = error
            return done, True
        return done, more or self._dump.more()

    def _heard_more(self, timeout: float) -> bool:
        """Wait for bytes; return whether some came."""
        with translated(self._where):
            piece = self._dump.receive(timeout)
        if piece is None:
            if time.monotonic() - self._heard > self._dump.silence:
                raise Unreachable(f"{self._where}: the server has been silent for {self._dump.silence} seconds")
            return False
        if not piece:
            ended(self._where)
        self._heard = time.monotonic()
        reach("source.read")
        self._taking = self._pieces(piece)
        return True

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

    def _take(self, done: list[Piece]) -> bool:
        """Take what is left of the bytes, up to about a part; return whether there is more of them."""
        assert self._taking is not None
        rows = 0
        for made in self._taking:
            done.append(made)
            rows += len(made.changes)
            if rows >= PART_ROWS:
                return True
        self._taking = None
        return False

    def _pieces(self, piece: bytes) -> Iterator[Piece]:
        event = self._assembler.event
        bounded = self._until is not None
        for data, at, end in self._packets.add(piece):
            if bounded and self.finished():
                return  # what comes behind the asked end is in the next snapshot, or not
            if data[at]:
                if data[at] == 0xFE:
                    ended(self._where)
                refuse(data, at, end, self._where)
            if made := event(data, at + 1, end):
                if isinstance(made, Transaction | Part):
                    yield made
                else:
                    yield from made
