import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.errors import Misconfigured
from cdc.source.postgresql.copy_text import row
from cdc.source.postgresql.names import slot_name
from cdc.source.postgresql.position import Place, lsn_number, lsn_text, place, position

SPECIAL = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)) | st.sampled_from([*SPECIAL, "N", "n"]))


def copied(value):
    """What the manual says of COPY's text format."""
    return "\\N" if value is None else "".join(SPECIAL.get(character, character) for character in value)


@given(st.lists(texts | st.none(), min_size=1))
def test_a_line_is_its_row(values):
    line = "\t".join(map(copied, values)) + "\n"
    assert row(memoryview(line.encode())) == tuple(values)


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**32 - 1))
def test_positions_come_back_as_they_were(lsn, timeline):
    there = Place("7301234567890123456", timeline, lsn)
    assert place(position(there)) == there
    assert lsn_number(lsn_text(lsn)) == lsn


def test_positions_are_spelled_as_the_server_spells_them():
    assert position(Place("7301234567890123456", 1, 0x16B3740)) == "7301234567890123456/1/0/16B3740"
    assert lsn_text(0xA_0000_0001) == "A/1"


@pytest.mark.parametrize("text", ["", "1/2", "1/x/0/1", "1/2/0/1/3", "0-1-33", "binlog.000001:4"])
def test_positions_of_another_kind_are_refused(text):
    with pytest.raises(Misconfigured, match="not one of PostgreSQL"):
        place(text)


def test_slots_are_named_after_pipelines():
    assert slot_name("erp_to_crm2") == "cdc_erp_to_crm2"
    assert slot_name("x" * 59) == "cdc_" + "x" * 59


@pytest.mark.parametrize("pipeline", ["", "Erp", "erp-crm", "x" * 60, "erp\n", "é"])
def test_names_that_no_slot_can_have_are_refused(pipeline):
    with pytest.raises(Misconfigured, match="slot"):
        slot_name(pipeline)
