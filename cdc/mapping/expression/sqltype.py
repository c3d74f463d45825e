"""PostgreSQL's types as the expression compiler sees them: which there are, and which turn into which by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from cdc.model.types import Kind, Type


class Sql(Enum):
    """A type, by the name that PostgreSQL and our messages give it."""

    BOOL = "boolean"
    INT2 = "smallint"
    INT4 = "integer"
    INT8 = "bigint"
    NUMERIC = "numeric"
    FLOAT4 = "real"
    FLOAT8 = "double precision"
    TEXT = "text"
    VARCHAR = "character varying"
    BPCHAR = "character"
    DATE = "date"
    TIMESTAMP = "timestamp"
    INSTANT = "timestamp with time zone"
    UUID = "uuid"
    ENUM = "enum"
    BYTES = "bytea"
    JSON = "json"
    JSONB = "jsonb"
    """PostgreSQL's, and MySQL's json, which has no other text than jsonb's either."""
    TIME = "time"
    INTERVAL = "interval"
    BITS = "bit"
    ARRAY = "array"
    OTHER = "a type of the source's own"
    FLAG = "tinyint(1)"
    """MySQL's boolean: a number, and a condition where one is needed."""
    UNKNOWN = "unknown"
    """A text literal or NULL whose type is not settled yet."""
    ANY = "any"
    """Anything: a column whose table is not known, or what has been refused already."""


class SqlType(NamedTuple):
    """A type with its modifiers. `size`: characters, digits, or digits of the fraction; None: no limit."""

    sql: Sql
    size: int | None = None
    scale: int | None = None
    native: str = ""
    """The server's spelling, where the kind alone does not say which type it is."""
    labels: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.native or self.sql.value


ANY, UNKNOWN, BOOL, TEXT = SqlType(Sql.ANY), SqlType(Sql.UNKNOWN), SqlType(Sql.BOOL), SqlType(Sql.TEXT)

INTEGERS = (Sql.INT2, Sql.INT4, Sql.INT8)
NUMBERS = (*INTEGERS, Sql.NUMERIC, Sql.FLOAT4, Sql.FLOAT8)
"""From narrow to wide: each turns into those behind it by itself."""
TEXTS = (Sql.BPCHAR, Sql.VARCHAR, Sql.TEXT)
TIMES = (Sql.DATE, Sql.TIMESTAMP, Sql.INSTANT)
PREFERRED = frozenset({Sql.BOOL, Sql.FLOAT8, Sql.TEXT, Sql.INSTANT, Sql.INTERVAL})

INT_BYTES: Mapping[Sql, int] = {Sql.INT2: 2, Sql.INT4: 4, Sql.INT8: 8}


def _implicit() -> dict[Sql, frozenset[Sql]]:
    table = {sql: frozenset({sql, Sql.ANY}) for sql in Sql}
    for family in (NUMBERS, TIMES):
        for at, sql in enumerate(family):
            table[sql] |= frozenset(family[at:])
    for sql in TEXTS:
        table[sql] |= frozenset(TEXTS)
    table[Sql.ENUM] |= {Sql.TEXT}
    table[Sql.TIME] |= {Sql.INTERVAL}
    table[Sql.FLAG] |= frozenset(NUMBERS) | {Sql.BOOL}
    table[Sql.UNKNOWN] = table[Sql.ANY] = frozenset(Sql)
    return table


IMPLICIT: Mapping[Sql, frozenset[Sql]] = _implicit()
"""Which types an argument of a type may stand for. Beyond PostgreSQL: an enum's label is a text, MySQL's tinyint(1) a condition."""

_OF_KIND: Mapping[Kind, Sql] = {
    Kind.BOOL: Sql.BOOL, Kind.NUMERIC: Sql.NUMERIC, Kind.TEXT: Sql.TEXT, Kind.BYTES: Sql.BYTES, Kind.DATE: Sql.DATE,
    Kind.TIME: Sql.TIME, Kind.TIMESTAMP: Sql.TIMESTAMP, Kind.INSTANT: Sql.INSTANT, Kind.INTERVAL: Sql.INTERVAL, Kind.UUID: Sql.UUID,
    Kind.JSON: Sql.JSON, Kind.ENUM: Sql.ENUM, Kind.SET: Sql.TEXT, Kind.BITS: Sql.BITS, Kind.ARRAY: Sql.ARRAY, Kind.ADDRESS: Sql.OTHER,
    Kind.GEOMETRY: Sql.OTHER, Kind.OTHER: Sql.OTHER,
}  # fmt: skip
_OPAQUE = frozenset({Sql.ENUM, Sql.BITS, Sql.ARRAY, Sql.OTHER})


def of_column(given: Type) -> SqlType:
    """Return the type that a column has in expressions. Unsigned integers are the next wider type, as PostgreSQL has none."""
    if given.kind is Kind.INT:
        return SqlType(_integer(given))
    if given.kind is Kind.FLOAT:
        return SqlType(Sql.FLOAT4 if given.size == 4 else Sql.FLOAT8)
    if given.kind is Kind.TEXT and given.padded:
        return SqlType(Sql.BPCHAR, given.size)
    if given.kind is Kind.TEXT and given.size is not None:
        return SqlType(Sql.VARCHAR, given.size)
    sql = Sql.JSONB if given.kind is Kind.JSON and (given.native == "jsonb" or given.charset) else _OF_KIND[given.kind]
    native = given.native if sql in _OPAQUE else ""
    return SqlType(sql, given.precision, given.scale, native, given.labels if sql in (Sql.ENUM, Sql.OTHER) else ())


def _integer(given: Type) -> Sql:
    if given.native.lower().startswith("tinyint(1)") and not given.unsigned:
        return Sql.FLAG
    needed = (given.size or 8) + (1 if given.unsigned else 0)
    return next((sql for sql, size in INT_BYTES.items() if size >= needed), Sql.NUMERIC)


_KINDS: Mapping[Sql, Kind] = {
    **{sql: kind for kind, sql in _OF_KIND.items() if kind is not Kind.SET}, Sql.JSONB: Kind.JSON,
    **dict.fromkeys(INTEGERS, Kind.INT), Sql.FLAG: Kind.INT, Sql.FLOAT4: Kind.FLOAT, Sql.FLOAT8: Kind.FLOAT,
    **dict.fromkeys(TEXTS, Kind.TEXT), Sql.UNKNOWN: Kind.TEXT,
}  # fmt: skip
_BYTES: Mapping[Sql, int] = {**INT_BYTES, Sql.FLAG: 1, Sql.FLOAT4: 4, Sql.FLOAT8: 8}
_LIMITED = frozenset({Sql.TIME, Sql.TIMESTAMP, Sql.INSTANT})
_NAMED: Mapping[str, Kind] = {**dict.fromkeys(("inet", "cidr", "inet4", "inet6"), Kind.ADDRESS), "geometry": Kind.GEOMETRY}
"""Types without one in expressions, by the server's spelling."""


def to_column(given: SqlType) -> Type:
    """Return the column type that holds what an expression of this type gives."""
    native = str(given)
    kind = _NAMED.get(native, Kind.OTHER) if given.sql is Sql.OTHER else _KINDS[given.sql]
    if given.sql in _BYTES:
        return Type(kind, native, _BYTES[given.sql])
    if given.sql is Sql.NUMERIC:
        return Type(kind, native, precision=given.size, scale=given.scale)
    if given.sql in TEXTS:
        return Type(kind, native, given.size, padded=given.sql is Sql.BPCHAR)
    if given.sql in _LIMITED:
        return Type(kind, native, precision=6 if given.size is None else given.size)
    return Type(kind, native, given.size, labels=given.labels)


_ITEMS: Mapping[str, Sql] = {
    **{sql.value: sql for sql in (Sql.BOOL, *NUMBERS, Sql.TEXT, Sql.UUID, Sql.DATE)}, Sql.VARCHAR.value: Sql.TEXT,
}  # fmt: skip


def array_of(item: Sql) -> SqlType:
    """Return the type of arrays of such items."""
    return SqlType(Sql.ARRAY, native=f"{(Sql.TEXT if item in TEXTS else item).value}[]")


def element(given: SqlType) -> Sql | None:
    """Return the type of an array's items; None when it is not known."""
    return _ITEMS.get(given.native.removesuffix("[]").partition("(")[0]) if given.sql is Sql.ARRAY else None


def common(types: Iterable[SqlType]) -> SqlType | None:
    """Return the type that CASE, COALESCE, IN and their like give to all of their values; None when there is none.

    https://www.postgresql.org/docs/current/typeconv-union-case.html
    """
    given = list(types)
    known = [one for one in given if one.sql is not Sql.UNKNOWN]
    if not known:
        return TEXT
    if any(one.sql is Sql.ANY for one in known):
        return ANY
    if all(one == known[0] for one in known):
        return known[0] if len(known) == len(given) else known[0]._replace(size=None, scale=None)
    chosen = known[0].sql
    if {Sql.TIME, Sql.INTERVAL} <= {one.sql for one in known}:  # one turns into the other, but they are of two categories
        return None
    for sql in (one.sql for one in known[1:]):
        forward, back = sql in IMPLICIT[chosen], chosen in IMPLICIT[sql]
        if not forward and not back:
            return None
        if forward and not back and chosen not in PREFERRED:
            chosen = sql
    same_native = chosen not in _OPAQUE or len({one.native for one in known if one.sql is chosen}) == 1
    return SqlType(chosen) if same_native and all(chosen in IMPLICIT[one.sql] for one in known) else None
