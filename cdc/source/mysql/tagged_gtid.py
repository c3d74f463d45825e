"""A tagged GTID's event to the GTID and the time of its commit. MySQL 8.3 and later write it for `gtid_next = 'AUTOMATIC:tag'`.

https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Gtid__event.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

from cdc.source.mysql.wire import Bytes

_UUID, _NUMBER, _TAG, _COMMITTED = 1, 2, 3, 6
_KNOWN = 12
"""Kinds of fields. The event says which of its fields a reader must know; none above these."""
_TAGS = re.compile("[a-z_][a-z0-9_]{0,31}|")


def read(body: bytes) -> tuple[str, int, int]:
    """Return `uuid:tag`, the transaction's number, and the time of its commit in microseconds.

    Fields are numbered, ascending, and may be left out; only its kind says how long one is. What stands behind the time is not needed.
    """
    data = Bytes(body)
    version, size, needed = data.varying(), data.varying(), data.varying()
    if version != 1 or size != len(body) or needed > _KNOWN:
        raise ValueError("a tagged GTID is written in a form that is not known here")
    found: dict[int, bytes | int] = {}
    while data.more() and (kind := data.varying()) < len(_FIELDS):
        found[kind] = _FIELDS[kind](data)
    uuid, number, tag, committed = (found.get(kind, 0) for kind in (_UUID, _NUMBER, _TAG, _COMMITTED))
    text = tag.decode("ascii") if isinstance(tag, bytes) else ""
    if not isinstance(uuid, bytes) or not isinstance(number, int) or number < 1 or not _TAGS.fullmatch(text):
        raise ValueError("a tagged GTID can't be read")
    source = str(UUID(bytes=uuid))
    return f"{source}:{text}" if text else source, number, int(committed)


def _uuid(data: Bytes) -> bytes:
    return bytes(data.varying() for _ in range(16))


def _text(data: Bytes) -> bytes:
    return data.take(data.varying())


_FIELDS: tuple[Callable[[Bytes], bytes | int], ...] = (
    Bytes.varying, _uuid, Bytes.varying_signed, _text, Bytes.varying_signed, Bytes.varying_signed, Bytes.varying,
)  # fmt: skip
"""Flags, uuid, number, tag, two logical clocks, time."""
