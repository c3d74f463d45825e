"""Two times of a row, as texts: which is the later; and several writes of one row in a batch, of which the latest stays."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.change import ABSENT, Change, Op
from cdc.model.table import Column, Definition, Table, TableName
from cdc.model.types import Kind, Type
from cdc.model.write import Batch, Deletes, Newest, TargetPlan, Write
from cdc.target.clock import laid, wins
from cdc.target.collapse import Upserts, collapser
from cdc.target.memory import MemoryDatabase, MemoryTarget

STRICT, TYING = (Newest(2, frozenset({1, 2}), ties) for ties in (False, True))

RISING = [
    [None, "-infinity", "0044-03-15 00:00:00 BC", "0000-00-00 00:00:00", "2026-01-31 23:59:59", "2026-01-31 23:59:59.000001", "2026-02-01 00:00:00",
     "9999-12-31 23:59:59.999999", "12026-01-01 00:00:00", "infinity"],
    ["2026-01-31", "2026-02-01"],
    ["2026-01-31 10:00:00+00", "2026-01-31 10:00:00.5+00", "2026-01-31 10:00:00.51+00", "2026-01-31 10:00:01+00"],
    [None, "-Infinity", "-10", "-9.5", "0", "9", "10", "10.01", "Infinity"],
]  # fmt: skip


@pytest.mark.parametrize("texts", RISING, ids=str)
def test_times_in_their_order(texts):
    for at, there in enumerate(texts):
        for place, text in enumerate(texts):
            assert wins(STRICT, text, there) is (place > at)
            assert wins(TYING, text, there) is (place >= at)


@pytest.mark.parametrize(
    ("one", "other"),
    [("10.0", "10.00"), ("2026-01-31 10:00:00.5", "2026-01-31 10:00:00.500000"), ("2026-01-31 10:00:00", "2026-01-31 10:00:00.0")],
)
def test_one_time_in_two_spellings_is_a_tie(one, other):
    assert (wins(STRICT, one, other), wins(TYING, one, other)) == (False, True)


def test_what_only_a_server_can_compare():
    assert (wins(STRICT, "b", "a"), wins(TYING, "NaN", "1"), wins(STRICT, "2", "x")) == (None, None, None)
    assert (wins(STRICT, "a", "a"), wins(TYING, "a", "a")) == (False, True)
    assert laid(STRICT, ("1", "old", "b", "old"), ("1", "new", "a", "new")) is None


@pytest.mark.parametrize("newest", [STRICT, TYING])
def test_a_time_that_the_log_left_out_is_never_later(newest):
    assert wins(newest, ABSENT, None) is False
    for under, over in ((("1", "a", ABSENT), ("1", "b", "2")), (("1", "a", "1"), ("1", ABSENT, "2"))):
        assert laid(newest, under, over) is None


def test_an_image_over_a_newer_one_keeps_what_goes_by_the_time():
    under = ("1", "under", "5", "x")
    assert laid(STRICT, under, ("1", "over", "4", "y")) == ("1", "under", "5", "y")
    assert laid(STRICT, under, ("1", "over", "5", "y")) == ("1", "under", "5", "y")
    assert laid(TYING, under, ("1", "over", "5", "y")) == ("1", "over", "5", "y")
    assert laid(STRICT, under, ("1", "over", "6", ABSENT)) == ("1", "over", "6", ABSENT)


# a batch, collapsed

TABLE = TableName("s", "t")
COLUMNS = tuple(Column(name, Type(Kind.TEXT, "text")) for name in ("id", "name", "at", "own"))
CHANGE = Change(Table(TABLE, (), ()), Op.UPDATE, None, None)
DEFINITION = Definition(TABLE, COLUMNS, (), (), None, triggers=False, estimate=0)

times = st.sampled_from([None, "1", "2", "3", "10"])
images = st.tuples(st.sampled_from("12"), st.sampled_from("abc"), times, st.sampled_from("xyz"))


def left(writes, newest, there):
    """What one batch after another leaves of the rows that are there; a batch's writes are applied one by one."""
    database = MemoryDatabase()
    database.create(DEFINITION)
    database.insert(TABLE, {"id": "1", "name": "there", "at": there, "own": "there"})
    plan = TargetPlan("t", DEFINITION, COLUMNS, (0,), Deletes.HARD, (), 0, newest=newest)
    target = MemoryTarget(database, "p", [plan])
    target.checkpoint()
    target.apply(Batch(None, "1", [replace(write, plan=plan) for write in writes]))
    return sorted(database.rows(TABLE), key=lambda row: row["id"])


@given(st.lists(st.one_of(images, st.sampled_from("12")), max_size=12), st.sampled_from([STRICT, TYING]), st.sampled_from([None, "2"]))
def test_a_collapsed_batch_leaves_what_its_writes_leave_one_by_one(steps, newest, there):
    plan = TargetPlan("t", DEFINITION, COLUMNS, (0,), Deletes.HARD, (), 0, newest=newest)
    writes = [Write(plan, (step[0],), None if isinstance(step, str) else step, None, CHANGE) for step in steps]
    made = []
    for step in collapser([plan])(writes).steps:
        rows = [(row[:1], row) for row in step.rows] if isinstance(step, Upserts) else [(key, None) for key in step.keys]
        made += [Write(plan, key, image, None, CHANGE) for key, image in rows]
    assert left(made, newest, there) == left(writes, newest, there)


# two sides, each of which is the other's target


class Side:
    """A database that applications change, and what its log has for the other side."""

    def __init__(self, ties):
        self.database = MemoryDatabase()
        self.database.create(DEFINITION)
        self.database.insert(TABLE, {"id": "1", "name": "first", "at": "0", "own": ""})
        self.plan = TargetPlan("t", DEFINITION, COLUMNS, (0,), Deletes.HARD, (), 0, newest=Newest(2, frozenset({1, 2}), ties))
        self.target = MemoryTarget(self.database, "p", [self.plan])
        self.target.checkpoint()
        self.log = []

    @property
    def row(self):
        (row,) = self.database.rows(TABLE)
        return row

    def change(self, name, ahead):
        """An application's change, which is later than the row."""
        made = {**self.row, "name": name, "at": str(int(self.row["at"]) + ahead)}
        self.database.tables[TABLE].put(1, made)
        self.log.append(tuple(made.values()))

    def take(self, other, most):
        """Apply some of the other side's log, as one batch."""
        images, other.log = other.log[:most], other.log[most:]
        if images:
            self.target.apply(Batch(None, "1", [Write(self.plan, ("1",), image, None, CHANGE) for image in images]))


steps = st.one_of(
    st.tuples(st.just("change"), st.booleans(), st.integers(1, 3)), st.tuples(st.just("take"), st.booleans(), st.integers(1, 3))
)


@given(st.lists(steps, max_size=20))
def test_both_sides_end_with_the_same_row_in_whichever_order_changes_cross(turns):
    # torture: H03 H10
    sides = Side(ties=False), Side(ties=True)
    for number, (turn, first, count) in enumerate(turns):
        one, other = sides if first else sides[::-1]
        if turn == "change":
            one.change(f"{number}", count)
        else:
            one.take(other, count)
    for one, other in (sides, sides[::-1]):
        one.take(other, len(turns))
    assert sides[0].row == sides[1].row
