"""YAML text to a `Document`. Scalars are read as YAML 1.2 reads them: `NO` is a text. Bounded in size, depth and aliases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml

from cdc.mapping.files.document import Data, Document, Path, Spot, Text
from cdc.mapping.files.problem import Place, Problem
from cdc.mapping.files.syntax import explain

LIMIT = 1_000_000
"""Bytes of a file at most."""
_VALUES = 100_000
"""Values of a file at most; an alias counts as often as it is used."""
_DEPTH = 32
_CORE = "tag:yaml.org,2002:"

_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,38})")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]{1,38}|(?:0|[1-9][0-9]{0,38})(?:\.[0-9]{0,38})?)(?:[eE][-+]?[0-9]{1,3})?")
_FOREIGN = re.compile(r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def read(file: str, raw: bytes | str) -> tuple[Document | None, list[Problem]]:
    """Read a file's content. A document comes back whenever its shape is whole, even with problems; `file` is its name in reports."""
    try:
        text = Text.of(file, _decoded(file, raw))
        _printable(text)
    except _RefusedError as error:
        return None, [error.problem]
    reader = _Reader(text)
    try:
        document = reader.document()
    except yaml.MarkedYAMLError as error:
        at, message, advice = explain(error, text.content)
        return None, [*reader.problems, text.place(at, at + 1).problem("yaml-syntax", message, advice)]
    except _RefusedError as error:
        return None, [*reader.problems, error.problem]
    return document, reader.problems


def plain(text: str) -> Data:
    """Return what a plain scalar means: null, true, false, a number, else the text itself (`NO`, `on`, `012`, `12:30:00`)."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return int(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else text


class _RefusedError(Exception):
    """The file can't be read on; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _decoded(file: str, raw: bytes | str) -> str:
    if len(raw) > LIMIT:
        raise _RefusedError(Place(file, 1, 1).problem("too-large", f"the file has more than {LIMIT:,} bytes"))
    try:
        content = raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError as error:
        head = error.object[: error.start].decode().split("\n")
        place = Place(file, len(head), len(head[-1]) + 1, head[-1])
        raise _RefusedError(place.problem("not-utf8", "the file is not UTF-8", "save it as UTF-8")) from error
    return content.removeprefix("\ufeff").replace("\r\n", "\n")


def _printable(text: Text) -> None:
    if foreign := _FOREIGN.search(text.content):
        message = f"the character U+{ord(foreign[0]):04X} may not stand in a YAML file"
        place = text.place(foreign.start(), foreign.end())
        raise _RefusedError(place.problem("bad-character", message, "delete it, or write it as an escape in double quotes"))


class _Reader:
    """The parser's events to data and spots. One pass, bounded in depth and number of values."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.values: dict[Path, Spot] = {}
        self.keys: dict[Path, Spot] = {}
        self.aliases: dict[Path, Path] = {}
        self._anchors: dict[str, tuple[Path, Data, int]] = {}
        self._count = 0
        self._events: Iterator[Any] = yaml.parse(text.content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def document(self) -> Document:
        next(self._events)  # the stream's start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise _RefusedError(Place(self.text.file, 1, 1).problem("empty-file", "the file is empty"))
        root = next(self._events)
        if not isinstance(root, yaml.MappingStartEvent):
            raise self._refused(root, "wrong-type", "expected `key: value` lines")
        data = self._mapping(root, ())
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._refused(
                event, "two-documents", "a second document begins here", "one file holds one document: remove this `---`, or make two files"
            )
        return Document(self.text, data, self.values, self.keys, self.aliases)

    def _value(self, event: Any, path: Path) -> Data:
        self._count += 1
        if self._count > _VALUES:
            raise self._refused(event, "too-large", f"more than {_VALUES:,} values", "an alias counts as often as it is used")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        before = self._count
        data = self._anchored(event, path)
        if event.anchor:
            self._anchors[event.anchor] = path, data, self._count - before
        return data

    def _anchored(self, event: Any, path: Path) -> Data:
        if len(path) > _DEPTH:
            raise self._refused(event, "too-deep", f"more than {_DEPTH} levels")
        if event.tag not in {None, "!"} and (event.tag != f"{_CORE}str" or not isinstance(event, yaml.ScalarEvent)):
            self._report(
                event,
                "unknown-tag",
                f"tags are not read here: '{event.tag.replace(_CORE, '!!')}'",
                "a text that begins with ! needs quotes",
            )
        if isinstance(event, yaml.MappingStartEvent):
            return dict(self._mapping(event, path))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, path)
        spot = self._spot(event)
        self.values[path] = spot
        return plain(event.value) if not spot.style and not event.tag else str(event.value)

    def _alias(self, event: Any, path: Path) -> Data:
        if event.anchor not in self._anchors:
            self._report(event, "unknown-alias", f"'*{event.anchor}' names no anchor above it", "a text that begins with * needs quotes")
            self.values[path] = Spot(event.start_mark.index, event.end_mark.index, "", f"*{event.anchor}")
            return f"*{event.anchor}"
        origin, data, size = self._anchors[event.anchor]
        self._count += size
        self.aliases[path] = origin
        return data

    def _sequence(self, start: Any, path: Path) -> list[Data]:
        self.values[path] = Spot(start.start_mark.index, start.end_mark.index, "[" if start.flow_style else "", None)
        data: list[Data] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            data.append(self._value(event, (*path, len(data))))
        return data

    def _mapping(self, start: Any, path: Path) -> dict[str, Data]:
        self.values[path] = Spot(start.start_mark.index, start.end_mark.index, "{" if start.flow_style else "", None)
        data: dict[str, Data] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            here = (*path, key)
            if key not in data and self._usable(event):
                self.keys[here] = self._spot(event)
                data[key] = self._value(next(self._events), here)
                continue
            if key in data:
                first = self.text.place(self.keys[here].start, self.keys[here].end)
                self._report(event, "duplicate-key", f"'{key}' stands here twice; the first is on line {first.line}")
            self._value(next(self._events), (*path, f"{key}\0"))  # read for its own mistakes, and dropped
        return data

    def _key(self, event: Any) -> str:
        """A key is its text, whatever it would mean as a value: `0001`, `NO`, `true`."""
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refused(event, "bad-key", "a key must be a text", "a text that begins with [, {, & or * needs quotes")
        return str(event.value)

    def _usable(self, event: Any) -> bool:
        if event.style or event.value not in {"", "<<"}:
            return True
        if event.value:
            self._report(event, "bad-key", "`<<` merges nothing in YAML 1.2", "write the keys out, or use an alias for a whole value")
        else:
            self._report(event, "bad-key", "a key is missing before the colon", 'an empty text is written ""')
        return False

    def _spot(self, event: Any) -> Spot:
        return Spot(event.start_mark.index, event.end_mark.index, event.style or "", event.value)

    def _at(self, event: Any) -> Place:
        return self.text.place(event.start_mark.index, event.end_mark.index)

    def _report(self, event: Any, code: str, message: str, advice: str = "") -> None:
        self.problems.append(self._at(event).problem(code, message, advice))

    def _refused(self, event: Any, code: str, message: str, advice: str = "") -> _RefusedError:
        return _RefusedError(self._at(event).problem(code, message, advice))
