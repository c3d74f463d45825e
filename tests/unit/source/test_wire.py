"""Streams recorded from real servers (PostgreSQL, MariaDB, MySQL) to the transactions that they were when they were recorded."""

import pytest

from tests.fuzz.recording import NAMES, load, shown


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_stream_says_what_it_said(name):
    """torture: 25, 27, 40, 41"""
    recording = load(name)
    assert shown(recording.transactions()) == recording.facts["transactions"]


def test_every_server_has_a_recording_and_every_form_of_events_is_in_one():
    assert NAMES == ("mariadb", "mysql", "postgresql")
    kinds = {name: {event[4] if load(name).is_log else event[25] for event in load(name).events} for name in NAMES}
    assert kinds["mariadb"] >= {2, 16, 19, 23, 24, 25, 162, 165, 166, 167, 168}
    assert kinds["mysql"] >= {2, 16, 19, 30, 31, 32, 33, 39, 40, 42}
    assert kinds["postgresql"] >= set(b"BRIUDTCMY")


@pytest.mark.parametrize("name", NAMES)
def test_each_transaction_can_be_read_by_itself(name):
    """What the fuzz tests rest on."""
    recording = load(name)
    found = [transaction for group in recording.groups() for transaction in recording.transactions([*recording.preamble, *group])]
    assert [each[3] for each in shown(found)] == [each[3] for each in recording.facts["transactions"]]
