"""The event that a transaction begins with to its GTID and the time of its commit."""

from __future__ import annotations

from struct import Struct

from cdc.model.value import value
from cdc.source.mysql import events, tagged_gtid

_MARIADB = Struct("<QIB").unpack_from
_MYSQL = Struct("<B16sqB").unpack_from
_STANDALONE = 1
_MICROSECONDS = (1 << 55) - 1
"""The bit above says whether another time follows."""


@value
class Beginning:
    gtid: tuple[str, int] | None
    """What a set of GTIDs calls the source, and the transaction's number; None on a server without GTIDs."""
    committed: float
    """Seconds since the epoch; 0: the event does not say."""
    single: bool
    """It is a single statement, unless a BEGIN follows."""


def read(kind: int, server: int, data: bytes, at: int) -> Beginning:
    """Read the event's body. `server` is the event's server id."""
    if kind == events.MARIADB_GTID:
        sequence, domain, flags = _MARIADB(data, at)
        return Beginning((f"{domain}-{server}", sequence), 0.0, bool(flags & _STANDALONE))
    if kind == events.TAGGED_GTID:
        source, number, micros = tagged_gtid.read(data[at:])
        return Beginning((source, number), micros / 1e6, single=True)
    _, uuid, number, clocks = _MYSQL(data, at)
    stamp = at + 26 + (16 if clocks == 2 else 0)
    micros = int.from_bytes(data[stamp : stamp + 7], "little") & _MICROSECONDS if stamp + 7 <= len(data) else 0
    return Beginning((_uuid(uuid), number) if kind == events.GTID else None, micros / 1e6, single=True)


def _uuid(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
