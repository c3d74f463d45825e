"""A YAML file's data, and the way from a path in the data back to the line and column where it is written."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from itertools import accumulate
from typing import TypeAlias

from cdc.mapping.files.problem import Place
from cdc.mapping.files.scalar import places
from cdc.model.value import value

Data: TypeAlias = "bool | int | Decimal | str | list[Data] | dict[str, Data] | None"
Path: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead to a value: `("columns", "name", "value")`."""


@value
class Text:
    """A file's text by lines. Made by `Text.of`."""

    file: str
    content: str = field(repr=False)
    lines: Sequence[str] = field(repr=False)
    starts: Sequence[int] = field(repr=False)
    """Where the lines begin in `content`."""

    @classmethod
    def of(cls, file: str, content: str) -> Text:
        lines = content.split("\n")
        return cls(file, content, lines, list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0)))

    def place(self, start: int, end: int) -> Place:
        """Return the place of `content[start:end]`, as far as it stands on one line."""
        if start >= len(self.content):  # the end of a file is the end of its last line
            start = len(self.content.removesuffix("\n"))
        line = bisect_right(self.starts, start)
        column, excerpt = start - self.starts[line - 1], self.lines[line - 1]
        width = min(end - start, len(excerpt.rstrip()) - column)
        return Place(self.file, line, column + 1, excerpt, max(1, width))


@value
class Spot:
    """Where a key or value stands: characters `start` to `end` of the file, quotes and block header included."""

    start: int
    end: int
    style: str
    """The first character of what is not plain: `'`, `"`, `|` or `>` of a scalar, `{` or `[` of a collection in brackets; else empty."""
    text: str | None
    """A scalar's value as text; None for a collection."""
    derived: bool = False
    """The text is not written there: it follows from what is."""

    @property
    def empty(self) -> bool:
        """Whether nothing at all is written."""
        return self.text == "" and not self.style


@value
class Document:
    """A YAML file: its data, and the way from a path in the data back to the file. Keys are texts, numbers keep their digits."""

    text: Text
    data: dict[str, Data] = field(repr=False)
    values: Mapping[Path, Spot] = field(repr=False)
    keys: Mapping[Path, Spot] = field(repr=False)
    aliases: Mapping[Path, Path] = field(repr=False)
    """Where an alias stands → where its anchor does."""

    @property
    def file(self) -> str:
        return self.text.file

    def position(self, path: Path) -> tuple[int, int]:
        """Return line and column of a value; of its nearest ancestor when the file has no such value."""
        place = self.at(path)
        return place.line, place.column

    def offset(self, path: Path, offset: int) -> tuple[int, int]:
        """Return line and column of the character `offset` of the text at `path`."""
        place = self.within(path, offset)
        return place.line, place.column

    def spot(self, path: Path) -> Spot | None:
        """Return where a value stands; None when the file has no such value."""
        return self.values.get(path) or self.values.get(self._origin(path))

    def key_spot(self, path: Path) -> Spot | None:
        """Return where the key stands that `path` ends with."""
        return self.keys.get(path) or self.keys.get(self._origin(path))

    def scalar(self, path: Path) -> str | None:
        """Return a scalar as it is written, without its quotes; None for a collection or nothing."""
        spot = self.spot(path)
        return spot.text if spot else None

    def at(self, path: Path) -> Place:
        """Return the place of a value, of its key if it is a block of its own, or of its nearest ancestor."""
        while path:
            spot = self.spot(path)
            if spot and (spot.text is not None or path not in self.keys):
                return self.text.place(spot.start, spot.end)
            if path in self.keys:
                return self.at_key(path)
            path = path[:-1]
        return self.text.place(*next(((spot.start, spot.end) for spot in self.keys.values()), (0, 1)))

    def at_key(self, path: Path) -> Place:
        """Return the place of the key that `path` ends with, of the value when that stands in a list."""
        spot = self.key_spot(path)
        return self.text.place(spot.start, spot.end) if spot else self.at(path)

    def within(self, path: Path, offset: int, width: int = 1) -> Place:
        """Return the place of `width` characters of the text at `path`, as far as they stand on one line."""
        spot = self.spot(path)
        if spot is None or spot.text is None or spot.derived:
            return self.at(path)
        found = places(self.text.content, spot.start, spot.end, spot.style, spot.text)
        first, last = min(max(offset, 0), len(spot.text)), min(max(offset + width, 0), len(spot.text))
        return self.text.place(found[first], found[max(first, last - 1)] + 1)

    def _origin(self, path: Path) -> Path:
        """Where the value at `path` is written, when an alias stands on the way."""
        for length in range(1, len(path) + 1):
            path = self.aliases.get(path[:length], path[:length]) + path[length:]
        return path
