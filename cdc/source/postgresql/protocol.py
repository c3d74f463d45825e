"""Frames of the replication protocol, with pgoutput's messages of version 1 in them, to values. Pure; text mode only.

https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
"""

from __future__ import annotations

import struct

from cdc.model.table import TableName
from cdc.model.value import value

XLOG_DATA, KEEPALIVE = ord("w"), ord("k")
KIND = 25
"""Where pgoutput's message begins in a frame: behind `w`, the frame's LSN, the log's end and the clock."""
OID = KIND + 1
"""Where the relation's oid stands in an insert, update or delete."""
TUPLE = KIND + 6
"""Where the first tuple's columns stand in an insert, update or delete; the byte before tells which tuple it is."""

EPOCH = 946_684_800
"""PostgreSQL's epoch, 2000-01-01 00:00:00+00, in seconds of Unix's."""

_KEEPALIVE = struct.Struct("!cQqB")
_FEEDBACK = struct.Struct("!cQQQqB")
_BEGIN = struct.Struct("!QqI")
_COMMIT = struct.Struct("!BQQq")
_MESSAGE = struct.Struct("!BQ")
_ATTRIBUTE = struct.Struct("!Ii")
_INT32 = struct.Struct("!I")


@value
class Attribute:
    name: str
    oid: int
    modifier: int
    key: bool
    """A column of the replica identity; under FULL every column is one."""


@value
class Relation:
    oid: int
    name: TableName
    whole: bool
    """The replica identity is FULL: old tuples are whole rows."""
    attributes: tuple[Attribute, ...]


def keepalive(frame: bytes) -> tuple[int, bool]:
    """Return the log's end up to which all has been sent, and whether the server wants an answer at once."""
    _, end, _, reply = _KEEPALIVE.unpack(frame)
    return end, bool(reply)


def feedback(confirmed: int, clock: float, *, reply: bool) -> bytes:
    """Return the frame that tells the server what is durable: written, flushed and applied are one thing here."""
    return _FEEDBACK.pack(b"r", confirmed, confirmed, confirmed, int((clock - EPOCH) * 1_000_000), reply)


def begin(frame: bytes) -> float:
    """Return the transaction's commit time in seconds of Unix's epoch."""
    _, clock, _ = _BEGIN.unpack_from(frame, OID)
    return float(EPOCH + clock / 1_000_000)


def ending(frame: bytes) -> int:
    """Return where the commit stands in the log of the transaction that a begin message opens."""
    at, _, _ = _BEGIN.unpack_from(frame, OID)
    return int(at)


def number(frame: bytes) -> int:
    """Return the number of the transaction that a begin message opens."""
    _, _, xid = _BEGIN.unpack_from(frame, OID)
    return int(xid)


def commit(frame: bytes) -> int:
    """Return the LSN of the transaction's end."""
    _, _, end, _ = _COMMIT.unpack_from(frame, OID)
    return int(end)


def message(frame: bytes) -> tuple[bool, str, bytes]:
    """Return a logical message: whether it belongs to the transaction, prefix, and content."""
    flags, _ = _MESSAGE.unpack_from(frame, OID)
    prefix, at = _string(frame, OID + _MESSAGE.size)
    if _int32(frame, at) != len(frame) - at - 4:
        raise ValueError("a logical message has another size than it says")
    return bool(flags & 1), prefix, frame[at + 4 :]


def type_name(frame: bytes) -> tuple[int, str]:
    """Return a type's oid and name; a domain's name is that of its base."""
    schema, at = _string(frame, OID + 4)
    name, _ = _string(frame, at)
    return _int32(frame, OID), f"{schema or 'pg_catalog'}.{name}"


def truncated(frame: bytes) -> tuple[int, ...]:
    """Return the oids of the relations that were truncated."""
    return struct.unpack_from(f"!{_int32(frame, OID)}I", frame, OID + 5)


def relation(frame: bytes) -> Relation:
    schema, at = _string(frame, OID + 4)
    name, at = _string(frame, at)
    whole, count, at = frame[at] == ord("f"), frame[at + 1] << 8 | frame[at + 2], at + 3
    attributes = []
    for _ in range(count):
        column, after = _string(frame, at + 1)
        oid, modifier = _ATTRIBUTE.unpack_from(frame, after)
        attributes.append(Attribute(column, oid, modifier, bool(frame[at] & 1)))
        at = after + _ATTRIBUTE.size
    return Relation(_int32(frame, OID), TableName(schema or "pg_catalog", name), whole, tuple(attributes))


def _int32(frame: bytes, at: int) -> int:
    (number,) = _INT32.unpack_from(frame, at)
    return int(number)


def _string(frame: bytes, at: int) -> tuple[str, int]:
    end = frame.index(0, at)
    return frame[at:end].decode(), end + 1
