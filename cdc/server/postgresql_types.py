"""PostgreSQL's type oids and modifiers, with what its catalogue says of types that are not in the table here, to logical types."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.model.types import Kind, Type
from cdc.model.value import value

_BPCHAR = 1042

_SCALARS: Mapping[int, Type] = {
    16: Type(Kind.BOOL, "boolean"),
    17: Type(Kind.BYTES, "bytea"),
    19: Type(Kind.TEXT, "name", 63),
    20: Type(Kind.INT, "bigint", 8),
    21: Type(Kind.INT, "smallint", 2),
    23: Type(Kind.INT, "integer", 4),
    25: Type(Kind.TEXT, "text"),
    26: Type(Kind.INT, "oid", 4, unsigned=True),
    114: Type(Kind.JSON, "json"),
    700: Type(Kind.FLOAT, "real", 4),
    701: Type(Kind.FLOAT, "double precision", 8),
    _BPCHAR: Type(Kind.TEXT, "bpchar", padded=True),
    1043: Type(Kind.TEXT, "character varying"),
    1082: Type(Kind.DATE, "date"),
    1083: Type(Kind.TIME, "time without time zone", precision=6),
    1114: Type(Kind.TIMESTAMP, "timestamp without time zone", precision=6),
    1184: Type(Kind.INSTANT, "timestamp with time zone", precision=6),
    650: Type(Kind.ADDRESS, "cidr"),
    869: Type(Kind.ADDRESS, "inet"),
    1186: Type(Kind.INTERVAL, "interval"),
    1560: Type(Kind.BITS, '"bit"'),
    1562: Type(Kind.BITS, "bit varying"),
    1700: Type(Kind.NUMERIC, "numeric"),
    2950: Type(Kind.UUID, "uuid"),
    3802: Type(Kind.JSON, "jsonb"),
}
"""oid → type without a modifier. These oids never change: src/include/catalog/pg_type.dat of PostgreSQL's source."""

BUILTIN = frozenset(_SCALARS)


@value
class Facts:
    """What the catalogue says of one type that is not `BUILTIN`."""

    kind: Kind
    """ENUM, TEXT (the string category: citext and its like), ARRAY or OTHER; for a domain it means nothing."""
    native: str
    """Its qualified and quoted name."""
    base: int = 0
    """A domain's base type."""
    modifier: int = -1
    """A domain's modifier of the base type."""
    element: int = 0
    """An array's element type."""
    labels: tuple[str, ...] = ()
    """An enum's labels, a composite type's fields with their types, or what a range is over."""
    not_null: bool = False
    """A domain that refuses NULL."""
    default: bool = False
    """A domain with a default of its own."""


def type_of(oid: int, modifier: int, facts: Mapping[int, Facts]) -> Type:
    """Return the logical type; a domain is its base type. Raises `KeyError` when `facts` lacks a type that is not `BUILTIN`."""
    if builtin := _SCALARS.get(oid):
        return builtin if modifier < 0 else _modified(oid, builtin, modifier)
    fact = facts[oid]
    if fact.base:
        return type_of(fact.base, fact.modifier, facts)
    if fact.element:
        element = type_of(fact.element, modifier, facts)
        return Type(Kind.ARRAY, element.native + "[]", element=element)
    return Type(fact.kind, fact.native, labels=fact.labels)


_FIELDS: Mapping[int, str] = {1 << 2: "year", 1 << 1: "month", 1 << 3: "day", 1 << 10: "hour", 1 << 11: "minute", 1 << 12: "second"}
"""An interval's fields by their bits in its modifier."""


def _interval(modifier: int) -> str:
    fields = [name for bit, name in _FIELDS.items() if modifier >> 16 & bit]
    precision = f"({modifier & 0xFFFF})" if modifier & 0xFFFF != 0xFFFF else ""
    if len(fields) == len(_FIELDS):
        return f"interval{precision}"
    return f"interval {' to '.join(dict.fromkeys((fields[0], fields[-1])))}{precision}"


def _modified(oid: int, plain: Type, modifier: int) -> Type:
    """Read an atttypmod, each type's own encoding: `format_type` of PostgreSQL spells the same."""
    kind, native = plain.kind, plain.native
    if kind is Kind.NUMERIC:
        precision, scale = (modifier - 4) >> 16 & 0xFFFF, ((modifier - 4 & 0x7FF) ^ 0x400) - 0x400
        return Type(kind, f"numeric({precision},{scale})", precision=precision, scale=scale)
    if kind is Kind.TEXT:
        name = "character" if oid == _BPCHAR else native
        return Type(kind, f"{name}({modifier - 4})", modifier - 4, padded=plain.padded)
    if kind is Kind.BITS:
        return Type(kind, f"{native.strip(chr(34))}({modifier})", modifier)
    if kind is Kind.INTERVAL:
        return Type(kind, _interval(modifier))
    if plain.precision is not None:
        name, _, zone = native.partition(" ")
        return Type(kind, f"{name}({modifier}) {zone}", precision=modifier)
    return plain
