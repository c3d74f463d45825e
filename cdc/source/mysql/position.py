"""Positions in a binary log as text: `mariadb;gtid=0-10-100;file=binlog.000003:4711;server=10`.

The GTID set is the position. File and offset of the same transaction's end are evidence (and how many bytes lie behind is counted
from them); they are the position itself on a MySQL server without GTIDs, where `gtid=` is left out. An empty set means that
nothing was ever logged. `server` is MariaDB's server id, MySQL's server uuid.
"""

from __future__ import annotations

import re

from cdc.model.change import Position
from cdc.model.errors import Gap
from cdc.model.value import value

_FORM = re.compile(r"(mariadb|mysql);(?:gtid=([^;]*);)?file=(.*):(\d+);server=([^;]*)")
_NUMBER = re.compile(r"\d+$")

DAMAGED = "Check the source's binary log with its own tools; it may be damaged."
RELOAD = "Stop the pipeline and run `cdc resync --gap PIPELINE`: it compares the tables and writes what differs."


@value
class LogPosition:
    flavour: str
    """`mariadb` or `mysql`."""
    gtids: str | None
    """None: the server has no GTIDs."""
    file: str
    offset: int
    server: str

    def text(self) -> Position:
        gtids = "" if self.gtids is None else f"gtid={self.gtids};"
        return Position(f"{self.flavour};{gtids}file={self.file}:{self.offset};server={self.server}")

    def place(self) -> tuple[int, int]:
        """Return what orders positions of one server."""
        return number(self.file), self.offset


def parse(position: Position) -> LogPosition:
    """Read a position. Raises `Gap` when it is none of a binary log."""
    found = _FORM.fullmatch(position)
    if not found:
        raise Gap("the checkpoint is no position in a binary log: another kind of source made it", RELOAD)
    flavour, gtids, file, offset, server = found.groups()
    return LogPosition(flavour, gtids, file, int(offset), server)


def number(file: str) -> int:
    """Return a log file's number: `binlog.000003` is 3."""
    found = _NUMBER.search(file)
    return int(found[0]) if found else 0
