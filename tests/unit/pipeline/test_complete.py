"""Partial rows that the target does not have, or that it kept: completed from the source, or done without."""

from dataclasses import replace

import pytest

from cdc.model.change import ABSENT, Change, Op
from cdc.model.write import Deletes, Newest
from cdc.pipeline.batch import Limits
from cdc.pipeline.loop import run
from cdc.pipeline.step import Done
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import ACCOUNTS, DEFINITION, MARKED, SOURCE, TARGET, marking, plan


class Site:
    """A source and a target that has followed it."""

    def __init__(self, mapped, definition, *rows):
        self.source, self.database, self.plan = MemorySource(), MemoryDatabase(), mapped
        self.database.create(definition)
        self.source.commit(*(Change(SOURCE, Op.INSERT, None, row) for row in rows))
        self.follow()

    def update(self, *new, key=None):
        return self.source.commit(Change(SOURCE, Op.UPDATE, key and (key, ABSENT, ABSENT, ABSENT), new))

    def delete(self, key):
        return self.source.commit(Change(SOURCE, Op.DELETE, (key, ABSENT, ABSENT, ABSENT), None))

    def follow(self, until=None):
        """Apply the log, or its beginning, and return the batches' ends; the source answers from its present."""
        self.source.head = lambda: until or self.source.log[-1].upto
        target = MemoryTarget(self.database, "p", [route.target for route in self.plan.routes])
        try:
            steps = list(run(self.source, self.plan, target, node="erp", limits=Limits(), clock=lambda: 0.0, until_head=True))
        finally:
            target.close()
        return [step.batch.upto for step in steps if isinstance(step, Done)]

    @property
    def rows(self):
        return sorted(tuple(row.values()) for row in self.database.rows(ACCOUNTS))


@pytest.fixture
def site():
    return Site(plan(), DEFINITION, ("a", "name", "1", "f"))


def test_a_row_that_enters_the_filter_in_part_is_completed_from_the_source(site):
    site.update("a", ABSENT, "2", "t")
    end = site.update("a", ABSENT, "3", "t")
    assert site.follow() == [end]
    assert site.rows == [("a", "NAME", "3")]
    assert [effect.row["note"] for effect in site.database.effects] == ["3"]


def test_a_partial_row_that_is_gone_from_the_source_is_left_out(site):
    upto = site.update("a", ABSENT, "2", "t")
    site.delete("a")
    site.follow(upto)
    site.follow()
    assert (site.rows, site.database.effects) == ([], [])


@pytest.mark.parametrize(("deletes", "kept"), [(Deletes.SOFT, "gone"), (Deletes.IGNORE, "here")])
def test_a_row_that_the_target_kept_is_not_what_it_was(deletes, kept):
    site = Site(marking(deletes), MARKED, ("a", "old", "1", "t"))
    site.update("a", "old", "1", "f")
    site.update("a", "new", "2", "f")
    site.follow()
    assert site.rows == [("a", "OLD", "1", kept)]
    site.update("a", ABSENT, "3", "t")
    site.follow()
    assert site.rows == [("a", "NEW", "3", "here")]


@pytest.mark.parametrize("deletes", [Deletes.SOFT, Deletes.IGNORE])
def test_in_one_batch_too(deletes):
    site = Site(marking(deletes), MARKED, ("a", "old", "1", "t"))
    for new in (("a", "old", "1", "f"), ("a", "new", "2", "f"), ("a", ABSENT, "3", "t")):
        end = site.update(*new)
    assert site.follow() == [end]
    assert site.rows == [("a", "NEW", "3", "here")]


@pytest.mark.parametrize(("deletes", "left"), [(Deletes.SOFT, ("b", "B", "2", "gone")), (Deletes.IGNORE, ("b", "B", "2", "here"))])
def test_a_row_that_takes_the_key_of_one_that_is_kept_takes_nothing_else_of_it(deletes, left):
    site = Site(marking(deletes), MARKED, ("a", "a", "1", "t"), ("b", "b", "2", "t"))
    site.delete("a")
    site.follow()
    site.update("a", ABSENT, "3", "t", key="b")
    site.follow()
    assert site.rows == [("a", "B", "3", "here"), left]


def test_a_row_that_was_completed_when_another_had_its_key_is_completed_again_under_its_own(site):
    entered = site.update("a", ABSENT, "2", "t")
    site.update("b", ABSENT, "3", "t", key="a")
    site.source.commit(Change(SOURCE, Op.INSERT, None, ("a", "other", "4", "t")))
    site.follow(entered)
    assert site.rows == [("a", "OTHER", "2")]
    site.follow()
    assert site.rows == [("a", "OTHER", "4"), ("b", "NAME", "3")]


@pytest.mark.parametrize("together", [True, False])
def test_a_row_that_takes_a_key_and_is_gone_by_then_leaves_its_own(together):
    """What the log left out of it is nowhere to be had; its delete will name the new key only."""
    site = Site(marking(Deletes.SOFT), MARKED, ("a", "a", "1", "t"), ("b", "b", "2", "t"))
    site.delete("a")
    site.follow()
    moved = site.update("a", ABSENT, "3", "t", key="b")
    site.delete("a")
    if not together:
        site.follow(moved)
    site.follow()
    assert [row[3] for row in site.rows] == ["gone", "gone"]


def test_a_row_that_is_gone_still_tells_a_mapping_that_ignores_deletes_what_it_was():
    site = Site(marking(Deletes.IGNORE), MARKED, ("a", "a", "1", "t"))
    site.update("a", ABSENT, "2", "t")
    site.delete("a")
    site.follow()
    assert site.rows == [("a", "A", "2", "here")]


def timed(*rows):
    """A site whose `note` is the time by which the name goes."""
    return Site(plan(replace(TARGET, newest=Newest(2, frozenset({1, 2}), ties=False))), DEFINITION, *rows)


def test_what_goes_by_the_time_comes_with_it():
    """The target's own value is older than the row, though the row's change did not touch it."""
    site = timed(("a", "name", "1", "t"))
    site.database.tables[ACCOUNTS].put(1, {"id": "a", "name": "THEIRS", "note": "2"})
    site.update("a", ABSENT, "3", "t")
    site.follow()
    assert site.rows == [("a", "NAME", "3")]


def test_a_row_whose_time_was_left_out_is_taken_as_it_is_now():
    """Else an older row would have the newer one's time, and that one would come too late."""
    site = timed(("a", "name", "1", "t"))
    upto = site.update("a", "first", ABSENT, "t")
    site.update("a", "second", "5", "t")
    site.follow(upto)
    assert site.rows == [("a", "SECOND", "5")]
    site.follow()
    assert site.rows == [("a", "SECOND", "5")]


def test_a_row_whose_time_was_left_out_and_that_is_gone_changes_nothing():
    site = timed(("a", "name", "1", "t"))
    upto = site.update("a", "first", ABSENT, "t")
    site.delete("a")
    site.follow(upto)
    assert site.rows == [("a", "NAME", "1")]
    site.follow()
    assert site.rows == []
