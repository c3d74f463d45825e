"""A connection's bytes to whole packets of the protocol, many to one read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn, TypeAlias

import pymysql

from cdc.model.errors import Gap, Held, Misconfigured, UnknownEvent, Unreachable
from cdc.server.mysql import classify
from cdc.source.mysql.position import DAMAGED, RELOAD

Packet: TypeAlias = tuple[bytes, int, int]
"""A buffer, and where in it the packet's content begins and ends."""

_LONGEST = 0xFFFFFF
"""A packet of this size goes on in the next."""


class Packets:
    """Puts packets together from pieces of any size."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._needed = 4
        self._long: list[bytes] = []
        self._number: int | None = None
        """What the next packet is numbered; each begins where the one before ended, so that none is missing in between."""

    def add(self, piece: bytes) -> Iterator[Packet]:
        """Take what was received; yield the packets that it completes."""
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held < self._needed:
            return
        data = b"".join(self._pieces)
        at, end = 0, len(data)
        while True:
            self._needed = 4
            if end - at < 4:
                break
            size = int.from_bytes(data[at : at + 3], "little")
            self._needed = size + 4
            if end - at < self._needed:
                break
            if data[at + 3] != self._number:
                self._begin(data[at + 3])
            self._number = (data[at + 3] + 1) & 0xFF
            start, at = at + 4, at + 4 + size
            if size == _LONGEST or self._long:
                yield from self._joined(data[start:at])
            else:
                yield data, start, at
        self._pieces = [data[at:]]
        self._held = end - at

    def _begin(self, number: int) -> None:
        if self._number is not None:
            raise Unreachable("packets of the server are missing: what stands between it and us does not pass all on")
        self._number = number

    def _joined(self, part: bytes) -> Iterator[Packet]:
        self._long.append(part)
        if len(part) < _LONGEST:
            whole = b"".join(self._long)
            self._long = []
            yield whole, 0, len(whole)


def refuse(data: bytes, at: int, end: int, where: str) -> NoReturn:
    """Raise what an error packet says; for a dump, error 1236 stands for all that can be wrong with the log."""
    number = int.from_bytes(data[at + 1 : at + 3], "little")
    at += 9 if data[at + 3 : at + 4] == b"#" else 3
    text = data[at:end].decode(errors="replace")
    if number == 4052 or (number == 1236 and "same server" in text):
        raise Held(
            f"{where}: another reader of the binary log uses our server id (error {number})",
            "Give each its own: add ?server_id=<number> to the source's URL.",
        )
    if number != 1236:
        raise classify(pymysql.OperationalError(number, text), where)
    if "max_allowed_packet" in text:
        raise Misconfigured(
            f"{where}: an event is larger than the server may send (error 1236)", "set global max_allowed_packet = 1073741824;"
        )
    if any(word in text for word in ("truncated", "corrupt", "bogus", "checksum", "read error")):
        raise UnknownEvent(f"{where}: the server can't read its own binary log: {text} (error 1236)", DAMAGED)
    raise Gap(f"{where}: the binary log does not reach back to the checkpoint: {text} (error 1236)", RELOAD)


def ended(where: str) -> NoReturn:
    raise Unreachable(f"{where}: the server ended the connection")
