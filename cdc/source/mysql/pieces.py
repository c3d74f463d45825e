"""How one column's bytes become a value, as pieces of Python source that `generated` joins. Nothing in a piece comes from data.

A piece has a fixed part, read by `struct` together with its neighbours', and may have a variable part, whose length the fixed part
says. Names are the column's number; texts and labels are bound, never written out.
"""

from __future__ import annotations

from codecs import charmap_decode
from collections.abc import Callable, Mapping
from dataclasses import field

from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.types import Type
from cdc.model.value import value
from cdc.server.mysql_types import DATETIME2, TIME2, TIMESTAMP2, VECTOR, Logged
from cdc.source.mysql import compression, values
from cdc.source.mysql.charsets import Charsets
from cdc.source.mysql.json_text import json_text


@value
class Piece:
    fixed: str
    """struct's codes of the fixed part."""
    names: tuple[str, ...]
    """The variables that they fill."""
    result: str
    """An expression for the value. In a variable part, `raw` is its bytes."""
    order: str = ""
    """`<` or `>`; empty when the order of bytes does not matter."""
    length: str = ""
    """An expression for the variable part's length; empty when there is none."""
    bound: Mapping[str, object] = field(default_factory=dict)


_INTEGERS: Mapping[int, tuple[str, str]] = {
    CODE.TINY: ("b", "B"), CODE.SHORT: ("h", "H"), CODE.LONG: ("i", "I"), CODE.LONGLONG: ("q", "Q"),
}  # fmt: skip
_UNSIGNED: Mapping[int, str] = {1: "B", 2: "H", 4: "I", 8: "Q"}
_DIGIT_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
"""Bytes that so many digits of a decimal take. https://dev.mysql.com/doc/refman/8.4/en/precision-math-decimal-characteristics.html"""

_READERS: Mapping[str, str] = {"uuid": "uuid", "inet6": "inet6", "inet4": "inet4"}
"""MariaDB's type → the function that writes it."""

ALWAYS: Mapping[str, object] = {
    "single": values.single_text, "double": values.double_text, "days": values.DATETIME_DAYS, "clocks": values.CLOCKS,
    "dates": values.DATES, "epoch": values.EPOCH_DAYS, "seconds": values.SECONDS, "time": values.time_text, "json": json_text,
    "inflated": compression.column, "charmap": charmap_decode, "uuid": values.uuid_text, "inet6": values.inet6_text, "inet4": values.inet4_text,
}  # fmt: skip
"""What every generated function may call."""


def piece(number: int, column: Logged, meant: Type, charsets: Charsets) -> Piece:
    """Return the piece for a column; `meant` is its logical type, which tells MariaDB's UUID from a binary(16)."""
    name = f"v{number}"
    if column.code in (CODE.VARCHAR, CODE.VAR_STRING, CODE.STRING, CODE.BLOB, CODE.JSON, CODE.GEOMETRY, VECTOR):
        return _variable(name, column, meant, charsets)
    return _FIXED[column.code](name, column)


def _variable(name: str, column: Logged, meant: Type, charsets: Charsets) -> Piece:
    counted = column.code in (CODE.VARCHAR, CODE.VAR_STRING, CODE.STRING)
    size = (2 if column.length + column.compressed > 255 else 1) if counted else column.length
    result, bound = _content(name, column, meant, charsets)
    if column.compressed:
        result = result.replace("raw", "inflated(raw)")
    if size == 3:
        return Piece("HB", (name, name + "h"), result, "<", f"({name} | {name}h << 16)", bound)
    return Piece(_UNSIGNED[size], (name,), result, "<" if size > 1 else "", name, bound)


def _content(name: str, column: Logged, meant: Type, charsets: Charsets) -> tuple[str, Mapping[str, object]]:
    """Return the expression for a string's bytes, and what it needs bound."""
    if column.code == CODE.JSON:
        return "json(raw)", {}
    if reader := _READERS.get(meant.native.partition(" ")[0]):
        return f"{reader}(raw)", {}
    if column.charset is None:
        padded = f".ljust({column.length}, b'\\0')" if column.code == CODE.STRING else ""
        return f"'\\\\x' + raw{padded}.hex()", {}
    codec = charsets.codec(column.charset)
    if codec is None:
        return f"charmap(raw, 'strict', {name}t)[0]", {f"{name}t": charsets.tables[column.charset.name]}
    return ("raw.decode()", {}) if codec == "utf-8" else (f"raw.decode({name}t)", {f"{name}t": codec})


def _integer(name: str, column: Logged) -> Piece:
    code = _INTEGERS[column.code][column.unsigned]
    return Piece(code, (name,), f"f'{{{name}}}'", "" if column.code == CODE.TINY else "<")


def _medium(name: str, column: Logged) -> Piece:
    return Piece("HB" if column.unsigned else "Hb", (name, name + "h"), f"f'{{{name} | {name}h << 16}}'", "<")


def _year(name: str, _: Logged) -> Piece:
    return Piece("B", (name,), f"(f'{{{name} + 1900}}' if {name} else '0')")


def _float(name: str, _: Logged) -> Piece:
    return Piece("f", (name,), f"single({name})", "<")


def _double(name: str, _: Logged) -> Piece:
    return Piece("d", (name,), f"double({name})", "<")


def _bits(name: str, column: Logged) -> Piece:
    return Piece(f"{(column.length + 7) // 8}s", (name,), f"f'{{int.from_bytes({name}, \"big\"):0{column.length}b}}'")


def _enum(name: str, column: Logged) -> Piece:
    return Piece(
        _UNSIGNED[column.length], (name,), f"{name}t[{name}]", "<" if column.length > 1 else "", "", {f"{name}t": ("", *column.labels)}
    )


def _set(name: str, column: Logged) -> Piece:
    bound = {f"{name}t": values.set_texts(column.labels)}
    if code := _UNSIGNED.get(column.length):
        return Piece(code, (name,), f"{name}t[{name}]", "<" if column.length > 1 else "", "", bound)
    return Piece(f"{column.length}s", (name,), f"{name}t[int.from_bytes({name}, 'little')]", "", "", bound)


def _date(name: str, _: Logged) -> Piece:
    return Piece("HB", (name, name + "h"), f"dates[{name} | {name}h << 16]", "<")


def _datetime(name: str, column: Logged) -> Piece:
    code, names, fraction = _fraction(name, column.length)
    day, clock = f"days[{name}h << 15 | {name} >> 17]", f"clocks[{name} & 0x1ffff]"
    return Piece("BI" + code, (name + "h", name, *names), f"{day} + {clock}{fraction}", ">")


def _timestamp(name: str, column: Logged) -> Piece:
    """Second 0 is the zero timestamp: the epoch itself is no valid TIMESTAMP."""
    code, names, fraction = _fraction(name, column.length)
    zero = "'0000-00-00 00:00:00" + ("." + "0" * column.length if column.length else "") + "+00'"
    whole = f"epoch[{name} // 86400] + seconds[{name} % 86400]{fraction} + '+00'"
    return Piece("I" + code, (name, *names), f"({whole} if {name} else {zero})", ">")


def _fraction(name: str, digits: int) -> tuple[str, tuple[str, ...], str]:
    """Return codes, names and the text to add for a second's fraction: one byte for two digits, an odd last digit is zero."""
    if not digits:
        return "", (), ""
    size = (digits + 1) // 2
    number = f"({name}f << 8 | {name}g)" if size == 3 else f"{name}f"
    shown = f"{number} // 10" if digits % 2 else number
    code, names = (("HB", (name + "f", name + "g")), ("B", (name + "f",)), ("H", (name + "f",)))[size % 3]
    return code, names, f" + f'.{{{shown}:0{digits}d}}'"


def _time(name: str, column: Logged) -> Piece:
    size = (column.length + 1) // 2
    packed = f"int.from_bytes({name}, 'big') - {0x800000 << 8 * size}"
    return Piece(f"{3 + size}s", (name,), f"time({packed}, {size}, {column.length})")


def _decimal(name: str, column: Logged) -> Piece:
    """Groups of nine digits, each a big-endian number; the first bit says positive, and a negative number has all bits turned."""
    whole = column.length - column.scale
    leading = [digits for digits in (whole % 9, *[9] * (whole // 9)) if digits]
    groups = leading + [digits for digits in (*[9] * (column.scale // 9), column.scale % 9) if digits]
    codes, names, positive, negative = [], [], [], []
    for place, digits in enumerate(groups):
        size, own = _DIGIT_BYTES[digits], f"{name}_{place}"
        codes.append({1: "B", 2: "H", 3: "BH", 4: "I"}[size])
        names += [own, own + "l"] if size == 3 else [own]
        stored = f"({own} << 16 | {own}l)" if size == 3 else own
        sign, mask = (1 << 8 * size - 1 if place == 0 else 0), (1 << 8 * size) - 1
        positive.append(f"({stored} ^ {sign})" if sign else stored)
        negative.append(f"({stored} ^ {mask ^ sign})")
    top = 1 << 7 if len(codes[0]) > 1 else 1 << 8 * _DIGIT_BYTES[groups[0]] - 1
    texts = [_decimal_text(parts, groups, len(leading), column.scale, sign) for parts, sign in ((positive, ""), (negative, "-"))]
    return Piece("".join(codes), tuple(names), f"({texts[0]} if {names[0]} & {top} else {texts[1]})", ">")


def _decimal_text(parts: list[str], groups: list[int], split: int, scale: int, sign: str) -> str:
    def joined(first: int, last: int) -> str:
        number = "0"
        for part, digits in zip(parts[first:last], groups[first:last], strict=True):
            number = part if number == "0" else f"({number} * {10**digits} + {part})"
        return number

    fraction = f".{{{joined(split, len(groups))}:0{scale}d}}" if scale else ""
    return f"f'{sign}{{{joined(0, split)}}}{fraction}'"


_FIXED: Mapping[int, Callable[[str, Logged], Piece]] = {
    **dict.fromkeys(_INTEGERS, _integer), CODE.INT24: _medium, CODE.YEAR: _year, CODE.FLOAT: _float, CODE.DOUBLE: _double,
    CODE.BIT: _bits, CODE.ENUM: _enum, CODE.SET: _set, CODE.DATE: _date, DATETIME2: _datetime, TIMESTAMP2: _timestamp, TIME2: _time,
    CODE.NEWDECIMAL: _decimal,
}  # fmt: skip
