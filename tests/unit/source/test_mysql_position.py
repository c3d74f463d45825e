"""Positions as text, and how far a stream says that it has read."""

from dataclasses import replace

import pytest

from cdc.model.change import Position
from cdc.model.errors import Gap, Misconfigured
from cdc.source.mysql.driver import _beginning
from cdc.source.mysql.log import behind
from cdc.source.mysql.position import RELOAD, LogPosition, number, parse
from cdc.source.mysql.progress import Progress

TEXTS = [
    "mariadb;gtid=0-10-100,3-1-7;file=binlog.000003:4711;server=10",
    "mariadb;gtid=;file=binlog.000001:4;server=1",
    "mysql;gtid=3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7;file=b;x:y.000009:5000000000;server=3e11fa47-71ca-11e1-9e33-c80aa9429562",
    "mysql;file=m97-bin.000001:157;server=abc",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_position_is_its_text(text):
    assert parse(Position(text)).text() == text


def test_what_a_position_says():
    assert parse(Position(TEXTS[0])) == LogPosition("mariadb", "0-10-100,3-1-7", "binlog.000003", 4711, "10")
    assert parse(Position(TEXTS[1])).gtids == ""
    assert parse(Position(TEXTS[3])).gtids is None


@pytest.mark.parametrize("text", ["", "0/16B3748", "mariadb;gtid=0-1-1", "oracle;gtid=;file=b.1:4;server=1"])
def test_other_positions_are_a_gap(text):
    with pytest.raises(Gap) as gap:
        parse(Position(text))
    assert gap.value.hint == RELOAD


def test_files_are_ordered_by_their_number():
    assert number("binlog.999999") < number("binlog.1000000")
    assert number("nonumber") == 0


def test_bytes_behind():
    present = {"b.000009": 100, "b.000010": 200, "b.000011": 50}
    assert behind(present, LogPosition("mariadb", "", "b.000010", 150, "1")) == 100
    assert behind(present, LogPosition("mariadb", "", "b.000011", 50, "1")) == 0
    assert behind(present, LogPosition("mariadb", "", "b.000011", 90, "1")) == 0
    assert behind(present, LogPosition("mariadb", "", "b.000001", 4, "1")) == 350


def progress(text="mariadb;gtid=0-10-5;file=b.000001:100;server=10", server="10"):
    return Progress(parse(Position(text)), server)


def test_idle_stays_before_echoes_until_something_else_comes():
    moving = progress()
    moving.rotated("b.000001", 4, artificial=True)
    start = moving.idle()
    moving.committed(("0-10", 6), 200, own=True)
    assert moving.idle() == start
    assert moving.text().startswith("mariadb;gtid=0-10-6;file=b.000001:200")
    moving.committed(("0-10", 7), 300, own=False)
    moving.committed(("0-10", 8), 400, own=True)
    assert moving.idle().startswith("mariadb;gtid=0-10-7;file=b.000001:300")
    assert moving.text().startswith("mariadb;gtid=0-10-8;file=b.000001:400")


def test_the_place_where_a_server_begins_to_send_is_no_position():
    moving = progress()
    moving.rotated("b.000004", 4, artificial=True)
    moving.passed(256)
    assert moving.idle() == moving.text() == "mariadb;gtid=0-10-5;file=b.000001:100;server=10"
    moving.committed(("0-10", 6), 900, own=False)
    assert moving.idle() == "mariadb;gtid=0-10-6;file=b.000004:900;server=10"
    moving.passed(950)
    assert moving.idle() == "mariadb;gtid=0-10-6;file=b.000004:950;server=10"


def test_a_rotation_is_followed():
    moving = progress()
    moving.rotated("b.000001", 4, artificial=True)
    moving.committed(("0-10", 6), 900, own=False)
    moving.rotated("b.000002", 4, artificial=False)
    moving.rotated("b.000002", 4, artificial=True)
    moving.passed(0)
    moving.passed(389)
    assert moving.idle() == "mariadb;gtid=0-10-6;file=b.000002:389;server=10"


def test_after_a_failover_positions_name_the_new_server():
    moving = progress(server="11")
    assert moving.idle().endswith("server=10")
    moving.committed(("0-11", 6), 900, own=False)
    assert moving.idle().endswith("server=11")


def test_reached_by_gtids_or_by_place():
    moving = progress()
    assert moving.reached(parse(Position("mariadb;gtid=0-10-5;file=b.000001:9000;server=10")))
    assert moving.reached(parse(Position("mariadb;gtid=0-10-5;file=other.000009:1;server=11")))
    assert not moving.reached(parse(Position("mariadb;gtid=0-10-5;file=b.000002:4;server=10"))), "the rotation is still to come"
    moving.rotated("b.000002", 4, artificial=False)
    assert moving.reached(parse(Position("mariadb;gtid=0-10-5;file=b.000002:4;server=10")))
    assert not moving.reached(parse(Position("mariadb;gtid=0-10-6;file=b.000001:1;server=10")))
    place = progress("mysql;file=b.000002:100;server=u", "u")
    assert place.reached(parse(Position("mysql;file=b.000001:999;server=u")))
    assert not place.reached(parse(Position("mysql;file=b.000002:101;server=u")))
    assert not place.reached(parse(Position("mysql;file=b.000001:999;server=other")))


def test_what_lies_behind_four_gigabytes_can_only_be_asked_for_by_gtid():
    at = LogPosition("mysql", None, "b.000001", 2**32, "uuid")
    with pytest.raises(Misconfigured, match="4 GB") as stopped:
        _beginning(at)
    assert "gtid_mode" in stopped.value.hint
    assert _beginning(replace(at, offset=2**32 - 1)) == {"log_file": "b.000001", "log_pos": 2**32 - 1}
    assert _beginning(replace(at, gtids="uuid:1")) == {"auto_position": "uuid:1"}
