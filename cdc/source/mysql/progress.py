"""How far a stream has read: the position after the last transaction, and what of it an `Idle` may say."""

from __future__ import annotations

from cdc.model.change import Position
from cdc.source.mysql.gtids import DomainGtids, Gtids, IntervalGtids
from cdc.source.mysql.position import LogPosition, number

_WRAPS = 2**32
"""Offsets in events have 32 bits, and one huge transaction may make a file longer than that."""


class Progress:
    """Moves at ends of transactions only."""

    def __init__(self, start: LogPosition, server: str) -> None:
        """`server` is the one that is read now; after a failover `start` names another."""
        self._flavour = start.flavour
        self._server = server
        self._gtids: Gtids | None = None
        if start.gtids is not None:
            self._gtids = _gtids(start.flavour, start.gtids)
        self._file, self._offset = start.file, start.offset
        self._reading = start.file
        self._beyond = start.offset // _WRAPS * _WRAPS
        """What offsets in events lack of those in the file."""
        self._follows = False
        """The next event stands right behind what has been read: its end is a position too."""
        self._idle = start.text()
        self._moved = False

    def text(self) -> Position:
        """Return the position after the last transaction."""
        gtids = "" if self._gtids is None else f"gtid={self._gtids.text()};"
        return Position(f"{self._flavour};{gtids}file={self._file}:{self._offset};server={self._server}")

    def idle(self) -> Position:
        """Return the position after the last transaction that was not our own."""
        if self._moved:
            self._idle = self.text()
            self._moved = False
        return self._idle

    def inside(self, gtid: tuple[str, int] | None, offset: int) -> Position:
        """Return a place inside the transaction at hand: whoever sees all up to there sees that transaction."""
        gtids = ""
        if self._gtids is not None:
            known = _gtids(self._flavour, self._gtids.text())
            if gtid:
                known.add(*gtid)
            gtids = f"gtid={known.text()};"
        return Position(f"{self._flavour};{gtids}file={self._reading}:{self._beyond + offset};server={self._server}")

    def committed(self, gtid: tuple[str, int] | None, offset: int, own: bool) -> None:
        """Pass the end of a transaction. An own one, an echo or a pipeline's mere checkpoint, leaves `idle` where it was."""
        if own:
            self.idle()
        if gtid and self._gtids is not None:
            self._gtids.add(*gtid)
        self._file, self._offset = self._reading, self._beyond + offset
        self._follows = True
        self._moved = self._moved or not own

    def passed(self, offset: int) -> None:
        """Pass an event outside all transactions. When the server began in a file's middle, its place says nothing yet."""
        if self._follows and offset:
            self._offset = self._beyond + offset
            self._moved = True

    def wrapped(self) -> None:
        """Pass the place behind which events count their offsets from zero again."""
        self._beyond += _WRAPS

    def rotated(self, file: str, offset: int, artificial: bool) -> None:
        """Go on in another file. An artificial rotation only says where the server begins to send."""
        self._reading = file
        self._beyond = offset // _WRAPS * _WRAPS
        if artificial:
            self._follows = self._follows and (file, offset) == (self._file, self._offset)
        else:
            self._file, self._offset = file, offset
            self._follows = self._moved = True

    def reached(self, until: LogPosition) -> bool:
        """Return whether all up to `until` has been read, a rotation behind the last transaction too."""
        if self._gtids is not None and until.gtids is not None:
            there = until.server != self._server or number(self._reading) >= number(until.file)
            return there and self._gtids.holds(until.gtids)
        return until.server == self._server and (number(self._file), self._offset) >= until.place()


def _gtids(flavour: str, text: str) -> Gtids:
    return DomainGtids(text) if flavour == "mariadb" else IntervalGtids(text)
