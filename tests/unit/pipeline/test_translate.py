from dataclasses import replace

import pytest

from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import Truncated
from cdc.model.write import Deletes, TargetPlan, Truncates, Write
from cdc.pipeline.translate import translator
from tests.plans import COLUMNS, DEFINITION, SOURCE, TARGET, plan


def translate(op, old, new, **kw):
    (row_plan,) = plan(**kw).bind(SOURCE)
    return translator(row_plan, SOURCE)(Change(SOURCE, op, old, new))


def write(result):
    assert isinstance(result, Write)
    return result.key, result.image, result.moved


ROW = ("1", "a", "n", "t")


def test_insert_is_an_upsert():
    assert write(translate(Op.INSERT, None, ROW)) == (("1",), ("1", "A", "n"), None)


def test_insert_outside_the_filter_is_counted_as_filtered():
    assert translate(Op.INSERT, None, ("1", "a", "n", "f")) == "filter"


def test_update_keeps_absent_columns_absent():
    assert write(translate(Op.UPDATE, None, ("1", "b", ABSENT, "t"))) == (("1",), ("1", "B", ABSENT), None)


def test_update_that_leaves_the_filter_deletes_by_the_key_alone():
    # torture: G13
    assert write(translate(Op.UPDATE, None, ("1", "b", "n", "f"))) == (("1",), None, None)


def test_update_that_leaves_the_filter_with_a_full_old_row_deletes():
    assert write(translate(Op.UPDATE, ROW, ("1", "b", "n", "f"))) == (("1",), None, None)


def test_update_that_stays_outside_the_filter_writes_nothing():
    assert translate(Op.UPDATE, ("1", "a", "n", "f"), ("1", "b", "n", "f")) == "filter"


def test_update_that_leaves_under_another_key_deletes_the_old_key():
    # torture: G13
    assert write(translate(Op.UPDATE, ROW, ("2", "b", "n", "f"))) == (("1",), None, None)


def test_key_change_moves_the_row():
    assert write(translate(Op.UPDATE, ("1", ABSENT, ABSENT, ABSENT), ("2", "a", "n", "t"))) == (("2",), ("2", "A", "n"), ("1",))


def test_same_key_is_no_move():
    assert write(translate(Op.UPDATE, ROW, ("1", "b", "n", "t")))[2] is None


def test_row_that_enters_the_filter_under_another_key_moves_nothing():
    # torture: G13
    assert write(translate(Op.UPDATE, ("1", "a", "n", "f"), ("2", "a", "n", "t"))) == (("2",), ("2", "A", "n"), None)


def test_delete_with_the_key_alone():
    assert write(translate(Op.DELETE, ("1", ABSENT, ABSENT, ABSENT), None)) == (("1",), None, None)


def test_delete_of_a_row_outside_the_filter_is_filtered():
    assert translate(Op.DELETE, ("1", "a", "n", "f"), None) == "filter"


def test_ignored_deletes_write_nothing():
    target = TargetPlan("customers", DEFINITION, COLUMNS, (0,), Deletes.IGNORE, (), 0)
    assert translate(Op.DELETE, ROW, None, target=target) == "delete_ignored"
    assert translate(Op.UPDATE, ROW, ("1", "b", "n", "f"), target=target) == "delete_ignored"
    assert write(translate(Op.UPDATE, ROW, ("2", "b", "n", "t"), target=target))[2] == ("1",)


def test_truncate_halts_unless_told_to_ignore_it():
    with pytest.raises(Truncated, match=r"customers: public\.customer was truncated"):
        translate(Op.TRUNCATE, None, None)
    assert translate(Op.TRUNCATE, None, None, truncates=Truncates.IGNORE) == "truncate_ignored"


def test_writes_carry_plan_and_change():
    result = translate(Op.INSERT, None, ROW)
    assert result.plan is TARGET
    assert result.change.new == ROW


def test_writes_carry_the_time_of_their_transaction():
    (row_plan,) = plan().bind(SOURCE)
    made = translator(row_plan, SOURCE)
    for change in (Change(SOURCE, Op.INSERT, None, ROW), Change(SOURCE, Op.UPDATE, None, ROW), Change(SOURCE, Op.DELETE, ROW, None)):
        assert made(change, 7.5).committed_at == 7.5
        assert made(change).committed_at is None


def test_a_mapping_that_asks_gets_the_row_with_its_change():
    seen = []
    (row_plan,) = plan().bind(SOURCE)
    asking = replace(row_plan, asks=True, map_row=lambda row: seen.append(row) or (("1",), ("1", "A", "n")))
    made = translator(asking, SOURCE)
    made(Change(SOURCE, Op.INSERT, None, ROW), 0.0)
    made(Change(SOURCE, Op.UPDATE, ("1", "0", "m", ABSENT), ROW), 0.0)
    made(Change(SOURCE, Op.UPDATE, None, ROW))
    epoch = "1970-01-01 00:00:00+00"
    assert seen == [
        (*ROW, None, None, None, None, "insert", epoch),
        (*ROW, "1", "0", "m", ABSENT, "update", epoch),
        (*ROW, "1", ABSENT, ABSENT, ABSENT, "update", None),
    ]
