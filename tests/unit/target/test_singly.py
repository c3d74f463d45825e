"""Writes one by one: what becomes of partial images whose rows are missing."""

import pytest

from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import BadRow, Incomplete
from cdc.model.table import Table, TableName
from cdc.model.write import Write
from cdc.target.singly import one_by_one
from cdc.target.tally import Tally
from tests.plans import TARGET

CHANGE = Change(Table(TableName("s", "t"), (), ()), Op.UPDATE, None, None)


def write(key, name=ABSENT, moved=None):
    return Write(TARGET, (key,), (key, name, "note"), moved, CHANGE)


def run(*writes, bad=()):
    there, tally = set(), Tally()

    def apply(one):
        if one.key[0] in bad:
            raise BadRow("no")
        if one.key not in there and ABSENT in one.image:
            raise Incomplete([one])
        there.add(one.key)
        tally.add("m", Op.INSERT)

    one_by_one(writes, apply, tally)
    return tally.applied()


def test_a_later_whole_image_stands_for_partial_ones():
    applied = run(write("1"), write("1"), write("1", "a"), write("1"))
    assert applied.rows == {("m", Op.INSERT): 2, ("customers", Op.UPDATE): 2}


def test_the_last_write_of_each_missing_row_is_handed_back():
    first, second, last = write("1"), write("2"), write("1")
    with pytest.raises(Incomplete) as caught:
        run(first, second, last, write("3", "a"))
    assert [id(one) for one in caught.value.writes] == [id(last), id(second)]


def test_a_key_change_is_handed_back_whatever_comes_after():
    """The later image makes the row whole at its new key, and the one at the old key would stay."""
    moved, other = write("2", moved=("1",)), write("2")
    with pytest.raises(Incomplete) as caught:
        run(other, moved, write("2", "a"), write("1", "b"))
    assert [id(one) for one in caught.value.writes] == [id(moved)]


def test_a_row_that_fails_for_want_of_missing_ones_is_not_blamed():
    with pytest.raises(Incomplete):
        run(write("1"), write("9"), bad="9")
    with pytest.raises(BadRow):
        run(write("1", "a"), write("9"), bad="9")


def ordered(*writes, needs):
    """Apply writes of which some need others to have been applied; return the order in which they were."""
    done, tally = [], Tally()

    def apply(one):
        if (missing := needs.get(one.image[1])) and missing not in done:
            raise BadRow(one.image[1])
        done.append(one.image[1])

    one_by_one(writes, apply, tally)
    return done


def test_a_refused_write_is_tried_again_behind_the_others():
    assert ordered(write("1", "parent"), write("2", "child"), needs={"parent": "child"}) == ["child", "parent"]


def test_later_writes_of_a_refused_key_stay_behind_it():
    assert ordered(write("1", "a"), write("1", "b"), write("2", "c"), needs={"a": "c"}) == ["c", "a", "b"]
    assert ordered(write("1", "a"), write("9", "b", moved=("1",)), write("2", "c"), needs={"a": "c"}) == ["c", "a", "b"]


def test_chains_of_refusals_come_right():
    assert ordered(*(write(name, name) for name in "abcd"), needs={"a": "b", "b": "c", "c": "d"}) == ["d", "c", "b", "a"]


def test_the_first_write_that_stays_refused_is_named():
    with pytest.raises(BadRow, match=r"^b$"):
        ordered(write("1", "a"), write("2", "b"), write("3", "c"), needs={"b": "never", "c": "never"})
