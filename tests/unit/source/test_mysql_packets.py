"""Packets from pieces, what error packets mean, and rows of the text protocol."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.errors import CdcError, Denied, Gap, Held, Misconfigured, UnknownEvent, Unreachable
from cdc.model.table import Column, Table, TableName
from cdc.model.types import Kind, Type
from cdc.source.mysql import packets, text_rows
from cdc.source.mysql.packets import Packets, refuse


def framed(*contents):
    return b"".join(struct.pack("<I", len(content))[:3] + bytes([at % 256]) + content for at, content in enumerate(contents, 250))


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=8), st.lists(st.integers(1, 40)))
def test_packets_come_out_whole_however_they_are_cut(contents, cuts):
    """torture: D06"""
    data, found, reader = framed(*contents), [], Packets()
    sizes = iter([*cuts, *[1] * len(data)])
    while data:
        size = next(sizes)
        found += [buffer[start:end] for buffer, start, end in reader.add(data[:size])]
        data = data[size:]
    assert found == contents


def test_a_packet_that_is_missing_is_noticed():
    """A proxy that loses some bytes and passes on the rest must not lose a transaction. torture: D08 D12"""
    packets, reader = framed(b"ab", b"cd", b"ef"), Packets()
    assert [buffer[start:end] for buffer, start, end in reader.add(packets[:6])] == [b"ab"]
    with pytest.raises(Unreachable, match="missing"):
        list(reader.add(packets[12:]))


@given(st.integers(0, 40), st.integers(1, 17))
def test_a_packet_of_the_longest_size_goes_on_in_the_next(size, piece):
    """torture: E13"""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packets, "_LONGEST", 10)
        content = bytes(range(size))
        data = framed(*[content[at : at + 10] for at in range(0, size + 1, 10)], b"next")
        reader, found = Packets(), []
        for at in range(0, len(data), piece):
            found += [buffer[start:end] for buffer, start, end in reader.add(data[at : at + piece])]
    assert found == [content, b"next"]


@pytest.mark.parametrize(
    ("number", "text", "error"),
    [
        (1236, "Could not find first log file name in binary log index file", Gap),
        (1236, "Cannot replicate because the source purged required binary logs", Gap),
        (1236, "connecting slave requested to start from GTID 0-1-2, which is not in the master's binlog", Gap),
        (1236, "A slave with the same server_uuid/server_id as this slave has connected to the master", Held),
        (4052, "A slave with the same server_uuid/server_id as this slave has connected", Held),
        (1236, "log event entry exceeded max_allowed_packet; Increase max_allowed_packet on master", Misconfigured),
        (1236, "binlog truncated in the middle of event; consider out of disk space on master", UnknownEvent),
        (1236, "event read from binlog did not pass crc check: checksum failure", UnknownEvent),
        (1227, "Access denied; you need (at least one of) the REPLICATION SLAVE privilege(s)", Denied),
        (1053, "Server shutdown in progress", Unreachable),
        (1927, "Connection was killed", Unreachable),
    ],
)
@pytest.mark.parametrize("state", [b"#HY000", b""])
def test_error_packets(number, text, error, state):
    data = b"junk\xff" + struct.pack("<H", number) + state + text.encode()
    with pytest.raises(error) as raised:
        refuse(data, 4, len(data), "erp")
    assert type(raised.value) is error
    assert "erp" in str(raised.value)
    if error in (Gap, Held, Misconfigured, UnknownEvent):
        assert raised.value.hint


def table(**types):
    return Table(TableName("shop", "t`"), tuple(Column(name, kind) for name, kind in types.items()), tuple(range(len(types))))


def packet(*values):
    out = b""
    for value in values:
        out += b"\xfb" if value is None else (bytes([len(value)]) if len(value) < 251 else b"\xfc" + struct.pack("<H", len(value))) + value
    return b"x" + out, 1, 1 + len(out)


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        (Type(Kind.INT, "int"), b"00042", "42"), (Type(Kind.INT, "int"), b"-7", "-7"), (Type(Kind.INT, "year"), b"0000", "0"),
        (Type(Kind.NUMERIC, "decimal"), b"0001.50", "1.50"), (Type(Kind.NUMERIC, "decimal"), b"0.50", "0.50"), (Type(Kind.NUMERIC, "decimal"), b"-0.5", "-0.5"),
        (Type(Kind.NUMERIC, "decimal"), b"000", "0"), (Type(Kind.FLOAT, "float", 4), b"1.100000023841858", "1.1"), (Type(Kind.FLOAT, "double", 8), b"1e100", "1e+100"),
        (Type(Kind.BITS, "bit(3)", 3), b"\x05", "101"), (Type(Kind.BYTES, "blob"), b"\x00\xff", "\\x00ff"), (Type(Kind.GEOMETRY, "point"), b"\x01", "\\x01"),
        (Type(Kind.ADDRESS, "inet6"), b"::1", "::1"), (Type(Kind.INSTANT, "timestamp"), b"2024-01-01 00:00:00", "2024-01-01 00:00:00+00"),
        (Type(Kind.TEXT, "text"), "ä" .encode() * 200, "ä" * 200), (Type(Kind.JSON, "json"), b"[]", "[]"), (Type(Kind.TEXT, "text"), b"", ""),
    ],
)  # fmt: skip
def test_values_of_the_text_protocol(kind, raw, text):
    shape = table(a=kind, b=kind)
    assert list(text_rows.read(shape, [packet(raw, None), packet(None, raw)])) == [(text, None), (None, text)]


def test_a_float_is_asked_for_as_a_double():
    shape = table(**{"a`": Type(Kind.FLOAT, "float", 4), "b": Type(Kind.TEXT, "text")})
    assert text_rows.select(shape) == "select `a``` * 1e0, `b` from `shop`.`t```"


def test_keys_are_written_by_their_type():
    shape = table(
        a=Type(Kind.INT, "bigint"),
        b=Type(Kind.TEXT, "text"),
        c=Type(Kind.BYTES, "blob"),
        d=Type(Kind.INSTANT, "timestamp"),
        e=Type(Kind.BITS, "bit"),
    )
    rows = [("-5", "it's \\", "\\x00ff", "2024-01-01 00:00:00+00", "101"), ("1", "", "\\x", "x", "0")]
    assert text_rows.where(shape, rows) == (
        "where (`a`, `b`, `c`, `d`, `e`) in ((-5, 'it''s \\\\', x'00ff', '2024-01-01 00:00:00', b'101'), (1, '', x'', 'x', b'0'))"
    )


@pytest.mark.parametrize("bad", ["1 or 1=1", "", "1;", "0x10", None])
def test_a_key_that_is_no_number_is_not_written(bad):
    """torture: K02"""
    with pytest.raises(CdcError):
        text_rows.where(table(a=Type(Kind.INT, "int")), [(bad,)])
