"""Binary log events to committed transactions. Pure: bytes in, values out.

A group of events begins with a GTID event and ends with XID, with a COMMIT or ROLLBACK, or, when it is a single statement (DDL), with
that. Positions are only given at such ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from struct import Struct
from struct import error as StructError  # noqa: N812, its own name says nothing
from typing import TypeAlias
from zlib import crc32

from cdc.model.change import ABSENT, Change, Op, Origin, Part, Position, Row, Transaction
from cdc.model.errors import Misconfigured, UnknownEvent
from cdc.model.table import TableName
from cdc.source.echo import NOTHING, Told
from cdc.source.feed import PART_ROWS, PART_SIZE
from cdc.source.mysql import beginning, compression, events, row_event
from cdc.source.mysql.position import DAMAGED, RELOAD
from cdc.source.mysql.progress import Progress
from cdc.source.mysql.shapes import Shapes
from cdc.source.mysql.statement import Effect, Statement, goes_on, read

Piece: TypeAlias = Transaction | Part
_Handler: TypeAlias = Callable[[bytes, int, int], Piece | None]
_ROTATE = Struct("<Q").unpack_from
_CHECKSUM = Struct("<I").unpack_from
_MALFORMED = (ValueError, IndexError, KeyError, OverflowError, StructError)
_WRAPPED = 1 << 31
"""Offsets have 32 bits. One that is so much smaller than the one before begins to count again."""


class Assembler:
    """Takes one event after the other; gives a transaction at its end."""

    def __init__(self, progress: Progress, shapes: Shapes, target: str, checksum: bool, told: Told = NOTHING) -> None:
        self.progress = progress
        self._shapes = shapes
        self._target, self._told = target, told
        self._checksum = checksum
        self._group = _Group()
        self._kind = self._time = self._after = self._server = 0
        inside: Mapping[int, _Handler] = {
            **dict.fromkeys((events.QUERY, events.COMPRESSED_QUERY), self._query), events.XID: self._commit,
            events.TABLE_MAP: shapes.announce, events.XA_PREPARE: self._prepare, **dict.fromkeys(events.ROWS, self._rows),
        }  # fmt: skip
        self._inside = inside
        self._handlers: Mapping[int, Callable[[bytes, int, int], Piece | Iterator[Piece] | None]] = {
            **inside, **dict.fromkeys(events.BEGINNINGS, self._begin), events.PAYLOAD: self._payload,
        }  # fmt: skip

    def event(self, data: bytes, at: int, end: int) -> Piece | Iterator[Piece] | None:
        """Take one event, header and checksum included; return the transaction that it ends, or a part, if there is anything to say of it.

        An event that holds a whole transaction, compressed, is read while what is returned is taken. Transactions without rows of
        wanted tables only move `progress`. Raises `UnknownEvent`.
        """
        try:
            self._time, kind, self._server, _, after, flags = events.HEADER(data, at)
            self._kind = kind
            if after:
                if self._after - after > _WRAPPED:
                    self.progress.wrapped()
                self._after = after
            if handler := self._handlers.get(kind):
                behind = end - 4 if self._checksum else end
                event = data[at:behind]
                if behind != end and crc32(event) != _CHECKSUM(data, behind)[0]:
                    raise UnknownEvent(f"an event of the binary log does not match its checksum, before offset {after}", DAMAGED)
                return handler(event, events.HEADER_SIZE, behind - at)
            if kind not in events.HARMLESS:
                self._aside(data[at:end], bool(flags & events.ARTIFICIAL))
            elif not self._group.open:
                self.progress.passed(0 if flags & events.ARTIFICIAL else after)
        except _MALFORMED as error:
            raise _unreadable(self._kind, self._after) from error
        return None

    def _aside(self, event: bytes, artificial: bool) -> None:
        """Take an event that says nothing of transactions."""
        if self._kind == events.ROTATE:
            self._rotate(event, artificial)
        elif self._kind == events.FORMAT:
            self._format(event)
        elif self._kind not in (events.HEARTBEAT, events.HEARTBEAT_V2):
            raise events.refused(self._kind)

    def _payload(self, data: bytes, at: int, end: int) -> Iterator[Piece]:
        """Take a transaction that was compressed as a whole; its GTID stands before it."""
        try:
            for event in compression.payload(data, at, end):
                self._time, self._kind, self._server, *_ = events.HEADER(event, 0)
                if handler := self._inside.get(self._kind):
                    if done := handler(event, events.HEADER_SIZE, len(event)):
                        yield done
                elif self._kind not in events.HARMLESS:
                    raise events.refused(self._kind)
        except _MALFORMED as error:
            raise _unreadable(self._kind, self._after) from error

    def _rotate(self, event: bytes, artificial: bool) -> None:
        """An artificial event has a checksum or not, whatever the file has."""
        if crc32(event[:-4]) == int.from_bytes(event[-4:], "little"):
            event = event[:-4]
        (offset,) = _ROTATE(event, events.HEADER_SIZE)
        self._after = 0
        self.progress.rotated(event[events.HEADER_SIZE + 8 :].decode(), offset, artificial)

    def _format(self, event: bytes) -> None:
        """A file begins. What is open was cut off when the server crashed; it was never committed."""
        self._checksum = event[-5] == 1
        self._group = _Group()
        self._shapes.forget()

    def _begin(self, data: bytes, at: int, _: int) -> None:
        if self._group.open:
            raise UnknownEvent("the binary log begins a transaction inside another", DAMAGED)
        begun = beginning.read(self._kind, self._server, data, at)
        group = self._group = _Group()
        group.open, group.gtid, group.committed, group.single = True, begun.gtid, begun.committed, begun.single
        group.begun = float(self._time)

    def _query(self, data: bytes, at: int, end: int) -> Piece | None:
        schema, start = _statement_at(data, at)
        text = compression.event_part(data, start, end) if self._kind == events.COMPRESSED_QUERY else data[start:end]
        if text == b"BEGIN":
            self._group.single = False
            return None
        if text == b"COMMIT":
            return self._commit()
        return self._statement(text.decode(errors="replace"), data[schema : start - 1].decode(errors="replace"))

    def _statement(self, text: str, schema: str) -> Transaction | None:
        statement = read(text, schema)
        effect = statement.effect
        if effect in (Effect.ROWS, Effect.UNKNOWN):
            word = f"({statement.word}) " if statement.word else ""
            raise UnknownEvent(
                f"the binary log holds a statement {word}instead of the rows that it changed", "set global binlog_format = ROW;"
            )
        if effect in (Effect.ROLLBACK, Effect.ROLLBACK_TO) and (self._group.changes or self._group.parted):
            raise UnknownEvent(
                "the binary log holds a transaction that was rolled back in part: it wrote tables without transactions too",
                "Convert the tables to InnoDB.",
            )
        if effect is Effect.BEGIN or goes_on(text):
            self._group.single = False
        self._empty(self._emptied(statement), Op.TRUNCATE if statement.word == "truncate" else Op.LOST)
        ends = effect in (Effect.COMMIT, Effect.ROLLBACK) or (effect is Effect.NONE and self._group.single)
        return self._commit() if ends else None

    def _emptied(self, statement: Statement) -> Sequence[TableName]:
        """Return the tables that have other rows after a statement, without events of theirs."""
        shapes = self._shapes
        for name in statement.altered:
            shapes.altered(name, statement)
        replaced = shapes.renamed(statement.renamed) if statement.renamed else ()
        created = shapes.created(statement.created) if statement.created else ()
        return (*(shapes.in_schema(statement.schema) if statement.schema else statement.emptied), *replaced, *created)

    def _empty(self, names: Sequence[TableName], op: Op) -> None:
        for name in names:
            if "\ufffd" in name.name:
                raise UnknownEvent("a statement that empties a table names it in a character set that can't be read", "Use utf8mb4.")
            if table := self._shapes.latest(name):
                self._group.changes.append(Change(table, op, None, None))

    def _rows(self, data: bytes, at: int, end: int) -> Part | None:
        group, shape = self._group, self._shapes.of(data, at)
        fresh, group.fresh = group.fresh, False
        if not group.open:
            raise UnknownEvent("the binary log holds rows outside of a transaction", DAMAGED)
        if shape is None or (shape.marker is not None and not fresh):
            return None
        kind = events.ROWS[self._kind]
        try:
            changes = row_event.changes(shape, kind, data, at + 8, end)
        except _MALFORMED as error:
            raise UnknownEvent(f"{shape.table.name}: a row in the binary log does not fit the table's description", DAMAGED) from error
        if shape.marker is not None:
            group.mark(changes, shape.marker, self._target, self._told)
        elif shape.beat is not None:
            group.beat = heartbeat(changes[-1].new, shape.beat)
        else:
            group.echoes += len(changes) if group.echo else 0
            if group.echo and shape.table.name not in group.tells:
                return None
            group.changes += changes
            group.size += _texts(changes) if kind.compressed else end - at
            if len(group.changes) >= PART_ROWS or group.size >= PART_SIZE:
                return group.part(self.progress.inside(group.gtid, self._after))
        return None

    def _prepare(self, data: bytes, at: int, end: int) -> Transaction | None:
        """The first byte says that prepare and commit are one; otherwise the rows would be applied before they are committed."""
        if not data[at] and (self._group.changes or self._group.parted):
            table = f"{self._group.changes[0].table.name}: " if self._group.changes else ""
            raise UnknownEvent(
                f"{table}the binary log holds a prepared XA transaction, whose commit comes later",
                f"Don't write mapped tables in XA transactions. {RELOAD}",
            )
        return self._commit(data, at, end)

    def _commit(self, _data: bytes = b"", _at: int = 0, _end: int = 0) -> Transaction | None:
        group, self._group = self._group, _Group()
        self.progress.committed(group.gtid, self._after, own=bool(group.origin and not group.changes and not group.parted))
        if not group.changes and not group.echoes and not group.beat and not group.parted:
            return None
        committed = group.committed or float(self._time)
        return Transaction(group.changes, self.progress.text(), committed, group.origin, group.echoes, group.beat, group.size)


class _Group:
    """The transaction that is being read."""

    __slots__ = (
        "beat",
        "begun",
        "changes",
        "committed",
        "echo",
        "echoes",
        "fresh",
        "gtid",
        "open",
        "origin",
        "parted",
        "single",
        "size",
        "tells",
    )

    def __init__(self) -> None:
        self.open = False
        self.gtid: tuple[str, int] | None = None
        self.committed = 0.0
        self.begun = 0.0
        """The time of the event that it begins with. MariaDB's is that of its end, too."""
        self.single = True
        """It ends with its first statement, unless that is a BEGIN."""
        self.fresh = True
        """No row event has come yet: the next may be the marker."""
        self.changes: list[Change] = []
        self.size = 0
        self.parted = False
        """Some of it has been handed on."""
        self.origin: Origin = ()
        self.echo = False
        self.tells: frozenset[TableName] = frozenset()
        self.echoes = 0
        self.beat = 0.0

    def mark(self, changes: list[Change], column: int, target: str, told: Told) -> None:
        """Read the marker: the checkpoint's row, which each of our transactions writes first."""
        image = changes[0].new or changes[0].old or ()
        path = image[column]
        if path is ABSENT:
            raise Misconfigured("the marker of a replicated transaction was not logged whole", "set global binlog_row_image = FULL;")
        self.origin = tuple(path.split(",")) if path else ()
        self.echo, self.tells = target in self.origin, told.of(self.origin)

    def part(self, at: Position) -> Part:
        """Hand on what has come so far. It is committed: the server logs no other."""
        made = Part(self.changes, at, self.committed or self.begun, self.origin, self.size, self.echo)
        self.changes, self.size, self.parted = [], 0, True
        return made


def _unreadable(kind: int, after: int) -> UnknownEvent:
    return UnknownEvent(f"an event of kind {kind} in the binary log can't be read, before offset {after}", DAMAGED)


def _texts(changes: Sequence[Change]) -> int:
    """Return about how many bytes rows take: a compressed event tells nothing of that."""
    rows = (row for change in changes for row in (change.old, change.new) if row is not None)
    return sum(len(text) for row in rows for text in row if isinstance(text, str))


def heartbeat(row: Row | None, at: int) -> float:
    """Return when a heartbeat was written; 0: its row is being removed, or was not logged whole."""
    return float(text) if row and isinstance(text := row[at], str) else 0.0


def _statement_at(data: bytes, at: int) -> tuple[int, int]:
    """Return where a query event's schema and text begin. What stands before them, the status variables, says nothing of rows."""
    schema = at + 13 + (data[at + 11] | data[at + 12] << 8)
    text = schema + data[at + 8] + 1
    if data[text - 1]:
        raise ValueError("a statement's schema has no end")
    return schema, text
