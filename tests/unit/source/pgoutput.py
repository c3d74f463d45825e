"""pgoutput's messages as bytes, written from the manual's message formats, for tests of what reads them."""

import struct

HEADER = b"w" + struct.pack("!QQq", 1, 2, 3)
TEXT, INT4 = 25, 23


def string(text):
    return text.encode() + b"\0"


def begin(microseconds=0, lsn=100):
    return HEADER + b"B" + struct.pack("!QqI", lsn, microseconds, 7)


def commit(end, lsn=100):
    return HEADER + b"C" + struct.pack("!BQQq", 0, lsn, end, 0)


def relation(oid, schema, name, columns, identity="d"):
    """`columns`: (name, type oid, modifier, key)."""
    body = struct.pack("!I", oid) + string(schema) + string(name) + identity.encode() + struct.pack("!H", len(columns))
    for column, type_oid, modifier, key in columns:
        body += bytes([key]) + string(column) + struct.pack("!Ii", type_oid, modifier)
    return HEADER + b"R" + body


def type_(oid, schema, name):
    return HEADER + b"Y" + struct.pack("!I", oid) + string(schema) + string(name)


def values(row):
    """A tuple: text, None for NULL, `...` for unchanged."""
    body = struct.pack("!H", len(row))
    for value in row:
        if value is None:
            body += b"n"
        elif value is ...:
            body += b"u"
        else:
            body += b"t" + struct.pack("!I", len(value.encode())) + value.encode()
    return body


def insert(oid, row):
    return HEADER + b"I" + struct.pack("!I", oid) + b"N" + values(row)


def update(oid, new, old=None, kind=b"K"):
    before = b"" if old is None else kind + values(old)
    return HEADER + b"U" + struct.pack("!I", oid) + before + b"N" + values(new)


def delete(oid, old, kind=b"K"):
    return HEADER + b"D" + struct.pack("!I", oid) + kind + values(old)


def truncate(*oids, options=0):
    return HEADER + b"T" + struct.pack("!IB", len(oids), options) + b"".join(struct.pack("!I", oid) for oid in oids)


def message(prefix, content, flags=1):
    return HEADER + b"M" + struct.pack("!BQ", flags, 50) + string(prefix) + struct.pack("!I", len(content)) + content


def origin(name):
    return HEADER + b"O" + struct.pack("!Q", 50) + string(name)


def keepalive(end, reply=False):
    return b"k" + struct.pack("!QqB", end, 0, reply)
