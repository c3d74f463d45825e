"""A collapsed batch has the effect of its writes one by one, whatever plans, deletes, cascades and key changes come together."""

from collections import Counter
from dataclasses import replace
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from cdc.model.change import ABSENT, Change, Op
from cdc.model.table import Column, Definition, ForeignKey, Table, TableName
from cdc.model.types import Kind, Type
from cdc.model.write import Deletes, TargetPlan, Write
from cdc.target.collapse import Move, Removals, Upserts, alone, collapser
from cdc.target.order import guards

TEXT = Type(Kind.TEXT, "text")
PARENT, CHILD = TableName("s", "parent"), TableName("s", "child")
CHANGE = Change(Table(PARENT, (), ()), Op.UPDATE, None, None)


def columns(*names):
    return tuple(Column(name, TEXT) for name in names)


def definition(name, *names, cascades=False):
    key = ForeignKey("fk", ("up",), PARENT, ("id",), cascades)
    return Definition(name, columns(*names), (), (key,) if name == CHILD else (), None, triggers=False, estimate=0)


def plan(name, table, *names, key="id", deletes=Deletes.HARD, rank=0):
    soft = ((Column("gone", TEXT), "yes"),) if deletes is Deletes.SOFT else ()
    return TargetPlan(name, table, columns(*names), (names.index(key),), deletes, soft, rank)


def upsert(target, *image, moved=None):
    return Write(target, tuple(image[i] for i in target.key), image, moved, CHANGE)


def delete(target, *key):
    return Write(target, key, None, None, CHANGE)


parent_table = definition(PARENT, "id", "name")
child_table = definition(CHILD, "id", "up", "a", "b", "gone", cascades=True)
PARENTS = plan("parents", parent_table, "id", "name")
WHOLE = plan("whole", child_table, "id", "up", "a", rank=1)
SOFT = plan("soft", child_table, "b", "id", deletes=Deletes.SOFT, rank=1)
SOFT_A = plan("soft a", child_table, "id", "a", "b", deletes=Deletes.SOFT, rank=1)
BY_B = plan("by b", child_table, "b", "a", key="b", rank=1)
PLANS = [PARENTS, WHOLE, SOFT, SOFT_A, BY_B]


# a model: tables as lists of rows


class Model:
    def __init__(self):
        self.tables = {PARENT: [], CHILD: []}

    def find(self, target, key):
        names = [target.columns[i].name for i in target.key]
        return [row for row in self.tables[target.table.name] if tuple(row.get(name) for name in names) == key]

    def remove(self, target, key):
        for row in self.find(target, key):
            if target.deletes is Deletes.SOFT:
                row["gone"] = "yes"
                continue
            self.tables[target.table.name].remove(row)
            if target.table is parent_table:
                self.tables[CHILD] = [child for child in self.tables[CHILD] if child.get("up") != row["id"]]

    def put(self, target, at, named):
        found = self.find(target, at)
        if not found:
            found = [{"own": "fresh"}]
            self.tables[target.table.name] += found
        for row in found:
            row.update(named)

    def write(self, write):
        if write.image is None:
            self.remove(write.plan, write.key)
            return
        named = {c.name: text for c, text in zip(write.plan.columns, write.image, strict=True) if text is not ABSENT}
        if write.moved is None or not self.find(write.plan, write.moved):
            self.put(write.plan, write.key, named)
        elif write.moved == write.key or not self.find(write.plan, write.key):
            self.put(write.plan, write.moved, named)
        else:
            self.remove(write.plan, write.moved)
            self.put(write.plan, write.key, named)

    def step(self, step):
        match step:
            case Removals():
                for key in step.keys:
                    self.remove(step.plan, key)
            case Upserts():
                for row, write in zip(step.rows, step.writes, strict=True):
                    self.put(step.plan, write.key, {step.plan.columns[i].name: text for i, text in zip(step.mask, row, strict=True)})
            case Move():
                self.write(step.write)

    def state(self):
        return {name: sorted(sorted(row.items()) for row in rows) for name, rows in self.tables.items()}


@st.composite
def writes(draw):
    target = draw(st.sampled_from(PLANS))
    value = st.sampled_from("xyz")
    if draw(st.integers(0, 2)) == 0:
        return delete(target, draw(value))
    image = [draw(value if i in target.key else st.one_of(value, value, st.just(ABSENT))) for i in range(len(target.columns))]
    moved = (draw(value),) if draw(st.integers(0, 9)) == 0 else None
    return upsert(target, *image, moved=moved if moved != (image[target.key[0]],) else None)


@given(st.lists(writes(), max_size=12), st.lists(writes(), max_size=12))
def test_a_collapsed_batch_has_the_effect_of_its_writes_one_by_one(before, batch):
    # torture: G04 G05 G15
    one_by_one, together = Model(), Model()
    for write in before:
        one_by_one.write(write)
        together.write(write)
    for write in batch:
        one_by_one.write(write)
    collapsed = collapser(PLANS)(batch)
    for step in collapsed.steps:
        together.step(step)
    assert together.state() == one_by_one.state()


@given(st.lists(writes(), max_size=30))
def test_every_write_is_in_a_step_or_superseded(batch):
    collapsed = collapser(PLANS)(batch)
    sizes = {Move: lambda step: 1, Upserts: lambda step: len(step.rows), Removals: lambda step: len(step.keys)}
    assert sum(sizes[type(step)](step) for step in collapsed.steps) + collapsed.superseded.total() == len(batch)


@given(st.lists(writes(), max_size=30))
def test_no_step_has_a_key_twice_or_an_absent_value(batch):
    # torture: G05
    for step in collapser(PLANS)(batch).steps:
        if isinstance(step, Upserts):
            keys = [write.key for write in step.writes]
            assert len(set(keys)) == len(keys)
            assert ABSENT not in chain(*step.rows)
            assert step.partial == (len(step.mask) < len(step.plan.columns))
        elif isinstance(step, Removals):
            assert len(set(step.keys)) == len(step.keys)


# that it collapses at all


ALONE = plan("alone", definition(TableName("s", "alone"), "id", "a", "b"), "id", "a", "b")


def test_one_statement_per_plan_and_mask():
    batch = [upsert(ALONE, str(i % 7), str(i), None) for i in range(70)]
    batch += [upsert(ALONE, "9", "x", ABSENT), upsert(ALONE, "8", "x", ABSENT), delete(ALONE, "0"), delete(ALONE, "1")]
    collapsed = collapser([ALONE])(batch)
    removals, whole, partial = collapsed.steps
    assert removals == Removals(ALONE, [("0",), ("1",)])
    assert whole == Upserts(ALONE, (0, 1, 2), [(str(i), str(63 + i), None) for i in range(2, 7)], batch[65:70], new=False)
    assert partial == Upserts(ALONE, (0, 1), [("9", "x"), ("8", "x")], batch[70:72], new=False)
    assert collapsed.superseded == Counter({("alone", Op.UPDATE): 65})


def test_a_row_handed_back_is_the_last_write_and_carries_what_came_before():
    batch = [
        upsert(ALONE, "1", "a", "b"),
        upsert(ALONE, "1", ABSENT, "c"),
        upsert(ALONE, "2", "a", ABSENT),
        upsert(ALONE, "2", "b", ABSENT),
    ]
    whole, partial = collapser([ALONE])(batch).steps
    assert whole == Upserts(ALONE, (0, 1, 2), [("1", "a", "c")], [batch[1]], new=False)
    assert partial == Upserts(ALONE, (0, 1), [("2", "b")], [batch[3]], new=False)


def test_partial_images_do_not_make_a_whole_row():
    batch = [upsert(ALONE, "1", "a", ABSENT), upsert(ALONE, "1", ABSENT, "b"), upsert(ALONE, "1", "c", ABSENT)]
    first, second, third = collapser([ALONE])(batch).steps
    assert [step.partial for step in (first, second, third)] == [True] * 3
    assert [step.rows for step in (first, second, third)] == [[("1", "a")], [("1", "b")], [("1", "c")]]
    (whole,) = collapser([ALONE])([batch[0], upsert(ALONE, "1", "x", "y"), batch[1]]).steps
    assert whole.rows == [("1", "x", "b")]


def test_a_delete_forgets_what_came_before():
    (removal, step) = collapser([ALONE])([upsert(ALONE, "1", "a", "b"), delete(ALONE, "1"), upsert(ALONE, "1", "c", ABSENT)]).steps
    assert (removal.keys, step.rows, step.mask) == ([("1",)], [("1", "c")], (0, 1))


def test_deletes_go_children_first_and_upserts_parents_first():
    # torture: G07
    child = plan("child", definition(TableName("s", "c"), "id"), "id", rank=2)
    parent = plan("parent", definition(TableName("s", "p"), "id"), "id", rank=1)
    batch = [upsert(child, "1"), delete(parent, "2"), upsert(parent, "3"), delete(child, "4")]
    steps = collapser([child, parent])(batch).steps
    assert [(type(step), step.plan) for step in steps] == [(Removals, child), (Removals, parent), (Upserts, parent), (Upserts, child)]


def test_what_only_an_insert_sets_stays_the_first_image_s():
    once = replace(ALONE, once=frozenset({2}))
    (step,) = collapser([once])([upsert(once, "1", "a", "first"), upsert(once, "1", "b", "second")]).steps
    assert step.rows == [("1", "b", "first")]
    (step,) = collapser([once])([upsert(once, "1", ABSENT, "first"), upsert(once, "1", "b", "second")]).steps
    assert step.rows == [("1", "b", "second")]  # the first was no whole row: it inserts nothing


def test_what_only_an_update_sets_ends_the_segment_once_a_key():
    later = replace(ALONE, later=frozenset({2}))
    steps = collapser([later])([upsert(later, "1", name, name) for name in "abcd"]).steps
    assert [step.rows for step in steps] == [[("1", "a", "a")], [("1", "d", "d")]]
    again = [upsert(later, "1", "a", "a"), upsert(later, "1", "b", "b"), delete(later, "1"), upsert(later, "1", "c", "c")]
    steps = collapser([later])([*again, upsert(later, "1", "d", "d")]).steps
    assert [step.rows for step in steps if isinstance(step, Upserts)] == [[("1", "a", "a")], [("1", "c", "c")], [("1", "d", "d")]]


def test_a_key_change_ends_the_segment():
    move = upsert(ALONE, "2", "a", "b", moved=("1",))
    steps = collapser([ALONE])([upsert(ALONE, "1", "a", "b"), move, upsert(ALONE, "1", "c", "d")]).steps
    assert [type(step) for step in steps] == [Upserts, Move, Upserts]
    assert steps[1] == Move(move)


def test_mappings_that_fill_one_row_together_stay_in_one_segment():
    table = definition(TableName("s", "shared"), "id", "a", "b")
    one, two = plan("one", table, "id", "a"), plan("two", table, "id", "b")
    batch = [write for i in range(50) for write in (upsert(one, str(i), "x"), upsert(two, str(i), "y"))]
    assert len(collapser([one, two])(batch).steps) == 2


def test_most_plans_need_no_guard():
    assert guards([ALONE, PARENTS]) == {}
    assert set(guards(PLANS)) == set(PLANS)


def test_where_keys_may_be_equal_a_soft_delete_of_another_key_is_done_first():
    writes = [delete(SOFT, "a"), upsert(SOFT, "x", "A")]
    assert [type(step) for step in collapser([SOFT])(writes).steps] == [Upserts, Removals]
    loose = replace(SOFT, loose=True)
    writes = [delete(loose, "a"), upsert(loose, "x", "A")]
    assert [type(step) for step in collapser([loose])(writes).steps] == [Removals, Upserts]


def test_an_upsert_alone():
    write = upsert(ALONE, "1", ABSENT, None)
    assert alone(write) == Upserts(ALONE, (0, 2), [("1", None)], [write], new=False)
