"""Changes of one row come to one change, or to none that is known."""

import pytest

from cdc.model.change import ABSENT, Change, Op
from cdc.pipeline.fold import fold
from tests.plans import SOURCE
from tests.unit.pipeline.test_parking import OTHER

KEY = ABSENT, ABSENT, ABSENT


def change(op, old, new, table=SOURCE):
    return Change(table, op, old, new)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(Op.INSERT, None, ("1", "a", "b", "t"))], (Op.INSERT, None, ("1", "a", "b", "t"))),
        ([(Op.INSERT, None, ("1", "a", "b", "t")), (Op.UPDATE, None, ("1", ABSENT, "c", "t"))], (Op.INSERT, None, ("1", ABSENT, "c", "t"))),
        (
            [(Op.INSERT, None, ("1", "a", "b", "t")), (Op.UPDATE, ("1", "x", ABSENT, "t"), ("1", ABSENT, "c", "t"))],
            (Op.INSERT, None, ("1", "x", "c", "t")),
        ),
        ([(Op.UPDATE, None, ("1", ABSENT, "b", "t")), (Op.UPDATE, None, ("1", "a", None, "t"))], (Op.UPDATE, None, ("1", "a", None, "t"))),
        (
            [(Op.UPDATE, None, ("1", "a", "b", "t")), (Op.UPDATE, ("1", "a", "b", "t"), ("2", "a", "c", "t"))],
            (Op.UPDATE, ("1", *KEY), ("2", "a", "c", "t")),
        ),
        (
            [(Op.INSERT, None, ("1", "a", "b", "t")), (Op.UPDATE, ("1", *KEY), ("2", "a", "c", "t"))],
            (Op.UPDATE, ("1", *KEY), ("2", "a", "c", "t")),
        ),
        ([(Op.INSERT, None, ("1", "a", "b", "t")), (Op.DELETE, ("1", *KEY), None)], (Op.DELETE, ("1", *KEY), None)),
        ([(Op.UPDATE, ("1", *KEY), ("2", "a", "b", "t")), (Op.DELETE, ("2", *KEY), None)], (Op.DELETE, ("1", *KEY), None)),
        (
            [(Op.UPDATE, ("1", *KEY), ("2", "a", "b", "t")), (Op.UPDATE, ("2", *KEY), ("3", "c", ABSENT, "t"))],
            (Op.UPDATE, ("1", *KEY), ("3", "c", ABSENT, "t")),
        ),
    ],
)
def test_changes_that_follow_each_other_are_one(changes, expected):
    assert fold([change(*each) for each in changes]) == change(*expected)


@pytest.mark.parametrize(
    "changes",
    [
        [(Op.DELETE, ("1", *KEY), None), (Op.INSERT, None, ("1", "a", "b", "t"))],
        [(Op.INSERT, None, ("1", "a", "b", "t")), (Op.UPDATE, None, ("2", "a", "b", "t"))],
        [(Op.INSERT, None, ("1", "a", "b", "t")), (Op.INSERT, None, ("1", "a", "b", "t"))],
        [(Op.INSERT, None, ("1", "a", "b", "t")), (Op.UPDATE, None, ("1", "a", "b", "t"), OTHER)],
    ],
)
def test_others_are_left_as_they_are(changes):
    assert fold([change(*each) for each in changes]) is None
