"""The drivers' private members that we use, all of them here: a dump that mysql-replication begins, and rows that PyMySQL does not parse.

Both are pinned: a new release is tried against these functions before it is taken.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from functools import partial
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.constants import COMMAND

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Misconfigured
from cdc.model.value import value
from cdc.server import silence
from cdc.server.mysql import opened, parameters, translated
from cdc.source.mysql import beginning
from cdc.source.mysql.beginning import Beginning
from cdc.source.mysql.events import BEGINNINGS, FIRST, HEADER, HEADER_SIZE, ROTATE
from cdc.source.mysql.gtids import IntervalGtids
from cdc.source.mysql.packets import Packet, Packets, ended, refuse
from cdc.source.mysql.position import RELOAD, LogPosition

_SIGNS = 6
"""Signs of life that the server gives in the time after which it counts as gone."""
_PIECE = 262_144
REACHED = 2**32
"""Offsets that the dump's command can name are below this."""
_PATIENCE = "set session net_write_timeout = 3600"
"""The server must not give up on us while we apply and don't read."""


class Dump:
    """A connection on which the server sends its binary log."""

    def __init__(self, endpoint: Endpoint, server_id: int, start: LogPosition) -> None:
        """Begin behind `start`. Raises `Unreachable` or `Denied`; what is wrong with the position comes with the first packet."""
        from pymysqlreplication import binlogstream

        binlogstream.GtidSet = _Gtids  # its own does not know tags
        reader = binlogstream.BinLogStreamReader(
            connection_settings={**parameters(endpoint), "init_command": _PATIENCE},
            server_id=server_id,
            blocking=True,
            resume_stream=True,
            slave_heartbeat=silence.seconds(endpoint.options) / _SIGNS,
            pymysql_wrapper=partial(opened, endpoint.options),
            enable_logging=False,
            **_beginning(start),
        )
        with translated(endpoint.name):
            reader._BinLogStreamReader__connect_to_stream()  # noqa: SLF001
        self.silence = silence.seconds(endpoint.options)
        self.checksum: bool = reader._BinLogStreamReader__use_checksum  # noqa: SLF001
        self._connection: Connection[Any] = reader._stream_connection  # noqa: SLF001
        self._socket: socket.socket = self._connection._sock  # noqa: SLF001
        self._arrivals = select.poll()
        self._arrivals.register(self._socket, select.POLLIN)

    def receive(self, timeout: float) -> bytes | None:
        """Return the next bytes; None when there were none in time; empty when the server closed the connection."""
        if self._socket.gettimeout() != timeout:
            self._socket.settimeout(timeout)
        try:
            return self._socket.recv(_PIECE)
        except TimeoutError:
            return None

    def more(self) -> bool:
        """Return whether bytes are waiting: in the TLS layer, or in the socket."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        return bool(self._arrivals.poll(0))

    def close(self) -> None:
        with suppress(pymysql.MySQLError, OSError):  # it may be broken already
            self._connection.close()


class _Gtids:
    """What the library asks of a set of GTIDs."""

    def __init__(self, text: str) -> None:
        self._encoded = IntervalGtids(text).encoded()
        self.encoded_length = len(self._encoded)

    def encoded(self) -> bytes:
        return self._encoded


def _beginning(start: LogPosition) -> dict[str, Any]:
    """MySQL without GTIDs begins at file and offset, and so does one with an empty set: at its very first file."""
    if start.flavour == "mariadb":
        return {"is_mariadb": True, "auto_position": start.gtids or ""}
    if start.gtids:
        return {"auto_position": start.gtids}
    if start.gtids is None and start.offset >= REACHED:
        raise Misconfigured(
            f"{start.file}: without GTIDs a server can't be asked for what comes behind 4 GB of a file", f"Set gtid_mode = ON. {RELOAD}"
        )
    return {"log_file": "", "log_pos": FIRST} if start.gtids == "" else {"log_file": start.file, "log_pos": start.offset}


@value
class ResultColumn:
    """How a result's header describes a column."""

    name: str
    schema: str
    table: str
    """The table that it comes from unchanged; empty: it is computed."""
    column: str
    code: int
    length: int
    decimals: int
    flags: int
    collation: int


def result_columns(connection: Connection[Any], query: str) -> list[ResultColumn]:
    """Run a query and return its result's header."""
    with connection.cursor() as cursor:
        cursor.execute("set session sql_select_limit = 1")
        cursor.execute(query)
        fields: Any = cursor._result.fields  # noqa: SLF001
        cursor.execute("set session sql_select_limit = default")
    return [
        ResultColumn(
            field.name,
            field.db.decode() if isinstance(field.db, bytes) else field.db,
            field.org_table,
            field.org_name,
            field.type_code,
            field.length,
            field.scale,
            field.flags,
            field.charsetnr,
        )
        for field in fields
    ]


def raw_rows(connection: Connection[Any], query: str, where: str) -> Iterator[Packet]:
    """Run a query and yield its rows as the packets that they come in, unread: memory holds one piece, whatever the result's size."""
    header(connection, query, where)
    yield from rows_behind(connection, where)


def header(connection: Connection[Any], query: str, where: str) -> tuple[bytes, ...]:
    """Run a query and return how the server describes each column of its result, unread. The rows are to be taken before anything else."""
    with translated(where):
        connection._execute_command(COMMAND.COM_QUERY, query)  # type: ignore[attr-defined]  # noqa: SLF001
        columns = connection._read_packet().read_length_encoded_integer()  # type: ignore[no-untyped-call]  # noqa: SLF001
        told = tuple([connection._read_packet().get_all_data() for _ in range(columns)])  # type: ignore[no-untyped-call]  # noqa: SLF001
        connection._read_packet()  # type: ignore[no-untyped-call]  # noqa: SLF001
        return told


def rows_behind(connection: Connection[Any], where: str) -> Iterator[Packet]:
    """Yield the rows behind a result's header."""
    with translated(where):
        packets, received = Packets(), connection._rfile  # type: ignore[attr-defined]  # noqa: SLF001
        while True:
            piece = received.read1(_PIECE)
            if not piece:
                ended(where)
            for data, start, end in packets.add(piece):
                if data[start] == 0xFF:
                    refuse(data, start, end, where)
                if data[start] == 0xFE and end - start < 9:
                    return
                yield data, start, end


_DUMP_HEAD = struct.Struct("<IHI")
_NON_BLOCK = 1


def begun_at(endpoint: Endpoint, server_id: int, file: str) -> float:
    """Return when a file of the log was begun, by its first event, in seconds since the epoch. `server_id`: that of no other reader."""
    with translated(endpoint.name), closing(_events(endpoint, server_id, file)) as events:
        times = (HEADER(event, 1)[0] for event in events)
        return float(next(filter(None, times)))  # events that are made for this connection have no time


def beginnings(endpoint: Endpoint, server_id: int, file: str) -> Generator[tuple[int, Beginning]]:
    """Yield where in a file of the log each transaction begins, and what stands there. Of other events nothing is read but where they end."""
    with translated(endpoint.name), closing(_events(endpoint, server_id, file)) as events:
        at = FIRST
        for packet in events:
            _, kind, server, _, end, _ = HEADER(packet, 1)
            if kind == ROTATE and at > FIRST:
                return
            if kind in BEGINNINGS:
                yield at, beginning.read(kind, server, packet, 1 + HEADER_SIZE)
            at = end or at  # events that are made for this connection have no place


def _events(endpoint: Endpoint, server_id: int, file: str) -> Generator[bytes]:
    """Yield the packets of a file's events, from its head to the log's end."""
    connection: Connection[Any] = pymysql.connect(**parameters(endpoint))
    try:
        with connection.cursor() as cursor:
            cursor.execute("set @master_binlog_checksum = 'NONE', @source_binlog_checksum = 'NONE', @mariadb_slave_capability = 4")
        connection._execute_command(COMMAND.COM_BINLOG_DUMP, _DUMP_HEAD.pack(FIRST, _NON_BLOCK, server_id) + file.encode())  # type: ignore[attr-defined]  # noqa: SLF001
        while not (packet := connection._read_packet()).is_eof_packet():  # type: ignore[no-untyped-call]  # noqa: SLF001
            yield packet.get_all_data()
    finally:
        with suppress(pymysql.MySQLError, OSError):  # it is given up anyway
            connection.close()
