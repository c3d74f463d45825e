"""JSON as PostgreSQL's type json keeps it: a text, of which operators cut out pieces as they stand.

https://www.postgresql.org/docs/15/functions-json.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]

from cdc.mapping.expression.runtime.errors import BadValue, invalid
from cdc.mapping.expression.runtime.jsonb import checked_characters, checked_depth, no_number, path_index, quoted

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=no_number)
_TYPES = {"{": "object", "[": "array", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}


def json_checked(text: str) -> str:
    """cast(text as json)."""
    try:
        _DECODER.decode(checked_depth(text))
    except ValueError:
        raise invalid("json") from None
    return text


def _start(text: str, at: int = 0) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _fields(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield key, start and end of each field of an object."""
    at = _start(text, _start(text) + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1, True)
        start = _start(text, _start(text, at) + 1)
        _, at = _DECODER.raw_decode(text, start)
        yield key, start, at
        at = _start(text, at)
        at = _start(text, at + 1) if text[at] == "," else at


def _items(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each item of a list."""
    at = _start(text, _start(text) + 1)
    while text[at] != "]":
        start = at
        _, at = _DECODER.raw_decode(text, start)
        yield start, at
        at = _start(text, at)
        at = _start(text, at + 1) if text[at] == "," else at


def json_typeof(text: str) -> str:
    return _TYPES.get(text[_start(text)], "number")


def json_array_length(text: str) -> int:
    kind = json_typeof(text)
    if kind != "array":
        raise BadValue(f"cannot get array length of {'a non-array' if kind == 'object' else 'a scalar'}")
    return sum(1 for _ in _items(checked_depth(text)))


def json_get(text: str, key: str) -> str | None:
    """`json -> key`: of a key that comes twice, the last value."""
    checked_characters(checked_depth(text))
    if json_typeof(text) != "object":
        return None
    found = None
    for name, start, end in _fields(text):
        found = text[start:end] if name == key else found
    return found


def json_at(text: str, index: int) -> str | None:
    """`json -> index`, from the end when negative."""
    checked_characters(checked_depth(text))
    if json_typeof(text) != "array":
        return None
    items = list(_items(text))
    if not -len(items) <= index < len(items):
        return None
    start, end = items[index]
    return text[start:end]


def json_text(text: str | None) -> str | None:
    """What `->>` makes of what `->` found."""
    if text is None or text == "null":
        return None
    return str(_DECODER.decode(text)) if text[0] == '"' else text


def json_get_text(text: str, key: str) -> str | None:
    return json_text(json_get(text, key))


def json_at_text(text: str, index: int) -> str | None:
    return json_text(json_at(text, index))


def json_path(text: str, path: Sequence[str | None]) -> str | None:
    """`json #> path`: of keys that come twice, the last one that has the rest of the path."""
    steps = [step for step in path if step is not None]
    if len(steps) < len(path):
        return None
    checked_characters(checked_depth(text))
    return _behind(text, steps) if steps else text.strip(" \t\n\r")


def _behind(text: str, steps: list[str]) -> str | None:
    if not steps:
        return text
    found = None
    for start, end in _named(text, steps[0]):
        inner = _behind(text[start:end], steps[1:])
        found = found if inner is None else inner
    return found


def _named(text: str, step: str) -> list[tuple[int, int]]:
    """Where what a step means starts and ends."""
    kind = json_typeof(text)
    if kind == "object":
        return [(start, end) for name, start, end in _fields(text) if name == step]
    index = path_index(step) if kind == "array" else None
    items = [] if index is None else list(_items(text))
    return [items[index]] if index is not None and -len(items) <= index < len(items) else []


def json_path_text(text: str, path: Sequence[str | None]) -> str | None:
    return json_text(json_path(text, path))


def json_steps(text: str, *path: str) -> str | None:
    """json_extract_path(json, step, …)."""
    return json_path(text, path)


def json_steps_text(text: str, *path: str) -> str | None:
    return json_path_text(text, path)


def json_object(*parts: str | None) -> str:
    """Keys, which are texts, and values, which are JSON, in turn."""
    keys = parts[::2]
    if None in keys:
        raise BadValue("argument: key must not be null")
    fields = [f"{quoted(str(key))} : {given or 'null'}" for key, given in zip(keys, parts[1::2], strict=True)]
    return f"{{{', '.join(fields)}}}"


def json_list(*parts: str | None) -> str:
    return f"[{', '.join(part or 'null' for part in parts)}]"


def json_of_number(text: str) -> str:
    """A number's text as JSON: what JSON has no number for is a text."""
    return quoted(text) if text[-1] in "Ny" else text
