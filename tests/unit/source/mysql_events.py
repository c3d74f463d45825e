"""Hand-built binary log events, for wire formats that the servers at hand don't write."""

import struct
import zlib

import zstandard
from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.change import Part, Transaction
from cdc.model.table import TableName
from cdc.server.mysql_types import Charset
from cdc.source.echo import NOTHING
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


def query(text, schema="shop", variables=b"\x00\x00\x00\x00\x00", kind=2, **how):
    head = struct.pack("<IIBHH", 7, 0, len(schema.encode()), 0, len(variables))
    text = text.encode()
    return event(kind, head + variables + schema.encode() + b"\0" + (compressed(text) if kind == 165 else text), **how)


def compressed(part, digits=2):
    """As MariaDB does it: a byte with the number of the size's digits, the size, zlib's own."""
    return bytes([0x80 | digits]) + len(part).to_bytes(digits, "big") + zlib.compress(part)


def payload(*events, method=0, whole=None):
    """A transaction as MySQL compresses it: fields of kind, length and number, then the events without checksums."""
    plain = b"".join(data[:9] + struct.pack("<I", len(data) - 4) + data[13:-4] for data in events)
    stored = zstandard.ZstdCompressor().compress(plain) if method == 0 else plain
    numbers = ((2, method), (3, len(plain) if whole is None else whole), (1, len(stored)))
    fields = b"".join(packed(kind) + packed(len(packed(number))) + packed(number) for kind, number in numbers)
    return event(40, fields + b"\0" + stored)


def varying(number):
    """An unsigned integer of MySQL's serialisation."""
    for more in range(8):
        if number < 1 << 7 * (more + 1):
            return (number << more + 1 | (1 << more) - 1).to_bytes(more + 1, "little")
    return b"\xff" + number.to_bytes(8, "little")


def tagged_gtid(number, tag, micros=0, *, needed=0, version=1, **how):
    raw = bytes.fromhex(UUID.replace("-", ""))
    fields = [(0, varying(1)), (1, b"".join(map(varying, raw))), (2, varying(number << 1)), (3, varying(len(tag)) + tag.encode())]
    fields += [(4, varying(0)), (5, varying(1 << 1)), (6, varying(micros)), (8, varying(337)), (9, varying(90704))]
    body = varying(needed) + b"".join(varying(kind) + field for kind, field in fields)
    return event(42, varying(version) + varying(len(body) + 2) + body, **how)


def xid(**how):
    return event(16, struct.pack("<Q", 99), **how)


def packed(number):
    if number < 251:
        return bytes([number])
    return b"\xfc" + struct.pack("<H", number) if number < 65_536 else b"\xfe" + struct.pack("<Q", number)


def field(kind, content):
    return bytes([kind]) + packed(len(content)) + content


def table_map(
    number=5, *, name=TABLE, columns=((CODE.LONG, b"", "id"), (CODE.VARCHAR, b"\x50\x00", "v")), extra=None, names=True, key=b"\x00", **how
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
    return event(19, struct.pack("<IHH", number, 0, 1) + body, **how)


def write_rows(*images, number=5, columns=2, kind=30, present=None, extra=b"", **how):
    mask = bytes([0xFF]) * ((columns + 7) // 8) if present is None else present
    head = struct.pack("<IHH", number, 0, 1) + (
        struct.pack("<H", 2 + len(extra)) + extra if kind in (30, 31, 32, 39, 169, 170, 171) else b""
    )
    body = b"".join(images)
    twice = 2 if kind in (24, 31, 39, 167, 170) else 1
    return event(kind, head + packed(columns) + mask * twice + (compressed(body) if kind > 160 else body), **how)


def image(number, text=None):
    """A row of the default table."""
    if text is None:
        return b"\x02" + struct.pack("<i", number)
    return b"\x00" + struct.pack("<i", number) + bytes([len(text.encode())]) + text.encode()


class Log:
    """Feeds events to an assembler."""

    def __init__(self, server=MARIADB, after=None, wanted=(TABLE,), target="crm", described=None, charsets=CHARSETS, told=NOTHING):
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
        self.assembler = Assembler(self.progress, Shapes(wanted, server, charsets, describe), target, True, told)
        self(rotate("b.000001", 100, artificial=True), format_description())

    def __call__(self, *events):
        found = (self.assembler.event(b"\0" + data + b"tail", 1, 1 + len(data)) for data in events)
        return [one for made in found if made for one in ([made] if isinstance(made, Transaction | Part) else made)]
