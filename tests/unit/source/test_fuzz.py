"""Events and frames that are not what they should be: an error of ours or a value, never another exception, a hang, or memory by the gigabyte.

`make fuzz` does the same for as long as one likes.
"""

import random
import struct
import time
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.errors import CdcError
from cdc.source.mysql.json_diff import changed as patched
from cdc.source.mysql.json_text import json_text
from cdc.source.mysql.packets import Packets
from cdc.source.mysql.statement import read as statement
from tests.fuzz.harness import changed, packed, recordings, run, seeds
from tests.unit.source.test_mysql_json import binary

KNOWN = recordings()
SEEDS = seeds(KNOWN)
MALFORMED = (ValueError, KeyError, IndexError, OverflowError, struct.error, CdcError)
"""What an assembler makes an error of ours of."""


@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_recorded_events_that_were_changed(data, seed):
    """torture: 48, B18, K10"""
    run(KNOWN, changed(random.Random(seed), data))


@given(st.integers(0, len(KNOWN) - 1), st.lists(st.binary(max_size=60), max_size=4))
def test_bytes_that_are_no_events(number, events):
    run(KNOWN, packed(number, events))


@given(st.sampled_from([recording for recording in KNOWN if recording.is_log]), st.integers(0, 255), st.binary(max_size=120))
def test_any_body_of_any_kind(recording, kind, body):
    event = bytes(4) + bytes([kind]) + bytes(14) + body + bytes(4)
    group = recording.groups()[0]
    run(KNOWN, packed(KNOWN.index(recording), [*group[:-2], event, group[-1]]))


@pytest.mark.parametrize("number", range(len(KNOWN)), ids=[recording.name for recording in KNOWN])
def test_lengths_that_are_too_large_take_no_memory(number):
    """torture: 48"""
    rng, most = random.Random(number), 0
    groups = KNOWN[number].groups()
    tracemalloc.start()
    for _ in range(150):
        group = list(rng.choice(groups))
        place = rng.randrange(len(group))
        event = bytearray(group[place])
        at, size = rng.randrange(19, len(event)), rng.choice([1, 2, 3, 4, 8, 9])
        event[at : at + size] = (b"\xfe" + b"\xff" * 8)[-size:]
        group[place] = bytes(event)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        run(KNOWN, packed(number, group))
        most = max(most, tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    assert most < 8_000_000


DOCUMENT = binary({"a": [1, {"b": None, "text": "x" * 20}], "c": 1.5, "list": [[], {}, [2**40, "y"]]})


@given(st.integers(0, 2**32))
def test_binary_json(seed):
    data = changed(random.Random(seed), DOCUMENT)
    try:
        text = json_text(data)
    except MALFORMED:
        return
    assert len(text) <= 40 * len(data) + 10


@given(st.integers(0, 2**32), st.binary(max_size=60))
def test_changes_of_binary_json(seed, diffs):
    document = changed(random.Random(seed), DOCUMENT)
    with suppress(*MALFORMED):
        patched(document, diffs)


def test_a_small_document_is_no_large_text():
    """Offsets that lead to the same value again and again, and containers in each other without an end."""
    twice = bytes([2]) + struct.pack("<HH", 2, 40) + (b"\x02" + struct.pack("<H", 0)) * 2 + bytes(30)
    deep = bytes([2]) + (struct.pack("<HH", 1, 9) + b"\x02\x07\x00") * 200
    long = bytes([2]) + struct.pack("<HH", 300, 60_000) + (b"\x0c" + struct.pack("<H", 904)) * 300 + b"\xff\x7f" + b"x" * 20_000
    for data in (twice, deep, long):
        with pytest.raises(ValueError, match="JSON"):
            json_text(data)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_packets_of_any_bytes(pieces):
    packets = Packets()
    for piece in pieces:
        assert all(0 <= at <= end <= len(data) for data, at, end in packets.add(piece))


@pytest.mark.parametrize("part", ["/* ", "/*!", "'", '"', "`", "(", "\\", "a.", "a,", "-- ", "#"])
def test_a_long_statement_is_read_in_a_moment(part):
    """torture: 48"""
    begun = time.process_time()
    for beginning in ("alter table t ", "drop table ", "set statement ", "rename table ", ""):
        statement(beginning + part * 20_000, "shop")
    assert time.process_time() - begun < 5
