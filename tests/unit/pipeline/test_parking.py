"""Rows that wait, over memory: what is parked and behind what, what goes on meanwhile, and when it is released."""

from dataclasses import replace

import pytest

from cdc.mapping.plan import Plan, Route, RowPlan
from cdc.model.change import ABSENT, Change, Op, Position
from cdc.model.errors import BadRow, Misconfigured, TooManyParked
from cdc.model.parked import Parked, cause
from cdc.model.table import Column, Definition, ForeignKey, TableName, Unique
from cdc.model.write import Deletes, TargetPlan, Truncates
from cdc.pipeline.batch import Limits
from cdc.pipeline.budget import Budget
from cdc.pipeline.loop import run
from cdc.pipeline.release import Attempt
from cdc.pipeline.schedule import FIRST, LONGEST, Schedule
from cdc.pipeline.step import Done, Holding, Waiting
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import SOURCE, TEXT

TREE, LEAF = TableName("crm", "tree"), TableName("crm", "leaf")
COLUMNS = (Column("id", TEXT, nullable=False), Column("up", TEXT), Column("note", TEXT))
KEY = Unique("pkey", ("id",), primary=True, exact=True)
TREES = Definition(TREE, COLUMNS, (KEY, Unique("by_note", ("note",), primary=False, exact=True)), (), ("id",), triggers=False, estimate=0)
LEAVES = Definition(
    LEAF, COLUMNS, (KEY,), (ForeignKey("to_tree", ("up",), TREE, ("id",), cascades=False),), ("id",), triggers=False, estimate=0
)
TREE_PLAN = TargetPlan("tree", TREES, COLUMNS, (0,), Deletes.HARD, (), 0)
LEAF_PLAN = TargetPlan("leaf", LEAVES, COLUMNS, (0,), Deletes.HARD, (), 1)
OTHER = replace(SOURCE, name=TableName("public", "other"))


def mapped(tree=TREE_PLAN, leaf=LEAF_PLAN, bad="bad"):
    """Source tables (id, name, note, active) to (id, up, note): a note that is `bad` can't be mapped."""

    def map_row(row):
        if row[2] == bad:
            raise BadRow(f"mapping {row[3]}: column 'note': it is bad (key {row[0]})", "mend it")
        return (row[0],), (row[0], row[1], row[2])

    plans = {SOURCE.name: tree, OTHER.name: leaf}

    def bind(table):
        return (RowPlan(plans[table.name], map_row, lambda row: (row[0],), Truncates.HALT, ""),) if table.name in plans else ()

    return Plan((Route(SOURCE.name, tree), Route(OTHER.name, leaf)), bind)


class World:
    """A pipeline over memory whose clock stands still unless a test moves it."""

    def __init__(self, **budget):
        self.source, self.database, self.time = MemorySource(), MemoryDatabase(), 0.0
        self.database.create(TREES)
        self.database.create(LEAVES)
        self.limits = Limits(100, parking=Budget(**budget))
        self.plan = mapped()

    def steps(self, *, once=False):
        self.database.holders.clear()
        target = MemoryTarget(self.database, "p", self.plan.targets)
        return run(self.source, self.plan, target, node="erp", limits=self.limits, clock=lambda: self.time, until_head=once)

    def follow(self, *, once=False):
        return list(self.steps(once=once))

    def notes(self, table=TREE):
        return {row["id"]: row["note"] for row in self.database.rows(table)}

    def waiting(self):
        """(mapping, op, new or old row, whether it is the cause) of what waits."""
        found = self.database.parked.get("p", {}).values()
        return [(one.mapping, one.change.op, one.change.new or one.change.old, one.cause is not None) for one in found]

    def operator(self, **changes):
        """Change all that waits, as a command does."""
        rows = self.database.parked["p"]
        self.database.parked["p"] = {number: replace(one, **changes) for number, one in rows.items()}
        self.database.parked_versions["p"] += 1


@pytest.fixture
def world():
    made = World()
    made.follow()
    return made


def insert(key, up=None, note=None, table=SOURCE):
    return Change(table, Op.INSERT, None, (key, up, note, "t"))


def update(key, up=None, note=None, table=SOURCE):
    return Change(table, Op.UPDATE, None, (key, up, note, "t"))


def delete(key, table=SOURCE):
    return Change(table, Op.DELETE, (key, ABSENT, ABSENT, ABSENT), None)


def test_a_row_that_can_not_be_mapped_waits_with_what_comes_behind_it_and_the_rest_goes_on(world):
    world.source.commit(insert("1", note="one"), insert("2", note="bad"), insert("3", note="three"))
    world.source.commit(update("2", note="bad", up="x"), update("3", note="drei"))
    world.follow()
    assert world.notes() == {"1": "one", "3": "drei"}
    assert world.waiting() == [
        ("tree", Op.INSERT, ("2", None, "bad", "t"), True), ("tree", Op.UPDATE, ("2", "x", "bad", "t"), False)
    ]  # fmt: skip
    assert world.source.confirmed == world.source.head()


def test_what_came_to_nothing_does_not_wait_in_front_of_what_does(world):
    world.source.commit(insert("1", note="bad"))
    world.follow()
    world.source.commit(update("1", note="bad"), delete("1"), insert("1", note="bad"))
    world.follow(once=True)
    assert [(op, cause) for _, op, _, cause in world.waiting()] == [(Op.INSERT, True)]


def test_changes_of_a_parked_key_queue_behind_it_in_later_runs_too(world):
    world.source.commit(insert("1", note="bad"))
    world.follow()
    world.source.commit(update("1", note="bad"), insert("2", note="two"))
    world.source.commit(update("1", note="bad"), update("1", note="bad"))
    before = next(iter(world.database.parked["p"].values())).cause
    world.follow(once=True)
    assert [cause for _, _, _, cause in world.waiting()] == [True, False, False, False]
    assert world.notes() == {"2": "two"}
    assert next(iter(world.database.parked["p"].values())).cause == before


def test_what_the_target_refuses_waits_and_what_needs_it_too_with_a_cause_of_its_own(world):
    world.database.insert(TREE, {"id": "9", "note": "taken"})
    world.source.commit(
        insert("1", note="taken"), insert("a", up="1", table=OTHER), insert("2", note="two"), update("1", note="taken", up="x")
    )
    world.source.commit(insert("b", up="2", table=OTHER))
    world.follow()
    assert (world.notes(), set(world.notes(LEAF))) == ({"9": "taken", "2": "two"}, {"b"})
    assert sorted((mapping, op.value, cause) for mapping, op, _, cause in world.waiting()) == [
        ("leaf", "insert", True), ("tree", "insert", True), ("tree", "update", False)
    ]  # fmt: skip


def test_the_order_of_a_key_is_that_of_the_log_whatever_fails_first(world):
    """The second change can't be mapped, so it is parked before the first is even refused by the target."""
    world.database.insert(TREE, {"id": "9", "note": "taken"})
    world.source.commit(insert("1", note="taken"), update("1", note="bad"), update("1", note="good"))
    steps = world.steps()
    assert isinstance(next(steps), Done)
    assert [(row[2], cause) for _, _, row, cause in world.waiting()] == [("taken", True), ("bad", True), ("good", False)]


def test_a_key_that_changes_is_parked_under_both(world):
    world.source.commit(insert("1", note="one"), insert("3", note="three"))
    world.source.commit(Change(SOURCE, Op.UPDATE, ("1", ABSENT, ABSENT, ABSENT), ("2", None, "bad", "t")))
    world.source.commit(delete("2"), insert("1", note="again"))
    world.follow()
    assert [(op, cause) for _, op, _, cause in world.waiting()] == [(Op.UPDATE, True), (Op.DELETE, False), (Op.INSERT, False)]
    world.plan = mapped(bad="never")
    world.follow()
    assert world.waiting() == []
    assert world.notes() == {"1": "again", "3": "three"}


def test_a_row_that_is_mended_on_the_source_goes_on_by_itself(world):
    """What it was before will never be right; the change that mends it stands for that. What the log left out of it is taken from before."""
    world.source.commit(insert("1", up="u", note="bad"))
    world.follow()
    world.source.commit(Change(SOURCE, Op.UPDATE, None, ("1", ABSENT, "good", "t")))
    world.follow(once=True)
    assert world.waiting() == []
    assert [(row["up"], row["note"]) for row in world.database.rows(TREE)] == [("u", "good")]


@pytest.mark.parametrize("old", [("1", "c", "off", "t"), ("1", ABSENT, ABSENT, "t"), None])
def test_what_the_log_leaves_out_is_not_taken_from_before_a_change_that_did_not_wait(world, old):
    """Between the two that wait one came that `where` left out, in the batch of the first, which the target refused only then."""
    plans = mapped().bind(SOURCE)[0]

    def bind(table):
        if table.name != SOURCE.name:
            return mapped().bind(table)
        return (
            replace(
                plans,
                map_row=lambda row: None if row[2] == "off" else plans.map_row(row),
                key_of=lambda row: None if row[2] == "off" else (row[0],),
            ),
        )

    world.plan = replace(mapped(), bind=bind)
    world.source.commit(insert("1", up="a", note="one"))
    world.follow()
    world.database.insert(LEAF, {"id": "own", "up": "1"})
    world.database.insert(TREE, {"id": "9", "note": "taken"})
    world.source.commit(insert("2", note="taken"))  # with what is refused still, all is tried one by one, and the delete for itself
    left = Change(SOURCE, Op.UPDATE, ("1", "a", "one", "t"), ("1", "b", "off", "t"))
    world.source.commit(left, Change(SOURCE, Op.UPDATE, ("1", "b", "off", "t"), ("1", "c", "off", "t")))
    world.follow()
    assert [(op, cause) for _, op, _, cause in world.waiting()] == [(Op.INSERT, True), (Op.UPDATE, True)]
    world.source.commit(Change(SOURCE, Op.UPDATE, old, ("1", ABSENT, "back", "t")))
    world.follow(once=True)
    assert [op for _, op, _, _ in world.waiting()] == [Op.INSERT]
    assert {(row["up"], row["note"]) for row in world.database.rows(TREE)} == {("c", "back"), (None, "taken")}


def test_a_row_that_comes_right_in_the_end_does_not_wait_for_another_that_never_does(world):
    """Row by row, as all is tried beside what is refused, its first change fails: what it refers to has never been there."""
    world.source.commit(insert("1"), insert("y", up="never", table=OTHER), insert("x", up="gone", table=OTHER))
    world.follow()
    world.source.commit(delete("x", table=OTHER), insert("x", up="1", table=OTHER))
    world.follow(once=True)
    assert set(world.notes(LEAF)) == {"x"}
    assert [row[0] for _, _, row, _ in world.waiting()] == ["y"]


@pytest.mark.parametrize(("alone", "tried"), [(False, [4, 4, 1]), (True, [4, 4, 3, 2, 1])])
def test_what_waits_at_one_key_is_tried_as_it_is_then_folded_then_from_its_beginning(alone, tried):
    """By itself, every beginning of it: two rows may exchange a unique value, and let go of it on the way."""
    entries = [
        Parked("tree", change, None, Position("1"), (), None, number)
        for number, change in enumerate([update("1", up="u"), update("1", up="v"), update("1"), update("1", note="y")])
    ]
    attempt, taken = Attempt(entries, lambda _, change: (change.op, change.new), lambda change: change, alone=alone), []
    attempt.make()
    while attempt.released:
        taken.append((len(attempt.released), [made[1][2] for made in attempt.made]))
        attempt.refuse(BadRow("no"))
        attempt.make()
    assert [count for count, _ in taken] == tried
    assert taken[0][1] == [None, None, None, "y"]
    assert [notes for _, notes in taken[1:]] == [["y"], *[[None]] * (len(tried) - 2)]


def test_a_row_that_is_mended_after_many_changes_goes_on_too(world):
    world.source.commit(insert("1", note="bad"), *(update("1", up=str(n), note="bad") for n in range(700)))
    world.follow()
    world.source.commit(update("1", up="x", note="good"))
    world.follow(once=True)
    assert (world.waiting(), world.notes(), len(world.database.effects)) == ([], {"1": "good"}, 1)


def test_a_queue_gets_shorter_as_far_as_it_can(world):
    """A deleted row that comes again is no one change: its first ones go, the rest waits."""
    world.source.commit(insert("1", note="bad"), update("1", note="fine"), delete("1"), insert("1", note="worse"))
    world.follow()
    world.plan = mapped(bad="worse")
    world.follow(once=True)
    assert [op for _, op, _, _ in world.waiting()] == [Op.INSERT]
    assert world.notes() == {}
    (left,) = world.database.parked["p"].values()
    assert left.cause is not None and "it is bad" in left.cause.message


def test_all_is_tried_when_a_run_begins_since_the_mapping_may_be_another(world):
    world.source.commit(insert("1", note="bad"), update("1", note="bad", up="x"))
    world.follow()
    world.plan = mapped(bad="worse")
    steps = world.follow()
    assert world.waiting() == []
    assert [(dict(step.rows), dict(step.released)) for step in steps if isinstance(step, Holding)] == [({"tree": 2}, {}), ({}, {"tree": 2})]
    assert len(world.database.effects) == 1, "they are applied once"


def test_a_child_goes_on_with_its_parent(world):
    # torture: G11
    """In one run, without any time passing: the parent's being written is what it waits for."""
    world.source.commit(insert("a", up="1", note="leaf", table=OTHER))
    world.follow()
    assert [mapping for mapping, *_ in world.waiting()] == ["leaf"]
    world.source.commit(insert("1", note="one"))
    world.follow()
    assert (world.waiting(), world.notes(LEAF)) == ([], {"a": "leaf"})


def test_a_child_of_a_parked_parent_follows_it_when_that_is_released(world):
    world.source.commit(insert("1", note="bad"), insert("a", up="1", note="leaf", table=OTHER))
    world.follow()
    assert len(world.waiting()) == 2
    world.plan = mapped(bad="never")
    world.follow()
    assert (world.waiting(), world.notes(), world.notes(LEAF)) == ([], {"1": "bad"}, {"a": "leaf"})


def test_what_fails_for_another_reason_now_gets_that_cause(world):
    world.source.commit(insert("1", up=None, note="bad"))
    world.follow()
    (before,) = world.database.parked["p"].values()
    world.database.insert(TREE, {"id": "9", "note": "bad"})
    world.plan = mapped(bad="never")
    world.follow()
    (after,) = world.database.parked["p"].values()
    assert "by_note" in after.cause.message and after.cause.fingerprint != before.cause.fingerprint


def test_an_operator_changes_what_waits_while_the_loop_runs(world):
    """The batch at hand is applied all the same, and what he asks for is tried at once."""
    world.source.commit(insert("1", note="bad"))
    steps = world.steps()
    assert any(isinstance(step, Holding) for step in steps)
    steps = world.steps()
    world.source.commit(insert("2", note="two"))
    next(steps)  # what waits has been read
    (one,) = world.database.parked["p"].values()
    world.operator(change=replace(one.change, new=("1", None, "good", "t")), asked=True)
    list(steps)
    assert (world.waiting(), world.notes()) == ([], {"1": "good", "2": "two"})


def test_what_an_operator_gives_up_is_counted_and_what_comes_behind_it_goes_on(world):
    world.source.commit(insert("1", note="bad"))
    world.follow()
    steps = world.steps()
    next(steps)
    world.source.commit(insert("2", note="two"))
    world.database.parked["p"] = {}
    world.database.parked_versions["p"] += 1
    assert [dict(step.skipped) for step in steps if isinstance(step, Holding)] == [{"tree": 1}]
    world.source.commit(update("1", note="good"))
    world.follow()
    assert world.notes() == {"1": "good", "2": "two"}


def test_a_parked_delete_is_done_when_an_operator_says_so(world):
    world.plan = mapped(replace(TREE_PLAN, deletes=Deletes.PARK))
    world.source.commit(insert("1", note="one"), insert("2", note="two"))
    world.source.commit(delete("1"))
    world.follow()
    world.follow(once=True)
    assert (world.notes(), [op for _, op, _, _ in world.waiting()]) == ({"1": "one", "2": "two"}, [Op.DELETE])
    world.operator(asked=True)
    world.follow()
    assert (world.notes(), world.waiting()) == ({"2": "two"}, [])


def test_a_mapping_that_halts_parks_nothing(world):
    world.plan = mapped(replace(TREE_PLAN, halts=True))
    world.source.commit(insert("1", note="one"), insert("2", note="bad"))
    with pytest.raises(BadRow, match="it is bad"):
        world.follow()
    world.database.insert(TREE, {"id": "9", "note": "taken"})
    world.source.log.clear()
    world.source.commit(insert("1", note="taken"))
    with pytest.raises(BadRow, match="by_note"):
        world.follow()
    assert world.waiting() == [] and world.notes() == {"9": "taken"}


def test_the_initial_load_parks_too_and_a_new_one_begins_with_nothing():
    world = World()
    world.source.commit(insert("1", note="bad"), insert("2", note="two"), insert("a", up="1", table=OTHER))
    world.follow()
    assert (world.notes(), len(world.waiting())) == ({"2": "two"}, 2)
    world.database.checkpoints.clear()
    world.follow()
    assert (world.notes(), len(world.waiting())) == ({"2": "two"}, 2)


def test_a_row_whose_mapping_no_longer_fits_it_stays_and_says_why(world):
    world.source.commit(insert("1", note="bad"))
    world.follow()
    plan = world.plan

    def unfit(table):
        raise Misconfigured("column 'x' does not exist")

    world.plan = replace(plan, bind=unfit)
    world.follow()
    (one,) = world.database.parked["p"].values()
    assert "column 'x' does not exist" in one.cause.message
    world.plan = replace(plan, bind=lambda _: ())
    world.follow()
    (one,) = world.database.parked["p"].values()
    assert "no such mapping" in one.cause.message


# the budget


def test_more_rows_than_the_budget_end_the_run_and_nothing_of_the_batch_is_applied():
    world = World(rows=2)
    world.follow()
    world.source.commit(insert("1", note="bad"), insert("2", note="bad"))
    world.follow()
    world.source.commit(insert("3", note="three"), update("1", note="bad"))
    with pytest.raises(TooManyParked, match=r"3 row changes .* \(2\)") as caught:
        world.follow()
    assert "cdc parked list" in caught.value.hint
    assert (world.notes(), len(world.waiting())) == ({}, 2)


def test_a_cause_that_hits_most_rows_ends_the_run():
    world = World(share=0.5)
    world.follow()
    world.source.commit(*(insert(str(n), note="bad" if n % 2 else None) for n in range(100)))
    world.follow()
    assert len(world.waiting()) == 50
    world.source.commit(*(insert(f"x{n}", note="bad" if n % 5 else None) for n in range(100)))
    with pytest.raises(TooManyParked, match="mapping tree: 80 of the last 100 row changes fail"):
        world.follow()
    assert len(world.waiting()) == 50


def test_few_rows_say_nothing_about_a_share():
    world = World(share=0.1)
    world.follow()
    world.source.commit(*(insert(str(n), note="bad") for n in range(99)))
    world.follow()
    assert len(world.waiting()) == 99


def test_a_row_that_waits_for_too_long_ends_the_run():
    world = World(age=60.0)
    world.follow()
    world.source.commit(insert("1", note="bad"))
    steps = world.steps()
    assert any(isinstance(step, Holding) for step in steps)
    world.source.commit(insert("2", note="two"))
    steps = world.steps()
    next(steps)
    world.time = 61.0
    with pytest.raises(TooManyParked, match="longer than `parking: age`"):
        list(steps)


# when


def test_pauses_grow_and_what_is_asked_for_comes_at_once():
    schedule, spot, other = Schedule(), ("m", ("1",)), ("m", ("2",))
    now = 0.0
    for tries in range(12):
        schedule.failed(spot, now)
        pause = min(LONGEST, FIRST * 2**tries)
        assert not schedule.due(now + pause - 0.1) and schedule.due(now + pause)
        now += pause
        assert schedule.pick(now, 10) == [spot]
    schedule.failed(spot, now)
    schedule.soon(spot, now)
    schedule.now([other, other])
    assert schedule.pick(now, 1) == [other]
    assert schedule.pick(now + 1, 10) == [spot], "another change came behind it"
    schedule.failed(spot, now)
    schedule.forget(spot)
    assert schedule.pick(now + LONGEST, 10) == []


def test_time_that_is_spent_in_vain_is_followed_by_rest():
    schedule = Schedule()
    schedule.now([("m", (str(n),)) for n in range(3)])
    assert schedule.pick(10.0, 2) == [("m", ("0",)), ("m", ("1",))]
    schedule.rests(10.5, 0.5)
    assert not schedule.due(14.9) and schedule.due(15.1)


def test_parked_rows_without_end_do_not_hold_up_the_stream(world):  # torture: J09, J10
    """All of them are due, and trying takes time: a batch comes through after half a second's worth of tries, whatever still waits."""
    world.limits = Limits(100, parking=Budget(100_000, 1.0))
    world.source.commit(*(insert(str(n), note="bad") for n in range(3000)))
    world.follow()
    tried = []
    plan = mapped()

    def bind(table):
        (made,) = plan.bind(table)

        def slow(row):
            world.time += 0.001
            tried.append(row[0])
            return made.map_row(row)

        return (replace(made, map_row=slow),)

    world.plan = replace(plan, bind=bind)
    world.source.commit(insert("x", note="new"))
    for step in world.steps():
        if isinstance(step, Waiting):
            break
    assert world.notes() == {"x": "new"} and len(tried) < 1200
    assert len(world.waiting()) == 3000


def test_a_cause_is_one_whichever_row_it_hits():
    texts = ["mapping m: t (key 0f3a): too long at row 3", "mapping m: t (key 77): too long at row 5", "mapping m: u (key 77): too long"]
    first, second, third = (cause(BadRow(text, waits=True)) for text in texts)
    assert first.fingerprint == second.fingerprint != third.fingerprint
    assert (first.message, first.waits) == (texts[0], True)


def test_a_very_large_row_waits_without_its_values_which_are_read_from_the_source_again(world):
    huge = "x" * 1_000_001
    world.plan = mapped(bad=huge)
    world.source.commit(insert("1", note=huge))
    world.source.commit(update("1", up="x", note=ABSENT))
    world.follow()
    assert world.waiting() == [
        ("tree", Op.INSERT, ("1", ABSENT, ABSENT, ABSENT), True), ("tree", Op.UPDATE, ("1", "x", ABSENT, "t"), False)
    ]  # fmt: skip
    world.plan = mapped()
    world.follow(once=True)
    assert [(row["id"], row["up"], row["note"]) for row in world.database.rows(TREE)] == [("1", "x", huge)]
    assert world.waiting() == []
