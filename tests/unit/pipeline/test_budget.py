"""How much may be parked: counted by row change, the older ones less; the text says which setting was met, and what to do."""

import pytest

from cdc.model.change import Change, Op
from cdc.model.errors import BadRow, TooManyParked
from cdc.model.parked import Parked, cause
from cdc.model.write import Applied, Batch, Write
from cdc.pipeline.budget import Budget, Shares, check_age, check_rows
from tests.plans import SOURCE, TARGET

CHANGE = Change(SOURCE, Op.INSERT, None, ("1", "n", "0", "t"))
WRITE = Write(TARGET, ("1",), ("1", "N", "0"), None, CHANGE)


def failed(count, mapping="customers"):
    why = cause(BadRow(f"mapping {mapping}: it is bad"))
    return [Parked(mapping, CHANGE, None, "1", (), why) for _ in range(count)]


def batch(writes=0, parked=()):
    return Batch("0", "1", (WRITE,) * writes, parked=parked)


def applied(written=0, unchanged=0, mapping="customers"):
    return Applied({(mapping, Op.INSERT): written} if written else {}, {mapping: unchanged} if unchanged else {})


def test_a_share_is_of_all_that_was_written_and_of_what_is_about_to_be():
    shares = Shares(Budget(share=0.5))
    shares.check(batch(50, failed(50)))
    with pytest.raises(TooManyParked, match=r"mapping customers: 51 of the last 101 row changes fail, .*: mapping customers: it is bad"):
        shares.check(batch(50, failed(51)))


def test_below_a_hundred_a_share_says_nothing():
    Shares(Budget(share=0.1)).check(batch(0, failed(99)))
    with pytest.raises(TooManyParked) as raised:
        Shares(Budget(share=0.1)).check(batch(0, failed(100)))
    assert raised.value.hint == (
        "So many fail for a reason that is not theirs: mend that, or the mapping. `cdc parked list` shows them by cause. Mend the cause, "
        "replay or skip them, or raise `parking: share` of the pipeline in the service file."
    )


@pytest.mark.parametrize("done", [applied(written=60), applied(unchanged=60)], ids=["written", "unchanged"])
def test_earlier_batches_count(done):
    shares = Shares(Budget(share=0.5))
    shares.count(batch(60, failed(20)), done)
    shares.count(batch(), applied())
    shares.check(batch(0, failed(40)))  # 60 of 120
    with pytest.raises(TooManyParked, match="61 of the last 121"):
        shares.check(batch(0, failed(41)))


def test_each_mapping_has_its_own_share():
    shares = Shares(Budget(share=0.5))
    shares.count(batch(), applied(written=1000, mapping="others"))
    with pytest.raises(TooManyParked, match="mapping customers"):
        shares.check(batch(0, [*failed(200, "others"), *failed(100)]))


def test_the_older_ones_count_less():
    shares = Shares(Budget(share=0.5))
    for _ in range(10):
        shares.count(batch(1000), applied(written=1000))
    shares.check(batch(0, failed(1000)))
    with pytest.raises(TooManyParked, match="1001 of the last 2001"):
        shares.check(batch(0, failed(1001)))


def test_what_failed_long_ago_fades():
    shares = Shares(Budget(share=0.5))
    shares.count(batch(0, failed(1000)), applied())
    shares.count(batch(1000), applied(written=1000))  # 1000 of 2000 are 500 of 1000
    shares.check(batch(200, failed(100)))  # 600 of 1300
    with pytest.raises(TooManyParked, match="901 of the last 1801"):
        shares.check(batch(400, failed(401)))


def test_rows_up_to_the_budget_may_wait():
    check_rows(Budget(rows=7), 7)
    with pytest.raises(TooManyParked, match=r"^8 row changes would be parked, more than `parking: rows` \(7\)$") as raised:
        check_rows(Budget(rows=7), 8)
    assert raised.value.hint.endswith("or raise `parking: rows` of the pipeline in the service file.")


def test_a_row_may_wait_for_as_long_as_the_budget_says():
    check_age(Budget(), 1e9)
    check_age(Budget(age=7200.0), 7200.0)
    with pytest.raises(TooManyParked, match=r"parked for 2\.5 hours") as raised:
        check_age(Budget(age=7200.0), 9000.0)
    assert raised.value.hint.endswith("or raise `parking: age` of the pipeline in the service file.")
