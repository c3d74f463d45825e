"""Hand-built binary log events, for wire formats that the servers at hand don't write."""

import struct
import zlib

from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.table import TableName
from cdc.server.mysql_types import Charset
from cdc.source.mysql.assembler import Assembler
from cdc.source.mysql.charsets import Charsets
from cdc.source.mysql.log import Server
from cdc.source.mysql.position import parse
from cdc.source.mysql.progress import Progress
from cdc.source.mysql.shapes import Shapes

UUID = "11111111-2222-3333-4444-555555555555"
MYSQL = Server(False, (8, 4, 0), UUID, True, False)
MARIADB = Server(True, (10, 11, 0), "10", True, False)
CHARSETS = Charsets({8: Charset("latin1", 1), 45: Charset("utf8mb4", 4), 63: Charset("binary", 1), 1: Charset("big5", 2)},
                    {"latin1": bytes(range(256)).decode("latin-1")})  # fmt: skip
TABLE = TableName("shop", "t")


def event(kind, body=b"", *, after=1000, flags=0, server=10, when=1_700_000_000, checksum=True):
    size = 19 + len(body) + (4 if checksum else 0)
    whole = struct.pack("<IBIIIH", when, kind, server, size, after, flags) + body
    return whole + (struct.pack("<I", zlib.crc32(whole)) if checksum else b"")


def format_description(checksum=True):
    body = struct.pack("<H50sIB", 4, b"8.4.0", 0, 19) + bytes(40) + bytes([checksum]) + bytes(4)
    return event(15, body, checksum=False, flags=0x20)


def rotate(file, offset, artificial):
    return event(4, struct.pack("<Q", offset) + file.encode(), flags=0x20 if artificial else 0, when=0 if artificial else 5)


def mariadb_gtid(sequence, *, standalone=False, domain=0, **how):
    return event(162, struct.pack("<QIB6x", sequence, domain, int(standalone)), **how)


def mysql_gtid(number, micros=0, *, anonymous=False, kind=None, **how):
    raw = bytes.fromhex(UUID.replace("-", ""))
    body = struct.pack("<B16sqBqq", 0, raw, number, 2, 1, 2) + micros.to_bytes(7, "little") + b"\xfc\x00\x01"
    return event(kind or (34 if anonymous else 33), body, **how)


def query(text, schema="shop", **how):
    variables = b"\x00\x00\x00\x00\x00"
    head = struct.pack("<IIBHH", 7, 0, len(schema.encode()), 0, len(variables))
    return event(2, head + variables + schema.encode() + b"\0" + text.encode(), **how)


def xid(**how):
    return event(16, struct.pack("<Q", 99), **how)


def packed(number):
    return bytes([number]) if number < 251 else b"\xfc" + struct.pack("<H", number)


def field(kind, content):
    return bytes([kind]) + packed(len(content)) + content


def table_map(
    number=5, *, name=TABLE, columns=((CODE.LONG, b"", "id"), (CODE.VARCHAR, b"\x50\x00", "v")), extra=None, names=True, key=b"\x00"
):
    """Columns are (code, metadata, name); `extra` is the optional metadata beside names and key."""
    schema, table = name.schema.encode(), name.name.encode()
    body = packed(len(schema)) + schema + b"\0" + packed(len(table)) + table + b"\0"
    body += packed(len(columns)) + bytes(code for code, _, _ in columns)
    metadata = b"".join(meta for _, meta, _ in columns)
    body += packed(len(metadata)) + metadata + b"\xff" * ((len(columns) + 7) // 8)
    body += extra if extra is not None else field(1, b"\x00") + field(2, b"\x2d")
    if names:
        body += field(4, b"".join(packed(len(n.encode())) + n.encode() for _, _, n in columns))
    if key:
        body += field(8, key)
    return event(19, struct.pack("<IHH", number, 0, 1) + body)


def write_rows(*images, number=5, columns=2, kind=30, present=None, extra=b""):
    mask = bytes([0xFF]) * ((columns + 7) // 8) if present is None else present
    head = struct.pack("<IHH", number, 0, 1) + (struct.pack("<H", 2 + len(extra)) + extra if kind >= 30 else b"")
    return event(kind, head + packed(columns) + mask * (2 if kind in (24, 31, 39) else 1) + b"".join(images))


def image(number, text=None):
    """A row of the default table."""
    if text is None:
        return b"\x02" + struct.pack("<i", number)
    return b"\x00" + struct.pack("<i", number) + bytes([len(text.encode())]) + text.encode()


class Log:
    """Feeds events to an assembler."""

    def __init__(self, server=MARIADB, after=None, wanted=(TABLE,), target="crm", described=None, charsets=CHARSETS):
        self.asked = []
        after = after or (
            f"mysql;gtid={UUID}:1-5;file=b.000001:100;server={UUID}"
            if not server.mariadb
            else "mariadb;gtid=0-10-5;file=b.000001:100;server=10"
        )

        def describe(name):
            self.asked.append(name)
            return (described or {}).get(name)

        self.progress = Progress(parse(after), server.identity)
        self.assembler = Assembler(self.progress, Shapes(wanted, server, charsets, describe), target, True)
        self(rotate("b.000001", 100, artificial=True), format_description())

    def __call__(self, *events):
        found = (self.assembler.event(b"\0" + data + b"tail", 1, 1 + len(data)) for data in events)
        return [transaction for transaction in found if transaction]
