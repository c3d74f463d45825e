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
from cdc.source.mysql.position import RELOAD
from cdc.source.mysql.wire import Bytes

_ONE_BYTE = frozenset((CODE.FLOAT, CODE.DOUBLE, CODE.BLOB, CODE.GEOMETRY, CODE.JSON, TIMESTAMP2, DATETIME2, TIME2, VECTOR))
_TWO_BYTES = frozenset((CODE.VARCHAR, CODE.VAR_STRING, CODE.STRING, CODE.BIT, CODE.NEWDECIMAL))
_BARE = frozenset((CODE.TINY, CODE.SHORT, CODE.INT24, CODE.LONG, CODE.LONGLONG, CODE.YEAR, CODE.DATE))
_REFUSED: Mapping[int, str] = {
    CODE.TIMESTAMP: "a timestamp in the format before MySQL 5.6", CODE.TIME: "a time in the format before MySQL 5.6",
    CODE.DATETIME: "a datetime in the format before MySQL 5.6", CODE.DECIMAL: "a decimal in the format before MySQL 5.0",
}  # fmt: skip
_COMPRESSED: Mapping[int, int] = {140: CODE.BLOB, 141: CODE.VARCHAR}
"""MariaDB's columns with the attribute COMPRESSED → what they are without it."""
_MOST_COLUMNS = 4096
_FRACTION, _DIGITS, _DECIMALS = 6, 65, 38

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


def name_of(body: bytes) -> TableName:
    """Read the table's name, which comes first; `body` is the event after table id and flags."""
    data = Bytes(body)
    schema = data.counted()
    data.take(1)
    return TableName(schema.decode(), data.counted().decode())


def parse(body: bytes, charsets: Charsets, geometry_has_charset: bool) -> TableMap:
    """Read the whole table map. `geometry_has_charset`: MariaDB counts geometry columns among those with a character set."""
    name = name_of(body)
    data = Bytes(body)
    data.take(data.number() + 1)
    data.take(data.number() + 1)
    codes = data.counted()
    if len(codes) > _MOST_COLUMNS:
        raise ValueError("a table map has more columns than a table can have")
    bare = list(_columns(name, codes, Bytes(data.counted())))
    nulls = int.from_bytes(data.take((len(codes) + 7) // 8), "little")
    extra = dict(_fields(data))
    if _NAMES not in extra:
        raise Misconfigured(
            f"{name}: the binary log does not say the names of its columns",
            f"set global binlog_row_metadata = FULL; (and in the server's configuration). What was logged before can't be read. {RELOAD}",
        )
    key = tuple(Bytes(extra.get(_PRIMARY, b"")).numbers() or Bytes(extra.get(_PREFIXED, b"")).numbers()[::2])
    if not all(place < len(codes) for place in key):
        raise ValueError("a table's key has columns that the table does not have")
    return TableMap(
        name,
        [text.decode() for text in _strings(Bytes(extra[_NAMES]))],
        _completed(name, bare, extra, charsets, _TEXTUAL | {CODE.GEOMETRY} if geometry_has_charset else _TEXTUAL),
        [bool(nulls >> place & 1) for place in range(len(codes))],
        key,
    )


def _columns(table: TableName, codes: bytes, metadata: Bytes) -> Iterator[Logged]:
    for code in codes:
        if code in _BARE:
            yield Logged(code)
        elif code in _ONE_BYTE:
            yield _with_one_byte(code, metadata.take(1)[0])
        elif code in _TWO_BYTES:
            yield _with_two_bytes(code, *metadata.take(2))
        elif code in _COMPRESSED:
            yield _compressed(_COMPRESSED[code], metadata)
        else:
            raise UnknownEvent(
                f"{table}: the table has {_REFUSED.get(code, f'a column of a type that is not known here ({code})')}",
                f"Take the table out of the mappings, or rebuild it with ordinary columns (`alter table {table} force` renews old temporal types).",
            )


def _with_one_byte(code: int, length: int) -> Logged:
    if code in (TIMESTAMP2, DATETIME2, TIME2) and length > _FRACTION:
        raise ValueError("a column has more digits of a second than a server keeps")
    return Logged(code, length)


def _compressed(code: int, metadata: Bytes) -> Logged:
    """A byte more than the column is long says how each value is compressed."""
    if code == CODE.BLOB:
        return Logged(code, metadata.take(1)[0], compressed=True)
    return Logged(code, int.from_bytes(metadata.take(2), "little") - 1, compressed=True)


def _with_two_bytes(code: int, first: int, second: int) -> Logged:
    if code in (CODE.VARCHAR, CODE.VAR_STRING):
        return Logged(code, first | second << 8)
    if code == CODE.BIT:
        return Logged(code, second * 8 + first)
    if code == CODE.NEWDECIMAL:
        if not second <= first <= _DIGITS or not first or second > _DECIMALS:
            raise ValueError("a decimal has digits that can't be")
        return Logged(code, first, second)
    if first in _LABELLED:
        return Logged(first, second)
    return Logged(code, ((first << 4 & 0x300) ^ 0x300) + second)


def _fields(data: Bytes) -> Iterator[tuple[int, bytes]]:
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
        about, data = places({code}), Bytes(extra.get(field, b""))
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
        return Bytes(each).numbers()
    first, *exceptions = Bytes(default).numbers() or [0]
    numbers = [first] * count
    for place, collation in zip(exceptions[::2], exceptions[1::2], strict=True):
        numbers[place] = collation
    return numbers


def _strings(data: Bytes) -> Iterator[bytes]:
    while data.more():
        yield data.counted()
