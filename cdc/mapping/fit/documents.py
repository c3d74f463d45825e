"""JSON documents, arrays, network addresses, shapes, and types that only their own kind can hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from ipaddress import IPv4Address
from typing import Any

from cdc.mapping.expression.runtime.arrays import array_in
from cdc.mapping.expression.runtime.errors import BadValue, invalid
from cdc.mapping.expression.runtime.json_text import json_checked
from cdc.mapping.fit.rule import Convert, Rule, Unfit, unfit
from cdc.mapping.fit.texts import to_text
from cdc.model.types import Kind, Type

_UNSIGNED, _SIGNED = 1 << 64, -(1 << 63)


def to_json(source: Type, target: Type) -> Convert | None:
    """A document keeps its meaning: jsonb and MySQL's json drop a key that comes twice, MySQL's rounds long numbers."""
    if source.kind is Kind.JSON and (not _parsed(target) or (_parsed(source) and not (source.native == "jsonb" and target.charset))):
        return None
    if not _parsed(target):
        return json_checked
    return _checked(_held if target.charset else None)


def _parsed(given: Type) -> bool:
    """Whether the server keeps the document and not its text."""
    return given.native == "jsonb" or given.charset is not None


def _checked(number: Callable[[str], Any] | None) -> Convert:
    def checked(text: str) -> str:
        try:
            json.loads(text, object_pairs_hook=_once, parse_int=number or str, parse_float=number or str, parse_constant=_no_number)
        except BadValue:
            raise
        except (ValueError, RecursionError):
            raise invalid("json") from None
        return text

    return checked


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise BadValue("a key comes twice in the document, and only one would be kept")


def _held(digits: str) -> None:
    """MySQL keeps integers of 64 bits, and all other numbers as a double."""
    if digits.lstrip("-").isdecimal() and len(digits) < 21 and _SIGNED <= int(digits) < _UNSIGNED:
        return
    near = float(digits)
    if near in (float("inf"), float("-inf")) or Decimal(repr(near)) != Decimal(digits):
        raise BadValue("a number in the document has more digits than json holds on the target")


def _no_number(_word: str) -> None:
    raise invalid("json")


def array_to_array(source: Type, target: Type) -> Unfit | None:
    """An array goes where every item would go as it is."""
    if source.native == target.native:
        return None
    fits = source.element and target.element and _items(source.element, target.element)
    return None if fits else unfit(source, target)


def _items(source: Type, target: Type) -> bool:
    """Whether an item's text stays as it is; the pairs are those that a cast inside an array leaves alone, too."""
    if source.kind is not target.kind or source.padded != target.padded:
        return False
    if source.kind is Kind.ENUM:
        return set(source.labels) <= set(target.labels)
    if source.kind is Kind.TEXT and target.native != "name":
        return target.size is None or (source.size is not None and source.size <= target.size)
    return source.native == target.native


def array_to_json(source: Type, _target: Type) -> Convert:
    """`{1,NULL}` becomes `[1,null]`; arrays within arrays become arrays of arrays."""
    kind = source.element.kind if source.element else Kind.TEXT
    write = _ITEMS.get(kind, _quoted)

    def converted(text: str) -> str:
        return _written(array_in(text, "text"), write)

    return converted


def _written(items: list[Any], write: Convert) -> str:
    made = ("null" if one is None else _written(one, write) if isinstance(one, list) else write(one) for one in items)
    return f"[{', '.join(made)}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _digits(text: str) -> str:
    if text[-1].isdecimal():
        return text
    raise BadValue("JSON has no NaN and no infinity")


_ITEMS: Mapping[Kind, Convert] = {
    **dict.fromkeys((Kind.INT, Kind.NUMERIC, Kind.FLOAT), _digits),
    Kind.BOOL: {"t": "true", "f": "false"}.__getitem__,
    Kind.JSON: str,
}


def address(source: Type, target: Type) -> Convert | Unfit | None:
    """PostgreSQL's inet and cidr, MariaDB's inet4 and inet6."""
    if target.native in ("inet", source.native):
        return _without_mask if (source.native, target.native) == ("cidr", "inet") else None
    if target.native == "cidr" and source.native == "inet":
        return None
    return {"inet4": _version_4, "inet6": _version_6}[target.native] if source.native == "inet" else unfit(source, target)


def _without_mask(text: str) -> str:
    """A network of one address."""
    return text.removesuffix("/128") if ":" in text else text.removesuffix("/32")


def _version_4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise BadValue("value is no single address of version 4") from None


def _version_6(text: str) -> str:
    if ":" in text and "/" not in text:
        return text
    raise BadValue("value is no single address of version 6")


def only_itself(hint: str) -> Rule:
    """Return the rule for a type whose text is no use elsewhere."""
    return lambda source, target: unfit(source, target, hint)


COPIED = frozenset({
    "time with time zone", "money", "macaddr", "macaddr8", "point", "line", "lseg", "box", "path", "polygon", "circle", "tsvector", "tsquery", "xml",
    "pg_lsn", "xid", "xid8", "txid_snapshot", "pg_snapshot", "jsonpath", '"char"', "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
    "int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange", "datemultirange",
    # of extensions, in whatever schema they are
    "hstore", "ltree", "lquery", "ltxtquery", "cube", "seg", "isbn", "isbn13", "issn", "issn13", "ismn", "ismn13", "upc", "ean13",
    "geometry", "geography", "box2d", "box3d", "vector", "halfvec", "sparsevec",
})  # fmt: skip
"""PostgreSQL's types without a kind of their own whose text, read by the same type, gives the same value."""


def other_to_other(source: Type, target: Type) -> Unfit | None:
    """Composite types and ranges go where their parts are the same; labels tell what they are made of."""
    if _bare(source) == _bare(target) and _bare(source) in COPIED:
        return None
    if source.labels and source.labels == target.labels:
        return None
    known = source.native == target.native and not source.labels
    return unfit(source, target, "it is not known that its text is the whole value: leave the column out" if known else "")


def _bare(given: Type) -> str:
    """The name without the schema that an extension was put into."""
    return given.native.rpartition(".")[2]


def other_to_text(source: Type, target: Type) -> Convert | Unfit | None:
    if source.native == "money":
        return unfit(source, target, "its text depends on the server's locale: take it as numeric by a `query`")
    return to_text(source, target)
