"""A transaction that is too large to be held: its parts, what waits for its end, and what is left of it when it breaks off."""

from dataclasses import replace

import pytest

from cdc.mapping.plan import Plan, Route, RowPlan
from cdc.model.change import Change, Idle, Op, Part, Transaction
from cdc.model.errors import BadRow, Drifted, TooManyParked, Unreachable
from cdc.model.table import Column, Definition, ForeignKey, Table, TableName, Unique
from cdc.model.write import Batch, Deletes, TargetPlan, Truncates
from cdc.pipeline import rest
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.loop import run
from cdc.pipeline.park import nowhere
from cdc.pipeline.step import Done, Holding, Parted, Waiting
from cdc.pipeline.translate import Translators
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import ACCOUNTS, CUSTOMER, DEFINITION, SOURCE, TARGET, TEXT, key_of, map_row, plan
from tests.unit.pipeline.test_ask import RESULT, query_plan


def insert(key, note="n", active="t"):
    return Change(SOURCE, Op.INSERT, None, (key, "a", note, active))


def part(at, *changes, size=0, origin=()):
    return Part(changes, at, 5.0, origin, size)


def transaction(upto, *changes, **more):
    return Transaction(changes, upto, 5.0, **more)


def cut(feed, bind=None, part=2, rows=100):
    limits = Limits(rows, part=part)
    return list(batches(feed, Translators(bind or plan().bind, nowhere()), "0", node="erp", limits=limits, clock=lambda: 0.0))


def shape(steps):
    return [(s.after, s.upto, len(s.writes), s.begins, s.ends) if isinstance(s, Batch) else "waits" for s in steps]


def test_a_large_transaction_goes_on_in_parts_and_only_its_end_has_a_position():
    feed = [part("0+", insert("1"), insert("2")), part("0++", insert("3"), insert("4")), transaction("1", insert("5")), Idle("1", "1")]
    steps = cut(feed)
    assert shape(steps) == [("0", "0+", 2, True, False), ("0", "0++", 2, False, False), ("0", "1", 1, False, True), "waits"]
    assert [step.transactions for step in steps[:3]] == [0, 0, 1]
    assert [(step.origin, step.newest) for step in steps[:3]] == [(("erp",), 5.0)] * 3


def test_parts_that_fit_together_are_one_batch():
    feed = [part("0+", insert("1")), part("0++", insert("2")), transaction("1", insert("3")), Idle("1", "1")]
    assert shape(cut(feed, part=10)) == [("0", "1", 3, True, True), "waits"]


def test_a_few_large_rows_are_a_part():
    feed = [part("0+", insert("1"), size=3000), transaction("1", insert("2")), Idle("1", "1")]
    assert shape(cut(feed)) == [("0", "0+", 1, True, False), ("0", "1", 1, False, True), "waits"]


def test_large_rows_fill_a_batch_of_small_transactions():
    feed = [transaction("1", insert("1"), size=3000), transaction("2", insert("2")), Idle("2", "2")]
    assert shape(cut(feed)) == [("0", "1", 1, True, True), ("1", "2", 1, True, True), "waits"]


def test_a_large_transaction_has_a_batch_to_itself():
    feed = [
        transaction("1", insert("1")),
        part("1+", insert("2"), insert("3")),
        transaction("2"),
        transaction("3", insert("4")),
        Idle("3", "3"),
    ]
    assert shape(cut(feed)) == [
        ("0", "1", 1, True, True),
        ("1", "1+", 2, True, False),
        ("1", "2", 0, False, True),
        ("2", "3", 1, True, True),
        "waits",
    ]


def test_a_pause_inside_moves_nothing_and_says_nothing():
    feed = [
        part("0+", insert("1")),
        Idle("0", "0"),
        part("0++", insert("2")),
        Idle("0", "0"),
        transaction("1", insert("3")),
        Idle("1", "1"),
    ]
    assert shape(cut(feed)) == [("0", "0++", 2, True, False), ("0", "1", 1, False, True), "waits"]


def test_what_is_left_out_is_counted_at_the_end():
    feed = [part("0+", insert("1"), insert("2"), insert("x", active="f")), transaction("1", insert("y", active="f")), Idle("1", "1")]
    first, end, _ = cut(feed)
    assert (first.skipped, end.skipped) == (None, {("customers", "filter"): 2})


@pytest.mark.parametrize("parts", [1, 2])
def test_nothing_of_it_is_written_when_a_later_part_can_not_be_mapped(parts):
    """Of what was handed on nothing is durable yet, and what came before the transaction is written first."""
    changed = Table(TableName("public", "customer"), (), ())

    def bind(table):
        if table is changed:
            raise Drifted("the table has changed")
        return plan().bind(table)

    feed = [transaction("1", insert("0")), *[part(f"1{'+' * n}", insert(f"{n}a"), insert(f"{n}b")) for n in range(1, parts + 1)]]
    steps = []
    with pytest.raises(Drifted, match="in the log before 2"):
        for step in batches(
            iter([*feed, transaction("2", Change(changed, Op.INSERT, None, ()))]),
            Translators(bind, nowhere()), "0", node="erp", limits=Limits(100, part=3), clock=lambda: 0.0,
        ):  # fmt: skip
            steps.append(step)
    assert [step.upto for step in steps if step.ends] == ["1"]


# the loop, over the reference source and target


@pytest.fixture
def database():
    database = MemoryDatabase()
    database.create(DEFINITION)
    return database


def followed(database, source, part=10, plans=None, target=None, **limits):
    made = plans or plan()
    target = target or MemoryTarget(database, "p", made.targets)
    try:
        yield from run(source, made, target, node="erp", limits=Limits(part=part, **limits), clock=lambda: 0.0)
    finally:
        target.close()


def loaded(database, source, **how):
    list(followed(database, source, **how))
    return source


def keys(database, table=ACCOUNTS):
    return sorted(row["id"] for row in database.rows(table))


def test_it_is_applied_as_one_transaction_and_counted_once(database):
    source = loaded(database, MemorySource(part=7))
    source.commit(*(insert(f"{number:02}") for number in range(35)))
    steps = list(followed(database, source))
    assert [step.rows for step in steps if isinstance(step, Parted)] == [14, 28]
    (done,) = [step for step in steps if isinstance(step, Done)]
    assert (done.applied.rows, done.batch.transactions) == ({("customers", Op.INSERT): 35}, 1)
    assert len(database.effects) == 35
    stored = database.checkpoints["p"].checkpoint
    assert (stored.position, stored.rows, source.confirmed) == ("1", 35, "1")


@pytest.mark.parametrize("after", [1, 2, 3])
def test_broken_off_in_the_middle_nothing_is_there_and_it_is_read_again(database, after):
    source = loaded(database, MemorySource(part=7))
    source.commit(*(insert(f"{number:02}") for number in range(35)))

    class Failing(MemoryTarget):
        def apply(self, batch):
            self.left = getattr(self, "left", after) - 1
            if self.left < 0:
                raise Unreachable("gone")
            return super().apply(batch)

    if after < 3:
        with pytest.raises(Unreachable):
            list(followed(database, source, target=Failing(database, "p", [TARGET])))
        assert (keys(database), database.checkpoints["p"].checkpoint.position, source.confirmed) == ([], "0", "0")
    list(followed(database, source))
    assert len(keys(database)) == len(database.effects) == 35


def test_a_stop_between_two_parts_leaves_nothing(database):
    source = loaded(database, MemorySource(part=7))
    source.commit(*(insert(f"{number:02}") for number in range(35)))
    steps = followed(database, source)
    next(step for step in steps if isinstance(step, Parted))
    steps.close()
    assert (keys(database), database.effects) == ([], [])


def test_a_row_that_can_not_be_mapped_parks_alone(database):
    made = plan()
    (row_plan,) = made.bind(SOURCE)

    def map_row(row):
        if row[0] == "17":
            raise BadRow("mapping customers: bad")
        return row_plan.map_row(row)

    broken = Plan(made.routes, lambda _: (replace(row_plan, map_row=map_row),))
    source = loaded(database, MemorySource(part=7), plans=broken)
    source.commit(*(insert(f"{number:02}") for number in range(35)), Change(SOURCE, Op.UPDATE, None, ("17", "later", "n", "t")))
    holding = [step for step in followed(database, source, plans=broken) if isinstance(step, Holding)]
    assert [step.rows for step in holding] == [{"customers": 2}]
    assert keys(database) == [f"{number:02}" for number in range(35) if number != 17]


# rows that refer to each other over parts

CHILD, PARENT = TableName("crm", "child"), TableName("crm", "parent")
_ID = Column("id", TEXT, nullable=False)


def _definition(name, *columns, foreign=(), unique=()):
    uniques = (Unique(f"{name.name}_pkey", ("id",), primary=True, exact=True), *unique)
    return Definition(name, columns, uniques, foreign, ("id",), triggers=False, estimate=0)


PARENTS = _definition(PARENT, _ID, Column("code", TEXT), unique=(Unique("code", ("code",), primary=False, exact=True),))
CHILDREN = _definition(CHILD, _ID, Column("parent", TEXT), foreign=(ForeignKey("fk", ("parent",), PARENT, ("id",), cascades=False),))
SOURCES = {name: Table(TableName("erp", name.name), (_ID, Column("x", TEXT)), (0,)) for name in (PARENT, CHILD)}
PLANS = [TargetPlan(d.name.name, d, d.columns, (0,), Deletes.HARD, (), rank) for rank, d in enumerate((PARENTS, CHILDREN))]
_ROWS = {
    SOURCES[each.table.name].name: RowPlan(each, lambda row: ((row[0],), row), lambda row: (row[0],), Truncates.HALT, "") for each in PLANS
}
FAMILY = Plan(tuple(Route(name, each.target) for name, each in _ROWS.items()), lambda table: (_ROWS[table.name],))


def row(name, op, key, other=None):
    given = (key, other)
    return Change(SOURCES[name], op, given if op is Op.DELETE else None, None if op is Op.DELETE else given)


@pytest.fixture
def family():
    database = MemoryDatabase()
    for definition in (PARENTS, CHILDREN):
        database.create(definition)
    return database


def rows_of(database, name):
    return sorted((row["id"], row["code" if name == PARENT else "parent"]) for row in database.rows(name))


def test_children_that_come_parts_before_their_parents(family):
    source = loaded(family, MemorySource(part=5), plans=FAMILY)
    source.commit(
        *(row(CHILD, Op.INSERT, f"c{n}", f"p{n}") for n in range(25)), *(row(PARENT, Op.INSERT, f"p{n}", str(n)) for n in range(25))
    )
    steps = list(followed(family, source, plans=FAMILY))
    assert (len(rows_of(family, PARENT)), len(rows_of(family, CHILD))) == (25, 25)
    assert not [step for step in steps if isinstance(step, Holding)]
    assert len(family.effects) == 50


def test_parents_that_go_parts_before_their_children(family):
    source = loaded(family, MemorySource(part=5), plans=FAMILY)
    source.commit(
        *(row(PARENT, Op.INSERT, f"p{n}", str(n)) for n in range(25)), *(row(CHILD, Op.INSERT, f"c{n}", f"p{n}") for n in range(25))
    )
    source.commit(*(row(PARENT, Op.DELETE, f"p{n}") for n in range(25)), *(row(CHILD, Op.DELETE, f"c{n}") for n in range(25)))
    steps = list(followed(family, source, plans=FAMILY))
    assert (family.rows(PARENT), family.rows(CHILD)) == ([], [])
    assert not [step for step in steps if isinstance(step, Holding)]


def test_a_unique_value_that_moves_over_parts_and_what_comes_behind_it(family):
    """The new owner comes first; a later change of it, and another row at a key that waits, keep their order."""
    source = loaded(family, MemorySource(part=2), plans=FAMILY)
    source.commit(row(PARENT, Op.INSERT, "old", "A"))
    source.commit(
        row(PARENT, Op.INSERT, "new", "A"), row(PARENT, Op.INSERT, "f1"), row(PARENT, Op.INSERT, "f2"),
        row(PARENT, Op.UPDATE, "new", "B"), row(PARENT, Op.INSERT, "f3"), row(PARENT, Op.INSERT, "f4"),
        row(PARENT, Op.DELETE, "old"), row(PARENT, Op.INSERT, "f5"), row(PARENT, Op.INSERT, "f6"), row(PARENT, Op.UPDATE, "new", "C"),
    )  # fmt: skip
    list(followed(family, source, part=2, plans=FAMILY))
    assert rows_of(family, PARENT) == [*((f"f{n}", None) for n in range(1, 7)), ("new", "C")]


def test_a_row_without_its_parent_parks_alone(family):
    source = loaded(family, MemorySource(part=5), plans=FAMILY)
    source.commit(*(row(CHILD, Op.INSERT, f"c{n:02}", "p" if n != 17 else "nobody") for n in range(25)), row(PARENT, Op.INSERT, "p"))
    (holding,) = [step for step in followed(family, source, plans=FAMILY) if isinstance(step, Holding)]
    assert holding.rows == {"child": 1}
    assert [key for key, _ in rows_of(family, CHILD)] == [f"c{n:02}" for n in range(25) if n != 17]


def test_too_many_that_wait_end_it_with_nothing_written(family, monkeypatch):
    monkeypatch.setattr(rest, "MOST", 8)
    source = loaded(family, MemorySource(part=5), plans=FAMILY)
    source.commit(*(row(CHILD, Op.INSERT, f"c{n:02}", "p") for n in range(25)), row(PARENT, Op.INSERT, "p"))
    with pytest.raises(TooManyParked, match="more than 8 row changes of one transaction") as told:
        list(followed(family, source, part=5, plans=FAMILY))
    assert "part_rows" in told.value.hint
    assert (family.rows(CHILD), family.checkpoints["p"].checkpoint.position) == ([], "0")
    list(followed(family, source, part=100, plans=FAMILY))
    assert len(family.rows(CHILD)) == 25


def test_whatever_waits_is_said_only_behind_the_end(database):
    source = loaded(database, MemorySource(part=7))
    source.commit(*(insert(f"{number:02}") for number in range(35)))
    kinds = [type(step) for step in followed(database, source)]
    assert kinds == [Parted, Parted, Done, Waiting]


def test_keys_of_queries_are_asked_at_the_end_and_written_in_the_same_transaction(family):
    """Even where they go in several chunks: a fault between two of them leaves nothing."""
    query = query_plan()
    mapped = RowPlan(query.target, map_row, key_of, Truncates.HALT, "")
    bound = {RESULT.name: (mapped,), **{name: (each,) for name, each in _ROWS.items()}}
    both = Plan((Route(CUSTOMER, query.target, query), *FAMILY.routes), lambda table: bound.get(table.name, ()))
    for_query = [f"{number:02}" for number in range(35)]
    family.create(DEFINITION)
    source = MemorySource(part=7)
    source.commit()
    asked = []

    def answers(_, values):
        asked.append(len(values))
        if len(asked) == 3:
            raise Unreachable("gone")
        return [(key, "a", None, "t") for (key,) in values]

    source.answers = lambda _, values: [(key, "a", None, "t") for (key,) in values]
    loaded(family, source, plans=both)
    source.answers = answers
    source.commit(*(change for key in for_query for change in (insert(key), row(PARENT, Op.INSERT, key))))
    with pytest.raises(Unreachable):
        list(followed(family, source, plans=both, rows=10))
    assert (keys(family), family.rows(PARENT), family.effects) == ([], [], [])
    (done,) = [step for step in followed(family, source, plans=both, rows=10) if isinstance(step, Done)]
    assert asked[3:] == [10, 10, 10, 5]
    assert done.applied.rows == {("customers", Op.INSERT): 35, ("parent", Op.INSERT): 35}
    assert (len(keys(family)), len(family.rows(PARENT)), len(family.effects)) == (35, 35, 70)


# many small ones


def test_many_tiny_transactions_are_few_batches_and_each_is_confirmed_once(database):  # torture: J02
    class Confirmed(MemorySource):
        told = 0

        def confirm(self, upto):
            self.told += 1
            super().confirm(upto)

    source = loaded(database, Confirmed())
    for number in range(20_000):
        source.commit(insert(str(number)))
    source.told = 0
    done = [step for step in followed(database, source, rows=5000) if isinstance(step, Done)]
    assert [step.batch.transactions for step in done] == [5000] * 4
    assert (source.told, source.confirmed, len(keys(database))) == (1 + 4, "20000", 20_000)


def test_a_hot_key_keeps_its_order(database):  # torture: J03
    source = loaded(database, MemorySource())
    for number in range(10_000):
        source.commit(Change(SOURCE, Op.UPDATE, None, ("hot", "a", str(number), "t")))
    list(followed(database, source, rows=999))
    notes = [dict(effect.row)["note"] for effect in database.effects]
    assert notes == [str(min(number, 9_999)) for number in range(998, 10_997, 999)]
