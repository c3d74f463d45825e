"""Single messages: bytes to values."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.change import ABSENT
from cdc.model.errors import UnknownEvent
from cdc.model.table import TableName
from cdc.source.postgresql import protocol
from cdc.source.postgresql.protocol import Attribute, Relation
from cdc.source.postgresql.tuples import row_at
from tests.unit.source import pgoutput

LSN = 0x16B_3740_0000_0001
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))


@given(st.lists(texts | st.none() | st.just(...), max_size=40), st.binary(max_size=9), st.binary(max_size=9))
def test_tuples_come_back_as_they_were(row, before, after):
    frame = before + pgoutput.values(row) + after
    read, end = row_at(frame, len(before))
    assert read == [ABSENT if value is ... else value for value in row]
    assert end == len(frame) - len(after)


def test_long_values_and_many_columns():
    row = ["x" * 70_000, "é" * 200_000, *["v"] * 1598]
    assert row_at(pgoutput.values(row), 0)[0] == row


@pytest.mark.parametrize("kind", [b"b", b"x"])
def test_a_column_that_is_not_text_is_not_guessed(kind):
    with pytest.raises(UnknownEvent, match=f"{kind.decode()!r}"):
        row_at(struct.pack("!H", 1) + kind + struct.pack("!I", 1) + b"v", 0)


def test_begin_gives_the_commit_time_since_1970():
    assert protocol.begin(pgoutput.begin(1_500_000)) == 946_684_801.5
    assert protocol.begin(pgoutput.begin(-946_684_800_000_000)) == 0.0


def test_commit_gives_the_end():
    assert protocol.commit(pgoutput.commit(LSN, lsn=5)) == LSN


def test_relation():
    frame = pgoutput.relation(4_000_000_000, "we ird", "Order", [("id", 23, -1, True), ("größe", 1700, 589_830, False)])
    expected = (Attribute("id", 23, -1, key=True), Attribute("größe", 1700, 589_830, key=False))
    assert protocol.relation(frame) == Relation(4_000_000_000, TableName("we ird", "Order"), whole=False, attributes=expected)


def test_relation_of_the_system_schema_and_with_full_identity():
    frame = pgoutput.relation(1, "", "t", [("a", 23, -1, True)], identity="f")
    assert protocol.relation(frame).name == TableName("pg_catalog", "t")
    assert protocol.relation(frame).whole


@pytest.mark.parametrize(("schema", "name"), [("app", "app.mood"), ("", "pg_catalog.mood")])
def test_type(schema, name):
    assert protocol.type_name(pgoutput.type_(4_000_000_000, schema, "mood")) == (4_000_000_000, name)


def test_truncate():
    assert protocol.truncated(pgoutput.truncate(5, 4_000_000_000, options=3)) == (5, 4_000_000_000)


@pytest.mark.parametrize(("flags", "transactional"), [(0, False), (1, True)])
def test_message(flags, transactional):
    assert protocol.message(pgoutput.message("cdc", b"erp\0,crm", flags)) == (transactional, "cdc", b"erp\0,crm")


@pytest.mark.parametrize("reply", [False, True])
def test_keepalive(reply):
    assert protocol.keepalive(pgoutput.keepalive(LSN, reply)) == (LSN, reply)


@pytest.mark.parametrize("reply", [False, True])
def test_feedback(reply):
    frame = protocol.feedback(LSN, 946_684_801.5, reply=reply)
    assert struct.unpack("!cQQQqB", frame) == (b"r", LSN, LSN, LSN, 1_500_000, reply)
