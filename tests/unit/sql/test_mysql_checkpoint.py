"""The checkpoint row's statements, as text, and what is read of it."""

from dataclasses import replace

from cdc.model.change import Position
from cdc.model.write import Batch, Checkpoint, Phase
from cdc.sql import mysql_checkpoint as sql


def test_the_checkpoint_moves_by_compare_and_swap():
    batch = Batch(None, Position("it's:1"), (), Phase.LOADING, newest=17.25, origin=("erp", "crm"))
    assert sql.advance("p", 4, 2, 7, batch) == (
        "update cdc.checkpoint set seq = 5, phase = 'loading', origin = 'erp,crm', position = 'it''s:1', newest = 17.25,"
        " rows_applied = rows_applied + 0, updated_at = utc_timestamp(6) where pipeline = 'p' and seq = 4 and epoch = 2 and parked_version = 7"
    )


def test_a_transaction_in_parts_is_fenced_by_the_first_and_moves_the_position_at_its_end():
    part = Batch(Position("1"), Position("2"), (), ends=False)
    first, end = sql.advance("p", 4, 2, 7, part), sql.move("p", replace(part, newest=17.25, ends=True, begins=False), 30)
    assert ("seq = 5" in first, "position" in first, "rows_applied" in first) == (True, False, False)
    assert end == (
        "update cdc.checkpoint set position = '2', newest = 17.25, rows_applied = rows_applied + 30,"
        " updated_at = utc_timestamp(6) where pipeline = 'p'"
    )


def test_a_batch_without_transactions_keeps_the_newest():
    assert "newest" not in sql.advance("p", 0, 1, 0, Batch(None, Position("1"), ()))


def test_the_row_is_read():
    assert sql.stored([]) is None
    found = sql.stored([("7", "3", "host:1", None, "loading", "0", "0")])
    assert found == sql.Stored(7, 3, "host:1", Checkpoint(None, Phase.LOADING, 0, 0.0))
    found = sql.stored([(7, 3, "host:1", "pos", "streaming", 12, 1.5)])
    assert found.checkpoint == Checkpoint(Position("pos"), Phase.STREAMING, 12, 1.5)


def test_a_fresh_row_is_what_a_missing_one_means():
    text = sql.begin("p", "host:1")
    assert f"('p', {sql.FRESH.seq}, {sql.FRESH.epoch + 1}, 'loading', null, '', 'host:1', 0, 0, utc_timestamp(6))" in text


def test_a_holder_fits_its_column():
    for text in (sql.begin("p", "h" * 300), sql.take_over("p", "h" * 300)):
        assert "h" * 255 in text and "h" * 256 not in text


def test_the_row_is_locked_where_it_is_asked_for():
    assert sql.select("p", lock=True).endswith("where pipeline = 'p' for update")
    assert sql.select("p", lock=False).endswith("where pipeline = 'p'")
    assert sql.forget("it's") == "delete from cdc.checkpoint where pipeline = 'it''s'"
