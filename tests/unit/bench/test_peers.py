"""`make bench-peers`: who takes part, what the table and the file say, and why a peer has failed."""

import io
import sys
from uuid import UUID

import pytest
from rich.console import Console

from bench.cases import PAIRS
from bench.measure import Rate
from bench.peers.__main__ import _lineup
from bench.peers.process import PeerError, Process, Watched, ran, reason
from bench.peers.race import _plain
from bench.peers.results import Score, board, chosen, ratios, reasons, record


def scored(*rates, memory=0):
    score = Score()
    for rows in rates:
        score.add(Rate(rows, 1.25, 0.5, 2.5, 3.0), memory)
    return score


def printed(scores):
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(board(scores, 1000))
    return console.export_text()


def test_words_choose_pairs_and_peers_and_none_chooses_all():
    assert chosen(["debezium", "my-pg"], PAIRS) == ["my-pg"]
    assert chosen(["debezium"], PAIRS) == list(PAIRS)


def test_each_pair_has_those_who_can_do_it():
    assert list(_lineup(["pg-pg", "my-pg"], ["native", "debezium", "pg_chameleon"])) == [
        ("pg-pg", "cdc"), ("pg-pg", "native"), ("pg-pg", "debezium"),
        ("my-pg", "cdc"), ("my-pg", "native"), ("my-pg", "debezium"), ("my-pg", "pg_chameleon"),
    ]  # fmt: skip
    assert list(_lineup(["pg-my"], ["pg_chameleon"])) == [("pg-my", "cdc")]


def test_ratios_are_by_round_and_those_of_a_pair():
    scores = {("my-pg", "cdc"): scored(100.0, 90.0), ("my-pg", "debezium"): scored(10.0, 30.0), ("pg-pg", "debezium"): scored(5.0)}
    assert ratios(scores, "my-pg", "debezium") == [10.0, 3.0]
    assert ratios(scores, "my-pg", "cdc") == []
    assert ratios(scores, "pg-pg", "debezium") == []


def test_the_table_has_medians_and_says_who_failed():
    scores = {
        ("my-pg", "cdc"): scored(40_000.0, 50_000.0, 60_000.0, memory=118_000_000),
        ("my-pg", "native"): Score(rows=[100_000.0]),
        ("my-pg", "debezium"): Score(failed="not installed: Java is missing"),
    }
    text = printed(scores)
    lines = {
        line.split("│")[2].strip(): [cell.strip() for cell in line.split("│")[3:-1]] for line in text.splitlines() if line.count("│") > 5
    }
    assert lines["cdc"] == ["50,000", "", "1.25", "0.5", "2.5", "3.0", "118"]
    assert lines["native"] == ["100,000", "0.40 / 0.40 / 0.40", "", "", "", "", ""]
    assert lines["debezium"] == ["failed", "", "", "", "", "", ""]
    assert reasons(scores) == ["my-pg, debezium: not installed: Java is missing"]


def test_the_file_has_every_round():
    scores = {("my-pg", "cdc"): scored(40.0, 60.0), ("my-pg", "debezium"): scored(20.0, 20.0, memory=5)}
    (_, theirs) = record(scores)
    assert theirs == {
        "pair": "my-pg", "who": "debezium", "rows": [20.0, 20.0], "cpu": [1.25, 1.25], "first": [0.5, 0.5], "last": [2.5, 2.5], "used": [3.0, 3.0],
        "memory": 5, "failed": "", "ratio": [2.0, 3.0],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("started\nPermission denied: error 13\nbye\n", "Permission denied: error 13"),
        ("one\ntwo\n\n", "two"),
        ("", "it printed nothing"),
    ],
)
def test_the_reason_is_the_line_that_names_an_error(text, line):
    assert reason(text) == line


def test_a_program_that_fails_says_why():
    with pytest.raises(PeerError, match="ended with 3: peers: a JDK is missing"):
        ran([sys.executable, "-c", "import sys; sys.exit(print('peers: a JDK is missing') or 3)"])


def test_waiting_for_a_process_that_has_ended_ends(tmp_path):
    process = Process([sys.executable, "-c", "print('fatal error: no such slot')"], tmp_path / "log")
    process.popen.wait()
    with pytest.raises(PeerError, match="ended with 0: fatal error: no such slot"):
        Watched(None, "none", look=process.look).has(None, "true")


def test_what_a_process_starts_counts_too(tmp_path):
    child = "import time; held = bytearray([1]) * 60_000_000; time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = Process([sys.executable, "-c", parent], tmp_path / "log")
    try:
        while process.peak_memory() < 60_000_000:
            process.look()
        assert process.cpu_seconds() >= 0
    finally:
        process.stop()


def test_rows_are_compared_by_what_both_engines_have():
    assert _plain((1, True, UUID(int=7))) == (1, 1, "00000000-0000-0000-0000-000000000007")
