"""PostgreSQL's arrays as lists: read and written, searched, joined. An item is a value of its type, or None.

https://www.postgresql.org/docs/15/functions-array.html, https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, TypeAlias

from cdc.mapping.expression.runtime.comparison import equal
from cdc.mapping.expression.runtime.errors import BadValue, invalid
from cdc.mapping.expression.runtime.floating import double_in, double_out, real_in, real_out
from cdc.mapping.expression.runtime.identifier import uuid_in
from cdc.mapping.expression.runtime.integer import int2, int4, int8, int_in
from cdc.mapping.expression.runtime.jsonb import Json, jsonb_of_number
from cdc.mapping.expression.runtime.literal import boolean_in
from cdc.mapping.expression.runtime.numeric import numeric_in, numeric_out
from cdc.mapping.expression.runtime.temporal import date_in, date_out
from cdc.mapping.expression.runtime.text import LIMIT

Items: TypeAlias = list[Any]
_DEPTH, _PAIRS = 6, 10_000_000

READ: Mapping[str, Callable[[str], Any]] = {
    "boolean": boolean_in, "smallint": lambda text: int2(int_in(text, "smallint")), "integer": lambda text: int4(int_in(text, "integer")),
    "bigint": lambda text: int8(int_in(text, "bigint")), "numeric": numeric_in, "real": real_in, "double precision": double_in,
    "text": str, "uuid": uuid_in, "date": date_in,
}  # fmt: skip
"""Type of the items → text to value, as the type reads it."""
_WRITE: Mapping[str, Callable[[Any], str]] = {
    "boolean": lambda given: "t" if given else "f", "numeric": numeric_out, "real": real_out, "double precision": double_out,
    "date": date_out,
}  # fmt: skip
_TOKEN = re.compile(
    r'[ \t\n\v\f\r]*(?:([{},])|"((?:[^"\\]|\\.)*+)"|((?:[^{},"\\ \t\n\v\f\r]|\\.|[ \t\n\v\f\r]+(?![{}," \t\n\v\f\r]|$))+))', re.DOTALL
)
_SPECIAL = re.compile(r'[{}"\\ \t\n\v\f\r]')
"""What makes an array's text more than items between commas."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = re.compile(r'[^{},"\\ \t\n\v\f\r]+')


def array_in(text: str, item: str) -> Items:
    """cast(text as item[])."""
    if text[:1] == "[":
        raise BadValue("arrays that do not begin at 1 are not available")
    if text == "{}":
        return []
    if text[:1] == "{" and text[-1:] == "}" and not _SPECIAL.search(text, 1, len(text) - 1) and "" not in (items := text[1:-1].split(",")):
        return [None if one.lower() == "null" else READ[item](one) for one in items]
    tokens = _tokens(text)
    read = READ[item]
    made = _level(tokens, read, 1)
    if next(tokens, None) is not None or not _even(made) or (made and _bare(made)):
        raise invalid("array")
    return made


def _tokens(text: str) -> Any:
    """Yield brackets and commas as texts, items as lists of one text, NULL as an empty list."""
    at, text = 0, text.rstrip(" \t\n\v\f\r")
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise invalid("array")
        sign, inside, plain = found.groups()
        if sign:
            yield sign
        elif inside is not None:
            yield [_ESCAPE.sub(r"\1", inside)]
        else:
            yield [] if plain.lower() == "null" else [_ESCAPE.sub(r"\1", plain)]
        at = found.end()


def _level(tokens: Any, read: Callable[[str], Any], depth: int) -> Items:
    if depth > _DEPTH or (depth == 1 and next(tokens, None) != "{"):
        raise invalid("array")
    made: Items = []
    for sign in tokens:
        if sign == "}" and not made:
            return made
        if isinstance(sign, str) and sign != "{":
            raise invalid("array")
        made.append(_level(tokens, read, depth + 1) if sign == "{" else read(sign[0]) if sign else None)
        behind = next(tokens, None)
        if behind == "}":
            return made
        if behind != ",":
            raise invalid("array")
    raise invalid("array")


def _even(made: Items) -> bool:
    """Whether all parts have the same shape."""
    lists = [one for one in made if isinstance(one, list)]
    if not lists:
        return True
    return (
        len(lists) == len(made)
        and len({len(one) for one in lists}) == 1
        and len({_shape(one) for one in lists}) == 1
        and all(map(_even, lists))
    )


def _shape(made: Items) -> bool:
    return any(isinstance(one, list) for one in made)


def _bare(made: Items) -> bool:
    return all(isinstance(one, list) and _bare(one) for one in made)


def array_out(items: Items, item: str) -> str:
    """The array's text."""
    return _written(items, _WRITE.get(item, str))


def _written(items: Items, write: Callable[[Any], str]) -> str:
    return (
        f"{{{','.join(_written(one, write) if isinstance(one, list) else 'NULL' if one is None else _item(write(one)) for one in items)}}}"
    )


def _item(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() != "null":
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def array_of(*items: Any) -> Items:
    return list(items)


def flat(items: Items) -> Items:
    """All items, whatever the array's dimensions."""
    return list(chain.from_iterable(flat(one) if isinstance(one, list) else [one] for one in items))


def _one_dimension(items: Items) -> Items:
    if _shape(items):
        raise BadValue("only arrays of one dimension are available here")
    return items


def array_steps(items: Items) -> Items:
    """An array that is a path."""
    return _one_dimension(items)


def array_item(items: Items, index: int) -> Any:
    """`array[index]`, counted from 1; NULL outside."""
    return items[index - 1] if 1 <= index <= len(items) and not _shape(items) else None


def cardinality(items: Items) -> int:
    return len(flat(items))


def array_length(items: Items, dimension: int) -> int | None:
    while dimension > 1 and items and isinstance(items[0], list):
        items, dimension = items[0], dimension - 1
    return len(items) if dimension == 1 and items else None


def array_position(items: Items | None, wanted: Any, start: int | None = 1) -> int | None:
    """Where an item stands, counted from 1. NULL is found, too."""
    if items is None:
        return None
    if start is None:
        raise BadValue("initial position must not be null")
    behind = enumerate(_one_dimension(items)[max(0, start - 1) :], max(1, start))
    return next((at for at, one in behind if _same(one, wanted)), None)


def _same(a: Any, b: Any) -> bool:
    return a is b if a is None or b is None else equal(a, b)


def array_append(items: Items | None, item: Any) -> Items:
    return [*_one_dimension(items or []), item]


def array_prepend(item: Any, items: Items | None) -> Items:
    return [item, *_one_dimension(items or [])]


def array_cat(a: Items | None, b: Items | None) -> Items | None:
    if a is None or b is None:
        return b if a is None else a
    if not a or not b:
        return a or b
    if len({*_dimensions(a), *_dimensions(b)}) > 1:
        raise BadValue("arrays of different dimensions are not joined here")
    return [*a, *b]


def _dimensions(items: Items) -> set[tuple[int, ...]]:
    """The dimensions behind the first."""
    return {(len(items[0]), *next(iter(_dimensions(items[0])))) if isinstance(items[0], list) else ()}


def array_remove(items: Items | None, item: Any) -> Items | None:
    return None if items is None else [one for one in _one_dimension(items) if not _same(one, item)]


def array_replace(items: Items | None, old: Any, new: Any) -> Items | None:
    return None if items is None else [new if _same(one, old) else one for one in _one_dimension(items)]


def array_to_string(items: Items, item: str, separator: str, null: str | None = None) -> str:
    write = _WRITE.get(item, str)
    texts = [null if one is None else write(one) for one in flat(items)]
    return _limited(separator.join([text for text in texts if text is not None]))


def _limited(text: str) -> str:
    if len(text) > LIMIT:
        raise BadValue(f"requested length too large: more than {LIMIT} characters")
    return text


def string_to_array(text: str | None, separator: str | None, null: str | None = None) -> Items | None:
    """Parts between a separator; characters when it is NULL."""
    if text is None:
        return None
    if not text:
        return []
    parts = list(text) if separator is None else text.split(separator) if separator else [text]
    return [None if part == null else part for part in parts]


def any_equal(value: Any, items: Items) -> bool | None:
    """`value = any(array)`."""
    given = flat(items)
    if any(one is not None and equal(one, value) for one in given):
        return True
    return None if None in given else False


def array_contains(a: Items, b: Items) -> bool:
    """`a @> b`; a NULL in b is contained in nothing."""
    left, right = flat(a), flat(b)
    if len(left) * len(right) > _PAIRS:
        raise BadValue("the arrays are too long to be compared")
    return all(any(one is not None and each is not None and equal(one, each) for one in left) for each in right)


def array_overlaps(a: Items, b: Items) -> bool:
    """`a && b`."""
    left, right = flat(a), flat(b)
    if len(left) * len(right) > _PAIRS:
        raise BadValue("the arrays are too long to be compared")
    return any(one is not None and each is not None and equal(one, each) for one in left for each in right)


def jsonb_of_array(items: Items, item: str) -> Json:
    """to_jsonb(array)."""
    write = _WRITE.get(item, str)
    if item in ("boolean", "text", "uuid"):
        return items
    if item == "date":
        return [jsonb_of_array(one, item) if isinstance(one, list) else None if one is None else write(one) for one in items]
    return [jsonb_of_array(one, item) if isinstance(one, list) else None if one is None else jsonb_of_number(write(one)) for one in items]
