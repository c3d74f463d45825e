"""A table's columns to functions that read one row's image: generated Python, one function for each pattern of NULLs that is common.

This is the only module of the source that compiles code. Its text is made of the pieces' templates and of numbers; names of tables
and columns, labels and texts never enter it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import TypeAlias

from cdc.model.change import ABSENT, Row
from cdc.source.mysql.pieces import ALWAYS, Piece

ReadRow: TypeAlias = Callable[[bytes, int], tuple[Row, int]]
"""(event, offset of the image behind its NULL bitmap) → (row, offset behind the image)."""


def one_pattern(pieces: Sequence[Piece | None], nulls: int) -> ReadRow:
    """Return the function for rows with exactly these NULLs; bit n of `nulls` counts only present columns. None: not in the image."""
    source = _Source()
    results = []
    order = 0
    for piece in pieces:
        if piece is None:
            results.append("ABSENT")
            continue
        results.append("None" if nulls >> order & 1 else source.read(piece))
        order += 1
    return source.compiled(results)


def any_pattern(pieces: Sequence[Piece | None]) -> ReadRow:
    """Return the function that tests each column for NULL; the bitmap stands right before the image."""
    source = _Source()
    present = [piece for piece in pieces if piece is not None]
    size = (len(present) + 7) // 8
    source.line(f"nulls = int.from_bytes(b[p - {size}:p], 'little')")
    results = []
    order = 0
    for number, piece in enumerate(pieces):
        if piece is None:
            results.append("ABSENT")
            continue
        source.test(f"r{number}", 1 << order, piece)
        results.append(f"r{number}")
        order += 1
    return source.compiled(results)


class _Source:
    """The lines of one function. Fixed parts that follow each other in one byte order are read by one call."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._bound: dict[str, object] = {**ALWAYS, "ABSENT": ABSENT}
        self._pending: list[Piece] = []
        self._indent = " "

    def line(self, text: str) -> None:
        self._lines.append(self._indent + text)

    def read(self, piece: Piece) -> str:
        """Add the statements that read a column; return the expression for its value."""
        orders = {pending.order for pending in self._pending if pending.order}
        if piece.order and orders - {piece.order}:
            self._flush()
        self._pending.append(piece)
        self._bound.update(piece.bound)
        if not piece.length:
            return piece.result
        self._flush()
        name = piece.names[0]
        self.line(f"e = p + {piece.length}")
        self.line("raw = b[p:e]")
        self.line(f"{name} = {piece.result}")
        self.line("p = e")
        return name

    def test(self, result: str, bit: int, piece: Piece) -> None:
        """Add the statements that read a column unless its bit says NULL."""
        self.line(f"if nulls & {bit}: {result} = None")
        self.line("else:")
        self._indent = "  "
        expression = self.read(piece)
        self._flush()
        self.line(f"{result} = {expression}")
        self._indent = " "

    def compiled(self, results: Sequence[str]) -> ReadRow:
        self._flush()
        text = "\n".join(["def read_row(b, p):", *self._lines, f" return ({''.join(f'{result}, ' for result in results)}), p"])
        exec(text, self._bound)  # noqa: S102, the text is made of templates and numbers alone
        return self._bound["read_row"]  # type: ignore[return-value]  # what `exec` has just defined

    def _flush(self) -> None:
        if not self._pending:
            return
        order = next((pending.order for pending in self._pending if pending.order), "<")
        layout = Struct(order + "".join(pending.fixed for pending in self._pending))
        unpack = f"u{len(self._bound)}"
        self._bound[unpack] = layout.unpack_from
        self.line(f"{', '.join(name for pending in self._pending for name in pending.names)}, = {unpack}(b, p)")
        self.line(f"p += {layout.size}")
        self._pending = []
