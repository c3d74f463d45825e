"""Binary log events to committed transactions. Pure: bytes in, values out.

A group of events begins with a GTID event and ends with XID, with a COMMIT or ROLLBACK, or, when it is a single statement (DDL), with
that. Positions are only given at such ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from struct import error as StructError  # noqa: N812, its own name says nothing
from typing import TypeAlias
from zlib import crc32

from cdc.model.change import ABSENT, Change, Op, Origin, Transaction
from cdc.model.errors import Misconfigured, UnknownEvent
from cdc.source.mysql import events
from cdc.source.mysql.position import DAMAGED, RELOAD
from cdc.source.mysql.progress import Progress
from cdc.source.mysql.shapes import Shape, Shapes
from cdc.source.mysql.statement import Effect, Statement, goes_on, read

_Handler: TypeAlias = Callable[[bytes, int, int], Transaction | None]
_GTID = Struct("<QIB").unpack_from
_MYSQL_GTID = Struct("<B16sqB").unpack_from
_ROTATE = Struct("<Q").unpack_from
_MALFORMED = (ValueError, IndexError, KeyError, OverflowError, StructError)
_STANDALONE = 1


class Assembler:
    """Takes one event after the other; gives a transaction at its end."""

    def __init__(self, progress: Progress, shapes: Shapes, target: str, checksum: bool) -> None:
        self.progress = progress
        self._shapes = shapes
        self._target = target
        self._checksum = checksum
        self._group = _Group()
        self._kind = self._time = self._after = self._server = 0
        self._handlers: Mapping[int, _Handler] = {
            events.QUERY: self._query, events.XID: self._commit, events.TABLE_MAP: shapes.announce, events.XA_PREPARE: self._prepare,
            events.MARIADB_GTID: self._mariadb_gtid, events.GTID: self._mysql_gtid, events.ANONYMOUS_GTID: self._mysql_gtid,
            **dict.fromkeys((*events.INSERTS, *events.UPDATES, *events.DELETES), self._rows),
        }  # fmt: skip

    def event(self, data: bytes, at: int, end: int) -> Transaction | None:
        """Take one event, header and checksum included; return the transaction that it ends, if there is anything to say of it.

        Transactions without rows of wanted tables only move `progress`. Raises `UnknownEvent`.
        """
        self._time, self._kind, self._server, _, self._after, flags = events.HEADER(data, at)
        body = at + events.HEADER_SIZE
        if handler := self._handlers.get(self._kind):
            if self._checksum:
                end -= 4
                if crc32(data[at:end]) != int.from_bytes(data[end : end + 4], "little"):
                    raise UnknownEvent(f"an event of the binary log does not match its checksum, before offset {self._after}", DAMAGED)
            try:
                return handler(data, body, end)
            except _MALFORMED as error:
                raise UnknownEvent(
                    f"an event of kind {self._kind} in the binary log can't be read, before offset {self._after}", DAMAGED
                ) from error
        if self._kind in events.HARMLESS:
            if not self._group.open:
                self.progress.passed(0 if flags & events.ARTIFICIAL else self._after)
        elif self._kind == events.ROTATE:
            self._rotate(data, at, end, bool(flags & events.ARTIFICIAL))
        elif self._kind == events.FORMAT:
            self._format(data, end)
        elif self._kind not in (events.HEARTBEAT, events.HEARTBEAT_V2):
            self._refuse(data, body)
        return None

    def _refuse(self, data: bytes, at: int) -> None:
        if found := events.TABLE_REFUSED.get(self._kind):
            shape = self._shapes.of(data, at)
            if shape is None:
                self._group.fresh = False
                return
            raise UnknownEvent(f"{shape.table.name}: the binary log holds {found[0]} (event kind {self._kind})", found[1])
        what, hint = events.REFUSED.get(self._kind, ("an event that is not known here", "Report it with the server's version."))
        raise UnknownEvent(f"the binary log holds {what} (event kind {self._kind})", hint)

    def _rotate(self, data: bytes, at: int, end: int, artificial: bool) -> None:
        """An artificial event has a checksum or not, whatever the file has."""
        if crc32(data[at : end - 4]) == int.from_bytes(data[end - 4 : end], "little"):
            end -= 4
        (offset,) = _ROTATE(data, at + events.HEADER_SIZE)
        self.progress.rotated(data[at + events.HEADER_SIZE + 8 : end].decode(), offset, artificial)

    def _format(self, data: bytes, end: int) -> None:
        """A file begins. What is open was cut off when the server crashed; it was never committed."""
        self._checksum = data[end - 5] == 1
        self._group = _Group()
        self._shapes.forget()

    def _mariadb_gtid(self, data: bytes, at: int, _: int) -> None:
        sequence, domain, flags = _GTID(data, at)
        self._begin((f"{domain}-{self._server}", sequence), 0.0)
        self._group.single = bool(flags & _STANDALONE)

    def _mysql_gtid(self, data: bytes, at: int, end: int) -> None:
        """Behind the GTID and two logical clocks stands the time of the commit, in microseconds; one bit of it means something else."""
        _, source, number, clocks = _MYSQL_GTID(data, at)
        raw = source.hex()
        uuid = f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
        stamp = at + 26 + (16 if clocks == 2 else 0)
        micros = int.from_bytes(data[stamp : stamp + 7], "little") & 0x7FFFFFFFFFFFFF if stamp + 7 <= end else 0
        self._begin((uuid, number) if self._kind == events.GTID else None, micros / 1e6)

    def _begin(self, gtid: tuple[str, int] | None, committed: float) -> None:
        if self._group.open:
            raise UnknownEvent("the binary log begins a transaction inside another", DAMAGED)
        group = self._group = _Group()
        group.open, group.gtid, group.committed = True, gtid, committed

    def _query(self, data: bytes, at: int, end: int) -> Transaction | None:
        schema = at + 13 + (data[at + 11] | data[at + 12] << 8)
        text = data[schema + data[at + 8] + 1 : end]
        if text == b"BEGIN":
            self._group.single = False
            return None
        if text == b"COMMIT":
            return self._commit()
        return self._statement(text.decode(errors="replace"), data[schema : schema + data[at + 8]].decode(errors="replace"))

    def _statement(self, text: str, schema: str) -> Transaction | None:
        statement = read(text, schema)
        effect = statement.effect
        if effect in (Effect.ROWS, Effect.UNKNOWN):
            word = f"({statement.word}) " if statement.word else ""
            raise UnknownEvent(
                f"the binary log holds a statement {word}instead of the rows that it changed", "set global binlog_format = ROW;"
            )
        if effect in (Effect.ROLLBACK, Effect.ROLLBACK_TO) and self._group.changes:
            raise UnknownEvent(
                "the binary log holds a transaction that was rolled back in part: it wrote tables without transactions too",
                "Convert the tables to InnoDB.",
            )
        if effect is Effect.BEGIN or goes_on(text):
            self._group.single = False
        self._empty(statement)
        ends = effect in (Effect.COMMIT, Effect.ROLLBACK) or (effect is Effect.NONE and self._group.single)
        return self._commit() if ends else None

    def _empty(self, statement: Statement) -> None:
        names = self._shapes.in_schema(statement.schema) if statement.schema else statement.emptied
        for name in names:
            if "\ufffd" in name.name:
                raise UnknownEvent("a statement that empties a table names it in a character set that can't be read", "Use utf8mb4.")
            if table := self._shapes.latest(name):
                self._group.changes.append(Change(table, Op.TRUNCATE, None, None))

    def _rows(self, data: bytes, at: int, end: int) -> None:
        group, shape = self._group, self._shapes.of(data, at)
        fresh, group.fresh = group.fresh, False
        if shape is None or (shape.marker is not None and not fresh):
            return
        try:
            changes = _changes(shape, self._kind, data, at + 8, end)
        except _MALFORMED as error:
            raise UnknownEvent(f"{shape.table.name}: a row in the binary log does not fit the table's description", DAMAGED) from error
        if shape.marker is not None:
            group.mark(changes, shape.marker, self._target)
        elif group.echo:
            group.echoes += len(changes)
        else:
            group.changes += changes

    def _prepare(self, data: bytes, at: int, end: int) -> Transaction | None:
        """The first byte says that prepare and commit are one; otherwise the rows would be applied before they are committed."""
        if not data[at] and self._group.changes:
            raise UnknownEvent(
                f"{self._group.changes[0].table.name}: the binary log holds a prepared XA transaction, whose commit comes later",
                f"Don't write mapped tables in XA transactions. {RELOAD}",
            )
        return self._commit(data, at, end)

    def _commit(self, _data: bytes = b"", _at: int = 0, _end: int = 0) -> Transaction | None:
        group, self._group = self._group, _Group()
        self.progress.committed(group.gtid, self._after, own=group.echo or bool(group.origin and not group.changes))
        if not group.changes and not group.echoes:
            return None
        return Transaction(group.changes, self.progress.text(), group.committed or float(self._time), group.origin, group.echoes)


class _Group:
    """The transaction that is being read."""

    __slots__ = ("changes", "committed", "echo", "echoes", "fresh", "gtid", "open", "origin", "single")

    def __init__(self) -> None:
        self.open = False
        self.gtid: tuple[str, int] | None = None
        self.committed = 0.0
        self.single = True
        """It ends with its first statement, unless that is a BEGIN."""
        self.fresh = True
        """No row event has come yet: the next may be the marker."""
        self.changes: list[Change] = []
        self.origin: Origin = ()
        self.echo = False
        self.echoes = 0

    def mark(self, changes: list[Change], column: int, target: str) -> None:
        """Read the marker: the checkpoint's row, which each of our transactions writes first."""
        image = changes[0].new or changes[0].old or ()
        path = image[column]
        if path is ABSENT:
            raise Misconfigured("the marker of a replicated transaction was not logged whole", "set global binlog_row_image = FULL;")
        self.origin = tuple(path.split(",")) if path else ()
        self.echo = target in self.origin


def _changes(shape: Shape, kind: int, data: bytes, at: int, end: int) -> list[Change]:
    """Read a row event's body: extra data (format 2), the number of columns, which of them are there, then the images."""
    if kind >= events.WRITE:
        at += data[at] | data[at + 1] << 8
    count = data[at]
    at += 1
    if count > 250:
        count = data[at] | data[at + 1] << 8
        at += 2
    size = (count + 7) // 8
    columns, at = data[at : at + size], at + size
    table, decoder = shape.table, shape.decoder
    if kind in events.UPDATES:
        after, at = data[at : at + size], at + size
        return [Change(table, Op.UPDATE, old, new) for old, new in decoder.pairs(data, at, end, columns, after)]
    if kind in events.INSERTS:
        return [Change(table, Op.INSERT, None, row) for row in decoder.images(data, at, end, columns)]
    return [Change(table, Op.DELETE, row, None) for row in decoder.images(data, at, end, columns)]
