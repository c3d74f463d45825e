"""Updates that log of a JSON column only what changed in it, to whole rows: the old image has the document, the new one the changes.

https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Rows__event.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from cdc.model.change import ABSENT, Row, Value
from cdc.model.errors import Misconfigured
from cdc.model.table import Table
from cdc.model.types import Kind
from cdc.source.mysql.json_diff import changed
from cdc.source.mysql.json_text import json_text
from cdc.source.mysql.pieces import Piece
from cdc.source.mysql.position import RELOAD
from cdc.source.mysql.rows import RowDecoder

_PARTIAL = 1
"""The one option that a row has: some of its documents are changes."""

_Images: TypeAlias = Sequence[Any]
"""A row whose JSON columns are bytes."""


class PartialUpdates:
    """Reads such updates of one table's shape. JSON columns are left in their bytes until both images are there."""

    def __init__(self, table: Table, pieces: Sequence[Piece]) -> None:
        self._table = table
        self._documents = [place for place, column in enumerate(table.columns) if column.type.kind is Kind.JSON]
        raw = [replace(piece, result="raw") if place in self._documents else piece for place, piece in enumerate(pieces)]
        self._decoder = RowDecoder(table, raw, table.key)

    def pairs(self, data: bytes, at: int, end: int, before: bytes, after: bytes) -> list[tuple[Row, Row]]:
        """Read the old and new images of an update event, each new one led by its option and a bit for each JSON column of the table."""
        old_patterns, new_patterns = self._decoder.named(before), self._decoder.changed(after)
        rows = []
        while at < end:
            start = at + old_patterns.width
            old, at = old_patterns[data[at:start]](data, start)
            option, at = data[at], at + 1
            if option > _PARTIAL:
                raise ValueError("a row is logged in a way that is not known here")
            size = (len(self._documents) + 7) // 8 if option else 0
            bits, at = int.from_bytes(data[at : at + size], "little"), at + size
            start = at + new_patterns.width
            new, at = new_patterns[data[at:start]](data, start)
            rows.append(self._whole(old, new, bits))
        if at != end:
            raise ValueError("a row ends behind its event")
        return rows

    def _whole(self, old: _Images, new: _Images, bits: int) -> tuple[Row, Row]:
        before, after = list(old), [o if n is ABSENT else n for o, n in zip(old, new, strict=True)]
        for order, place in enumerate(self._documents):
            before[place] = _text(old[place])
            after[place] = self._changed(place, old[place], new[place]) if bits >> order & 1 else _text(after[place])
        return tuple(before), tuple(after)

    def _changed(self, place: int, document: Any, changes: Any) -> str:
        if document is ABSENT:
            raise Misconfigured(
                f"{self._table.name}: the binary log holds changes of column {self._table.columns[place].name} without the document before them",
                f"set global binlog_row_image = FULL; or set global binlog_row_value_options = ''; {RELOAD}",
            )
        if not isinstance(document, bytes) or not isinstance(changes, bytes):
            raise ValueError("changes of a JSON document that is not there")  # noqa: TRY004, the log is damaged
        return changed(document, changes)


def _text(document: Any) -> Value:
    return json_text(document) if isinstance(document, bytes) else document
