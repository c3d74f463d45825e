"""Tagged GTIDs, as MySQL's serialisation writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.errors import UnknownEvent
from cdc.source.mysql import tagged_gtid as reader
from cdc.source.mysql.wire import Bytes
from tests.unit.source.mysql_events import MYSQL, UUID, Log, image, query, table_map, tagged_gtid, varying, write_rows, xid

RECORDED = bytes.fromhex(
    "0274000000026ec6f4890399038d0222c503ad02e10304f103000000020404060663646308e1bb0a09bc0c7f15be8fd1e1600610c5041283120b"
)
"""What MySQL 9.7 wrote for `gtid_next = 'AUTOMATIC:cdc'`, without its checksum."""


def test_a_recorded_one():
    uuid, number, micros = reader.read(RECORDED)
    assert (uuid, number) == ("37637ae2-e6a3-11f1-abf8-02fc00000001:cdc", 1)
    assert 1_795_000_000_000_000 < micros < 1_796_000_000_000_000


@given(st.integers(0, 2**64 - 1))
def test_unsigned_integers(number):
    data = Bytes(varying(number) + b"rest")
    assert data.varying() == number
    assert data.take(4) == b"rest"


@pytest.mark.parametrize(("raw", "number"), [("fbff07", 65535), ("00", 0), ("fe", 127), ("0102", 128), ("ff" + "ff" * 8, 2**64 - 1)])
def test_integers_of_the_manual(raw, number):
    assert Bytes(bytes.fromhex(raw)).varying() == number


@pytest.mark.parametrize(("raw", "number"), [("f3ff0f", 65535), ("ebff0f", -65535), ("fbff0f", -65536), ("00", 0), ("02", -1)])
def test_signed_integers_of_the_manual(raw, number):
    assert Bytes(bytes.fromhex(raw)).varying_signed() == number


def test_a_transaction_with_a_tag():
    log = Log(MYSQL)
    (found,) = log(tagged_gtid(7, "cdc", 1_700_000_000_123_456), query("BEGIN"), table_map(), write_rows(image(1, "a")), xid(after=700))
    assert found.committed_at == 1_700_000_000.123456
    assert found.upto == f"mysql;gtid={UUID}:1-5:cdc:7;file=b.000001:700;server={UUID}"


def test_a_position_with_tags_goes_on():
    log = Log(MYSQL, f"mysql;gtid={UUID}:1-5:cdc:1-6;file=b.000001:100;server={UUID}")
    (found,) = log(tagged_gtid(7, "cdc"), query("BEGIN"), table_map(), write_rows(image(1, "a")), xid(after=700))
    assert found.upto == f"mysql;gtid={UUID}:1-5:cdc:1-7;file=b.000001:700;server={UUID}"


@pytest.mark.parametrize(
    "event",
    [
        tagged_gtid(7, "cdc", needed=13),
        tagged_gtid(7, "cdc", version=2),
        tagged_gtid(7, "a;b"),
        tagged_gtid(0, "cdc"),
        tagged_gtid(7, "x" * 33),
    ],
)
def test_what_is_not_understood_stops(event):
    with pytest.raises(UnknownEvent, match="kind 42"):
        Log(MYSQL)(event)
