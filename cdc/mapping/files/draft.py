"""A document that follows from another one, put together value by value: each knows where in the other's file it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdc.mapping.files.document import Data, Document, Path, Spot

_NOWHERE = Spot(0, 1, "", None, derived=True)


class Draft:
    """What a new document holds so far. A key's path ends with a name: what is in lists is put there with them."""

    def __init__(self, origin: Document) -> None:
        self._origin = origin
        self._data: dict[str, Data] = {}
        self._values: dict[Path, Spot] = {}
        self._keys: dict[Path, Spot] = {}

    def copy(self, source: Path, to: Path) -> None:
        """Take a value over with all that is in it, as it is written."""
        given = _found(self._origin.data, source)
        self._put(to, given)
        self._take(given, source, to)

    def write(self, to: Path, given: Data, key: Spot, value: Spot) -> None:
        """Set a value that follows from what is written at these spots."""
        self._put(to, given)
        self._keys[to] = replace(key, text=str(to[-1]), style='"', derived=True)
        self._place(to, given, value)

    def add(self, to: Path, given: Data, spot: Spot) -> None:
        """Set a key of a long form beside what was taken over; a short form becomes its `value`."""
        path = to[:-1]
        there = _found(self._data, path)
        if not isinstance(there, dict):
            place = self._values[path]
            self._values |= {(*path, "value"): place, path: replace(place, text=None, style="", derived=True)}
            self._keys[*path, "value"] = self._keys[path]
        self._put(path, dict(there) if isinstance(there, dict) else {"value": there})
        self.write(to, given, spot, spot)

    def point(self, to: Path, value: Spot) -> None:
        """Say more exactly whence a part comes of what was written."""
        self._place(to, _found(self._data, to), value)

    def gather(self, to: Path, sources: Sequence[Mapping[str, Path]]) -> None:
        """Make a list of what stands at these places of the original, each with its names."""
        self._put(to, [{name: _found(self._origin.data, path) for name, path in one.items()} for one in sources])
        for at, one in enumerate(sources):
            for name, path in one.items():
                self._take(_found(self._origin.data, path), path, (*to, at, name))
            if first := next(iter(one.values()), None):
                self._keys[*to, at] = self.at_key(first)

    def at(self, path: Path) -> Spot:
        """Return where the original has a value; where that is a block of its own, its key."""
        spot = self._origin.spot(path)
        return spot if spot and spot.text is not None else self.at_key(path)

    def at_key(self, path: Path) -> Spot:
        return self._origin.key_spot(path) or self._origin.spot(path) or _NOWHERE

    def document(self, order: Sequence[str]) -> Document:
        """Return the document with its sections in this order."""
        data = {name: self._data[name] for name in sorted(self._data, key=order.index)}
        return Document(self._origin.text, data, self._values, self._keys, {})

    def _put(self, to: Path, given: Data) -> None:
        inner: Any = self._data
        for length, part in enumerate(to[:-1], start=1):
            if part not in inner:
                inner[part] = {}
                self._keys[to[:length]] = self.at_key(to[:length])
            inner = inner[part]
        inner[to[-1]] = given

    def _take(self, given: Data, source: Path, to: Path) -> None:
        if value := self._origin.spot(source):
            self._values[to] = value
        if key := self._origin.key_spot(source):
            self._keys[to] = key
        for part in _parts(given):
            self._take(_found(given, (part,)), (*source, part), (*to, part))

    def _place(self, to: Path, given: Data, value: Spot) -> None:
        for part in _parts(given):
            self._keys[*to, part] = replace(value, text=str(part), style='"', derived=True)
            self._place((*to, part), _found(given, (part,)), value)
        text = None if isinstance(given, (dict, list)) else scalar_text(given)
        self._values[to] = replace(value, text=text, style="" if text is None else value.style, derived=True)


def scalar_text(given: Data) -> str:
    """Return a scalar as YAML and SQL write it, without quotes."""
    if given is None or isinstance(given, bool):
        return {None: "null", True: "true", False: "false"}[given]
    return str(given)


def _parts(given: Data) -> list[str | int]:
    if isinstance(given, dict):
        return list(given)
    return list(range(len(given))) if isinstance(given, list) else []


def _found(given: Any, path: Path) -> Any:
    for part in path:
        given = given[part]
    return given
