"""A CSV file's text to rows of cells that know where they stand, and the problems of a file that is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from cdc.mapping.files.document import Text
from cdc.mapping.files.problem import Place, Problem
from cdc.model.value import value

LIMIT = 10_000_000
"""Bytes of a file at most."""
_ROWS = 100_000
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_FOREIGN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")


@value
class Cell:
    """One cell of a table. `text` is None where nothing is written, not even quotes."""

    text: str | None
    place: Place
    quoted: bool = False

    def within(self, offset: int, width: int) -> Place:
        """Return the place of some of its characters."""
        if self.text is None or not self.place.excerpt.startswith(self.text, self.place.column - 1):
            return self.place  # escapes or several lines: no character stands where it would
        first = min(offset, max(0, len(self.text) - 1))
        return replace(self.place, column=self.place.column + first, width=max(1, min(width, len(self.text) - first)))


Row: TypeAlias = Sequence[Cell]
Beside: TypeAlias = Callable[[str], tuple[str, bytes | None, str]]
"""The name of a file as a mapping writes it → its name in reports, its content, and why it has none."""


def nothing_beside(file: str) -> tuple[str, bytes | None, str]:
    return file, None, "no files are read here"


def read_csv(file: str, raw: bytes, separator: str) -> tuple[list[Row], list[Problem]]:
    """Read a file: UTF-8, cells in double quotes where they hold the separator, a quote or a line's end. All rows have as many cells as the first.

    `separator` is one of the names in `SEPARATORS`.
    """
    if len(raw) > LIMIT:
        return [], [Place(file, 1, 1).problem("too-large", f"the file has more than {LIMIT:,} bytes")]
    try:
        content = raw.decode().removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        head = error.object[: error.start].decode().split("\n")
        place = Place(file, len(head), len(head[-1]) + 1, head[-1])
        return [], [place.problem("not-utf8", "the file is not UTF-8", "save it as UTF-8")]
    text = Text.of(file, content)
    if foreign := _FOREIGN.search(content):
        place = text.place(foreign.start(), foreign.end())
        return [], [place.problem("bad-character", f"the character U+{ord(foreign[0]):04X} may not stand in a table")]
    try:
        rows = list(_rows(text, SEPARATORS[separator]))
    except _RefusedError as error:
        return [], [error.problem]
    return rows, list(_uneven(rows, separator)) or ([] if rows else [Place(file, 1, 1).problem("empty-file", "the file is empty")])


class _RefusedError(Exception):
    """The file can't be read on; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _rows(text: Text, separator: str) -> Iterator[Row]:
    blank = "[ ]*" if separator == "\t" else r"[ \t]*"
    sign = re.escape(separator)
    cell = re.compile(rf'{blank}(?:"(?P<quoted>(?:[^"]|"")*)"{blank}|(?P<plain>[^{sign}\n"]*))(?P<end>{sign}|\n|\Z)')
    row: list[Cell] = []
    at = count = 0
    while at < len(text.content) or row:
        found = cell.match(text.content, at)
        if found is None:
            raise _RefusedError(_quote(text, at))
        row.append(_cell(text, found))
        at = found.end()
        if found["end"] != separator:
            if row != [replace(row[0], text=None)]:  # an empty line says nothing
                count += 1
                yield row
            row = []
        if count > _ROWS:
            raise _RefusedError(text.place(at, at + 1).problem("too-large", f"more than {_ROWS:,} rows"))


def _cell(text: Text, found: re.Match[str]) -> Cell:
    if (quoted := found["quoted"]) is not None:
        return Cell(quoted.replace('""', '"'), text.place(found.start("quoted") - 1, found.end("quoted") + 1), quoted=True)
    plain = found["plain"].rstrip(" \t")
    start = found.start("plain")
    return Cell(plain or None, text.place(start, start + max(1, len(plain))))


def _quote(text: Text, start: int) -> Problem:
    at = text.content.index('"', start)
    place = text.place(at, at + 1)
    if not text.content[start:at].strip(" \t") and not re.compile(r'"(?:[^"]|"")*"').match(text.content, at):
        return place.problem("csv-syntax", "the quote that opens here is never closed")
    return place.problem("csv-syntax", "a quote inside a cell", 'put the cell in quotes, and write its own quotes twice: "5"" pipe"')


def _uneven(rows: Sequence[Row], separator: str) -> Iterator[Problem]:
    for row in rows[1:]:
        if len(row) != len(rows[0]):
            message = f"{_cells(row)}, where the first line has {len(rows[0])}"
            yield row[-1].place.problem("csv-syntax", message, f"a cell with '{separator}' in it needs quotes")


def _cells(row: Row) -> str:
    return "1 cell" if len(row) == 1 else f"{len(row)} cells"
