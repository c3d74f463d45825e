"""What servers compress, to what it was: MariaDB's events and columns (zlib), and MySQL's whole transactions (zstandard).

Nothing is allocated because a header says so: memory grows with what really comes out, and ends at what the header announced and at
the size of the largest event that a server can write.

https://mariadb.com/kb/en/compressing-events-to-reduce-size-of-the-binary-log/
https://mariadb.com/kb/en/storage-engine-independent-column-compression/
https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Transaction__payload__event.html
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TypeAlias

from cdc.source.mysql import events
from cdc.source.mysql.wire import Bytes

_Read: TypeAlias = Callable[[int], bytes]

LARGEST = 1 << 30
"""Bytes of an event, or of a column's value: the most that `max_allowed_packet` can be."""
_PIECE = 1 << 18
_WINDOW = 1 << 27
"""The longest window that zstandard's levels use."""

_HEADER = 64
"""Bytes in which a payload's fields end, at most."""
_END, _SIZE, _METHOD, _WHOLE = range(4)
_ZSTANDARD, _NONE = 0, 255

_ZLIB, _BARE = 0x80, 0x08


def event_part(data: bytes, at: int, end: int) -> bytes:
    """Return what a part of a MariaDB event was. Its first byte says that it is compressed, and how many bytes its size takes."""
    if data[at] & 0xF8 != _ZLIB:
        raise ValueError("a part of an event is compressed in a way that is not known here")
    return _inflated(data[at + 1 : end], data[at] & 7, zlib.MAX_WBITS)


def column(stored: bytes) -> bytes:
    """Return the value of a column with the attribute COMPRESSED. The first byte is 0 where it was too short to gain by it."""
    if not stored or stored[0] == 0:
        return stored[1:]
    if stored[0] & 0xF0 != _ZLIB:
        raise ValueError("a value is compressed in a way that is not known here")
    return _inflated(stored[1:], stored[0] & 7, -zlib.MAX_WBITS if stored[0] & _BARE else zlib.MAX_WBITS)


def _inflated(stored: bytes, digits: int, window: int) -> bytes:
    """Undo zlib's compression; `digits` bytes before it say the size."""
    size = int.from_bytes(stored[:digits], "big")
    if not 0 < size <= LARGEST:
        raise ValueError("a compressed part has a size that can't be")
    stream = zlib.decompressobj(window)
    try:
        found = stream.decompress(stored[digits:], size + 1)
    except zlib.error as error:
        raise ValueError("a compressed part is damaged") from error
    if len(found) != size or not stream.eof or stream.unused_data:
        raise ValueError("a compressed part has another size than it says")
    return found


def payload(data: bytes, at: int, end: int) -> Iterator[bytes]:
    """Return the events of a MySQL transaction that was compressed as a whole, to be taken one at a time. They have no checksums.

    Its header is a list of fields, each a kind, a length and a number; kind 0 ends it.
    """
    header = Bytes(data[at : min(at + _HEADER, end)])
    fields = {}
    while (kind := header.number()) != _END:
        fields[kind] = Bytes(header.counted()).number()
    size, method = fields[_SIZE], fields[_METHOD]
    if at + header.at + size != end or method not in (_ZSTANDARD, _NONE):
        raise ValueError("a compressed transaction has another size than it says, or is compressed in a way that is not known here")
    stored = memoryview(data)[end - size : end]
    return _events(BytesIO(stored).read, size) if method == _NONE else _events(_zstandard(stored), fields[_WHOLE])


def _zstandard(stored: memoryview) -> _Read:
    import zstandard

    read = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(stored).read

    def checked(size: int) -> bytes:
        try:
            return read(size)
        except zstandard.ZstdError as error:
            raise ValueError("a compressed transaction is damaged") from error

    return checked


def _events(read: _Read, left: int) -> Iterator[bytes]:
    while left:
        head = _exactly(read, events.HEADER_SIZE)
        size = events.HEADER(head, 0)[3]
        if not events.HEADER_SIZE <= size <= min(left, LARGEST):
            raise ValueError("an event in a compressed transaction has a size that can't be")
        yield head + _exactly(read, size - events.HEADER_SIZE)
        left -= size
    if read(1):
        raise ValueError("a compressed transaction is longer than it says")


def _exactly(read: _Read, size: int) -> bytes:
    pieces = []
    while size:
        piece = read(min(size, _PIECE))
        if not piece:
            raise ValueError("a compressed transaction is shorter than it says")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
