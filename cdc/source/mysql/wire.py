"""A byte string, read from front to back in the forms that events share."""

from __future__ import annotations

from cdc.model.errors import UnknownEvent
from cdc.source.mysql.position import DAMAGED


class Bytes:
    """Reads, and never behind the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        taken = self._data[self.at : self.at + size]
        self.at += size
        if self.at > len(self._data):
            raise UnknownEvent("an event of the binary log ends in the middle", DAMAGED)
        return taken

    def number(self) -> int:
        """Read a length-encoded integer."""
        first = self.take(1)[0]
        return first if first < 251 else int.from_bytes(self.take({252: 2, 253: 3, 254: 8}[first]), "little")

    def counted(self) -> bytes:
        return self.take(self.number())

    def numbers(self) -> list[int]:
        found = []
        while self.more():
            found.append(self.number())
        return found

    def more(self) -> bool:
        return self.at < len(self._data)

    def varying(self) -> int:
        """Read an unsigned integer of MySQL's serialisation: as many bytes follow the first as that has ones at its lower end.

        https://dev.mysql.com/doc/dev/mysql-server/latest/PageLibsMysqlSerialization.html
        """
        first = self.take(1)[0]
        more = (~first & first + 1).bit_length() - 1
        whole = int.from_bytes(bytes([first]) + self.take(more), "little")
        return whole >> min(more + 1, 8)

    def varying_signed(self) -> int:
        """Read a signed integer: the lowest bit is the sign, and a negative one is stored as -(n + 1)."""
        packed = self.varying()
        return ~(packed >> 1) if packed & 1 else packed >> 1
