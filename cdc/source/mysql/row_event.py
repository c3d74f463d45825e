"""A row event's body to changes of a table whose shape is known.

https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Rows__event.html
https://mariadb.com/kb/en/rows_event_v1v2-rows_compressed_event_v1/
"""

from __future__ import annotations

from cdc.model.change import Change, Op
from cdc.source.mysql import compression, versioned
from cdc.source.mysql.events import RowEvent
from cdc.source.mysql.shapes import Shape


def changes(shape: Shape, kind: RowEvent, data: bytes, at: int, end: int) -> list[Change]:
    """Read the body behind table id and flags: extra data, the number of columns, bitmaps of those that are there, then the images."""
    if kind.extra:
        at += data[at] | data[at + 1] << 8
    count = data[at]
    at += 1
    if count > 250:
        if count != 252:
            raise ValueError("a row event has more columns than a table can have")
        count = data[at] | data[at + 1] << 8
        at += 2
    table, op = shape.table, kind.op
    if count != len(table.columns):
        raise ValueError("a row event has another number of columns than its table")
    size = (count + 7) // 8
    columns, at = data[at : at + size], at + size
    after = b""
    if op is Op.UPDATE:
        after, at = data[at : at + size], at + size
    if kind.compressed:
        data = compression.event_part(data, at, end)
        at, end = 0, len(data)
    if op is Op.UPDATE:
        pairs = shape.partial.pairs if kind.partial else shape.decoder.pairs
        made = [Change(table, op, old, new) for old, new in pairs(data, at, end, columns, after)]
    else:
        rows = shape.decoder.images(data, at, end, columns)
        made = [Change(table, op, None, row) for row in rows] if op is Op.INSERT else [Change(table, op, row, None) for row in rows]
    return made if shape.end is None else versioned.current(made, shape.end)
