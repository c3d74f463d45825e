"""MySQL's binary JSON to JSON text as the server prints it.

https://dev.mysql.com/doc/dev/mysql-server/latest/json__binary_8h.html
"""

from __future__ import annotations

import json
from base64 import b64encode
from decimal import Decimal
from struct import Struct

from pymysql.constants import FIELD_TYPE as CODE

from cdc.server.mysql_types import DATETIME2, TIME2, TIMESTAMP2

_SMALL_OBJECT, _LARGE_OBJECT, _SMALL_ARRAY, _LARGE_ARRAY, _LITERAL, _INT16, _UINT16, _INT32, _UINT32 = range(9)
_INT64, _UINT64, _DOUBLE, _STRING, _OPAQUE = 9, 10, 11, 12, 15

_LITERALS = ("null", "true", "false")
_INLINE = {2: frozenset((_LITERAL, _INT16, _UINT16)), 4: frozenset((_LITERAL, _INT16, _UINT16, _INT32, _UINT32))}
"""Width of an offset → the kinds whose values stand in its place."""
DEEPEST = 100
"""Containers in each other, at most. https://dev.mysql.com/doc/refman/8.4/en/json.html"""
_NUMBERS = {
    _INT16: Struct("<h"), _UINT16: Struct("<H"), _INT32: Struct("<i"), _UINT32: Struct("<I"), _INT64: Struct("<q"), _UINT64: Struct("<Q"),
}  # fmt: skip
_REAL = Struct("<d")
_DATES = frozenset((CODE.DATE, CODE.DATETIME, CODE.TIMESTAMP, DATETIME2, TIMESTAMP2))
_TIMES = frozenset((CODE.TIME, TIME2))


def json_text(data: bytes) -> str:
    """Write a JSON column's value. An empty one is what a strict server never stores: it stands for `null`."""
    return _Document(data).value(data[0], 1, 0) if data else "null"


class _Document:
    """Reads a document's bytes, each at most once: offsets that lead to the same ones again could make a long text of a few."""

    __slots__ = ("_data", "_left")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = len(data)

    def value(self, kind: int, at: int, depth: int) -> str:
        data = self._data
        if kind <= _LARGE_ARRAY:
            return self._container(at, kind <= _LARGE_OBJECT, 4 if kind in (_LARGE_OBJECT, _LARGE_ARRAY) else 2, depth + 1)
        if kind == _LITERAL:
            return _LITERALS[data[at]]
        if kind in _NUMBERS:
            return str(_NUMBERS[kind].unpack_from(data, at)[0])
        if kind == _DOUBLE:
            return _double(_REAL.unpack_from(data, at)[0])
        if kind == _STRING:
            size, at = self._length(at)
            return quoted(self._taken(at, size).decode())
        if kind == _OPAQUE:
            size, start = self._length(at + 1)
            return _opaque(data[at], self._taken(start, size))
        raise ValueError(f"a JSON value of an unknown kind ({kind})")

    def _container(self, at: int, keyed: bool, width: int, depth: int) -> str:
        """Counts, offsets and sizes are `width` bytes; an object has entries for its keys before those for its values."""
        if depth > DEEPEST:
            raise ValueError("a JSON document is deeper than a server allows")
        data = self._data

        def number(place: int) -> int:
            return int.from_bytes(data[place : place + width], "little")

        count = number(at)
        keys = at + 2 * width
        entries = keys + count * (width + 2) if keyed else keys
        self._taken(at, entries + count * (width + 1) - at)
        inline = _INLINE[width]
        parts = []
        for place in range(count):
            entry = entries + place * (width + 1)
            kind = data[entry]
            text = self.value(kind, entry + 1 if kind in inline else at + number(entry + 1), depth)
            if keyed:
                key = keys + place * (width + 2)
                size = int.from_bytes(data[key + width : key + width + 2], "little")
                text = f"{quoted(self._taken(at + number(key), size).decode())}: {text}"
            parts.append(text)
        return f"{{{', '.join(parts)}}}" if keyed else f"[{', '.join(parts)}]"

    def _length(self, at: int) -> tuple[int, int]:
        """Read a length, seven bits a byte, the lowest first; return it and the offset behind it."""
        size = 0
        for place, byte in enumerate(self._data[at : at + 5]):
            size |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return size, at + place + 1
        raise ValueError("a JSON value has a length that can't be")

    def _taken(self, at: int, size: int) -> bytes:
        self._left -= size
        if self._left < 0 or at + size > len(self._data):
            raise ValueError("a JSON value is longer than its document")
        return self._data[at : at + size]


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _double(number: float) -> str:
    """Write the shortest digits, as the server does: plain while the point is among them or no more than 15 places off, else with an exponent."""
    plain = Decimal(repr(number)).normalize()
    sign, digits, exponent = plain.as_tuple()
    point = len(digits) + int(exponent)
    if -15 < point <= 15 or 0 < point < len(digits):
        text = format(plain, "f")
        return text if "." in text else f"{text}.0"
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{first}{'.' if rest else ''}{rest}e{point - 1}"


def _opaque(kind: int, raw: bytes) -> str:
    """Write a value that has a type of SQL: decimals as numbers, dates and times as strings, others in base64."""
    if kind == CODE.NEWDECIMAL:
        return _decimal(raw[0], raw[1], raw[2:])
    if (kind in _DATES or kind in _TIMES) and len(raw) != 8:
        raise ValueError("a moment in a JSON document has another size than moments have")
    packed = int.from_bytes(raw, "little", signed=True)
    if kind in _TIMES:
        sign, packed = ("-", -packed) if packed < 0 else ("", packed)
        clock = packed >> 24
        return f'"{sign}{clock >> 12:02d}:{clock >> 6 & 63:02d}:{clock & 63:02d}.{packed & 0xFFFFFF:06d}"'
    if kind in _DATES:
        day, clock = packed >> 41, packed >> 24 & 0x1FFFF
        text = f"{(day >> 5) // 13:04d}-{(day >> 5) % 13:02d}-{day & 31:02d}"
        if kind == CODE.DATE:
            return f'"{text}"'
        return f'"{text} {clock >> 12:02d}:{clock >> 6 & 63:02d}:{clock & 63:02d}.{packed & 0xFFFFFF:06d}"'
    return quoted(f"base64:type{kind}:{b64encode(raw).decode()}")


def _decimal(precision: int, scale: int, raw: bytes) -> str:
    """Read a decimal in the row format, whose precision stands beside it."""
    negative = not raw[0] & 0x80
    raw = bytes([raw[0] ^ 0x80, *raw[1:]])
    if negative:
        raw = bytes(byte ^ 0xFF for byte in raw)
    digits, at = "", 0
    whole = precision - scale
    for count in (whole % 9, *[9] * (whole // 9), *[9] * (scale // 9), scale % 9):
        size = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)[count]
        if at + size > len(raw):
            raise ValueError("a decimal in a JSON document is shorter than its digits")
        digits += f"{int.from_bytes(raw[at : at + size], 'big'):0{count}d}" if count else ""
        at += size
    text = digits[:whole].lstrip("0") or "0"
    return f"{'-' if negative else ''}{text}{'.' + digits[whole:] if scale else ''}"
