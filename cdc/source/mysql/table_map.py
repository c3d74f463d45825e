"""A TABLE_MAP event to the table's name and columns.

https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1Table__map__event.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.errors import Misconfigured, UnknownEvent
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.server.mysql_types import DATETIME2, TIME2, TIMESTAMP2, VECTOR, Charset, Logged
from cdc.source.mysql.charsets import Charsets
from cdc.source.mysql.position import DAMAGED, RELOAD

_ONE_BYTE = frozenset((CODE.FLOAT, CODE.DOUBLE, CODE.BLOB, CODE.GEOMETRY, CODE.JSON, TIMESTAMP2, DATETIME2, TIME2, VECTOR))
_TWO_BYTES = frozenset((CODE.VARCHAR, CODE.VAR_STRING, CODE.STRING, CODE.BIT, CODE.NEWDECIMAL))
_BARE = frozenset((CODE.TINY, CODE.SHORT, CODE.INT24, CODE.LONG, CODE.LONGLONG, CODE.YEAR, CODE.DATE))
_REFUSED: Mapping[int, str] = {
    CODE.TIMESTAMP: "a timestamp in the format before MySQL 5.6", CODE.TIME: "a time in the format before MySQL 5.6",
    CODE.DATETIME: "a datetime in the format before MySQL 5.6", CODE.DECIMAL: "a decimal in the format before MySQL 5.0",
    140: "a compressed column", 141: "a compressed column",
}  # fmt: skip

_NUMERIC = frozenset((CODE.TINY, CODE.SHORT, CODE.INT24, CODE.LONG, CODE.LONGLONG, CODE.YEAR, CODE.FLOAT, CODE.DOUBLE, CODE.NEWDECIMAL))
_TEXTUAL = frozenset((CODE.VARCHAR, CODE.VAR_STRING, CODE.STRING, CODE.BLOB, VECTOR))
_LABELLED = frozenset((CODE.ENUM, CODE.SET))

_SIGNEDNESS, _DEFAULT_CHARSET, _COLUMN_CHARSET, _NAMES, _SETS, _ENUMS, _PRIMARY, _PREFIXED, _LABEL_DEFAULT, _LABEL_CHARSET = (
    1, 2, 3, 4, 5, 6, 8, 9, 10, 11,
)  # fmt: skip


@value
class TableMap:
    name: TableName
    names: Sequence[str]
    columns: Sequence[Logged]
    nullable: Sequence[bool]
    key: tuple[int, ...]
    """Positions of the primary key's columns."""


class _Bytes:
    """Reads a byte string from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self._at += size
        if self._at > len(self._data):
            raise UnknownEvent("a table map ends in the middle", DAMAGED)
        return taken

    def number(self) -> int:
        """Read a length-encoded integer."""
        first = self.take(1)[0]
        return first if first < 251 else int.from_bytes(self.take({252: 2, 253: 3, 254: 8}[first]), "little")

    def counted(self) -> bytes:
        return self.take(self.number())

    def numbers(self) -> list[int]:
        found = []
        while self._at < len(self._data):
            found.append(self.number())
        return found

    def more(self) -> bool:
        return self._at < len(self._data)


def name_of(body: bytes) -> TableName:
    """Read the table's name, which comes first; `body` is the event after table id and flags."""
    data = _Bytes(body)
    schema = data.counted()
    data.take(1)
    return TableName(schema.decode(), data.counted().decode())


def parse(body: bytes, charsets: Charsets, geometry_has_charset: bool) -> TableMap:
    """Read the whole table map. `geometry_has_charset`: MariaDB counts geometry columns among those with a character set."""
    name = name_of(body)
    data = _Bytes(body)
    data.take(data.number() + 1)
    data.take(data.number() + 1)
    codes = data.counted()
    bare = list(_columns(name, codes, _Bytes(data.counted())))
    nulls = int.from_bytes(data.take((len(codes) + 7) // 8), "little")
    extra = dict(_fields(data))
    if _NAMES not in extra:
        raise Misconfigured(
            f"{name}: the binary log does not say the names of its columns",
            f"set global binlog_row_metadata = FULL; (and in the server's configuration). What was logged before can't be read. {RELOAD}",
        )
    return TableMap(
        name,
        [text.decode() for text in _strings(_Bytes(extra[_NAMES]))],
        _completed(name, bare, extra, charsets, _TEXTUAL | {CODE.GEOMETRY} if geometry_has_charset else _TEXTUAL),
        [bool(nulls >> place & 1) for place in range(len(codes))],
        tuple(_Bytes(extra.get(_PRIMARY, b"")).numbers() or _Bytes(extra.get(_PREFIXED, b"")).numbers()[::2]),
    )


def _columns(table: TableName, codes: bytes, metadata: _Bytes) -> Iterator[Logged]:
    for code in codes:
        if code in _BARE:
            yield Logged(code)
        elif code in _ONE_BYTE:
            yield Logged(code, metadata.take(1)[0])
        elif code in _TWO_BYTES:
            yield _with_two_bytes(code, *metadata.take(2))
        else:
            raise UnknownEvent(
                f"{table}: the table has {_REFUSED.get(code, f'a column of a type that is not known here ({code})')}",
                f"Take the table out of the mappings, or rebuild it with ordinary columns (`alter table {table} force` renews old temporal types).",
            )


def _with_two_bytes(code: int, first: int, second: int) -> Logged:
    if code in (CODE.VARCHAR, CODE.VAR_STRING):
        return Logged(code, first | second << 8)
    if code == CODE.BIT:
        return Logged(code, second * 8 + first)
    if code == CODE.NEWDECIMAL:
        return Logged(code, first, second)
    if first in _LABELLED:
        return Logged(first, second)
    return Logged(code, ((first << 4 & 0x300) ^ 0x300) + second)


def _fields(data: _Bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the optional metadata: kind, length, content. Kinds that are not read here add nothing that rows depend on."""
    while data.more():
        yield data.take(1)[0], data.counted()


def _completed(
    table: TableName, columns: Sequence[Logged], extra: Mapping[int, bytes], charsets: Charsets, textual: AbstractSet[int]
) -> list[Logged]:
    """Add signs, character sets and labels; each of these fields counts only the columns that it is about."""

    def places(codes: AbstractSet[int]) -> list[int]:
        return [place for place, column in enumerate(columns) if column.code in codes]

    unsigned = set(_marked(places(_NUMERIC), extra.get(_SIGNEDNESS, b"")))
    charset: dict[int, Charset | None] = {}
    for codes, default, each in ((textual, _DEFAULT_CHARSET, _COLUMN_CHARSET), (_LABELLED, _LABEL_DEFAULT, _LABEL_CHARSET)):
        about = places(codes)
        collations = _collations(len(about), extra.get(default, b""), extra.get(each, b""))
        charset.update((place, charsets.of(collation, table)) for place, collation in zip(about, collations, strict=True))
    labels: dict[int, tuple[bytes, ...]] = {}
    for code, field in ((CODE.ENUM, _ENUMS), (CODE.SET, _SETS)):
        about, data = places({code}), _Bytes(extra.get(field, b""))
        labels.update((place, tuple(data.counted() for _ in range(data.number()))) for place in about)
    return [
        replace(
            column,
            unsigned=place in unsigned,
            charset=charset.get(place),
            labels=tuple(charsets.text(label, charset.get(place)) for label in labels.get(place, ())),
        )
        for place, column in enumerate(columns)
    ]


def _marked(places: Sequence[int], bits: bytes) -> Iterator[int]:
    for order, place in enumerate(places):
        if bits and bits[order >> 3] & 0x80 >> (order & 7):
            yield place


def _collations(count: int, default: bytes, each: bytes) -> list[int]:
    """One field has a default and its exceptions, the other a number for each column; a server writes whichever is shorter."""
    if each:
        return _Bytes(each).numbers()
    first, *exceptions = _Bytes(default).numbers() or [0]
    numbers = [first] * count
    for place, collation in zip(exceptions[::2], exceptions[1::2], strict=True):
        numbers[place] = collation
    return numbers


def _strings(data: _Bytes) -> Iterator[bytes]:
    while data.more():
        yield data.counted()
