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


def write(key, name=ABSENT):
    return Write(TARGET, (key,), (key, name, "note"), None, CHANGE)


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


def test_a_row_that_fails_for_want_of_missing_ones_is_not_blamed():
    with pytest.raises(Incomplete):
        run(write("1"), write("9"), bad="9")
    with pytest.raises(BadRow):
        run(write("1", "a"), write("9"), bad="9")
