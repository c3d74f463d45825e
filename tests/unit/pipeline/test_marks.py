"""What every batch says of itself, on whatever way it came: where it stands, its phase, the origins that its marker names, and when it was committed.

A batch of another phase would end a load that is not done; one without its origins would come back as somebody else's change.
"""

from dataclasses import replace

import pytest

from cdc.mapping.plan import Now, Plan, Route, RowPlan
from cdc.model.change import ABSENT, Change, Idle, Op, Transaction
from cdc.model.errors import BadRow, Drifted, Unreachable
from cdc.model.table import Table, TableName
from cdc.model.write import Batch, Deletes, Phase, Truncates
from cdc.pipeline import load, loop
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.budget import Budget
from cdc.pipeline.park import nowhere
from cdc.pipeline.step import Done, Holding, Waiting
from cdc.pipeline.translate import Translators
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import ACCOUNTS, CUSTOMER, DEFINITION, MARKED, SOURCE, TARGET, key_of, map_row, marking, plan

LIMITS = Limits(100, parking=Budget(rows=100, share=1.0))


class Seen(MemoryTarget):
    """Remembers the batches that it was given, and fails at one of them."""

    def __init__(self, site, plans):
        super().__init__(site.database, "p", plans)
        self.site = site

    def apply(self, batch):
        self.site.batches.append(batch)
        if len(self.site.batches) == self.site.fails_at:
            raise Unreachable("as asked")
        return super().apply(batch)


class Asked(MemorySource):
    """Remembers as of when it was asked, and up to where it was read."""

    def __init__(self):
        super().__init__()
        self.since, self.until = [], []

    def read(self, after, until=None):
        self.until.append(until)
        return super().read(after, until)

    def fetch(self, table, keys, since):
        self.since.append(since)
        return super().fetch(table, keys, since)


class Site:
    def __init__(self, mapped=None, definition=DEFINITION):
        self.source, self.database, self.plan = Asked(), MemoryDatabase(), mapped or plan()
        self.batches, self.fails_at, self.time = [], 0, 0.0
        self.database.create(definition)

    def commit(self, *changes, origin=(), at=0.0):
        position = self.source.commit(*changes, committed_at=at)
        self.source.log[-1] = replace(self.source.log[-1], origin=origin)
        return position

    def follow(self, *, once=True, limits=LIMITS):
        self.batches.clear()
        target = Seen(self, self.plan.targets)
        try:
            return list(loop.run(self.source, self.plan, target, node="erp", limits=limits, clock=lambda: self.time, until_head=once))
        finally:
            target.close()

    def marks(self):
        return [(batch.after, batch.upto, batch.phase, batch.origin) for batch in self.batches]

    def parked(self):
        return list(self.database.parked["p"].values())


def insert(key, active="t"):
    return Change(SOURCE, Op.INSERT, None, (key, "a", "0", active))


def delete(key):
    return Change(SOURCE, Op.DELETE, (key, ABSENT, ABSENT, ABSENT), None)


def refusing(bad, target=TARGET):
    """The mapping, which can't do with some keys."""

    def mapped(row):
        if row[0] in bad:
            raise BadRow("mapping customers: it is bad")
        return map_row(row)

    made = RowPlan(target, mapped, key_of, Truncates.HALT, "")
    return Plan((Route(CUSTOMER, target),), lambda table: (made,) if table.name == CUSTOMER else ())


def test_a_load_says_loading_until_its_end_and_names_its_source():
    site = Site()
    site.commit(*(insert(key) for key in "abc"))
    site.follow(limits=replace(LIMITS, rows=2))
    assert site.marks() == [
        (None, "1", Phase.LOADING, ("erp",)),
        ("1", "1", Phase.LOADING, ("erp",)),
        ("1", "1", Phase.LOADING, ("erp",)),
        ("1", "1", Phase.STREAMING, ("erp",)),
    ]


def test_what_a_killed_load_left_is_deleted_within_the_load():
    site = Site()
    site.commit(*(insert(key) for key in "abcd"))
    site.fails_at = 3
    with pytest.raises(Unreachable):
        site.follow(limits=replace(LIMITS, rows=2))
    site.fails_at = 0
    site.commit(delete("a"), origin=("shop",))
    site.commit(Change(SOURCE, Op.UPDATE, ("b", ABSENT, ABSENT, ABSENT), ("e", "a", "0", "t")))
    site.follow()
    assert site.marks()[:3] == [
        ("1", "1", Phase.LOADING, ("shop", "erp")),
        ("1", "1", Phase.LOADING, ("erp",)),
        ("1", "3", Phase.LOADING, ("erp",)),
    ]
    assert [(write.key, write.image, write.moved) for batch in site.batches[:2] for write in batch.writes] == [
        (("a",), None, None),
        (("b",), None, None),
    ]
    assert site.source.until[-2:] == ["3", "3"], "a load reads up to its snapshot, a run up to the head it found"


def test_a_run_without_end_reads_without_end():
    site = Site()
    site.follow(once=False)
    assert site.source.until == [None]


def test_a_stream_goes_from_its_checkpoint_and_adds_its_source_to_the_origins():
    site = Site()
    site.commit(insert("a"))
    site.follow()
    site.commit(insert("b"), origin=("shop",))
    site.follow()
    assert site.marks() == [("1", "2", Phase.STREAMING, ("shop", "erp"))]


@pytest.mark.parametrize("by_target", [False, True], ids=["by the mapping", "by the target"])
def test_what_was_parked_is_released_where_the_checkpoint_stands_with_its_own_origins_and_time(by_target):
    site = Site()
    site.follow()
    if by_target:
        constraint = replace(DEFINITION.uniques[0], name="by_name", columns=("name",), primary=False)
        site.database.create(replace(DEFINITION, uniques=(*DEFINITION.uniques, constraint)))
        site.database.insert(ACCOUNTS, {"id": "z", "name": "A"})
    else:
        site.plan = refusing("a")
    site.commit(insert("a"), origin=("shop", "web"), at=7.0)
    site.commit(Change(SOURCE, Op.UPDATE, None, ("a", "a", "1", "t")), origin=("shop", "web"), at=8.0)
    site.follow()
    assert [(one.origin, one.position, one.committed_at) for one in site.parked()] == [
        (("shop", "web"), "2" if by_target else "1", 7.0), (("shop", "web"), "2", 8.0)
    ]  # fmt: skip
    site.plan = plan()
    if by_target:
        number = next(number for number, row in site.database.tables[ACCOUNTS].rows.items() if row["id"] == "z")
        site.database.tables[ACCOUNTS].put(number, None)
    site.commit(Change(SOURCE, Op.INSERT, None, ("b", "b", "0", "t")))
    site.follow()
    released = next(batch for batch in site.batches if batch.released)
    assert (released.after, released.upto, released.phase, released.origin) == ("3", "3", Phase.STREAMING, ("shop", "web", "erp"))
    assert [write.committed_at for write in released.writes] == [7.0, 8.0]
    assert len(released.released) == 2
    assert site.parked() == []


def test_what_leaves_the_filter_is_a_delete_that_knows_its_change_and_time():
    site = Site()
    site.commit(insert("a"))
    site.follow()
    gone = Change(SOURCE, Op.UPDATE, None, ("a", "a", "0", "f"))
    site.commit(gone, at=5.0)
    site.follow()
    ((write,),) = [batch.writes for batch in site.batches]
    assert (write.key, write.image, write.change, write.committed_at) == (("a",), None, gone, 5.0)


def test_a_row_behind_a_parked_one_of_its_mapping_keeps_its_time():
    site = Site(refusing("a"))
    site.follow()
    site.commit(insert("a"))
    site.follow()
    site.commit(insert("b"), at=9.0)
    site.follow()
    assert [write.committed_at for batch in site.batches for write in batch.writes] == [9.0]


def test_the_source_is_asked_for_rows_as_of_the_batchs_end():
    site = Site()
    site.follow()
    site.commit(insert("a", active="f"))
    site.commit(Change(SOURCE, Op.UPDATE, None, ("a", ABSENT, "1", "t")))
    site.follow()
    assert site.source.since == ["2"]
    keeping = Site(marking(Deletes.IGNORE), MARKED)
    keeping.follow()
    keeping.commit(insert("a"), Change(SOURCE, Op.UPDATE, None, ("a", ABSENT, "1", "t")))
    keeping.follow()
    assert keeping.source.since == ["1"]


def test_a_row_that_the_source_gives_whole_and_that_can_not_be_mapped_is_parked():
    def mapped(row):
        if row[1] == "bad" and row[3] == "t":
            raise BadRow("mapping customers: it is bad")
        return map_row(row)

    site = Site()
    site.plan = Plan(
        (Route(CUSTOMER, TARGET),), lambda table: (RowPlan(TARGET, mapped, key_of, Truncates.HALT, ""),) if table.name == CUSTOMER else ()
    )
    site.follow()
    site.commit(Change(SOURCE, Op.INSERT, None, ("a", "bad", "0", "f")))
    site.commit(Change(SOURCE, Op.UPDATE, None, ("a", ABSENT, "1", "t")), insert("b"))
    site.follow()
    assert [(one.change.new, one.cause.message) for one in site.parked()] == [(("a", ABSENT, "1", "t"), "mapping customers: it is bad")]
    assert [row["id"] for row in site.database.rows(ACCOUNTS)] == ["b"]


def test_a_row_of_an_older_shape_is_asked_for_by_the_columns_of_today():
    """The shape of the log had `old_name`; the table of today has `name` in its place, and no more `note`."""
    today = Table(CUSTOMER, (SOURCE.columns[0], SOURCE.columns[3], SOURCE.columns[1]), (0,))
    asked = []

    class Today(Asked):
        def fetch(self, table, keys, since):
            asked.append((table, list(keys), since))
            return [("a", "t", "as it is now")]

    def older(row):
        return ((row[0],), (row[0], row[1], row[2])) if row[3] == "t" else None

    def newer(row):
        return ((row[0],), (row[0], row[2], ABSENT)) if row[1] == "t" else None

    before = RowPlan(TARGET, older, key_of, Truncates.HALT, "", now=Now(today, (0, 3, None)))
    now = RowPlan(TARGET, newer, lambda row: (row[0],), Truncates.HALT, "")
    site = Site()
    site.source = Today()
    site.follow()
    site.plan = Plan((Route(CUSTOMER, TARGET),), lambda table: (before,) if table is SOURCE else (now,) if table is today else ())
    site.commit(Change(SOURCE, Op.UPDATE, None, ("a", ABSENT, "9", "t")))
    site.database.insert(ACCOUNTS, {"id": "a", "name": "old", "note": "0"})
    site.follow()
    assert asked == [(today, [("a",)], "1")]
    assert site.database.rows(ACCOUNTS) == [{"id": "a", "name": "as it is now", "note": "0"}]


def test_points_of_the_way_are_reached_by_their_names(monkeypatch):
    """Tests that kill the process go by them."""
    reached = []
    monkeypatch.setattr(load, "reach", reached.append)
    monkeypatch.setattr(loop, "reach", reached.append)
    site = Site()
    site.commit(insert("a"))
    site.follow()
    assert [name for name in reached if name != "plan.bound"] == ["load.snapshot", "load.chunk", "load.done"]
    site.commit(insert("b"))
    reached.clear()
    site.follow()
    assert reached == ["plan.bound", "confirm.post"]


def stepped(*feed, limits=LIMITS, mapped=None):
    return list(batches(feed, Translators((mapped or plan()).bind, nowhere()), "0", node="erp", limits=limits, clock=lambda: 0.0))


def transaction(upto, *changes, **more):
    return Transaction(changes, str(upto), float(upto), **more)


def test_what_is_left_out_is_counted_by_row_change():
    other = Table(TableName("public", "other"), (), ())
    unmapped = Change(other, Op.INSERT, None, ())
    (step,) = stepped(
        transaction(1, insert("a", "f"), insert("b", "f"), unmapped, unmapped, unmapped),
        transaction(2, echoes=2),
        transaction(3, insert("c", "f")),
        transaction(4, echoes=3),
        Idle("0", "4"),
    )
    assert isinstance(step, Waiting)
    assert step.skipped == {("customers", "filter"): 3, ("public.other", "not_mapped"): 3, ("", "loop"): 5}


def test_a_transaction_without_writes_says_nothing_of_the_batchs_origin_or_age():
    batch = stepped(transaction(1, insert("a")), transaction(2, insert("b", "f")), Idle("2", "2"))[0]
    assert (batch.transactions, batch.oldest, batch.newest, batch.origin) == (1, 1.0, 1.0, ("erp",))


def test_a_heartbeat_comes_with_the_batch_or_without_one():
    batch, waiting = stepped(transaction(1, insert("a")), transaction(2, beat=3.5), Idle("2", "2"))
    assert (batch.beat, waiting.beat) == (3.5, 0.0)
    assert [step.beat for step in stepped(transaction(1, beat=2.5), Idle("0", "1"), Idle("0", "1"))] == [2.5, 0.0]


def test_a_row_that_one_mapping_can_not_do_with_is_written_by_the_next():
    def bad(row):
        raise BadRow("mapping first: it is bad")

    first = RowPlan(replace_plan("first"), bad, key_of, Truncates.HALT, "")
    second = RowPlan(TARGET, map_row, key_of, Truncates.HALT, "")
    mapped = Plan((), lambda table: (first, second) if table.name == CUSTOMER else ())
    batch = stepped(transaction(1, insert("a"), insert("b")), Idle("1", "1"), mapped=mapped)[0]
    assert [write.key for write in batch.writes] == [("a",), ("b",)]
    assert [(one.mapping, one.change.new[0]) for one in batch.parked] == [("first", "a"), ("first", "b")]


def replace_plan(name):
    return type(TARGET)(name, TARGET.table, TARGET.columns, TARGET.key, TARGET.deletes, TARGET.soft_delete, TARGET.rank)


def test_what_came_before_a_table_that_has_changed_is_handed_on_even_if_it_is_only_a_position():
    def bind(table):
        if table.name != CUSTOMER:
            raise Drifted("a column is gone", "mend it")
        return plan().bind(table)

    drifted = transaction(2, Change(Table(TableName("public", "other"), (), ()), Op.INSERT, None, ()))
    for changes, writes in (((insert("a", "f"),), 0), ((insert("a"),), 1)):
        steps = []
        with pytest.raises(Drifted, match="in the log before 2"):
            steps.extend(stepped_until([transaction(1, *changes), drifted], bind, steps))
        assert [(step.after, step.upto, len(step.writes), step.origin[-1]) for step in steps] == [("0", "1", writes, "erp")]
    with pytest.raises(Drifted):
        stepped_until([drifted], bind, steps := [])
    assert steps == []


def stepped_until(feed, bind, steps):
    for step in batches(feed, Translators(bind, nowhere()), "0", node="erp", limits=LIMITS, clock=lambda: 0.0):
        assert isinstance(step, Batch)
        steps.append(step)
    return []


def test_a_run_tells_what_it_has_done_and_what_waits():
    site = Site(refusing("ab"))
    site.follow()
    site.commit(insert("a"), insert("b"), insert("a"), insert("c"))
    steps = site.follow()
    done = next(step for step in steps if isinstance(step, Done))
    assert done.applied.rows == {("customers", Op.INSERT): 1}
    told = next(step for step in steps if isinstance(step, Holding))
    assert told.rows == {"customers": 3}
    ((mapping, _, message, _),) = told.parked
    assert (mapping, message, list(told.parked.values())) == ("customers", "mapping customers: it is bad", [2])
    site.plan = plan()
    told = [step for step in site.follow() if isinstance(step, Holding)][-1]
    assert (told.rows, told.oldest, told.released, told.parked) == ({}, 0.0, {"customers": 3}, {})


def test_a_change_that_is_done_without_is_counted_as_one_that_changed_nothing():
    """The source has the row no more when it is asked for it; the delete that follows is in the next batch."""
    site = Site()
    site.follow()
    site.commit(insert("b"), Change(SOURCE, Op.INSERT, None, ("a", "a", "0", "f")))
    site.commit(Change(SOURCE, Op.UPDATE, None, ("a", ABSENT, "1", "t")))
    site.commit(delete("a"))
    head = site.source.head()
    site.source.head = lambda: "2"
    (done,) = [step for step in site.follow() if isinstance(step, Done)]
    assert (done.applied.rows, done.applied.unchanged) == ({("customers", Op.INSERT): 1}, {"customers": 1})
    site.source.head = lambda: head
    site.follow()
    assert [row["id"] for row in site.database.rows(ACCOUNTS)] == ["b"]
