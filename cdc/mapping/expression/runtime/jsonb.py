"""JSON as values: objects, lists, texts, exact numbers, truth values. PostgreSQL's jsonb: read, written, searched, changed.

https://www.postgresql.org/docs/15/functions-json.html
JSON's null is None inside of containers and `JSON_NULL` on its own, since None is SQL's NULL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, TypeAlias

from cdc.mapping.expression.runtime.errors import BadValue, invalid
from cdc.mapping.expression.runtime.numeric import numeric_in, numeric_out

DEPTH = 200
"""Levels that objects and lists may be nested."""
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_INDEX = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,9})")


class JsonNull:
    """The type of JSON's null."""


JSON_NULL = JsonNull()
Json: TypeAlias = Any


def checked_depth(text: str) -> str:
    """Return the text, whose brackets are not nested too deep. Whether it is JSON at all is not asked."""
    if text.count("[") + text.count("{") <= DEPTH:
        return text
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > DEPTH:
            raise BadValue(f"the JSON value is nested more than {DEPTH} levels deep")
    return text


def checked_characters(text: str) -> str:
    """Return the text, which is JSON: no text in it has a character that PostgreSQL's texts can't have."""
    if "\\u" in text:
        codes = [(found.start(), int(found[1], 16)) for found in _ESCAPED.finditer(text) if found[1]]
        firsts = {at for at, code in codes if code & 0xFC00 == 0xD800}
        seconds = {at - 6 for at, code in codes if code & 0xFC00 == 0xDC00}
        if firsts != seconds:
            raise BadValue("unsupported Unicode escape sequence: half of a surrogate pair")
        if any(not code for _, code in codes):
            raise BadValue("unsupported Unicode escape sequence: \\u0000 cannot be converted to text")
    return text


def _number(digits: str) -> Decimal:
    return Decimal(digits) if len(digits) < 16 and "e" not in digits.lower() else numeric_in(digits)


def quoted(text: str) -> str:
    """A text as JSON."""
    return encode_basestring(text)


def no_number(word: str) -> None:
    """Python reads NaN and Infinity, which JSON does not have."""
    raise ValueError(word)


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=no_number)


@lru_cache(16)
def jsonb_in(text: str) -> Json:
    """cast(text as jsonb). Of a key that comes twice, the last value counts. Several columns of a row often read the same document."""
    try:
        given = _DECODER.decode(checked_depth(text))
    except ValueError:
        raise invalid("json") from None
    checked_characters(text)
    return _alone(given)


def _alone(given: Json) -> Json:
    """What a container held, on its own."""
    return JSON_NULL if given is None else given


def _inside(given: Json) -> Json:
    return None if given is JSON_NULL else given


def jsonb_out(given: Json) -> str:
    """The one text that jsonb has: keys by length, then by their bytes."""
    if isinstance(given, str):
        return quoted(given)
    if isinstance(given, Decimal):
        return numeric_out(given)
    if isinstance(given, dict):
        keys = sorted(given, key=_key_order) if len(given) > 1 else given
        return f"{{{', '.join([f'{quoted(key)}: {jsonb_out(given[key])}' for key in keys])}}}"
    if isinstance(given, list):
        return f"[{', '.join(map(jsonb_out, given))}]"
    return "true" if given is True else "false" if given is False else "null"


def _key_order(key: str) -> tuple[int, bytes]:
    data = key.encode()
    return len(data), data


def jsonb_get(given: Json, key: str) -> Json | None:
    """`jsonb -> key`."""
    return _alone(given[key]) if isinstance(given, dict) and key in given else None


def jsonb_at(given: Json, index: int) -> Json | None:
    """`jsonb -> index`, from the end when negative. PostgreSQL takes a value alone for a list of one."""
    if isinstance(given, dict):
        return None
    items = given if isinstance(given, list) else [given]
    return _alone(items[index]) if -len(items) <= index < len(items) else None


def jsonb_text(given: Json | None) -> str | None:
    """What `->>` makes of what `->` found: a text without its quotes, NULL for null."""
    if given is None or given is JSON_NULL:
        return None
    return given if isinstance(given, str) else jsonb_out(given)


def jsonb_get_text(given: Json, key: str) -> str | None:
    return jsonb_text(jsonb_get(given, key))


def jsonb_at_text(given: Json, index: int) -> str | None:
    return jsonb_text(jsonb_at(given, index))


def jsonb_path(given: Json, path: Sequence[str | None]) -> Json | None:
    """`jsonb #> path`: keys, and numbers where there is a list."""
    found = given
    for step in path:
        if step is None:
            return None
        if isinstance(found, dict):
            found = jsonb_get(found, step)
        elif isinstance(found, list) and (index := path_index(step)) is not None:
            found = jsonb_at(found, index)
        else:
            return None
        if found is None:
            return None
    return found


def path_index(step: str) -> int | None:
    """A step of a path as a place in a list."""
    found = _INDEX.fullmatch(step)
    return int(found[1]) if found else None


def jsonb_path_text(given: Json, path: Sequence[str | None]) -> str | None:
    return jsonb_text(jsonb_path(given, path))


def jsonb_steps(given: Json, *path: str) -> Json | None:
    """jsonb_extract_path(jsonb, step, …)."""
    return jsonb_path(given, path)


def jsonb_steps_text(given: Json, *path: str) -> str | None:
    return jsonb_path_text(given, path)


def jsonb_typeof(given: Json) -> str:
    for kind, name in ((dict, "object"), (list, "array"), (str, "string"), (bool, "boolean"), (Decimal, "number")):
        if isinstance(given, kind):
            return name
    return "null"


def jsonb_array_length(given: Json) -> int:
    if not isinstance(given, list):
        raise BadValue(f"cannot get array length of {'a non-array' if isinstance(given, dict) else 'a scalar'}")
    return len(given)


def jsonb_equal(a: Json, b: Json) -> bool:
    """Numbers by value, all else letter by letter; true is not 1."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(jsonb_equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(jsonb_equal(a[key], b[key]) for key in a)
    return type(a) is type(b) and bool(a == b)


def jsonb_contains(a: Json, b: Json) -> bool:
    """`a @> b`. A list contains a value alone, too."""
    if isinstance(a, list) and not isinstance(b, (list, dict)):
        b = [b]
    return _contains(a, b)


def _contains(a: Json, b: Json) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return all(key in a and _contains(a[key], b[key]) for key in b)
    if isinstance(a, list) and isinstance(b, list):
        _costs(len(a) * len(b))
        return all(any(_contains(_inside(one), _inside(each)) for one in a) for each in b)
    return jsonb_equal(a, b)


def jsonb_contained(a: Json, b: Json) -> bool:
    return jsonb_contains(b, a)


_PAIRS = 10_000_000


def _costs(pairs: int) -> None:
    if pairs > _PAIRS:
        raise BadValue("the lists are too long to be compared")


def jsonb_exists(given: Json, key: str) -> bool:
    """`jsonb ? text`: a key of the object, or a text in the list."""
    if isinstance(given, dict):
        return key in given
    return any(isinstance(one, str) and one == key for one in (given if isinstance(given, list) else [given]))


def jsonb_exists_any(given: Json, keys: Sequence[str | None]) -> bool:
    return any(key is not None and jsonb_exists(given, key) for key in keys)


def jsonb_exists_all(given: Json, keys: Sequence[str | None]) -> bool:
    return all(key is None or jsonb_exists(given, key) for key in keys)


def jsonb_join(a: Json, b: Json) -> Json:
    """`||`: objects become one, all else one list."""
    if isinstance(a, dict) and isinstance(b, dict):
        return {**a, **b}
    return [*_listed(a), *_listed(b)]


def _listed(given: Json) -> list[Json]:
    return given if isinstance(given, list) else [_inside(given)]


def jsonb_without_key(given: Json, key: str) -> Json:
    """`jsonb - text`."""
    if isinstance(given, dict):
        return {name: one for name, one in given.items() if name != key}
    return [one for one in _list_of(given) if not (isinstance(one, str) and one == key)]


def jsonb_without_index(given: Json, index: int) -> Json:
    """`jsonb - integer`."""
    if isinstance(given, dict):
        raise BadValue("cannot delete from object using integer index")
    items = list(_list_of(given))
    if -len(items) <= index < len(items):
        del items[index]
    return items


def _list_of(given: Json) -> list[Json]:
    if not isinstance(given, list):
        raise BadValue("cannot delete from scalar")
    return given


def jsonb_strip_nulls(given: Json) -> Json:
    """Without the keys whose value is null."""
    if isinstance(given, dict):
        return {key: jsonb_strip_nulls(one) for key, one in given.items() if one is not None}
    if isinstance(given, list):
        return [one if one is None else jsonb_strip_nulls(one) for one in given]
    return given


def jsonb_number(given: Json) -> Decimal:
    """cast(jsonb as numeric)."""
    if isinstance(given, Decimal):
        return given
    raise _no_cast(given, "numeric")


def jsonb_bool(given: Json) -> bool:
    """cast(jsonb as boolean)."""
    if isinstance(given, bool):
        return given
    raise _no_cast(given, "boolean")


def _no_cast(given: Json, type_name: str) -> BadValue:
    return BadValue(f"cannot cast jsonb {jsonb_typeof(given)} to type {type_name}")


def jsonb_object(*parts: Any) -> Json:
    """Keys, which are texts, and values in turn. NULL is null, but no key."""
    keys = parts[::2]
    if None in keys:
        raise BadValue("argument: key must not be null")
    return dict(zip(keys, map(_inside, parts[1::2]), strict=True))


def jsonb_list(*parts: Any) -> Json:
    return [_inside(part) for part in parts]


def jsonb_of_number(text: str) -> Json:
    """A number's text as JSON: what JSON has no number for is a text."""
    return text if text[-1] in "Ny" else numeric_in(text)


def iso_8601(text: str) -> str:
    """A moment's canonical text as JSON has it."""
    return text.replace(" ", "T", 1).replace("+00", "+00:00") if text[0].isdecimal() else text
