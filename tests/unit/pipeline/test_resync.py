"""Mappings repaired in the middle of the log, over memory: what differs is written, what went is deleted, and what waits is not hurt."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc.mapping.plan import Plan, Route, RowPlan
from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import BadRow, Unreachable
from cdc.model.write import Truncates
from cdc.pipeline.batch import Limits
from cdc.pipeline.budget import Budget
from cdc.pipeline.loop import run
from cdc.pipeline.resync import Wanted
from cdc.pipeline.step import Gone, Resynced
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryTarget
from tests.held import MemoryHeld
from tests.unit.pipeline.test_parking import LEAF, LEAF_PLAN, OTHER, TREE, TREE_PLAN, World, delete, insert, mapped, update


class Repaired(World):
    def __init__(self, **budget):
        super().__init__(**budget)
        self.follow()

    def repair(self, *mappings, deletes=True, target=None):
        self.database.holders.clear()
        held = {plan: MemoryHeld(self.database, plan) for plan in self.plan.targets if plan.mapping in mappings}
        wanted = Wanted("7", mappings, held, lambda _: deletes)
        target = target or MemoryTarget(self.database, "p", self.plan.targets)
        given = {"node": "erp", "limits": self.limits, "clock": lambda: self.time, "until_head": True}
        return list(run(self.source, self.plan, target, wanted=wanted, **given))

    def rows(self, table=TREE):
        return {row["id"]: (row["up"], row["note"]) for row in self.database.rows(table)}


@pytest.fixture
def world():
    return Repaired()


def alter(world, table, key, **values):
    """What an application does to a row of the target."""
    there = world.database.tables[table]
    for number, row in list(there.rows.items()):
        if row["id"] == key:
            there.put(number, {**row, **values})


def remove(world, table, key):
    there = world.database.tables[table]
    for number, row in list(there.rows.items()):
        if row["id"] == key:
            there.put(number, None)


def break_rows(world):
    """Rows 1 to 3, and then 1 is wrong, 2 is missing, 9 is one too many."""
    world.source.commit(*(insert(key, note=key) for key in "123"), *(insert(key, table=OTHER, note=key) for key in "ab"))
    world.follow()
    alter(world, TREE, "1", note="wrong")
    remove(world, TREE, "2")
    world.database.insert(TREE, {"id": "9", "note": "nine"})
    world.database.insert(LEAF, {"id": "z"})


def test_what_is_wrong_missing_and_too_much_is_mended_in_the_named_mapping_only(world):
    break_rows(world)
    *_, done, _waiting = world.repair("tree")
    assert world.rows() == {"1": (None, "1"), "2": (None, "2"), "3": (None, "3")}
    assert set(world.rows(LEAF)) == {"a", "b", "z"}
    assert done == Resynced("7", {"tree": 3}, {"tree": 2}, {"tree": 1}, {"tree": 0}, {"tree": 0})


def test_what_may_not_be_deleted_stays_and_is_counted(world):
    break_rows(world)
    steps = world.repair("tree", deletes=False)
    assert [(step.deleted, step.kept) for step in steps if isinstance(step, Gone)] == [(0, 1)]
    assert "9" in world.rows()


def test_the_log_is_applied_up_to_the_snapshot_first(world):
    break_rows(world)
    world.source.commit(delete("3"), update("1", note="new"), insert("4", note="four"))
    done = next(step for step in world.repair("tree") if isinstance(step, Resynced))
    assert world.rows() == {"1": (None, "new"), "2": (None, "2"), "4": (None, "four")}
    assert (done.rows, done.written) == ({"tree": 3}, {"tree": 1})
    assert world.database.checkpoints["p"].checkpoint.position == world.source.head()


def test_children_go_before_their_parents(world):
    break_rows(world)
    alter(world, LEAF, "z", up="9")
    steps = world.repair("tree", "leaf")
    assert [(step.mapping, step.deleted, step.kept) for step in steps if isinstance(step, Gone)] == [("leaf", 1, 0), ("tree", 1, 0)]


def test_a_row_that_others_of_the_target_refer_to_stays_and_the_rest_goes(world):
    break_rows(world)
    alter(world, LEAF, "z", up="9")
    world.database.insert(TREE, {"id": "8", "note": "eight"})
    steps = world.repair("tree")
    assert [(step.deleted, step.kept) for step in steps if isinstance(step, Gone)] == [(1, 1)]
    assert set(world.rows()) == {"1", "2", "3", "9"}


def test_a_row_that_can_not_be_mapped_keeps_its_older_self(world):
    break_rows(world)
    world.plan = mapped(bad="2")
    done = next(step for step in world.repair("tree") if isinstance(step, Resynced))
    assert (set(world.rows()), done.parked) == ({"1", "3"}, {"tree": 1})
    world.plan = mapped(bad="3")
    done = next(step for step in world.repair("tree") if isinstance(step, Resynced))
    assert (done.deleted, done.parked) == ({"tree": 0}, {"tree": 1})
    assert world.rows() == {"1": (None, "1"), "2": (None, "2"), "3": (None, "3")}


def test_the_row_as_it_is_now_stands_for_all_that_waits_at_its_key(world):
    world.plan = mapped(bad="old")
    world.source.commit(insert("1", note="old"))
    world.source.commit(update("1", note="new"))
    world.follow()
    world.database.parked["p"] = {number: replace(one, committed_at=1.0) for number, one in world.database.parked.get("p", {}).items()}
    world.repair("tree")
    assert (world.rows(), world.waiting()) == ({"1": (None, "new")}, [])


def test_a_row_that_still_fails_waits_once(world):
    world.source.commit(insert("1", note="bad"))
    world.follow()
    world.source.commit(update("1", note="bad", up="x"))
    world.follow()
    assert len(world.waiting()) == 2
    world.repair("tree")
    assert [change for _, _, change, _ in world.waiting()] == [("1", "x", "bad", "t")]
    world.plan = mapped(bad="")
    world.follow(once=True)
    assert (world.rows(), world.waiting()) == ({"1": ("x", "bad")}, [])


def test_a_change_of_key_that_waits_keeps_the_row_that_it_comes_from(world):
    world.source.commit(insert("1", note="one"))
    world.follow()
    world.source.commit(Change(OTHER, Op.INSERT, None, ("x", None, None, "t")))
    world.source.commit(Change(insert("1").table, Op.UPDATE, ("1", ABSENT, ABSENT, ABSENT), ("2", None, "bad", "t")))
    world.follow()
    world.repair("tree")
    assert world.rows() == {"1": (None, "one")}
    assert len(world.waiting()) == 1
    world.plan = mapped(bad="")
    world.follow(once=True)
    assert (world.rows(), world.waiting()) == ({"2": (None, "bad")}, [])


def test_where_a_key_can_not_be_told_nothing_is_deleted(world):
    break_rows(world)

    def fails(row):
        if row[0] == "3":
            raise BadRow("mapping tree: the key is bad")
        return (row[0],), (row[0], row[1], row[2])

    def key_of(row):
        return fails((row[0], None, None, None))[0]

    plan = RowPlan(TREE_PLAN, fails, key_of, Truncates.HALT, "")
    world.plan = Plan((Route(insert("1").table.name, TREE_PLAN), Route(OTHER.name, LEAF_PLAN)), lambda table: (plan,))
    steps = world.repair("tree")
    assert [(step.deleted, step.kept) for step in steps if isinstance(step, Gone)] == [(0, 2)]
    assert {"3", "9"} <= set(world.rows())


class Flaky(MemoryTarget):
    def __init__(self, database, plans, faults):
        super().__init__(database, "p", plans)
        self.faults = faults

    def apply(self, batch):
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "before":
            raise Unreachable("lost before commit")
        applied = super().apply(batch)
        if fault == "after":
            raise Unreachable("lost after commit")
        return applied


@st.composite
def histories(draw):
    """A source's transactions on rows of which some can't be mapped, its state, and what is done to the target in between."""
    source, state = MemorySource(), {}
    for number in range(draw(st.integers(1, 10))):
        kind, key, other = draw(st.sampled_from("iiuudk")), draw(st.sampled_from("123")), draw(st.sampled_from("123"))
        note = draw(st.sampled_from(["bad", f"n{number}", f"m{number}"]))
        if kind == "i" and key not in state:
            source.commit(insert(key, note=note, table=OTHER))
            state[key] = note
        elif kind == "u" and key in state:
            source.commit(update(key, note=note, table=OTHER))
            state[key] = note
        elif kind == "d" and state.pop(key, None) is not None:
            source.commit(delete(key, table=OTHER))
        elif kind == "k" and key in state and other not in state:
            del state[key]
            source.commit(Change(OTHER, Op.UPDATE, (key, ABSENT, ABSENT, ABSENT), (other, None, note, "t")))
            state[other] = note
    return source, state


DAMAGE = st.lists(st.tuples(st.sampled_from(["wrong", "missing", "extra"]), st.sampled_from("12349")), max_size=4)


def harm(world, damage):
    for number, (how, key) in enumerate(damage):
        if how == "extra" and key not in world.rows(LEAF):
            world.database.insert(LEAF, {"id": key, "note": f"extra {number}"})
        elif how == "wrong":
            alter(world, LEAF, key, note=f"wrong {number}")
        elif how == "missing":
            remove(world, LEAF, key)


# torture: O11
@settings(max_examples=300)
@given(histories(), DAMAGE, st.lists(st.sampled_from(["ok", "before", "after"]), max_size=6), st.integers(0, 10), st.integers(1, 3))
def test_whatever_was_done_to_the_target_and_wherever_it_crashes_it_is_the_mapped_source(history, damage, faults, cut, rows):
    source, state = history
    world = Repaired(rows=1000, share=1.0)
    world.limits = Limits(rows, parking=Budget(rows=1000, share=1.0))
    log, source.log = source.log, source.log[:cut]
    world.source = source
    world.follow()
    harm(world, damage)
    source.log = log
    left = list(faults)
    for _ in range(8):
        try:
            steps = world.repair("leaf", target=Flaky(world.database, world.plan.targets, left))
        except Unreachable:
            continue
        break
    assert any(isinstance(step, Resynced) for step in steps)
    waiting = {row[0] for _, _, row, _ in world.waiting()}
    sound = {key: note for key, note in state.items() if key not in waiting}
    assert {key: row[1] for key, row in world.rows(LEAF).items() if key not in waiting and key in state} == sound
    world.plan = mapped(bad="")
    world.follow(once=True)
    world.repair("leaf")
    assert {key: row[1] for key, row in world.rows(LEAF).items()} == state
    assert world.waiting() == []
