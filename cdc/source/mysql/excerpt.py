"""A place in a binary log, as people name it, to the transaction there: read by a reader of its own, beside the pipeline's."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from typing import Any, TypeAlias
from zlib import crc32

from pymysql.connections import Connection

from cdc.model.change import Position
from cdc.model.endpoint import Endpoint
from cdc.model.errors import CdcError
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.server.mysql import connect, translated
from cdc.server.mysql_catalogue import describe
from cdc.source.excerpt import Excerpt, Excerpts
from cdc.source.mysql import charsets, log
from cdc.source.mysql.assembler import Assembler
from cdc.source.mysql.beginning import Beginning
from cdc.source.mysql.driver import REACHED, Dump, beginnings
from cdc.source.mysql.events import FIRST
from cdc.source.mysql.gtids import DomainGtids
from cdc.source.mysql.log import Server
from cdc.source.mysql.position import LogPosition, parse
from cdc.source.mysql.progress import Progress
from cdc.source.mysql.shapes import Shapes
from cdc.source.mysql.stream import LogReader

_PATIENCE = 15.0
"""Seconds without any transaction after which there is none: the server has sent all that its log holds."""
_WAIT = 0.2
_PLACE = re.compile(r"(.+):(\d+)")
_DOMAIN_GTID = re.compile(r"\d+-\d+-\d+")
_UUID_GTID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::[a-z_][a-z0-9_]*)?:\d+", re.IGNORECASE)
_FORMS = "Give FILE:OFFSET, as `mysqlbinlog` and `show binlog events` have it, a GTID, or a position as `cdc` prints it."
_OTHER_WAYS = "`--key` explains the row as it is now, and `--parked` a change that waits."


_Listing: TypeAlias = Callable[[str], Generator[tuple[int, Beginning]]]
"""A file of the log → where its transactions begin, and what stands there."""


@value
class _Sought:
    """Where to begin to read, and the end to be reached: the transaction that reaches it is the one."""

    start: LogPosition
    until: LogPosition
    exact: bool
    """It has to end there, rather than behind it."""


def transaction_at(endpoint: Endpoint, pipeline: str, tables: Sequence[TableName], where: str, *, behind: bool = False) -> Excerpt | None:
    """Return the transaction with its changes of these tables, our own target's too; None: it has none, or there is no transaction.

    `where` is an offset in it, its GTID, or the position at its end; `behind`: it is the first with such changes behind a position. Raises `CdcError` for a place that the server's log does not have.
    """
    with closing(connect(endpoint, database=False)) as connection, translated(endpoint.name):
        server, number = log.inspect(connection), _server_id(pipeline)
        listing = partial(beginnings, endpoint, number)
        sought = _behind(connection, server, where) if behind else _sought(connection, server, where, listing)
        shapes = Shapes(tables, server, charsets.read(connection), lambda table: describe(connection, [table]).get(table))
        dump = Dump(endpoint, number, sought.start)
        assembler = Assembler(Progress(sought.start, server.identity), shapes, "", dump.checksum)
        with closing(LogReader(dump, assembler, sought.until, endpoint.name)) as reader:
            found = _first(reader) if behind else _read(reader)
    if found is None or (sought.exact and parse(found.upto).place() != sought.until.place()):
        return None
    return found


def _read(reader: LogReader) -> Excerpt | None:
    excerpts, last, idle = Excerpts(), None, 0.0
    while not reader.finished() and idle < _PATIENCE:
        begun = time.monotonic()
        found, more = reader.receive(_WAIT)
        idle = 0.0 if found or more else idle + time.monotonic() - begun
        for one in found:
            last = excerpts.take(one) or last
    return last if last is not None and last.upto == reader.seen() else None


def _first(reader: LogReader) -> Excerpt | None:
    excerpts = Excerpts()
    while not reader.finished():
        for one in reader.receive(_WAIT)[0]:
            made = excerpts.take(one)
            if made and made.rows:
                return made
    return None


def _behind(connection: Connection[Any], server: Server, where: str) -> _Sought:
    start = parse(Position(where))
    log.prove_continuity(connection, server, start, "the log")
    return _Sought(start, log.end(connection, server), exact=False)


def _sought(connection: Connection[Any], server: Server, where: str, listing: _Listing) -> _Sought:
    if ";" in where:
        return _ending(connection, server, parse(Position(where)), listing)
    if (_DOMAIN_GTID if server.mariadb else _UUID_GTID).fullmatch(where):
        return _of_domain(connection, server, where, listing) if server.mariadb else _of_uuid(connection, server, where)
    found = _PLACE.fullmatch(where)
    if not found:
        raise CdcError(f"'{where}' is no place in this server's binary log", _FORMS)
    return _around(connection, server, found[1], int(found[2]), listing)


def _ending(connection: Connection[Any], server: Server, at: LogPosition, listing: _Listing) -> _Sought:
    if at.server != server.identity:
        raise CdcError("the position is one of another server's log", "Give the transaction's GTID, which all servers know it by.")
    found = _around(connection, server, at.file, at.offset - 1, listing)
    return _Sought(found.start, found.until, exact=True)


def _around(connection: Connection[Any], server: Server, file: str, offset: int, listing: _Listing) -> _Sought:
    """A transaction is read from its own begin: what stands in the middle of one can't be read by itself."""
    present = log.files(connection)
    if file not in present:
        kept = f"It has {next(iter(present))} to {next(reversed(present))}. " if present else ""
        raise CdcError(f"the server has no binary log '{file}', or has purged it", kept + _OTHER_WAYS)
    if offset >= present[file]:
        raise CdcError(f"{file} ends at {present[file]}: no transaction is there yet", _FORMS)
    begin = _begin(listing, file, offset) if offset < REACHED else FIRST
    start = log.at(connection, server, file, begin) if server.mariadb else LogPosition("mysql", None, file, begin, server.identity)
    return _Sought(start, LogPosition(server.flavour, None, file, offset + 1, server.identity), exact=False)


def _of_domain(connection: Connection[Any], server: Server, gtid: str, listing: _Listing) -> _Sought:
    """MariaDB: it is in the last file before which it had not been logged."""
    if not DomainGtids(log.end(connection, server).gtids or "").holds(gtid):
        raise CdcError(f"the server's log has no transaction {gtid} yet", _FORMS)
    for file in reversed(log.files(connection)):
        if not DomainGtids(log.at(connection, server, file, FIRST).gtids or "").holds(gtid):
            start = log.at(connection, server, file, _named(listing, file, gtid))
            return _Sought(start, LogPosition(server.flavour, gtid, "", 0, ""), exact=False)
    raise _purged(gtid)


def _begin(listing: _Listing, file: str, offset: int) -> int:
    """Return where the transaction begins that the offset is in."""
    with closing(listing(file)) as found:
        return max(itertools.takewhile(lambda at: at <= offset, (at for at, _ in found)), default=FIRST)


def _named(listing: _Listing, file: str, gtid: str) -> int:
    with closing(listing(file)) as found:
        return next((at for at, begun in found if begun.gtid and "{}-{}".format(*begun.gtid) == gtid), FIRST)


def _of_uuid(connection: Connection[Any], server: Server, gtid: str) -> _Sought:
    """MySQL leaves out what it is told that we have: all but this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select gtid_subset(%s, @@gtid_executed), gtid_subset(%s, @@gtid_purged), gtid_subtract(@@gtid_executed, %s)", [gtid] * 3
        )
        there, purged, rest = cursor.fetchone() or (0, 0, "")
    if not there:
        raise CdcError(f"the server's log has no transaction {gtid}", _FORMS)
    if purged:
        raise _purged(gtid)
    start = LogPosition("mysql", re.sub(r"\s", "", rest), "", FIRST, server.identity)
    return _Sought(start, LogPosition("mysql", gtid, "", 0, ""), exact=False)


def _purged(gtid: str) -> CdcError:
    return CdcError(f"the server has purged the transaction {gtid}", f"It is gone from the log. {_OTHER_WAYS}")


def _server_id(pipeline: str) -> int:
    """Return a number that no other reader has, ours included: a server ends the older of two readers with one number."""
    return 2_000_000_000 + crc32(f"{pipeline} look {os.getpid()}".encode()) % 1_000_000_000
