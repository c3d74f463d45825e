"""When parked keys are tried again, each by itself."""

from dataclasses import replace

from cdc.model.table import ForeignKey, TableName
from cdc.model.write import Deletes, TargetPlan
from cdc.pipeline.schedule import FIRST, LONGEST, SOON, Schedule, related
from tests.plans import COLUMNS, DEFINITION, TARGET

A, B = ("m", ("a",)), ("m", ("b",))


def times(schedule, until, step=0.5):
    """When something is due, trying it in vain each time."""
    found, now = [], 0.0
    while now <= until:
        for spot in schedule.pick(now, 10):
            found.append((now, spot))
            schedule.failed(spot, now)
        now += step
    return found


def test_pauses_double_up_to_the_longest():
    schedule = Schedule()
    schedule.failed(A, 0.0)
    found = [now for now, _ in times(schedule, 4000.0)]
    pauses = [later - earlier for earlier, later in zip([0.0, *found], found, strict=False)]
    assert pauses[:8] == [FIRST * 2**at for at in range(7)] + [LONGEST]
    assert set(pauses[7:]) == {LONGEST}


def test_what_comes_behind_a_key_lets_it_be_tried_soon_but_never_later_than_it_would_be():
    schedule = Schedule()
    schedule.failed(A, 0.0)
    schedule.soon(A, 1.0)
    assert schedule.pick(0.9 + SOON, 5) == []
    assert schedule.pick(1.0 + SOON, 5) == [A]
    assert schedule.pick(FIRST + 10, 5) == [], "the pause that it had is over, too"
    schedule.soon(A, 100.0)
    schedule.soon(A, 200.0)
    assert schedule.pick(100.0 + SOON, 5) == [A]


def test_two_keys_do_not_share_a_pause():
    schedule = Schedule()
    schedule.soon(A, 0.0)
    schedule.soon(B, 5.0)
    assert schedule.pick(SOON, 5) == [A]
    assert schedule.pick(5.0 + SOON, 5) == [B]


def test_keys_that_are_due_at_once_come_in_the_order_of_their_asking():
    schedule = Schedule()
    schedule.soon(B, 0.0)
    schedule.soon(A, 0.0)
    assert schedule.pick(SOON, 1) == [B]
    assert schedule.pick(SOON, 1) == [A]


def test_a_key_that_fails_gives_up_what_was_arranged_for_it():
    schedule = Schedule()
    schedule.soon(A, 0.0)
    schedule.failed(A, 0.0)
    assert schedule.pick(SOON, 5) == []
    assert schedule.pick(FIRST, 5) == [A]


def test_a_key_that_waits_no_more_is_not_tried():
    schedule = Schedule()
    schedule.now([A, B])
    schedule.failed(A, 0.0)
    schedule.forget(A)
    assert schedule.pick(LONGEST * 2, 5) == [B]
    schedule.failed(A, 0.0)
    assert schedule.pick(FIRST, 5) == [A], "its pauses begin anew"


def test_nothing_is_due_while_others_have_their_time():
    schedule = Schedule()
    schedule.now([A])
    schedule.rests(10.0, 1.0)
    assert not schedule.due(18.9)
    assert schedule.due(19.0)


def test_rows_wake_their_children_their_parents_and_those_that_look_them_up():
    child = TableName("crm", "child")
    key = ForeignKey("to_parent", ("note",), DEFINITION.name, ("id",), cascades=False)
    children = TargetPlan("children", replace(DEFINITION, name=child, foreign_keys=(key,)), COLUMNS, (0,), Deletes.HARD, (), 1)
    apart = TargetPlan("apart", replace(DEFINITION, name=TableName("crm", "apart")), COLUMNS, (0,), Deletes.HARD, (), 0)
    found = related([TARGET, children, apart])
    assert found == {"customers": {child}, "children": {DEFINITION.name}, "apart": frozenset()}
