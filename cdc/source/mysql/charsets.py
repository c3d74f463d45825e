"""Character sets: what the server's collation numbers mean, and how the bytes of a text become characters."""

from __future__ import annotations

from codecs import charmap_decode
from collections.abc import Mapping
from typing import Any

from pymysql.connections import Connection

from cdc.model.errors import UnknownEvent
from cdc.model.table import TableName
from cdc.model.value import identity
from cdc.server.mysql_types import Charset

_CODECS: Mapping[str, str] = {
    "utf8mb4": "utf-8", "utf8mb3": "utf-8", "utf8": "utf-8", "ucs2": "utf-16-be", "utf16": "utf-16-be", "utf16le": "utf-16-le",
    "utf32": "utf-32-be", "gbk": "gbk", "gb2312": "gb2312", "gb18030": "gb18030", "euckr": "cp949", "cp932": "cp932",
}  # fmt: skip
"""Multi-byte character sets that Python reads as the server does. big5, sjis, ujis and eucjpms are not among them."""

_HINT = "Convert the column to utf8mb4, or take its table out of the mappings."
_EVERY_BYTE = bytes(range(256)).hex()
_UNDEFINED = "\ufffe"
"""What `codecs.charmap_decode` takes for a byte that means nothing."""


@identity
class Charsets:
    """One server's character sets."""

    collations: Mapping[int, Charset]
    tables: Mapping[str, str]
    """Single-byte character set → the character of each byte, by the server's own conversion."""

    def of(self, collation: int, table: TableName) -> Charset | None:
        """Return a collation's character set; None: bytes."""
        charset = self.collations.get(collation)
        if charset is None:
            raise UnknownEvent(f"{table}: a column has a collation that the server does not list ({collation})", _HINT)
        if charset.name == "binary":
            return None
        if charset.name not in _CODECS and charset.name not in self.tables:
            raise UnknownEvent(f"{table}: a column has the character set {charset.name}, which can't be read exactly here", _HINT)
        return charset

    def text(self, raw: bytes, charset: Charset | None) -> str:
        """Decode a text."""
        name = charset.name if charset else "utf8mb4"
        if name in _CODECS:
            return raw.decode(_CODECS[name])
        return charmap_decode(raw, "strict", self.tables[name])[0]

    def codec(self, charset: Charset) -> str | None:
        """Return Python's name for a multi-byte character set; None for a single-byte one, which has a table."""
        return _CODECS.get(charset.name)


def read(connection: Connection[Any]) -> Charsets:
    """Ask the server for its character sets. latin1 is cp1252 there, with five bytes more: so the tables are asked for, not known."""
    with connection.cursor() as cursor:
        cursor.execute("select character_set_name, maxlen from information_schema.character_sets")
        widths = {str(name): int(width) for name, width in cursor.fetchall()}
        cursor.execute(_collations(cursor))
        collations = {int(number): Charset(name, widths[name]) for number, name in cursor.fetchall() if name in widths}
        single = sorted(name for name, width in widths.items() if width == 1 and name != "binary")
        cursor.execute("select " + ", ".join(f"convert(_{name} x'{_EVERY_BYTE}' using utf8mb4)" for name in single))
        tables = cursor.fetchone() or ()
    return Charsets(collations, {name: _defined(table) for name, table in zip(single, tables, strict=True)})


def _collations(cursor: Any) -> str:
    """MariaDB 10.10 and later know a collation in several character sets, and have its numbers in another view."""
    cursor.execute(
        "select 1 from information_schema.columns where table_schema = 'information_schema'"
        " and table_name = 'COLLATION_CHARACTER_SET_APPLICABILITY' and column_name = 'ID'"
    )
    view = "collation_character_set_applicability" if cursor.fetchone() else "collations"
    return f"select id, character_set_name from information_schema.{view} where id is not null"


def _defined(table: str) -> str:
    return "".join(_UNDEFINED if character == "?" and place != ord("?") else character for place, character in enumerate(table))
