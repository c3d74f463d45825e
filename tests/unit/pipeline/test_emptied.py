"""`truncate: apply`: the rows of a mapping go where the log has the TRUNCATE, and nothing else does."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cdc.mapping.plan import Plan, Route, RowPlan
from cdc.model.change import Change, Op
from cdc.model.errors import Truncated
from cdc.model.parked import source_keys
from cdc.model.table import Column, Definition, ForeignKey, TableName, Unique
from cdc.model.write import Deletes, TargetPlan, Truncates
from cdc.pipeline import emptied
from cdc.pipeline.batch import Limits
from cdc.pipeline.loop import run
from cdc.pipeline.step import Done
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import ACCOUNTS, COLUMNS, CUSTOMER, DEFINITION, MARKED, SOURCE, STATE, TARGET, TEXT, key_of, map_row

GONE, ALL_GONE = Change(SOURCE, Op.TRUNCATE, None, None), Change(SOURCE, Op.LOST, None, None)
NOTES = Definition(
    TableName("crm", "notes"), (Column("id", TEXT), Column("account", TEXT)), (Unique("notes_pkey", ("id",), primary=True, exact=True),),
    (ForeignKey("notes_account", ("account",), ACCOUNTS, ("id",), cascades=False),), ("id",), triggers=False, estimate=0,
)  # fmt: skip
"""A table of the application that refers to the accounts."""


class World:
    def __init__(self, target: TargetPlan = TARGET, truncates: Truncates = Truncates.APPLY, mapped=map_row):
        self.source, self.database, self.target = MemorySource(), MemoryDatabase(), target
        self.database.create(target.table)
        self.database.create(NOTES)
        row_plan = RowPlan(target, mapped, key_of, truncates, "")
        self.plan = Plan((Route(CUSTOMER, target),), lambda table: (row_plan,) if table.name == CUSTOMER else ())
        self.run()

    def commit(self, *changes):
        self.source.commit(*changes)

    def run(self, rows=1000, part=20_000):
        session = MemoryTarget(self.database, "p", [self.target])
        try:
            return list(run(self.source, self.plan, session, node="erp", limits=Limits(rows, part), clock=lambda: 0.0, until_head=True))
        finally:
            session.close()

    def application(self, **row):
        self.database.insert(self.target.table.name, row)

    @property
    def rows(self):
        return sorted((row["id"], row["name"]) for row in self.database.rows(ACCOUNTS))

    @property
    def parked(self):
        return [one.change.new for one in self.database.parked.get("p", {}).values()]


def added(key, name="a"):
    return Change(SOURCE, Op.INSERT, None, (key, name, "n", "t"))


def test_the_rows_go_and_later_ones_come():
    world = World()
    world.commit(added("1"), added("2"))
    world.run()
    world.commit(GONE, added("2", "b"))
    world.commit(GONE, added("2", "c"))
    (done,) = [step for step in world.run() if isinstance(step, Done)]
    assert world.rows == [("2", "C")]
    assert done.applied.rows[("customers", Op.DELETE)] == 3


def test_rows_of_the_same_batch_go_too_in_the_order_of_the_log():
    world = World()
    for changes in ([added("1"), added("2")], [added("3"), GONE, added("2", "b")], [added("4")], [GONE], [added("5")]):
        world.commit(*changes)
    world.run()
    assert world.rows == [("5", "A")]


def test_rows_without_the_mappings_constants_are_others():
    world = World(replace(TARGET, scope=((COLUMNS[2], "erp"),)), mapped=lambda row: ((row[0],), (row[0], row[1].upper(), "erp")))
    world.commit(added("1"))
    world.run()
    world.application(id="crm", name="own", note="crm")
    world.commit(GONE)
    world.run()
    assert world.rows == [("crm", "own")]


def test_a_soft_delete_marks_them():
    plan = TargetPlan("customers", MARKED, MARKED.columns, (0,), Deletes.SOFT, ((STATE, "gone"),), 0)
    world = World(plan, mapped=lambda row: ((row[0],), (row[0], row[1].upper(), row[2], "here")))
    world.commit(added("1"), added("2"))
    world.run()
    world.commit(GONE, added("2", "b"))
    world.run()
    assert sorted((row["id"], row["state"]) for row in world.database.rows(ACCOUNTS)) == [("1", "gone"), ("2", "here")]


@pytest.mark.parametrize("together", [True, False])
def test_what_waits_is_about_rows_that_are_no_more(together):
    """Were it tried again later, the row would come back."""
    table = replace(DEFINITION, columns=(COLUMNS[0], replace(COLUMNS[1], nullable=False), COLUMNS[2]))
    world = World(replace(TARGET, table=table, columns=table.columns))
    world.commit(Change(SOURCE, Op.INSERT, None, ("1", None, "n", "t")), added("2"))
    if not together:
        world.run()
        assert [row[0] for row in world.parked] == ["1"]
    world.commit(GONE)
    world.commit(added("1", "b"))
    world.run()
    assert (world.rows, world.parked) == ([("1", "B")], [])


def test_what_can_not_be_mapped_before_it_is_given_up_too():
    from cdc.model.errors import BadRow

    def mapped(row):
        if row[1] == "bad":
            raise BadRow("mapping customers: bad")
        return map_row(row)

    world = World(mapped=mapped)
    world.commit(added("1", "bad"), added("2", "bad"), GONE, added("2"))
    world.commit(added("3", "bad"))
    steps = world.run()
    assert [one.change.new[0] for step in steps if isinstance(step, Done) for one in step.batch.parked] == ["3"]
    assert world.rows == [("2", "A")]
    assert [row[0] for row in world.parked] == ["3"]


def test_rows_that_the_target_keeps_stop_the_pipeline_and_nothing_is_applied():
    world = World()
    world.commit(added("1"), added("2"))
    world.run()
    world.database.insert(NOTES.name, {"id": "n", "account": "1"})
    world.commit(GONE)
    with pytest.raises(Truncated, match=r"customers: public\.customer was truncated, and the target keeps 1 of its rows: .*notes_account"):
        world.run()
    assert [row[0] for row in world.rows] == ["1", "2"]
    world.database.tables[NOTES.name].put(1, None)
    world.run()
    assert world.rows == []


def test_very_many_rows_are_left_to_the_operator(monkeypatch):
    monkeypatch.setattr(emptied, "MOST", 2)
    world = World()
    world.commit(added("1"), added("2"))
    world.commit(GONE)
    world.run()
    assert world.rows == []
    world.commit(added("1"), added("2"), added("3"))
    world.run()
    world.commit(GONE)
    with pytest.raises(Truncated, match="holds more than 2 rows of it"):
        world.run()
    assert len(world.rows) == 3


def test_rows_that_are_lost_otherwise_are_no_truncate():
    world = World()
    world.commit(added("1"))
    world.commit(ALL_GONE)
    with pytest.raises(Truncated, match="lost rows otherwise than by TRUNCATE"):
        world.run()
    assert world.rows == [("1", "A")]


def test_a_transaction_that_can_not_be_taken_in_takes_nothing_back():
    """What an earlier transaction has parked stays so, although a TRUNCATE stood before what stopped the pipeline."""
    from cdc.model.errors import BadRow

    def mapped(row):
        if row[1] == "bad":
            raise BadRow("mapping customers: bad")
        return map_row(row)

    world = World(mapped=mapped)
    world.commit(added("1", "bad"))
    world.commit(GONE, ALL_GONE)
    with pytest.raises(Truncated):
        world.run()
    assert [row[0] for row in world.parked] == ["1"]


KEYS = st.sampled_from("abc")
CHANGES = st.one_of(
    st.builds(lambda key, name: ("put", key, name), KEYS, st.sampled_from(["x", "y", "bad"])), st.builds(lambda key: ("del", key, ""), KEYS), st.just(("all", "", ""))
)  # fmt: skip


@example([[("put", "a", "bad"), ("all", "", ""), ("put", "b", "bad")]], 6, 9)
@example([[("put", "a", "bad"), ("all", "", ""), ("put", "b", "bad"), ("put", "c", "x")]], 6, 1)
@given(st.lists(st.lists(CHANGES, min_size=1, max_size=6), max_size=8), st.integers(1, 6), st.integers(1, 4))
def test_the_target_is_what_the_source_is_however_batches_are_cut(transactions, size, part):
    """The name `bad` is one that the target refuses; what comes behind it waits, until a TRUNCATE takes it all."""
    table = replace(DEFINITION, columns=(COLUMNS[0], replace(COLUMNS[1], nullable=False), COLUMNS[2]))
    world, there, waiting = World(replace(TARGET, table=table, columns=table.columns)), {}, set()
    world.source.part = part
    for transaction in transactions:
        changes = []
        for what, key, name in transaction:
            if what == "all":
                there.clear()
                waiting.clear()
                changes.append(GONE)
            elif what == "del" and key in there:
                changes.append(Change(SOURCE, Op.DELETE, there.pop(key), None))
            elif what == "put":
                row = (key, None if name == "bad" else name, "n", "t")
                changes.append(Change(SOURCE, Op.UPDATE if key in there else Op.INSERT, there.get(key), row))
                there[key] = row
                waiting |= {key} if name == "bad" else set()
        if changes:
            world.commit(*changes)
    world.run(size, part)
    right = sorted((key, row[1].upper()) for key, row in there.items() if key not in waiting)
    assert [row for row in world.rows if row[0] not in waiting] == right
    assert {key for one in world.database.parked.get("p", {}).values() for (key,) in source_keys(one.change)} <= waiting
