r"""Logical column types: what a value *means*, whichever server holds it.

Every value travels as text (or `None`, or `ABSENT`) in the one canonical form of its kind:

========== ==========================================================================================
kind       canonical text
========== ==========================================================================================
BOOL       `t` or `f`
INT        decimal digits, `-` when negative (MySQL YEAR and TINYINT too)
NUMERIC    plain decimal digits with the column's scale, never an exponent; `NaN`, `Infinity`, `-Infinity`
FLOAT      the shortest text that reads back as the same number; `NaN`, `Infinity`, `-Infinity`
TEXT       the text itself
BYTES      `\x` and lower-case hexadecimal digits
DATE       `YYYY-MM-DD`; PostgreSQL's `infinity` and ` BC`, MySQL's `0000-00-00` as the server writes them
TIME       `HH:MM:SS[.ffffff]`; MySQL's `-838:59:59` … `838:59:59`
TIMESTAMP  `YYYY-MM-DD HH:MM:SS[.ffffff]`, no zone: a clock on the wall
INSTANT    `YYYY-MM-DD HH:MM:SS[.ffffff]+00`, always UTC (PostgreSQL timestamptz, MySQL TIMESTAMP)
INTERVAL   PostgreSQL's `postgres` style
UUID       lower case with hyphens
JSON       the text as the server writes it
ENUM, SET  the label; the labels joined by `,`
BITS       `0` and `1`
ARRAY      PostgreSQL's array text
ADDRESS    a network address as the server writes it (inet, cidr, inet4, inet6)
GEOMETRY   `\x` and the hexadecimal digits of MySQL's own form: the SRID's four bytes and WKB
OTHER      the server's own text
========== ==========================================================================================
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from cdc.model.value import value


class Kind(Enum):
    BOOL = "boolean"
    INT = "integer"
    NUMERIC = "numeric"
    FLOAT = "float"
    TEXT = "text"
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    INSTANT = "instant"
    INTERVAL = "interval"
    UUID = "uuid"
    JSON = "json"
    ENUM = "enum"
    SET = "set"
    BITS = "bits"
    ARRAY = "array"
    ADDRESS = "address"
    GEOMETRY = "geometry"
    OTHER = "other"


@value
class Type:
    """A column's type. `native` is the server's own spelling, fit for a cast (`numeric(14,2)`, `int unsigned`)."""

    kind: Kind
    native: str
    size: int | None = None
    """INT and FLOAT: bytes. TEXT: characters at most. BYTES: bytes at most. BITS: bits. None: no limit."""
    unsigned: bool = False
    precision: int | None = None
    """NUMERIC: digits in all (None: no limit). TIME, TIMESTAMP, INSTANT: digits of the second's fraction."""
    scale: int | None = None
    """NUMERIC: digits after the point."""
    labels: tuple[str, ...] = ()
    """ENUM and SET. OTHER: what a composite type or a range is made of."""
    charset: str | None = None
    """MySQL TEXT, ENUM, SET and JSON: the character set's name; None elsewhere."""
    padded: bool = False
    """TEXT: char(n), whose trailing blanks mean nothing. BYTES: binary(n), padded with zero bytes."""
    element: Type | None = None
    """ARRAY: the items' type, where a catalogue said it."""


class Zones(NamedTuple):
    """The time zones that clocks on the wall are in, by IANA's names; empty: nobody has said."""

    source: str = ""
    target: str = ""
