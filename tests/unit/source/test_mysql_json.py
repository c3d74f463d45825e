"""MySQL's binary JSON, built here by its description, to the text that the server prints."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql.constants import FIELD_TYPE as CODE

from cdc.server.mysql_types import DATETIME2, TIME2
from cdc.source.mysql.json_text import json_text

LITERALS = {None: 0, True: 1, False: 2}


def varlen(size):
    out = b""
    while True:
        byte, size = size & 0x7F, size >> 7
        out += bytes([byte | (0x80 if size else 0)])
        if not size:
            return out


def scalar(value):
    """(kind, bytes) of a value that is no container."""
    if value is None or isinstance(value, bool):
        return 4, bytes([LITERALS[value]])
    if isinstance(value, float):
        return 11, struct.pack("<d", value)
    if isinstance(value, int):
        for kind, code in ((5, "<h"), (6, "<H"), (7, "<i"), (8, "<I"), (9, "<q"), (10, "<Q")):
            try:
                return kind, struct.pack(code, value)
            except struct.error:
                continue
    raw = value.encode()
    return 12, varlen(len(raw)) + raw


def container(value, wide):
    """(kind, bytes): counts, then entries of keys and values, then keys, then what is not inline."""
    code, width = ("<I", 4) if wide else ("<H", 2)
    keyed = isinstance(value, dict)
    keys = [key.encode() for key in value] if keyed else []
    items = [encoded(item, wide) for item in (value.values() if keyed else value)]
    at = 2 * width + len(keys) * (width + 2) + len(items) * (width + 1)
    head, body = b"", b""
    for key in keys:
        head += struct.pack(code, at + len(body)) + struct.pack("<H", len(key))
        body += key
    for kind, raw in items:
        if kind in (4, 5, 6) or (wide and kind in (7, 8)):
            head += bytes([kind]) + raw.ljust(width, b"\0")
        else:
            head += bytes([kind]) + struct.pack(code, at + len(body))
            body += raw
    whole = struct.pack(code, len(items)) + struct.pack(code, at + len(body)) + head + body
    return (0 if keyed else 2) + wide, whole


def encoded(value, wide):
    return container(value, wide) if isinstance(value, dict | list) else scalar(value)


def binary(value, wide=False):
    kind, raw = encoded(value, wide)
    return bytes([kind]) + raw


TEXT = st.text(st.characters(codec="utf-8"), max_size=200)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8).filter(str.isprintable), inner, max_size=5)
)


@given(VALUES, st.booleans())
def test_values_are_written_as_the_server_does(value, wide):
    assert json_text(binary(value, wide)) == json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1.0"), (-0.0, "-0.0"), (0.1, "0.1"), (2.5, "2.5"), (1e14, "100000000000000.0"), (1e15, "1e15"), (-1.5e16, "-1.5e16"), (1e-7, "0.0000001"),
        (1e-15, "0.000000000000001"), (1.5e-16, "1.5e-16"), (1234567890123456.8, "1234567890123456.8"), (12345678901234568.0, "1.2345678901234568e16"),
        (1e300, "1e300"), (5e-324, "5e-324"),
    ],
)  # fmt: skip
def test_doubles_as_mysql_prints_them(number, text):
    """torture: E07; measured on a server"""
    assert json_text(binary(number)) == text


def opaque(kind, raw):
    return bytes([15, kind]) + varlen(len(raw)) + raw


def moment(year, month, day, hour=0, minute=0, second=0, micro=0):
    packed = (((year * 13 + month) << 5 | day) << 17 | hour << 12 | minute << 6 | second) << 24 | micro
    return struct.pack("<q", packed)


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        (CODE.NEWDECIMAL, bytes([5, 2, 0x80, 0x7B, 0x2D]), "123.45"),
        (CODE.NEWDECIMAL, bytes([5, 2, 0x7F, 0xFF, 0xFA]), "-0.05"),
        (CODE.NEWDECIMAL, bytes([3, 0, 0x80, 0x07]), "7"),
        (CODE.DATE, moment(2024, 2, 29), '"2024-02-29"'),
        (CODE.DATETIME, moment(2024, 2, 29, 23, 59, 58, 7), '"2024-02-29 23:59:58.000007"'),
        (DATETIME2, moment(0, 0, 0), '"0000-00-00 00:00:00.000000"'),
        (CODE.TIMESTAMP, moment(2038, 1, 19, 3, 14, 7), '"2038-01-19 03:14:07.000000"'),
        (CODE.TIME, struct.pack("<q", (10 << 12 | 11 << 6 | 12) << 24 | 500_000), '"10:11:12.500000"'),
        (TIME2, struct.pack("<q", -((10 << 12 | 11 << 6 | 12) << 24 | 500_000)), '"-10:11:12.500000"'),
        (CODE.VAR_STRING, b"a\xff", '"base64:type253:Yf8="'),
    ],
)
def test_values_that_have_a_type_of_sql(kind, raw, text):
    assert json_text(opaque(kind, raw)) == text
    assert json_text(bytes([2]) + struct.pack("<HHBH", 1, 0, 15, 7) + opaque(kind, raw)[1:]) == f"[{text}]"


def test_an_unknown_kind_stops():
    with pytest.raises(ValueError, match="unknown kind"):
        json_text(b"\x0d\x00")
