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
_NUMBERS = {
    _INT16: Struct("<h"), _UINT16: Struct("<H"), _INT32: Struct("<i"), _UINT32: Struct("<I"), _INT64: Struct("<q"), _UINT64: Struct("<Q"),
}  # fmt: skip
_REAL = Struct("<d")
_DATES = frozenset((CODE.DATE, CODE.DATETIME, CODE.TIMESTAMP, DATETIME2, TIMESTAMP2))
_TIMES = frozenset((CODE.TIME, TIME2))


def json_text(data: bytes) -> str:
    """Write a JSON column's value. An empty one is what a strict server never stores: it stands for `null`."""
    return _value(data[0], data, 1) if data else "null"


def _value(kind: int, data: bytes, at: int) -> str:
    if kind <= _LARGE_ARRAY:
        return _container(data, at, kind <= _LARGE_OBJECT, 4 if kind in (_LARGE_OBJECT, _LARGE_ARRAY) else 2)
    if kind == _LITERAL:
        return _LITERALS[data[at]]
    if kind in _NUMBERS:
        return str(_NUMBERS[kind].unpack_from(data, at)[0])
    if kind == _DOUBLE:
        return _double(_REAL.unpack_from(data, at)[0])
    if kind == _STRING:
        size, at = _length(data, at)
        return _quoted(data[at : at + size].decode())
    if kind == _OPAQUE:
        size, start = _length(data, at + 1)
        return _opaque(data[at], data[start : start + size])
    raise ValueError(f"a JSON value of an unknown kind ({kind})")


def _container(data: bytes, at: int, keyed: bool, width: int) -> str:
    """Counts, offsets and sizes are `width` bytes; an object has entries for its keys before those for its values."""

    def number(place: int) -> int:
        return int.from_bytes(data[place : place + width], "little")

    count = number(at)
    keys = at + 2 * width
    entries = keys + count * (width + 2) if keyed else keys
    inline = {_LITERAL, _INT16, _UINT16} | ({_INT32, _UINT32} if width == 4 else set())
    parts = []
    for place in range(count):
        entry = entries + place * (width + 1)
        kind = data[entry]
        text = _value(kind, data, entry + 1 if kind in inline else at + number(entry + 1))
        if keyed:
            key = keys + place * (width + 2)
            start = at + number(key)
            size = int.from_bytes(data[key + width : key + width + 2], "little")
            text = f"{_quoted(data[start : start + size].decode())}: {text}"
        parts.append(text)
    return f"{{{', '.join(parts)}}}" if keyed else f"[{', '.join(parts)}]"


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Read a length, seven bits a byte, the lowest first; return it and the offset behind it."""
    size = shift = 0
    while True:
        byte = data[at]
        at += 1
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            return size, at
        shift += 7


def _quoted(text: str) -> str:
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
    packed = int.from_bytes(raw, "little", signed=True) if kind in _DATES or kind in _TIMES else 0
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
    return _quoted(f"base64:type{kind}:{b64encode(raw).decode()}")


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
        digits += f"{int.from_bytes(raw[at : at + size], 'big'):0{count}d}" if count else ""
        at += size
    text = digits[:whole].lstrip("0") or "0"
    return f"{'-' if negative else ''}{text}{'.' + digits[whole:] if scale else ''}"
