"""The kinds of binary log events: which hold rows, which mean nothing to a reader of rows, and which can't be read."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct

from cdc.model.change import Op
from cdc.model.errors import UnknownEvent
from cdc.model.value import value

HEADER = Struct("<IBIIIH").unpack_from
"""Time, kind, server id, size, offset of the next event, flags."""
HEADER_SIZE = 19
FIRST = 4
"""Offset of a file's first event."""
ARTIFICIAL = 0x20
"""A flag: the server made the event for this connection; it stands in no file."""

QUERY, ROTATE, FORMAT, XID, TABLE_MAP, HEARTBEAT, HEARTBEAT_V2 = 2, 4, 15, 16, 19, 27, 41
GTID, ANONYMOUS_GTID, XA_PREPARE, PAYLOAD, TAGGED_GTID = 33, 34, 38, 40, 42
MARIADB_GTID, COMPRESSED_QUERY = 162, 165
BEGINNINGS = (MARIADB_GTID, GTID, ANONYMOUS_GTID, TAGGED_GTID)


@value
class RowEvent:
    """What a kind of row event means, and how its body is written."""

    op: Op
    extra: bool = False
    """The second version of the format: more data may stand before the columns."""
    compressed: bool = False
    """All behind the columns' bitmaps is compressed (MariaDB)."""
    partial: bool = False
    """New images may hold what changed in a JSON document instead of the document (MySQL)."""


ROWS: Mapping[int, RowEvent] = {
    **{23 + place: RowEvent(op) for place, op in enumerate((Op.INSERT, Op.UPDATE, Op.DELETE))},
    **{30 + place: RowEvent(op, extra=True) for place, op in enumerate((Op.INSERT, Op.UPDATE, Op.DELETE))},
    39: RowEvent(Op.UPDATE, extra=True, partial=True),
    **{166 + place: RowEvent(op, compressed=True) for place, op in enumerate((Op.INSERT, Op.UPDATE, Op.DELETE))},
    **{169 + place: RowEvent(op, extra=True, compressed=True) for place, op in enumerate((Op.INSERT, Op.UPDATE, Op.DELETE))},
}

HARMLESS = frozenset(
    (
        3,  # the server stopped
        28,  # marked as ignorable by the server
        29,  # the text of the statement behind the next rows
        35,  # GTIDs of the files before
        37,  # a new view of a replication group
        160,  # the text of the statement behind the next rows
        161,  # which file a recovery would begin with
        163,  # GTIDs of the files before
        164,  # the file is encrypted; the server decrypts what it sends
    )
)

_FORMAT_HINT = "set global binlog_format = ROW; and end the sessions that still log statements."

REFUSED: Mapping[int, tuple[str, str]] = {
    **dict.fromkeys((5, 13, 14), ("a variable of a statement that is logged as text", _FORMAT_HINT)),
    **dict.fromkeys((6, 8, 9, 10, 11, 12, 17, 18), ("a LOAD DATA statement that is logged as text", _FORMAT_HINT)),
    **dict.fromkeys((20, 21, 22), ("a row event in the format before MySQL 5.1", "Upgrade the server.")),
    26: ("an incident: the server lost events", "Look into the server's error log."),
}


def refused(kind: int) -> UnknownEvent:
    what, hint = REFUSED.get(kind, ("an event that is not known here", "Report it with the server's version."))
    return UnknownEvent(f"the binary log holds {what} (event kind {kind})", hint)
