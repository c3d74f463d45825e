"""What the batches of query mappings say of themselves, as of when the source is asked for them, and what is counted."""

from dataclasses import replace

from cdc.model.change import Op
from cdc.model.parked import ParkedKey
from cdc.model.table import ForeignKey, TableName
from cdc.model.write import Applied, Batch, Phase, Write
from cdc.pipeline.budget import Budget
from cdc.pipeline.park import Parking as Parked
from cdc.pipeline.step import Asked, Done
from tests.plans import DEFINITION, TARGET
from tests.unit.pipeline.test_ask import Site, child, root
from tests.unit.pipeline.test_parked_queries import Parking


def since(site):
    """Let the source remember as of when it is asked."""
    found, query = [], site.source.query

    def asked(of, values, at):
        found.append(at)
        return query(of, values, at)

    site.source.query = asked
    return found


def commit(site, *changes, origin=()):
    site.source.commit(*changes)
    site.source.log[-1] = replace(site.source.log[-1], origin=origin)


def test_keys_beyond_a_batch_are_written_where_the_checkpoint_stands_under_the_changes_origins():
    site = Site(size=2)
    site.now = {key: (key, None, "t") for key in "abcde"}
    commit(site, *(root(key) for key in "abcde"), origin=("shop",))
    steps = site.follow()
    assert [(batch.after, batch.upto, batch.phase, batch.origin, len(batch.writes)) for batch in site.batches] == [
        ("1", "1", Phase.STREAMING, ("shop", "erp"), 2),
        ("1", "1", Phase.STREAMING, ("shop", "erp"), 2),
        ("1", "2", Phase.STREAMING, ("shop", "erp"), 1),
    ]
    assert [step for step in steps if isinstance(step, Asked)] == [Asked("customers", at, 5) for at in (2, 4, 5)]


def test_as_many_keys_as_a_batch_holds_go_with_it():
    site = Site(size=2)
    site.now = {key: (key, None, "t") for key in "ab"}
    commit(site, root("a"), root("b"))
    steps = site.follow()
    assert [len(batch.writes) for batch in site.batches] == [2]
    assert not [step for step in steps if isinstance(step, Asked)]


def test_the_source_is_asked_as_of_the_change_that_touched_the_key():
    site = Site()
    asked, site.kinds = since(site), ["a"]
    site.now = {"a": ("ann", None, "t")}
    commit(site, root("a"), root("b", Op.DELETE))
    site.source.commit()
    site.follow()
    assert set(asked) == {"2"}


def test_a_load_asks_as_of_its_snapshot():
    site = Site()
    commit(site, root("a"))
    site.database.checkpoints.clear()
    asked = since(site)
    site.follow()
    assert asked
    assert set(asked) == {site.source.head()}


def test_what_a_query_leaves_out_is_counted_by_row():
    site = Site()
    site.now = {key: (key, None, "f") for key in "abc"}
    commit(site, *(root(key) for key in "abc"), child("1", None, None))
    (done,) = [step for step in site.follow() if isinstance(step, Done)]
    assert (done.batch.skipped, done.applied.unchanged) == ({("customers", "filter"): 1}, {"customers": 3})
    assert site.rows == []


def test_a_key_that_can_not_be_mapped_waits_under_the_changes_origins_with_its_cause():
    site = Parking()
    site.now = {"a": ("bad", None, "t")}
    commit(site, root("a"), origin=("shop", "web"))
    site.follow()
    ((one),) = site.database.parked["p"].values()
    assert (one.origin, one.position, one.cause.message[-9:]) == (("shop", "web"), "2", "it is bad")


def test_a_key_that_an_operator_gives_up_while_it_is_asked_for_again_waits_anew():
    site = Parking()
    site.now = {"a": ("bad", None, "t")}
    commit(site, root("a"))
    site.follow()
    (number,) = site.waiting
    answers, gone = site.source.answers, []

    def skipped_meanwhile(query, values):
        if not gone and site.source.head() == "3":
            gone.append(site.database.parked["p"].pop(number))
            site.database.parked_versions["p"] += 1
        return answers(query, values)

    site.source.answers = skipped_meanwhile
    commit(site, child("1", "", "a"))
    site.follow()
    assert gone
    assert [what for what, _ in site.waiting.values()] == ["a"]
    assert number not in site.waiting


CHILD = TableName("crm", "child")
REFERS = ForeignKey("to_parent", ("note",), DEFINITION.name, ("id",), cascades=False)
CHILDREN = replace(TARGET, mapping="children", table=replace(DEFINITION, name=CHILD, foreign_keys=(REFERS,)), rank=1)
APART = replace(TARGET, mapping="apart", table=replace(DEFINITION, name=TableName("crm", "apart")))


def test_rows_that_are_written_let_those_be_tried_that_wait_for_such_and_no_others():
    for plan, due in ((TARGET, True), (APART, False)):
        parking = Parked([TARGET, CHILDREN, APART], (), Budget(), lambda: 0.0)
        parking.queues.add(ParkedKey(1, "children", [("c",)], True, False, 0.0, 0.0))
        parking.queues.add(ParkedKey(2, "children", [("d",)], False, False, 0.0, 0.0))
        write = Write(plan, ("p",), ("p", None, None), None, root("p"))
        parking.applied(Batch("0", "1", (write,)), Applied({}, {}), NoRows())
        assert parking.schedule.pick(0.0, 5) == ([("children", ("c",))] if due else [])


class NoRows:
    def keys(self, after=0):
        return []

    def entries(self, ids):
        return []


def test_what_is_released_is_not_tried_any_more():
    parking = Parked([TARGET], (), Budget(), lambda: 0.0)
    parking.queues.add(ParkedKey(1, "customers", [("c",)], True, False, 0.0, 0.0))
    parking.schedule.now([("customers", ("c",))])
    parking.applied(Batch("0", "0", (), released={1: "customers"}), Applied({}, {}), NoRows())
    assert parking.schedule.pick(0.0, 5) == []
    assert parking.standing().released == {"customers": 1}
    assert parking.standing() is None
