"""What servers compress: MariaDB's events and columns, MySQL's transactions. Damaged or lying parts are errors, and small ones stay small."""

import struct
import tracemalloc
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pymysql.constants import FIELD_TYPE as CODE

from cdc.model.change import Op, Transaction
from cdc.model.errors import UnknownEvent
from cdc.model.table import TableName
from cdc.source.feed import PART_ROWS
from cdc.source.mysql import compression
from tests.unit.source.mysql_events import (
    MYSQL,
    UUID,
    Log,
    compressed,
    event,
    field,
    image,
    mariadb_gtid,
    mysql_gtid,
    payload,
    query,
    table_map,
    write_rows,
    xid,
)

OTHER = TableName("shop", "other")


@pytest.mark.parametrize(("write", "update", "delete"), [(166, 167, 168), (169, 170, 171)])
def test_compressed_rows(write, update, delete):
    """torture: 27"""
    log = Log()
    (found,) = log(
        mariadb_gtid(6), table_map(), write_rows(image(1, "ä" * 100), image(3), kind=write),
        write_rows(image(1, "ä" * 100), image(2), kind=update), write_rows(image(2), kind=delete), xid(),
    )  # fmt: skip
    assert [(c.op, c.old, c.new) for c in found.changes] == [
        (Op.INSERT, None, ("1", "ä" * 100)), (Op.INSERT, None, ("3", None)),
        (Op.UPDATE, ("1", "ä" * 100), ("2", None)), (Op.DELETE, ("2", None), None),
    ]  # fmt: skip


def test_compressed_rows_that_nobody_wants_are_not_unpacked(monkeypatch):
    monkeypatch.setattr(compression, "event_part", None)
    assert Log(wanted=(OTHER,))(mariadb_gtid(6), table_map(), write_rows(image(1, "x"), kind=166), xid()) == []


def test_a_compressed_statement():
    log = Log()
    (found,) = log(mariadb_gtid(6, standalone=True), query("truncate table t /* " + "x" * 300 + " */", kind=165))
    assert [c.op for c in found.changes] == [Op.TRUNCATE]
    with pytest.raises(UnknownEvent, match="update"):
        log(mariadb_gtid(7), query("update t set v = 1", kind=165))


def spoiled_parts():
    part = compressed(b"x" * 1000)
    return {
        "another way": b"\x92" + part[1:],
        "another size": b"\x82\x03\xe7" + part[3:],
        "too large": b"\x84\xff\xff\xff\xff" + part[3:],
        "cut": part[:-3],
        "goes on": part + b"x",
        "damaged": part[:8] + b"\xff\xff" + part[10:],
        "nothing": b"\x82",
        "no size": b"\x80" + part[3:],
    }


@pytest.mark.parametrize("part", spoiled_parts().values(), ids=spoiled_parts())
def test_a_compressed_part_that_lies(part):
    with pytest.raises(ValueError, match=r"compressed|size"):
        compression.event_part(b"ab" + part, 2, 2 + len(part))
    column = bytes([part[0]]) + part[1:]
    with pytest.raises(ValueError, match=r"compressed|size"):
        compression.column(column)


@given(st.binary(max_size=400), st.booleans())
def test_columns_by_either_of_zlibs_forms(value, bare):
    """https://mariadb.com/kb/en/storage-engine-independent-column-compression/"""
    assert compression.column(b"\0" + value if value else b"") == value
    stream = zlib.compressobj(wbits=-15 if bare else 15)
    body = stream.compress(value) + stream.flush()
    if value:
        assert compression.column(bytes([0x82 | (8 if bare else 0)]) + len(value).to_bytes(2, "big") + body) == value


def test_columns_in_a_row():
    columns = (
        (CODE.LONG, b"", "id"),
        (141, b"\xb1\x04", "long"),
        (140, b"\x02", "body"),
        (141, b"\x15\x00", "short"),
        (140, b"\x03", "raw"),
    )
    body = zlib.compress(b"xyz" * 50)
    stored = (b"\x00abc", b"\x81\x96" + body, b"", b"\x00\xff")
    row = (
        b"\x00"
        + struct.pack("<i", 7)
        + b"\x04\x00"
        + stored[0]
        + struct.pack("<H", len(stored[1]))
        + stored[1]
        + b"\x00"
        + b"\x02\x00\x00"
        + stored[3]
    )
    log = Log()
    (found,) = log(
        mariadb_gtid(6),
        table_map(columns=columns, extra=field(1, b"\x00") + field(3, b"\x2d\x2d\x08\x3f")),
        write_rows(row, columns=5),
        xid(),
    )
    assert found.changes[0].new == ("7", "abc", "xyz" * 50, "", "\\xff")
    assert [c.type.native for c in found.changes[0].table.columns] == ["int", "varchar(300)", "text", "varchar(20)", "mediumblob"]


# --- MySQL's transactions ----------------------------------------------------------------------------------------------


def transaction(*rows):
    return (query("BEGIN", when=5), table_map(), event(29, b"text"), write_rows(*rows), xid(when=5))


@pytest.mark.parametrize("method", [0, 255])
def test_a_compressed_transaction_is_one_as_any_other(method):
    """torture: 57"""
    log = Log(MYSQL)
    (found,) = log(mysql_gtid(6, 1_700_000_000_000_007), payload(*transaction(image(1, "ä"), image(2)), method=method))
    assert [c.new for c in found.changes] == [("1", "ä"), ("2", None)]
    assert found.committed_at == 1_700_000_000.000007
    assert found.upto == f"mysql;gtid={UUID}:1-6;file=b.000001:1000;server={UUID}"
    (after,) = log(mysql_gtid(7), *transaction(image(3, "plain")))
    assert [c.new for c in after.changes] == [("3", "plain")]


def test_a_compressed_transaction_that_nobody_wants_moves_the_position():
    log = Log(MYSQL, wanted=(OTHER,))
    assert log(mysql_gtid(6), payload(*transaction(image(1, "x")))) == []
    assert log.progress.idle().startswith(f"mysql;gtid={UUID}:1-6;")


def test_what_does_not_belong_into_a_compressed_transaction():
    for stranger in (payload(*transaction(image(1))), mysql_gtid(7), event(26, b"")):
        with pytest.raises(UnknownEvent, match="kind"):
            Log(MYSQL)(mysql_gtid(6), payload(stranger))
    with pytest.raises(UnknownEvent, match="outside of a transaction"):
        Log(MYSQL)(mysql_gtid(6), payload(*transaction(image(1)), write_rows(image(2))))
    with pytest.raises(UnknownEvent, match="insert"):
        Log(MYSQL)(mysql_gtid(6), payload(query("BEGIN"), query("insert into t values (1)"), xid()))


def body(whole, stored, method=0, size=None):
    numbers = ((2, method), (3, whole), (1, len(stored) if size is None else size))
    return b"".join(bytes([kind, 9, 254]) + struct.pack("<Q", number) for kind, number in numbers) + b"\0" + stored


PLAIN = b"".join(data[:9] + struct.pack("<I", len(data) - 4) + data[13:-4] for data in transaction(image(1, "x")))
STORED = zstandard.ZstdCompressor().compress(PLAIN)


@pytest.mark.parametrize(
    "spoiled",
    [
        body(len(PLAIN), STORED, method=1), body(len(PLAIN), STORED, size=3), body(len(PLAIN) + 1, STORED), body(len(PLAIN) - 1, STORED),
        body(len(PLAIN), STORED[:-4]), body(len(PLAIN), b"\0" * 30), body(2**63, STORED), body(30, b"\xff" * 30, method=255), b"\1", b"",
        body(len(PLAIN), STORED)[11:], b"\xfb" * 40, body(len(PLAIN) * 2, PLAIN[:9] + b"\xff\xff\xff\xff" + PLAIN[13:], method=255),
    ],
)  # fmt: skip
def test_a_compressed_transaction_that_lies(spoiled):
    with pytest.raises(UnknownEvent):
        Log(MYSQL)(mysql_gtid(6), event(40, spoiled))


# torture: K10
def test_no_size_in_a_header_takes_memory():
    """An event of hundred bytes may say that it holds gigabytes. torture: 48"""
    huge = PLAIN[:9] + struct.pack("<I", 2**30) + PLAIN[13:]
    lies = [
        (MYSQL, mysql_gtid(6), event(40, body(2**40, zstandard.ZstdCompressor().compress(huge)))),
        (MYSQL, mysql_gtid(6), event(40, body(2**40, huge, method=255))),
        (None, mariadb_gtid(6), event(166, struct.pack("<IHH", 5, 0, 1) + b"\x02\xff\x84\x3f\xff\xff\xff" + zlib.compress(b"x" * 50))),
    ]  # fmt: skip
    for server, gtid, lie in lies:
        log = Log(server) if server else Log()
        log(gtid, *(() if server else (table_map(),)))
        tracemalloc.start()
        with pytest.raises(UnknownEvent):
            log(lie)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4_000_000


def test_a_large_transaction_is_read_an_event_at_a_time():
    rows = [write_rows(*[image(number, "x" * 200) for number in range(at, at + 100)]) for at in range(0, 20_000, 100)]
    packed = payload(*[query("BEGIN"), table_map(), *rows, xid()])
    stored = compression.payload(packed[:-4], 19, len(packed) - 4)
    tracemalloc.start()
    total = sum(len(each) for each in stored)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 4_000_000
    assert peak < 1_500_000


def test_a_large_compressed_transaction_is_handed_on_in_parts_while_it_is_unpacked():  # torture: J01
    log = Log(MYSQL)
    log(mysql_gtid(6, 1_700_000_000_000_007))
    rows = [write_rows(*[image(number, "x" * 200) for number in range(at, at + 100)]) for at in range(0, 50_000, 100)]
    packed = b"\0" + payload(*[query("BEGIN"), table_map(), *rows, xid()])
    del rows
    tracemalloc.start()
    counts, ends = [], []
    for made in log.assembler.event(packed, 1, len(packed)):
        counts.append(len(made.changes))
        ends.append(isinstance(made, Transaction))
        assert log.progress.text().endswith("100;server=" + UUID) or ends[-1]
        del made
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (sum(counts), max(counts), ends) == (50_000, PART_ROWS, [False] * (len(ends) - 1) + [True])
    assert peak < 12_000_000
