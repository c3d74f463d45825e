"""A row event's images to rows of canonical text."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.model.change import ABSENT, Row
from cdc.model.errors import Misconfigured
from cdc.model.table import Table
from cdc.source.mysql.generated import ReadRow, any_pattern, one_pattern
from cdc.source.mysql.pieces import Piece
from cdc.source.mysql.position import RELOAD

_COMMON = 8
"""A pattern of NULLs seen so often gets a function of its own."""
_FUNCTIONS = 200
_COUNTED = 5_000
_BITMAPS = 1_000
"""Sets of columns that are logged without the others: sessions that log less may make any."""


class RowDecoder:
    """Reads the images of one table's shape."""

    def __init__(self, table: Table, pieces: Sequence[Piece], key: Sequence[int]) -> None:
        """`key`: positions of the columns without which a row can't be told from others."""
        self._table, self._key = table, key
        self._pieces = pieces
        self._named: dict[bytes, Patterns] = {}
        """By the bitmap of columns that are there, the key's among them."""
        self._changed: dict[bytes, Patterns] = {}
        """The same for an update's new images, which may lack the key."""

    def images(self, data: bytes, at: int, end: int, columns: bytes) -> list[Row]:
        """Read the images of an insert or delete event; `columns` is its bitmap of columns that are there."""
        patterns = self._named.get(columns)
        if patterns is None:
            patterns = self.named(columns)
        width = patterns.width
        rows = []
        while at < end:
            start = at + width
            row, at = patterns[data[at:start]](data, start)
            rows.append(row)
        if at != end:
            raise ValueError("a row ends behind its event")
        return rows

    def pairs(self, data: bytes, at: int, end: int, before: bytes, after: bytes) -> list[tuple[Row, Row]]:
        """Read the old and new images of an update event. A column that only the old image carries has not changed."""
        old_patterns, new_patterns = self.named(before), self.changed(after)
        old_width, new_width = old_patterns.width, new_patterns.width
        rows = []
        while at < end:
            start = at + old_width
            old, at = old_patterns[data[at:start]](data, start)
            start = at + new_width
            new, at = new_patterns[data[at:start]](data, start)
            rows.append((old, new))
        if at != end:
            raise ValueError("a row ends behind its event")
        if new_patterns.whole:
            return rows
        return [(old, tuple(o if n is ABSENT else n for o, n in zip(old, new, strict=True))) for old, new in rows]

    def named(self, columns: bytes) -> Patterns:
        """Return the functions for images with these columns. Without its key a row can't be told from others: that stops."""
        known = self._named.get(columns)
        return self._made(self._named, columns, self._key) if known is None else known

    def changed(self, columns: bytes) -> Patterns:
        """Return the functions for an update's new images with these columns."""
        known = self._changed.get(columns)
        return self._made(self._changed, columns, ()) if known is None else known

    def _made(self, known: dict[bytes, Patterns], columns: bytes, key: Sequence[int]) -> Patterns:
        bits = int.from_bytes(columns, "little")
        present = [piece if bits >> place & 1 else None for place, piece in enumerate(self._pieces)]
        if present.count(None) == len(present) or not all(present[place] for place in key):
            raise Misconfigured(
                f"{self._table.name}: the binary log holds a row without its key", f"set global binlog_row_image = FULL; {RELOAD}"
            )
        if len(known) >= _BITMAPS:
            known.clear()
        patterns = known[columns] = Patterns(present)
        return patterns


class Patterns(dict[bytes, ReadRow]):
    """Bitmap of NULLs → the function that reads such a row. Compiling costs as much as reading a thousand rows, so the rare ones share one."""

    def __init__(self, pieces: Sequence[Piece | None]) -> None:
        """`pieces`: None stands for a column that is not in the image."""
        super().__init__()
        present = len(pieces) - pieces.count(None)
        self.width = (present + 7) // 8
        self.whole = present == len(pieces)
        self._pieces = pieces
        self._any = any_pattern(pieces)
        self._seen: dict[bytes, int] = {}

    def __missing__(self, nulls: bytes) -> ReadRow:
        if len(self) >= _FUNCTIONS:
            return self._any
        if len(self._seen) >= _COUNTED:
            self._seen.clear()
        seen = self._seen[nulls] = self._seen.get(nulls, 0) + 1
        if seen < _COMMON:
            return self._any
        del self._seen[nulls]
        function = self[nulls] = one_pattern(self._pieces, int.from_bytes(nulls, "little"))
        return function
