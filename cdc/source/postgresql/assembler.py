"""pgoutput's frames to whole transactions of the wanted tables, with our own echoes counted, and to the position that may be kept."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cdc.model.change import Change, Op, Origin, Part, Position, Transaction
from cdc.model.errors import UnknownEvent
from cdc.model.table import Table
from cdc.source.echo import NOTHING, Told
from cdc.source.feed import PART_ROWS, PART_SIZE
from cdc.source.postgresql import protocol
from cdc.source.postgresql.position import Place, position
from cdc.source.postgresql.protocol import KIND, OID
from cdc.source.postgresql.rows import DECODE
from cdc.source.postgresql.shapes import Shapes
from cdc.source.postgresql.visible import Unseen
from cdc.sql.ledger import HEARTBEAT_PREFIX, MESSAGE_PREFIX

_MOMENT = re.compile(rb"\d{1,12}(\.\d{1,9})?")
_STRANGE = "This is a bug, or a server of a newer protocol."
_NO_ROWS: Mapping[int, Callable[[Table, bytes], Change]] = {}
_MALFORMED = (ValueError, IndexError, OverflowError, struct.error)
"""What reading a message raises that does not keep to the protocol."""
QUIET = 1024 * 1024
"""Bytes of log without a row for us after which the position moves all the same. A much smaller step could be our own
writes on this server, and two pipelines would answer each other's checkpoints for ever."""


class Assembler:
    """Take frames in their order; `taken` hands out what they have completed."""

    def __init__(self, shapes: Shapes, target: str, after: Place, until: int | None = None, told: Told = NOTHING) -> None:
        self.unseen = Unseen()
        self.upto = after.lsn
        """All before has been handed out, and may be confirmed once that is durable."""
        self.received = after.lsn
        """The log's end as far as the server has told of it."""
        self._shapes, self.remarks = shapes, shapes.remarks
        self._target = target
        self._told, self._tells = told, told.tables
        self._place = after
        self._until = until
        self._completed: list[Transaction | Part] = []
        self._changes: list[Change] = []
        self._size = 0
        self._committed_at = self._beat = 0.0
        self._number = self._end = 0
        self._origin: Origin = ()
        self._echoes = 0
        self._inside = self._parted = False
        self._handlers: dict[int, Callable[[bytes], None]] = {
            ord("B"): self._begin, ord("C"): self._commit, ord("M"): self._message, ord("R"): shapes.learn, ord("Y"): shapes.name_type,
            **dict.fromkeys(DECODE, self._count), ord("T"): self._truncate, ord("O"): _ignore,
        }  # fmt: skip
        self._rows = DECODE
        """Kinds of row that are decoded now; the others are counted."""

    def decode(self, frame: bytes) -> None:
        """Take in one frame of log. Raises `UnknownEvent` on a message that version 1 does not have."""
        try:
            if read := self._rows.get(frame[KIND]):
                if table := self._shapes[frame[OID : OID + 4]]:
                    self._changes.append(read(table, frame))
                    self._size += len(frame)
                return
            handle = self._handlers.get(frame[KIND])
            if handle is None:
                raise UnknownEvent(f"the log has a message of kind {chr(frame[KIND])!r}", _STRANGE)
            handle(frame)
        except _MALFORMED as error:
            raise UnknownEvent(f"a message of the log can't be read, of kind {frame[KIND : KIND + 1]!r}", _STRANGE) from error

    def keepalive(self, frame: bytes) -> bool:
        """Take in a sign of life; return whether the server wants an answer at once."""
        try:
            end, reply = protocol.keepalive(frame)
        except _MALFORMED as error:
            raise UnknownEvent("a sign of life of the server can't be read", _STRANGE) from error
        self.received = max(self.received, end)
        told = end if self._until is None else min(end, self._until)
        if told - self.upto >= QUIET and not self._inside:
            self.upto = told
        return reply

    def taken(self) -> Sequence[Transaction | Part]:
        """Return what was completed since the last call, and what has come of the open transaction, if that is much.

        It is committed: version 1 sends no other.
        """
        if self._inside and (len(self._changes) >= PART_ROWS or self._size >= PART_SIZE):
            self.unseen.add(self._number)
            echo = self._target in self._origin
            self._completed.append(Part(self._changes, self._at(self._end), self._committed_at, self._origin, self._size, echo))
            self._changes, self._size, self._parted = [], 0, True
        completed, self._completed = self._completed, []
        return completed

    def finished(self) -> bool:
        return self._until is not None and self.received >= self._until

    def position(self) -> Position:
        return self._at(self.upto)

    def seen(self) -> Position:
        """Return the end of what has been handed out or left out: the log's end as the server told of it, or the end asked for."""
        return self._at(self.received if self._until is None else min(self.received, self._until))

    def _at(self, lsn: int) -> Position:
        return position(replace(self._place, lsn=lsn))

    def _begin(self, frame: bytes) -> None:
        self._committed_at, self._number, self._end = protocol.begin(frame), protocol.number(frame), protocol.ending(frame)
        self._changes, self._origin, self._echoes, self._size = [], (), 0, 0
        self._inside, self._parted, self._beat = True, False, 0.0
        beyond = self._until is not None and self._end >= self._until
        self._rows = _NO_ROWS if beyond else DECODE

    def _commit(self, frame: bytes) -> None:
        """Close the transaction. One without a row for us moves the position, unless it is marked: then it is a pipeline's checkpoint."""
        end, changes, echoes = protocol.commit(frame), self._changes, self._echoes
        self._inside = False
        self.received = max(self.received, end)
        if self._until is not None and end > self._until and not self._parted:
            return
        if changes:
            self.unseen.add(self._number)
        if changes or echoes or self._beat or self._parted:
            self._completed.append(Transaction(changes, self._at(end), self._committed_at, self._origin, echoes, self._beat, self._size))
        if changes or self._parted or not self._origin:
            self.upto = end

    def _message(self, frame: bytes) -> None:
        """The first message of ours in a transaction is its marker; an echo's rows are counted from there on, not decoded."""
        transactional, prefix, content = protocol.message(frame)
        if transactional and prefix == MESSAGE_PREFIX and not self._origin:
            if self._parted:
                raise UnknownEvent("a transaction says behind its rows where they came from", _STRANGE)
            self._origin = tuple(content.decode(errors="replace").split(","))
            if self._target in self._origin:
                self._tells = self._told.of(self._origin) if self._rows else frozenset()
                self._rows, self._echoes, self._changes = _NO_ROWS, self._echoes + len(self._changes), []
        elif transactional and prefix == HEARTBEAT_PREFIX:
            self._beat = heartbeat(content)

    def _truncate(self, frame: bytes) -> None:
        for oid in protocol.truncated(frame):
            if table := self._shapes[oid.to_bytes(4)]:
                if self._rows:
                    self._changes.append(Change(table, Op.TRUNCATE, None, None))
                else:
                    self._echoes += 1

    def _count(self, frame: bytes) -> None:
        if table := self._shapes[frame[OID : OID + 4]]:
            self._echoes += 1
            if self._tells and table.name in self._tells:
                self._changes.append(DECODE[frame[KIND]](table, frame))
                self._size += len(frame)


def heartbeat(content: bytes) -> float:
    """Return when a heartbeat was written; 0 where somebody else's message has our prefix."""
    moment = content.rpartition(b",")[2]
    return float(moment) if _MOMENT.fullmatch(moment) else 0.0


def _ignore(frame: bytes) -> None:
    """A replication origin is another product's mark: ours is a message."""
