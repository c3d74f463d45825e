"""What information_schema says of a column, and what the binary log's table map says of it, to one and the same logical type."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.types import Kind, Type
from cdc.model.value import value

TIMESTAMP2, DATETIME2, TIME2, VECTOR = 17, 18, 19, 242
"""Codes that PyMySQL has no names for."""

_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), Kind.INT),
    **dict.fromkeys(("float", "double"), Kind.FLOAT),
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), Kind.TEXT),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"), Kind.BYTES),
    "decimal": Kind.NUMERIC, "bit": Kind.BITS, "date": Kind.DATE, "time": Kind.TIME, "datetime": Kind.TIMESTAMP,
    "timestamp": Kind.INSTANT, "enum": Kind.ENUM, "set": Kind.SET, "json": Kind.JSON, "uuid": Kind.UUID, "inet4": Kind.ADDRESS, "inet6": Kind.ADDRESS,
    **dict.fromkeys(("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"), Kind.GEOMETRY),
    **dict.fromkeys(("geometrycollection", "geomcollection"), Kind.GEOMETRY),
}  # fmt: skip
"""`data_type` → kind. All others are OTHER. MariaDB's JSON is a longtext with a check, and so TEXT."""

_BYTES: Mapping[str, int] = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8, "year": 2, "float": 4, "double": 8}

_PLAIN: Mapping[int, str] = {
    CODE.TINY: "tinyint", CODE.SHORT: "smallint", CODE.INT24: "mediumint", CODE.LONG: "int", CODE.LONGLONG: "bigint",
    CODE.YEAR: "year", CODE.FLOAT: "float", CODE.DOUBLE: "double", CODE.NEWDECIMAL: "decimal", CODE.BIT: "bit", CODE.DATE: "date",
    TIME2: "time", DATETIME2: "datetime", TIMESTAMP2: "timestamp", CODE.ENUM: "enum", CODE.SET: "set",
    CODE.JSON: "json", CODE.GEOMETRY: "geometry", VECTOR: "vector",
}  # fmt: skip
"""The table map's code → `data_type`, where the code alone says it."""

_BLOBS: Mapping[int, tuple[str, str]] = {
    1: ("tinyblob", "tinytext"), 2: ("blob", "text"), 3: ("mediumblob", "mediumtext"), 4: ("longblob", "longtext"),
}  # fmt: skip

_NARROWEST: Mapping[str, int] = {"ucs2": 2, "utf16": 2, "utf16le": 2, "utf32": 4}
"""Bytes of the shortest character, where it is not one."""

_LABEL = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPED: Mapping[str, str] = {"n": "\n", "r": "\r", "0": "\0"}


@value
class Charset:
    """A character set: its name, and how many bytes a character takes at most."""

    name: str
    width: int


@value
class Facts:
    """A column's type in the words of information_schema.columns."""

    data_type: str
    native: str
    """`column_type`, or what it would be."""
    unsigned: bool = False
    length: int | None = None
    """Characters of a text, or bytes of a binary string, at most."""
    precision: int | None = None
    """Digits of a decimal, bits of a bit column."""
    scale: int | None = None
    fraction: int | None = None
    """Digits of the second's fraction."""
    labels: tuple[str, ...] = ()
    charset: str | None = None


@value
class Logged:
    """A column as the binary log's table map describes it."""

    code: int
    """The type's number; ENUM and SET have their own, not the STRING that carries them."""
    length: int = 0
    """VARCHAR and STRING: bytes at most. BLOB, JSON, GEOMETRY: bytes of the length before a value. ENUM and SET: bytes of a value.
    NEWDECIMAL: digits. BIT: bits. TIME2, DATETIME2 and TIMESTAMP2: digits of the second's fraction."""
    scale: int = 0
    unsigned: bool = False
    charset: Charset | None = None
    """None: bytes, or no string at all."""
    labels: tuple[str, ...] = ()
    compressed: bool = False
    """MariaDB's attribute COMPRESSED: each value is compressed for itself."""


def type_of(facts: Facts) -> Type:
    """Return the logical type."""
    kind = _KINDS.get(facts.data_type, Kind.OTHER)
    size = facts.precision if kind is Kind.BITS else _BYTES.get(facts.data_type, facts.length)
    return Type(
        kind,
        facts.native,
        size if kind in (Kind.INT, Kind.FLOAT, Kind.TEXT, Kind.BYTES, Kind.BITS) else None,
        facts.unsigned and kind in (Kind.INT, Kind.NUMERIC, Kind.FLOAT),
        facts.precision if kind is Kind.NUMERIC else facts.fraction,
        facts.scale if kind is Kind.NUMERIC else None,
        facts.labels,
        "utf8mb4" if kind is Kind.JSON else facts.charset,
        facts.data_type in ("char", "binary"),
    )


def facts_of(column: Logged) -> Facts:
    """Translate a table map's column. Raises `KeyError` with the code of a type that this module does not know."""
    if column.code in (CODE.ENUM, CODE.SET):
        name = _PLAIN[column.code]
        native = f"{name}({','.join(_quoted(label) for label in column.labels)})"
        return Facts(name, native, labels=column.labels, charset=column.charset.name if column.charset else None)
    if column.code in (CODE.VARCHAR, CODE.VAR_STRING, CODE.STRING, CODE.BLOB):
        return _string(column)
    return _scalar(_PLAIN[column.code], column)


def _string(column: Logged) -> Facts:
    charset = column.charset
    if column.code == CODE.BLOB:
        name = _BLOBS[column.length][charset is not None]
        length = (256**column.length - 1) // _NARROWEST.get(charset.name if charset else "", 1)
        return Facts(name, name, length=length, charset=charset.name if charset else None)
    prefix = "" if column.code == CODE.STRING else "var"
    if charset is None:
        return Facts(f"{prefix}binary", f"{prefix}binary({column.length})", length=column.length)
    length = column.length // charset.width
    return Facts(f"{prefix}char", f"{prefix}char({length})", length=length, charset=charset.name)


def _scalar(name: str, column: Logged) -> Facts:
    unsigned = column.unsigned and name != "year"
    suffix = " unsigned" if unsigned else ""
    if name == "decimal":
        native = f"decimal({column.length},{column.scale}){suffix}"
        return Facts(name, native, unsigned, precision=column.length, scale=column.scale)
    if name == "bit":
        return Facts(name, f"bit({column.length})", precision=column.length)
    if name in ("time", "datetime", "timestamp"):
        return Facts(name, f"{name}({column.length})" if column.length else name, fraction=column.length)
    return Facts(name, name + suffix, unsigned)


def labels_of(column_type: str) -> tuple[str, ...]:
    r"""Read the labels out of `enum('a','it''s')`; the server writes \\, \n, \r and \0 for what they stand for."""
    return tuple(
        _ESCAPE.sub(lambda found: "'" if found[1] is None else _ESCAPED.get(found[1], found[1]), label[1])
        for label in _LABEL.finditer(column_type)
    )


def _quoted(label: str) -> str:
    escaped = label.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0").replace("'", "''")
    return f"'{escaped}'"
