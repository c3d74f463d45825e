"""What we ask a server about itself and its binary log: who it is, where the log ends, and whether it still follows a position."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pymysql.connections import Connection

from cdc.model.errors import Gap, Misconfigured
from cdc.model.value import value
from cdc.source.mysql.events import FIRST
from cdc.source.mysql.gtids import DomainGtids, logged
from cdc.source.mysql.position import RELOAD, LogPosition, number

_WRAPS = 2**32
"""Offsets in events have 32 bits, and one huge transaction may make a file longer than that."""
_RESET = "the server's binary log was reset: what it holds now is not what the checkpoint was taken from"
_LARGE = "An event before it is larger than max_allowed_packet: set global max_allowed_packet = 1073741824; or begin another file: flush binary logs;"
_PURGED = "the server has purged transactions that come after the checkpoint"
_NEVER = "this server never had all the transactions before the checkpoint: it is another one, or it was reset"


@value
class Server:
    mariadb: bool
    version: tuple[int, ...]
    identity: str
    """MariaDB's server id, MySQL's server uuid."""
    gtids: bool
    folds_case: bool
    """Table names that differ in case are the same."""

    @property
    def flavour(self) -> str:
        return "mariadb" if self.mariadb else "mysql"


def inspect(connection: Connection[Any]) -> Server:
    text, server_id, names = _row(connection, "select version(), @@server_id, @@lower_case_table_names")
    version = tuple(int(part) for part in re.findall(r"\d+", text)[:3])
    if "mariadb" in text.lower():
        return Server(True, version, str(server_id), True, bool(names))
    uuid, mode = _row(connection, "select @@server_uuid, @@gtid_mode")
    return Server(False, version, uuid, mode == "ON", bool(names))


def end(connection: Connection[Any], server: Server) -> LogPosition:
    """Return where the log ends now."""
    status = _status(connection, server)
    file, offset = str(status[0]), int(status[1])
    if server.mariadb:
        return at(connection, server, file, offset)
    executed = re.sub(r"\s", "", status[4])
    return LogPosition("mysql", executed if server.gtids else None, file, offset, server.identity)


def filters(connection: Connection[Any], server: Server) -> tuple[set[str], set[str]]:
    """Return the databases that alone are logged (empty: all), and those that are not."""
    only, never = _status(connection, server)[2:4]
    return set(filter(None, only.split(","))), set(filter(None, never.split(",")))


def _status(connection: Connection[Any], server: Server) -> Sequence[Any]:
    status = _row(connection, "show binary log status" if not server.mariadb and server.version >= (8, 2) else "show master status")
    if not status:
        raise Misconfigured("the server writes no binary log", "Set log_bin in the server's configuration and restart it.")
    return status


def at(connection: Connection[Any], server: Server, file: str, offset: int) -> LogPosition:
    """Return MariaDB's position for a file and an offset in it, at which an event ends. Raises `Misconfigured` where the server can't say it."""
    gtids = _gtids_at(connection, file, offset)
    if gtids is None:
        raise Misconfigured(f"the server can't say which transactions lie before {file}:{offset}", _LARGE)
    return LogPosition("mariadb", gtids, file, offset, server.identity)


def _gtids_at(connection: Connection[Any], file: str, offset: int) -> str | None:
    """Return None where no event ends, and where one before is larger than a packet of ours may be: the server does not look over it."""
    (gtids,) = _row(connection, "select binlog_gtid_pos(%s, %s)", file, offset)
    return None if gtids is None else str(gtids)


def files(connection: Connection[Any]) -> dict[str, int]:
    """Return the log's files and their sizes, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("show binary logs")
        return {str(name): int(size) for name, size, *_ in cursor.fetchall()}


def behind(present: dict[str, int], applied: LogPosition) -> int:
    """Count the bytes between a position and the log's end; all of them when its file is not there any more."""
    if applied.file not in present:
        return sum(present.values())
    later = sum(size for file, size in present.items() if number(file) > number(applied.file))
    return later + max(0, present[applied.file] - applied.offset)


def prove_continuity(connection: Connection[Any], server: Server, after: LogPosition, where: str) -> None:
    """Raise `Gap` when the server's log is not the one that `after` was taken from, or no longer reaches back to it."""
    if missing := _gap(connection, server, after):
        raise Gap(f"{where}: {missing}", RELOAD)


def _gap(connection: Connection[Any], server: Server, after: LogPosition) -> str | None:
    if after.flavour != server.flavour:
        return f"the checkpoint was taken on {after.flavour}, and this server is {server.flavour}"
    if after.gtids is None and after.server != server.identity:
        return "the checkpoint is a file and an offset of another server's log"
    gap = None
    if after.gtids is not None:
        gap = (_mariadb_gap if server.mariadb else _mysql_gap)(connection, server, after.gtids)
    if gap is None and after.server == server.identity:
        gap = _gap_of_place(connection, server, after)
    return gap


def _mariadb_gap(connection: Connection[Any], server: Server, gtids: str) -> str | None:
    (state,) = _row(connection, "select @@gtid_binlog_state")
    if not logged(state, gtids):
        return _NEVER
    purged = at(connection, server, next(iter(files(connection))), FIRST).gtids or ""
    return None if DomainGtids(gtids).holds(purged) else _PURGED


def _mysql_gap(connection: Connection[Any], _: Server, gtids: str) -> str | None:
    executed, kept = _row(connection, "select gtid_subset(%s, @@gtid_executed), gtid_subset(@@gtid_purged, %s)", gtids, gtids)
    if not executed:
        return _NEVER
    return None if kept else _PURGED


def _gap_of_place(connection: Connection[Any], server: Server, after: LogPosition) -> str | None:
    """Compare file and offset with what the server has there: after RESET MASTER the same GTIDs are given to other transactions."""
    present = files(connection)
    if after.file not in present:
        if number(after.file) > max(map(number, present), default=0):
            return _RESET
        return f"the server has purged {after.file}, which the checkpoint lies in" if after.gtids is None else None
    if after.offset > present[after.file]:
        return _RESET
    if server.mariadb and present[after.file] < _WRAPS:
        there = _gtids_at(connection, after.file, after.offset)
        if there is None and after.gtids and _gtids_at(connection, after.file, present[after.file]) is None:
            return None  # the server does not look over a large event in it; the GTIDs alone have been compared
        return None if there is not None and DomainGtids(there).same(after.gtids or "") else _RESET
    return None


def _row(connection: Connection[Any], query: str, *arguments: object) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return cursor.fetchone() or ()
