"""jsonb with a part replaced, added or left out.

https://www.postgresql.org/docs/15/functions-json.html#FUNCTIONS-JSON-PROCESSING
"""

from __future__ import annotations

from collections.abc import Sequence

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.jsonb import JSON_NULL, Json, path_index


def jsonb_set(given: Json, path: Sequence[str | None], new: Json, create: bool = True) -> Json:
    """Replace what stands at the path; where only the last step is missing, add it."""
    if not isinstance(given, (dict, list)):
        raise BadValue("cannot set path in scalar")
    if not given and not create:
        return given
    return _set(given, _steps(path), None if new is JSON_NULL else new, create=create) if path else given


def _steps(path: Sequence[str | None]) -> list[str]:
    if None in path:
        raise BadValue("a path element is null")
    return [step for step in path if step is not None]


def _set(given: Json, path: list[str], new: Json, *, create: bool) -> Json:
    step, *rest = path
    if isinstance(given, dict):
        if step in given:
            return {**given, step: _set(given[step], rest, new, create=create) if rest else new}
        return {**given, step: new} if create and not rest else given
    if not isinstance(given, list):
        return given
    at = _place(step, len(given))
    if 0 <= at < len(given):
        return [*given[:at], _set(given[at], rest, new, create=create) if rest else new, *given[at + 1 :]]
    if not create or rest:
        return given
    return [new, *given] if at < 0 else [*given, new]


def _place(step: str, length: int) -> int:
    """A step of a path as a place in a list; one before the list is negative."""
    index = path_index(step)
    if index is None:
        raise BadValue("a path element is not an integer")
    return index + length if index < 0 else index


def jsonb_without_path(given: Json, path: Sequence[str | None]) -> Json:
    """`jsonb #- path`."""
    if not isinstance(given, (dict, list)):
        raise BadValue("cannot delete path in scalar")
    return _without(given, _steps(path)) if path and given else given


def _without(given: Json, path: list[str]) -> Json:
    step, *rest = path
    if isinstance(given, dict):
        if step not in given:
            return given
        return {**given, step: _without(given[step], rest)} if rest else {key: one for key, one in given.items() if key != step}
    if not isinstance(given, list):
        return given
    at = _place(step, len(given))
    if not 0 <= at < len(given):
        return given
    return [*given[:at], *([_without(given[at], rest)] if rest else []), *given[at + 1 :]]
