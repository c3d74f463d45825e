"""The kinds of binary log events: which hold rows, which mean nothing to a reader of rows, and which can't be read."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct

HEADER = Struct("<IBIIIH").unpack_from
"""Time, kind, server id, size, offset of the next event, flags."""
HEADER_SIZE = 19
ARTIFICIAL = 0x20
"""A flag: the server made the event for this connection; it stands in no file."""

QUERY, ROTATE, FORMAT, XID, TABLE_MAP, HEARTBEAT, HEARTBEAT_V2 = 2, 4, 15, 16, 19, 27, 41
WRITE_V1, UPDATE_V1, DELETE_V1, WRITE, UPDATE, DELETE = 23, 24, 25, 30, 31, 32
GTID, ANONYMOUS_GTID, XA_PREPARE = 33, 34, 38
MARIADB_GTID = 162
INSERTS, UPDATES, DELETES = (WRITE_V1, WRITE), (UPDATE_V1, UPDATE), (DELETE_V1, DELETE)

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
_UNCOMPRESSED = "set global log_bin_compress = off; what is logged compressed can't be read."

TABLE_REFUSED: Mapping[int, tuple[str, str]] = {
    39: ("a partial update of a JSON column", "set global binlog_row_value_options = '';"),
    **dict.fromkeys((166, 167, 168, 169, 170, 171), ("a compressed row event", _UNCOMPRESSED)),
}
"""Row events that can't be read; they begin with the table's id, so those of tables that nobody wants are passed over."""

REFUSED: Mapping[int, tuple[str, str]] = {
    **dict.fromkeys((5, 13, 14), ("a variable of a statement that is logged as text", _FORMAT_HINT)),
    **dict.fromkeys((6, 8, 9, 10, 11, 12, 17, 18), ("a LOAD DATA statement that is logged as text", _FORMAT_HINT)),
    **dict.fromkeys((20, 21, 22), ("a row event in the format before MySQL 5.1", "Upgrade the server.")),
    26: ("an incident: the server lost events", "Look into the server's error log."),
    40: ("a compressed transaction", "set global binlog_transaction_compression = off; what is logged compressed can't be read."),
    42: ("a tagged GTID", "Don't set gtid_next = 'AUTOMATIC:tag' in sessions on this server."),
    165: ("a compressed statement", _UNCOMPRESSED),
}
