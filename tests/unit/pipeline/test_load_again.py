"""A load that was killed and begins again, and deletions that the target refuses while others refer to the rows."""

from dataclasses import replace

import pytest

from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import Unreachable
from cdc.pipeline.batch import Limits
from cdc.pipeline.loop import run
from cdc.target.memory import MemoryTarget
from tests.plans import SOURCE
from tests.unit.pipeline.test_parking import LEAF, OTHER, World, delete, insert, mapped, update


class Dying(MemoryTarget):
    """Loses its connection before the nth commit."""

    left = 0

    def apply(self, batch):
        self.left -= 1
        if self.left == 0:
            raise Unreachable("as asked")
        return super().apply(batch)


def attempt(world, dies_at=0):
    world.database.holders.clear()
    target = Dying(world.database, "p", world.plan.targets)
    target.left = dies_at
    limits = replace(Limits(1), parking=world.limits.parking)
    return list(run(world.source, world.plan, target, node="erp", limits=limits, clock=lambda: 0.0, until_head=True))


@pytest.fixture
def world():
    """A load that was killed when it had copied two trees and the leaf of the first."""
    made = World()
    made.source.commit(insert("1"), insert("2"), insert("a", up="1", table=OTHER), insert("b", up="2", table=OTHER))
    with pytest.raises(Unreachable):
        attempt(made, dies_at=5)
    assert (set(made.notes()), set(made.notes(LEAF))) == ({"1", "2"}, {"a"})
    return made


def test_a_parent_that_went_before_its_child_is_deleted_after_it(world):
    world.source.commit(delete("1"))
    world.source.commit(delete("a", table=OTHER))
    attempt(world)
    assert (set(world.notes()), set(world.notes(LEAF))) == ({"2"}, {"b"})
    assert world.waiting() == []


def test_a_parent_whose_child_went_elsewhere_is_deleted_when_the_load_has_moved_that(world):
    world.source.commit(update("a", up="2", table=OTHER))
    world.source.commit(delete("1"))
    attempt(world)
    assert (set(world.notes()), set(world.notes(LEAF))) == ({"2"}, {"a", "b"})
    assert world.waiting() == []


@pytest.mark.parametrize("dies_at", range(1, 9))
def test_killed_again_before_it_is_deleted_it_is_found_again(world, dies_at):
    world.source.commit(update("a", up="2", table=OTHER))
    world.source.commit(delete("1"))
    try:
        attempt(world, dies_at=dies_at)
    except Unreachable:
        attempt(world)
    assert (set(world.notes()), set(world.notes(LEAF))) == ({"2"}, {"a", "b"})
    assert world.waiting() == []


def test_a_row_that_went_and_came_back_stays(world):
    world.source.commit(delete("1"))
    world.source.commit(insert("1", note="again"))
    attempt(world)
    assert world.notes() == {"1": "again", "2": None}


def test_what_is_refused_still_when_the_load_ends_waits(world):
    world.database.insert(LEAF, {"id": "own", "up": "1"})
    world.source.commit(delete("1"), delete("a", table=OTHER))
    attempt(world)
    assert [(mapping, op.value) for mapping, op, _, _ in world.waiting()] == [("tree", "delete")]
    (number,) = [number for number, row in world.database.tables[LEAF].rows.items() if row["id"] == "own"]
    world.database.tables[LEAF].put(number, None)
    attempt(world)
    assert set(world.notes()) == {"2"}
    assert world.waiting() == []


def move(key, to, note=None, table=SOURCE):
    return Change(table, Op.UPDATE, (key, ABSENT, ABSENT, ABSENT), (to, None, note, "t"))


def test_a_row_that_went_after_a_change_that_can_not_be_mapped_goes(world):
    """Nothing waits behind such a change: the new snapshot has what remains."""
    world.source.commit(update("a", up="2", note="bad", table=OTHER))
    world.source.commit(update("1", note="bad"), delete("a", table=OTHER), delete("1"))
    attempt(world)
    assert (set(world.notes()), set(world.notes(LEAF))) == ({"2"}, {"b"})
    assert world.waiting() == []


@pytest.mark.parametrize("mended", [False, True])
def test_a_row_whose_new_key_can_not_be_mapped_leaves_the_old_one(world, mended):
    world.source.commit(move("a", "c", note="bad", table=OTHER))
    if mended:
        world.source.commit(Change(OTHER, Op.UPDATE, None, ("c", "2", "good", "t")))
    attempt(world)
    assert world.notes(LEAF) == ({"b": None, "c": "good"} if mended else {"b": None})
    assert [(mapping, row[0]) for mapping, _, row, _ in world.waiting()] == ([] if mended else [("leaf", "c")])


def test_a_row_that_moved_and_was_refused_goes_though_it_can_not_be_mapped_by_now(world):
    """The target refuses to lose the old row at first; when the load begins again, the new row can't be mapped any more."""
    world.database.insert(LEAF, {"id": "own", "up": "1"})
    world.source.commit(move("1", "9"), delete("a", table=OTHER))
    with pytest.raises(Unreachable):
        attempt(world, dies_at=5)
    assert [(mapping, op.value) for mapping, op, _, _ in world.waiting()] == [("tree", "update")]
    (number,) = [number for number, row in world.database.tables[LEAF].rows.items() if row["id"] == "own"]
    world.database.tables[LEAF].put(number, None)
    world.source.commit(update("9", note="bad"))
    world.plan = mapped(bad=None)
    attempt(world)
    assert "1" not in world.notes()
