"""What waits where: ids by key, keys that changes of keys link, and for how long."""

from cdc.model.change import Change, Op
from cdc.model.errors import BadRow
from cdc.model.parked import Parked, ParkedKey, cause
from cdc.pipeline.queues import Queues
from tests.plans import SOURCE


def one(number, *keys, waits=False, age=0.0, mapping="m"):
    return ParkedKey(number, mapping, [(key,) for key in keys], waits, False, 0.0, age)


def queues(*entries, clock=lambda: 100.0):
    made = Queues(clock)
    for entry in entries:
        made.add(entry)
    return made


def test_an_age_is_what_it_was_when_it_was_read_and_the_time_since():
    now = [100.0]
    made = queues(clock=lambda: now[0])
    assert made.age() == 0.0
    made.add(one(1, "a", age=30.0))
    now[0] += 12
    assert made.age() == 42.0
    list(made.drop([1]))
    assert made.age() == 0.0


def test_keys_are_linked_by_changes_of_keys_and_by_those_alone():
    made = queues(one(1, "a", "b"), one(2, "b", "c"), one(3, "c", "d"), one(4, "e"), one(5, "a"))
    for key in "abcd":
        assert made.linked(("m", (key,)), ()) == [1, 2, 3, 5]
    assert made.linked(("m", ("e",)), ()) == [4]
    assert made.linked(("m", ("z",)), ()) == []
    assert made.linked(("m", ("a",)), {5}) == [1, 2, 3]


def test_links_go_both_ways_from_a_key_that_two_changes_name():
    made = queues(one(1, "b", "a"), one(2, "b", "c"), one(3, "a", "x"), one(4, "c", "y"))
    assert made.linked(("m", ("b",)), ()) == [1, 2, 3, 4]


def test_only_a_key_whose_first_change_waits_for_others_is_woken_by_them():
    made = queues(one(1, "a", waits=True), one(2, "a"), one(3, "b"), one(4, "b", waits=True))
    made.held["m"][("c",)] = []
    assert list(made.waiting("m")) == [("m", ("a",))]


def test_what_waits_learns_what_it_waits_for_now():
    made = queues(one(1, "a"), one(2, "b"))
    change = Change(SOURCE, Op.INSERT, None, ("a", "n", "0", "t"))
    made.learn([Parked("m", change, None, "1", (), cause(BadRow("it is gone", waits=True)), id=1)])
    made.learn([Parked("m", change, None, "1", (), None, id=2), Parked("m", change, None, "1", (), None, id=9)])
    assert [entry.waits for entry in made.entries.values()] == [True, False]


def test_what_goes_frees_the_keys_at_which_nothing_waits_any_more():
    made = queues(one(1, "a", "b"), one(2, "a"))
    assert list(made.drop([1, 77])) == [("m", ("b",))]
    assert made.holding() == {"m"}
    assert list(made.drop([2])) == [("m", ("a",))]
    assert made.holding() == frozenset()
    assert made.last == 2
