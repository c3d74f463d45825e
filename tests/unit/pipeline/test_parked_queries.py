"""Query mappings whose rows can't be mapped or written: a root key waits once, and each touch asks the source anew."""

from dataclasses import replace

from cdc.mapping.plan import Plan, Route, RowPlan
from cdc.model.change import Op
from cdc.model.errors import BadRow
from cdc.model.table import ForeignKey
from cdc.model.write import Deletes, Truncates
from cdc.pipeline.loop import run
from cdc.target.memory import MemoryTarget
from tests.plans import ACCOUNTS, DEFINITION, TARGET, key_of, map_row
from tests.unit.pipeline.test_ask import Site, child, query_plan, root

REFERS = ForeignKey("to_self", ("note",), ACCOUNTS, ("id",), cascades=False)
REFERRING = replace(TARGET, table=replace(DEFINITION, foreign_keys=(REFERS,)))


class Parking(Site):
    """A site whose mapping can't do with the name `bad`."""

    def follow(self):
        def mapped(row):
            if row[1] == "bad":
                raise BadRow("mapping customers: column 'name': it is bad")
            return map_row(row)

        made = RowPlan(self.query.target, mapped, key_of, Truncates.HALT, "")
        plan = Plan(
            (Route(self.query.tables[0], self.query.target, self.query),), lambda table: (made,) if table is self.query.result else ()
        )
        target = MemoryTarget(self.database, "p", [self.query.target])
        try:
            return list(run(self.source, plan, target, node="erp", limits=self.limits, clock=lambda: 0.0, until_head=True))
        finally:
            target.close()

    @property
    def waiting(self):
        found = self.database.parked.get("p", {})
        return {number: ((one.change.new or one.change.old)[0], one.cause.message[-9:]) for number, one in found.items()}


def test_a_root_key_waits_once_and_goes_on_with_the_next_touch_that_is_right():
    site = Parking()
    site.now = {"a": ("bad", None, "t"), "b": ("bob", None, "t")}
    site.source.commit(root("a"), root("b"))
    site.follow()
    (number,) = site.waiting
    assert site.waiting == {number: ("a", "it is bad")} and site.rows == [("b", "BOB")]
    site.source.commit(child("1", "", "a"))
    site.follow()
    assert list(site.waiting) == [number]
    site.now["a"] = ("ann", None, "t")
    site.source.commit(child("1", "a", "a"))
    site.follow()
    assert (site.waiting, site.rows) == ({}, [("a", "ANN"), ("b", "BOB")])


def test_it_is_asked_anew_when_it_is_tried_again():
    site = Parking()
    site.now = {"a": ("bad", None, "t")}
    site.source.commit(root("a"))
    site.follow()
    site.now["a"] = ("ann", None, "t")
    site.follow()
    assert (site.waiting, site.rows) == ({}, [("a", "ANN")])


def test_what_the_target_refuses_waits_for_what_it_refers_to():
    site = Parking(query_plan(REFERRING))
    site.now = {"a": ("ann", "z", "t"), "b": ("bob", None, "t")}
    site.source.commit(root("a"), root("b"))
    site.follow()
    before = list(site.waiting)
    site.source.commit(child("1", "", "a"))
    site.follow()
    assert list(site.waiting) == before and site.rows == [("b", "BOB")]
    site.now["z"] = ("zoe", None, "t")
    site.source.commit(root("z"))
    site.follow()
    assert (site.waiting, [key for key, _ in site.rows]) == ({}, ["a", "b", "z"])


def test_a_row_that_is_there_no_more_waits_for_an_operator_where_deletes_are_parked():
    site = Parking(query_plan(replace(TARGET, deletes=Deletes.PARK)))
    site.now = {"a": ("ann", None, "t")}
    site.source.commit(root("a"))
    site.follow()
    del site.now["a"]
    site.source.commit(root("a", Op.DELETE))
    site.follow()
    site.follow()
    assert len(site.waiting) == 1 and site.rows == [("a", "ANN")]
    site.database.parked["p"] = {number: replace(one, asked=True) for number, one in site.database.parked["p"].items()}
    site.follow()
    assert (site.waiting, site.rows) == ({}, [])


def test_of_many_keys_of_one_change_those_that_fail_wait():
    site = Parking(size=2)
    site.kinds = ["a", "b", "c", "d", "e"]
    site.now = {key: ("bad" if key in "bd" else key, None, "t") for key in site.kinds}
    site.source.commit(*(root(key) for key in "abcde"))
    site.follow()
    assert sorted(key for key, _ in site.waiting.values()) == ["b", "d"]
    assert [key for key, _ in site.rows] == ["a", "c", "e"]


def test_the_load_parks_them_too():
    site = Parking()
    site.now = {"a": ("bad", None, "t"), "b": ("bob", None, "t")}
    site.source.commit(root("a"), root("b"))
    site.database.checkpoints.clear()
    site.follow()
    assert [key for key, _ in site.waiting.values()] == ["a"] and site.rows == [("b", "BOB")]
