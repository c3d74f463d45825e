r"""Bytes, which travel as `\x` and hexadecimal digits: read, cut, joined, encoded, digested. And code points.

https://www.postgresql.org/docs/15/functions-binarystring.html
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import TypeVar
from unicodedata import normalize

from cdc.mapping.expression.runtime.errors import BadValue, invalid

_HEX = re.compile(r"\\x(?:[ \n\t\r]*[0-9a-fA-F]{2})*+[ \n\t\r]*")
_SPACE = re.compile(r"[ \n\t\r]+")
_ESCAPED = re.compile(rb"\\(?:([0-3][0-7]{2})|(\\)|)")
Codec = TypeVar("Codec")
_LINE = 76
"""PostgreSQL breaks lines of base64 here."""


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _text(data: bytes) -> str:
    return f"\\x{data.hex()}"


def bytea_in(text: str) -> str:
    r"""cast(text as bytea): hexadecimal digits behind `\\x`, else bytes with backslashes before octal numbers."""
    if text.startswith("\\x"):
        if not _HEX.fullmatch(text):
            raise BadValue("invalid hexadecimal data")
        return _SPACE.sub("", text).lower()
    return _text(_unescaped(text.encode()))


def _unescaped(data: bytes) -> bytes:
    def byte(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return bytes([int(found[1], 8)])
        if found[2]:
            return found[2]
        raise invalid("bytea")

    return _ESCAPED.sub(byte, data)


def bytea_length(text: str) -> int:
    return (len(text) - 2) // 2


def bytea_join(*texts: str) -> str:
    return "\\x" + "".join([text[2:] for text in texts])


def bytea_substring(text: str, start: int) -> str:
    return _text(_bytes(text)[max(0, start - 1) :])


def bytea_substring_for(text: str, start: int, length: int) -> str:
    if length < 0:
        raise BadValue("negative substring length not allowed")
    return _text(_bytes(text)[max(0, start - 1) : max(0, start - 1 + length)])


def get_byte(text: str, index: int) -> int:
    if not 0 <= index < bytea_length(text):
        raise BadValue("index out of valid range")
    return _bytes(text)[index]


def digest(text: str, name: str) -> str:
    """The bytes' checksum."""
    return _text(hashlib.new(name, _bytes(text), usedforsecurity=False).digest())


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def bytea_md5(text: str) -> str:
    return hashlib.md5(_bytes(text), usedforsecurity=False).hexdigest()


def convert_to(text: str, encoding: str) -> str:
    _only_utf8(encoding)
    return _text(text.encode())


def convert_from(text: str, encoding: str) -> str:
    _only_utf8(encoding)
    data = _bytes(text)
    if 0 in data:
        raise BadValue('invalid byte sequence for encoding "UTF8"')
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadValue('invalid byte sequence for encoding "UTF8"') from None


def known_encoding(function: str, name: str) -> None:
    """Check what an encoding is called. Raises `BadValue`."""
    if function.startswith("convert"):
        _only_utf8(name)
    else:
        _known(_ENCODE, name)


def _only_utf8(encoding: str) -> None:
    if encoding.lower().replace("-", "").replace("_", "") not in ("utf8", "unicode"):
        raise BadValue("only the encoding UTF8 is available")


def encode(text: str, form: str) -> str:
    """Bytes as text."""
    return _known(_ENCODE, form)(_bytes(text))


def decode(text: str, form: str) -> str:
    """Text as bytes."""
    return _text(_known(_DECODE, form)(text))


def _known(table: Mapping[str, Codec], form: str) -> Codec:
    if form.lower() not in table:
        raise BadValue("unrecognized encoding: there are hex, base64 and escape")
    return table[form.lower()]


def _base64(data: bytes) -> str:
    text = b64encode(data).decode()
    return "\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(_SPACE.sub("", text), validate=True)
    except ValueError:
        raise BadValue("invalid base64 data") from None


def _from_hex(text: str) -> bytes:
    digits = _SPACE.sub("", text)
    if not _HEX.fullmatch("\\x" + text):
        raise BadValue("invalid hexadecimal data")
    return bytes.fromhex(digits)


def _escape(data: bytes) -> str:
    return "".join("\\\\" if byte == 0x5C else f"\\{byte:03o}" if byte == 0 or byte >= 0x80 else chr(byte) for byte in data)


_ENCODE: Mapping[str, Callable[[bytes], str]] = {"hex": bytes.hex, "base64": _base64, "escape": _escape}
_DECODE: Mapping[str, Callable[[str], bytes]] = {"hex": _from_hex, "base64": _from_base64, "escape": lambda text: _unescaped(text.encode())}


def ascii_code(text: str) -> int:
    """The first character's code point, 0 for none."""
    return ord(text[0]) if text else 0


def character(code: int) -> str:
    """chr(code)."""
    if code == 0:
        raise BadValue("null character not permitted")
    if not 0 < code <= 0x10FFFF or 0xD800 <= code < 0xE000:
        raise BadValue("requested character is not valid for encoding")
    return chr(code)


def hexadecimal(given: int, bits: int) -> str:
    """to_hex: a negative number by its two's complement."""
    return f"{given & (1 << bits) - 1:x}"


def octets(text: str) -> int:
    return len(text.encode())


def composed(text: str) -> str:
    """normalize(text)."""
    return normalize("NFC", text)
