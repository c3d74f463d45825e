"""Functions of bytes and code points."""

from __future__ import annotations

from cdc.mapping.expression.sqltype import Sql
from cdc.mapping.expression.vocabulary.signature import INT4, INT8, TEXT, Function, Signature

_BYTES = Sql.BYTES


def _bytes(name: str, doc: str, *signatures: tuple[str, tuple[Sql, ...], Sql]) -> Function:
    return Function(name, "bytes", doc, tuple(Signature(arguments, result, call) for call, arguments, result in signatures))


FUNCTIONS = (
    _bytes(
        "octet_length",
        "Number of bytes; of a text, in UTF-8.",
        ("octets", (TEXT,), INT4),
        ("octets", (Sql.BPCHAR,), INT4),
        ("bytea_length", (_BYTES,), INT4),
    ),
    _bytes("bit_length", "Number of bits.", ("8 * octets({})", (TEXT,), INT4), ("8 * bytea_length({})", (_BYTES,), INT4)),
    _bytes("get_byte", "A byte, counted from 0.", ("get_byte", (_BYTES, INT4), INT4)),
    _bytes("encode", "Bytes as text, in `hex`, `base64` or `escape`.", ("encode", (_BYTES, TEXT), TEXT)),
    _bytes("decode", "Text in `hex`, `base64` or `escape` as bytes.", ("decode", (TEXT, TEXT), _BYTES)),
    _bytes("convert_to", "A text's bytes; the encoding is UTF8.", ("convert_to", (TEXT, TEXT), _BYTES)),
    _bytes("convert_from", "Bytes as text; the encoding is UTF8.", ("convert_from", (_BYTES, TEXT), TEXT)),
    _bytes("md5", "The MD5 checksum as hexadecimal digits.", ("md5", (TEXT,), TEXT), ("bytea_md5", (_BYTES,), TEXT)),
    *(
        _bytes(name, f"The SHA-{name[3:]} checksum of bytes.", (f"digest({{}}, '{name}')", (_BYTES,), _BYTES))
        for name in ("sha224", "sha256", "sha384", "sha512")
    ),
    _bytes("ascii", "The first character's code point, 0 for an empty text.", ("ascii_code", (TEXT,), INT4)),
    _bytes("chr", "The character of a code point.", ("character", (INT4,), TEXT)),
    _bytes(
        "to_hex",
        "Hexadecimal digits; a negative number by its two's complement.",
        ("hexadecimal({}, 32)", (INT4,), TEXT),
        ("hexadecimal({}, 64)", (INT8,), TEXT),
    ),
)
