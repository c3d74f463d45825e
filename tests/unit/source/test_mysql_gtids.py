"""GTID sets: arithmetic against sets of single numbers."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.source.mysql.gtids import DomainGtids, IntervalGtids, logged

A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"
MEMBERS = st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 12)))


def filled(members):
    gtids = IntervalGtids("")
    for source, number in members:
        gtids.add(source, number)
    return gtids


@given(MEMBERS)
def test_intervals_are_a_set_of_numbers(members):
    text = filled(members).text()
    back = {
        (source, number)
        for part in filter(None, text.split(","))
        for source, *intervals in [part.split(":")]
        for first, _, last in (interval.partition("-") for interval in intervals)
        for number in range(int(first), int(last or first) + 1)
    }
    assert back == set(members)
    assert IntervalGtids(text).text() == text


@given(MEMBERS, MEMBERS)
def test_intervals_hold_what_they_hold(left, right):
    assert filled(left).holds(filled(right).text()) == (set(right) <= set(left))


def test_intervals_are_written_as_the_server_does():
    gtids = IntervalGtids(f"{A}:1-3:5,\n{B.upper()}:7")
    assert gtids.text() == f"{A}:1-3:5,{B}:7"
    gtids.add(A, 4)
    gtids.add(B, 8)
    assert gtids.text() == f"{A}:1-5,{B}:7-8"
    gtids.add(A, 9)
    assert gtids.text() == f"{A}:1-5:9,{B}:7-8"


def test_what_comes_later_stands_where_the_server_would_put_it():
    """Positions are compared as texts, and the server's own is one of them."""
    gtids = IntervalGtids(f"{B}:7")
    for source in (f"{B}:web", f"{A}:cdc", f"{B}:cdc", A):
        gtids.add(source, 1)
    assert gtids.text() == f"{A}:1:cdc:1,{B}:7:cdc:1:web:1"


def test_tags_are_sets_of_their_own():
    gtids = IntervalGtids(f"{A}:1-3:CDC:1-2:5:other:7, {B}:_x:7")
    assert gtids.text() == f"{A}:1-3:cdc:1-2:5:other:7,{B}:_x:7"
    gtids.add(f"{A}:cdc", 3)
    assert gtids.holds(f"{A}:cdc:1-3:5")
    assert not gtids.holds(f"{A}:4")
    assert not gtids.holds(f"{B}:7")
    assert IntervalGtids(gtids.text()).text() == gtids.text()


def test_sets_as_a_server_is_told_of_them():
    """The bytes were taken by a server. An interval's end is not in it; with one tag, all have a length for theirs."""
    raw = bytes.fromhex(A.replace("-", ""))
    plain = IntervalGtids(f"{A}:1-3:7")
    assert plain.encoded() == struct.pack("<Q16sQQQQQ", 1, raw, 2, 1, 4, 7, 8)
    assert IntervalGtids("").encoded() == bytes(8)
    tagged = IntervalGtids(f"{A}:1-3:cdc:5")
    assert tagged.encoded() == b"\x01\x02\0\0\0\0\0\x01" + raw + b"\x00" + struct.pack("<QQQ", 1, 1, 4) + raw + b"\x06cdc" + struct.pack(
        "<QQQ", 1, 5, 6
    )


def test_domains_keep_the_last_of_each():
    gtids = DomainGtids("0-10-100,7-3-5")
    gtids.add("0-11", 101)
    assert gtids.text() == "0-11-101,7-3-5"
    gtids.add("9-1", 1)
    assert gtids.text() == "0-11-101,7-3-5,9-1-1"
    assert DomainGtids("").text() == ""


def test_a_domain_holds_what_is_not_behind_it():
    gtids = DomainGtids("0-10-100,7-3-5")
    assert gtids.holds("0-99-100")
    assert gtids.holds("7-3-4")
    assert gtids.holds("")
    assert not gtids.holds("0-10-101")
    assert not gtids.holds("0-10-100,8-1-1")
    assert not DomainGtids("").holds("0-1-1")


def test_the_same_set_in_another_order():
    gtids = DomainGtids("0-10-100,7-3-5")
    assert gtids.same("7-3-5, 0-10-100")
    assert not gtids.same("0-10-100")
    assert not gtids.same("0-11-100,7-3-5")
    assert DomainGtids("").same("")


@pytest.mark.parametrize(
    ("state", "gtids", "held"),
    [
        ("0-1-100,0-2-105", "0-1-100", True),
        ("0-1-90,0-2-105", "0-1-100", False),  # promoted without them, and grown past them
        ("0-2-105", "0-1-100", False),
        ("0-1-100, 7-1-3", "7-1-3,0-1-99", True),
        ("0-1-100", "7-1-1", False),
        ("", "", True),
        ("", "0-1-1", False),
    ],
)
def test_a_server_has_logged_transactions_of_that_server_and_not_only_of_their_number(state, gtids, held):
    assert logged(state, gtids) is held
