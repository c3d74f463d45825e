"""A row event's images to rows of canonical text."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.model.change import ABSENT, Row
from cdc.source.mysql.generated import ReadRow, any_pattern, one_pattern
from cdc.source.mysql.pieces import Piece

_COMMON = 8
"""A pattern of NULLs seen so often gets a function of its own."""
_FUNCTIONS = 200
_COUNTED = 5_000


class RowDecoder:
    """Reads the images of one table's shape."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._by_columns: dict[bytes, tuple[_Patterns, int]] = {}

    def images(self, data: bytes, at: int, end: int, columns: bytes) -> list[Row]:
        """Read the images of an insert or delete event; `columns` is its bitmap of columns that are there."""
        patterns, width = self._patterns(columns)
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
        old_patterns, old_width = self._patterns(before)
        new_patterns, new_width = self._patterns(after)
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

    def _patterns(self, columns: bytes) -> tuple[_Patterns, int]:
        known = self._by_columns.get(columns)
        if known is None:
            bits = int.from_bytes(columns, "little")
            present = [piece if bits >> place & 1 else None for place, piece in enumerate(self._pieces)]
            known = self._by_columns[columns] = _Patterns(present), (bits.bit_count() + 7) // 8
        return known


class _Patterns(dict[bytes, ReadRow]):
    """Bitmap of NULLs → the function that reads such a row. Compiling costs as much as reading a thousand rows, so the rare ones share one."""

    def __init__(self, pieces: Sequence[Piece | None]) -> None:
        super().__init__()
        self.whole = None not in pieces
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
