"""Query mappings in the loop: keys that changes touch, one question per batch, and an effect of exactly once though the present is read."""

from dataclasses import replace

import pytest

from cdc.mapping.plan import Asking, Plan, QueryPlan, Route, RowPlan, Touches
from cdc.mapping.query.query import Query, Takes, changed
from cdc.model.change import Change, Op
from cdc.model.errors import BadRow, Drifted, Misconfigured, Truncated, Unreachable
from cdc.model.table import ForeignKey, Table, TableName
from cdc.model.write import Deletes, Truncates
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.load import load
from cdc.pipeline.loop import run
from cdc.pipeline.park import nowhere
from cdc.pipeline.step import Asked, Done, Loading
from cdc.pipeline.translate import Translators
from cdc.pipeline.way import Way
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.plans import ACCOUNTS, COLUMNS, DEFINITION, SOURCE, TARGET, key_of, map_row

CHILD = Table(TableName("public", "child"), tuple(replace(COLUMNS[0], name=name) for name in ("id", "parent", "word")), (0,))
KIND = Table(TableName("public", "kind"), CHILD.columns[:1], (0,))
RESULT = Table(TableName(":keys", "customers"), SOURCE.columns, (0,))
ROOTS = Query(Takes.KEYS, SOURCE.columns[:1], ("", ""), ("keys",), RESULT.columns)
OF_KIND = Query(Takes.NAMED, KIND.columns, ("", ""), ("id",), KIND.columns)


def touches(table):
    if table.name == SOURCE.name:
        return Touches((lambda row: (row[0],),), ())
    if table.name == CHILD.name:
        by_parent = (lambda row: None if row[1] is None else (row[1],),)
        return Touches(by_parent, (), by_parent)
    return Touches((), ((0, lambda row: (row[0],)),))


def query_plan(target=TARGET, truncates=Truncates.HALT, settle=0.0):
    asking = (Asking(OF_KIND, lambda row: row[:1]),)
    return QueryPlan(target, (SOURCE.name, CHILD.name, KIND.name), ROOTS, RESULT, ("id",), asking, touches, truncates, settle)


def plan(query):
    made = RowPlan(query.target, map_row, key_of, Truncates.HALT, "")
    return Plan((Route(SOURCE.name, query.target, query),), lambda table: (made,) if table is query.result else ())


def root(key, op=Op.INSERT):
    row = (key, "a", None, "t")
    return Change(SOURCE, op, row if op is Op.DELETE else None, None if op is Op.DELETE else row)


def child(key, old, new):
    rows = [None if parent == "" else (key, parent, "w") for parent in (old, new)]
    return Change(CHILD, Op.INSERT if rows[0] is None else Op.DELETE if rows[1] is None else Op.UPDATE, *rows)


class Site:
    """A source whose present is `now`: root key → (name, note, active), and a target that follows."""

    def __init__(self, query=None, size=100):
        self.query, self.limits, self.asked, self.now = query or query_plan(), Limits(size), [], {}
        self.kinds = []
        self.source, self.database = MemorySource(), MemoryDatabase()
        self.database.create(self.query.target.table)
        self.source.answers = self.answer
        self.source.commit()
        self.follow()
        self.asked.clear()

    def answer(self, query, values):
        if query is OF_KIND:
            return [(key,) for key in self.kinds]
        self.asked.append([key for (key,) in values])
        return [(key, *self.now[key]) for (key,) in values if key in self.now]

    def follow(self):
        target = MemoryTarget(self.database, "p", [self.query.target])
        apply, self.batches = target.apply, []
        target.apply = lambda batch: (self.batches.append(batch), apply(batch))[1]
        try:
            return list(run(self.source, plan(self.query), target, node="erp", limits=self.limits, clock=lambda: 0.0, until_head=True))
        finally:
            target.close()

    @property
    def rows(self):
        return sorted(tuple(row.values())[:2] for row in self.database.rows(ACCOUNTS))

    @property
    def effects(self):
        return [(effect.op, effect.row["id"], effect.row["name"]) for effect in self.database.effects]


@pytest.fixture
def site():
    return Site()


def test_each_touched_key_is_asked_once_a_batch(site):
    site.now = {"a": ("ann", None, "t"), "b": ("bob", None, "t")}
    site.source.commit(root("a"), child("1", "", "a"))
    site.source.commit(child("2", "", "b"), child("1", "a", "a"))
    site.follow()
    assert site.asked == [["a", "b"]]
    assert site.rows == [("a", "ANN"), ("b", "BOB")]


def test_an_echo_touches_what_depends_on_its_rows_and_writes_nothing_of_its_own(site):
    """What the other direction has written changes what the query makes; of a root's own row the target knows already."""
    site.now = {"a": ("ann", None, "t"), "b": ("bob", None, "t"), "c": ("cid", None, "t")}
    site.source.commit(root("a"))
    site.follow()
    site.asked.clear()
    site.now["a"] = ("anna", None, "t")
    echo = site.source.commit(child("1", "", "a"), child("2", "", "b"), root("c"))
    site.source.log[-1] = replace(site.source.log[-1], origin=("crm",), echoes=5)
    site.follow()
    assert site.asked == [["a", "b"]]
    assert site.rows == [("a", "ANNA"), ("b", "BOB")]
    (batch,) = site.batches
    assert (batch.origin, batch.upto, batch.touched) == (("crm", "erp"), echo, ())
    assert batch.skipped == {("", "loop"): 5}


@pytest.mark.parametrize("asked", [ROOTS, OF_KIND])
def test_an_answer_that_is_not_what_it_was_names_the_mapping_and_the_place(site, asked):
    site.now, site.kinds = {"a": ("ann", None, "t")}, ["a"]
    answer = site.source.answers

    def answers(query, values):
        yield from answer(query, values) if query is not asked else ()
        if query is asked:
            raise changed("it returns 'n' as text now, and not as integer")

    site.source.answers = answers
    at = site.source.commit(root("a"), Change(KIND, Op.INSERT, None, ("1",)))
    with pytest.raises(Drifted, match=f"mapping customers: what the query reads.*'n' as text now.*up to {at}") as told:
        site.follow()
    assert told.value.mappings == ("customers",)
    assert told.value.hint
    assert not site.rows


def test_a_child_that_moves_touches_both_parents(site):
    site.now = {"a": ("ann", None, "t"), "b": ("bob", None, "t")}
    site.source.commit(child("1", "a", "b"), child("2", None, "a"))
    site.follow()
    assert site.asked == [["a", "b"]]


def test_what_does_not_come_back_is_deleted(site):
    site.now = {"a": ("ann", None, "t"), "b": ("bob", None, "t"), "c": ("cid", None, "t")}
    site.source.commit(root("a"), root("b"), root("c"))
    site.follow()
    site.now = {"b": ("bob", None, "f"), "c": ("cid", None, "t")}  # `where` leaves b out
    site.source.commit(root("a", Op.DELETE), child("1", "", "b"), child("2", "c", ""))
    site.follow()
    assert site.rows == [("c", "CID")]
    assert [op for op, *_ in site.effects] == [Op.INSERT] * 3 + [Op.DELETE] * 2


def test_deletes_that_are_ignored_are_counted():
    site = Site(query_plan(replace(TARGET, deletes=Deletes.IGNORE)))
    site.source.commit(root("a", Op.DELETE))
    site.follow()
    assert [batch.skipped for batch in site.batches] == [{("customers", "delete_ignored"): 1}]


def test_what_is_the_same_is_not_written_however_often_it_is_asked(site):
    site.now = {"a": ("ann", None, "t")}
    for number in range(3):
        site.source.commit(child(str(number), "", "a"))
        site.follow()
    assert len(site.asked) == 3
    assert site.effects == [(Op.INSERT, "a", "ANN")]


def test_a_dependency_may_lead_to_its_roots_by_a_query(site):
    site.now, site.kinds = {"a": ("ann", None, "t"), "b": ("bob", None, "t")}, ["b", "a", "b"]
    site.source.commit(Change(KIND, Op.UPDATE, None, ("1",)), root("a"))
    site.follow()
    assert site.asked == [["a", "b"]]


def test_a_key_in_another_spelling_is_not_gone(site):
    """The server holds 'A' and 'a' for the same key; a delete of 'A' would take the row of 'a' on a target that does so, too."""
    site.now = {"a": ("ann", None, "t")}
    site.source.answers = lambda _, values: [("a", *site.now["a"])] if {key.lower() for (key,) in values} & {"a"} else []
    site.source.commit(child("1", "", "A"), child("2", "", "x"))
    site.follow()
    assert [(write.key, write.image is None) for write in site.batches[-1].writes] == [(("a",), False), (("x",), True)]
    assert site.effects == [(Op.INSERT, "a", "ANN")]


def test_several_rows_of_one_key_are_an_error(site):
    site.source.answers = lambda _, values: [(key, name, None, "t") for (key,) in values for name in "xy"]
    site.source.commit(root("a"))
    with pytest.raises(Misconfigured, match="several rows of one key"):
        site.follow()


def test_a_change_of_many_rows_goes_in_transactions_of_bounded_size():
    site = Site(size=10)
    site.kinds = [f"{number:02}" for number in range(35)]
    site.now = {key: (key, None, "t") for key in site.kinds}
    upto = site.source.commit(Change(KIND, Op.UPDATE, None, ("1",)))
    steps = site.follow()
    assert [(step.keys, step.of) for step in steps if isinstance(step, Asked)] == [(10, 35), (20, 35), (30, 35), (35, 35)]
    (done,) = [step for step in steps if isinstance(step, Done)]
    assert done.batch.upto == upto
    assert len(site.rows) == 35
    assert [len(keys) for keys in site.asked] == [10, 10, 10, 5]


def test_killed_between_them_nothing_is_lost_and_nothing_done_twice():
    site = Site(size=10)
    site.kinds = [f"{number:02}" for number in range(35)]
    site.now = {key: (key, None, "t") for key in site.kinds}
    before = site.source.head()
    site.source.commit(Change(KIND, Op.UPDATE, None, ("1",)))
    answer, left = site.answer, [2]

    def fails(query, values):
        if query is ROOTS:
            left[0] -= 1
            if left[0] < 0:
                raise Unreachable("gone")
        return answer(query, values)

    site.source.answers = fails
    with pytest.raises(Unreachable):
        site.follow()
    assert len(site.rows) == 20
    assert site.database.checkpoints["p"].checkpoint.position == before
    site.source.answers = answer
    site.follow()
    assert len(site.effects) == len(site.rows) == 35


def test_rows_that_wait_for_others_of_the_batch_go_with_it():
    """The target refuses them as long as their parent is not there, which the batch's last rows are."""
    refers = ForeignKey("to_self", ("note",), ACCOUNTS, ("id",), cascades=False)
    site = Site(query_plan(replace(TARGET, table=replace(DEFINITION, foreign_keys=(refers,)))), size=2)
    site.now = {"a": ("a", "c", "t"), "b": ("b", "c", "t"), "c": ("c", None, "t")}
    site.source.commit(root("a"), root("b"), root("c"))
    site.follow()
    assert [key for key, _ in site.rows] == ["a", "b", "c"]


def test_what_the_target_refuses_for_good_halts_where_the_mapping_says_so():
    refers = ForeignKey("to_self", ("note",), ACCOUNTS, ("id",), cascades=False)
    site = Site(query_plan(replace(TARGET, table=replace(DEFINITION, foreign_keys=(refers,)), halts=True)), size=2)
    site.now = {key: (key, "none", "t") for key in "abc"}
    site.source.commit(root("a"), root("b"), root("c"))
    with pytest.raises(BadRow):
        site.follow()
    assert site.rows == []


def test_truncating_a_table_that_is_read_is_as_the_mapping_says():
    gone = Change(CHILD, Op.TRUNCATE, None, None)
    site = Site()
    site.source.commit(gone)
    with pytest.raises(Truncated, match=r"customers.*public\.child"):
        site.follow()
    site = Site(query_plan(truncates=Truncates.IGNORE))
    site.source.commit(gone, root("a", Op.DELETE))
    (done, *_) = site.follow()
    assert done.batch.skipped == {("customers", "truncate_ignored"): 1}


def test_the_load_asks_in_chunks_and_says_how_far_it_is():
    site = Site(size=2)
    site.now = {key: (key, None, "t") for key in "abde"}
    site.source.commit(*(root(key) for key in "abcde"))
    site.database.checkpoints.clear()
    steps = site.follow()
    assert [step.rows for step in steps if isinstance(step, Loading)] == [0, 2, 4, 5, 5]
    assert site.asked == [["a", "b"], ["c", "d"], ["e"]]
    assert [key for key, _ in site.rows] == ["a", "b", "d", "e"]


def test_what_went_away_between_two_attempts_to_load_does_not_stay():
    site = Site()
    site.now = {key: (key, None, "t") for key in "abc"}
    begun = site.source.commit(*(root(key) for key in "abc"))
    list(load(_way(site), plan(site.query).routes, begun=None, limits=site.limits))
    site.now = {"b": ("b", None, "t"), "c": ("c", None, "f")}
    site.source.commit(root("a", Op.DELETE), child("1", "", "c"), child("2", "", "b"))
    list(load(_way(site), plan(site.query).routes, begun=begun, limits=site.limits))
    assert [key for key, _ in site.rows] == ["b"]


def _target(site):
    site.database.holders.clear()
    target = MemoryTarget(site.database, "p", [site.query.target])
    target.checkpoint()
    return target


def _way(site):
    made = plan(site.query)
    return Way(site.source, made.bind, made.queries, _target(site), nowhere(), "erp", lambda: 0.0, site.limits.rows)


def test_keys_count_against_a_batchs_size():
    feed = [change for key in "abcdef" for change in [child(key, "", key)]]
    source = MemorySource()
    for change in feed:
        source.commit(change)
    steps = batches(
        source.read("0"), Translators(lambda _: (), nowhere()), "0", node="erp", limits=Limits(2), clock=lambda: 0.0, queries=[query_plan()]
    )
    assert [[key for (key,) in step.touched[0].keys] for step in steps if not hasattr(step, "seen")] == [["a", "b"], ["c", "d"], ["e", "f"]]


def test_the_question_is_about_what_the_last_touching_transaction_left(site):
    site.now = {"a": ("ann", None, "t")}
    first = site.source.commit(root("a"))
    seen = []
    query = site.source.query
    site.source.query = lambda asked, values, since: (seen.append(since), query(asked, values, since))[1]
    site.follow()
    assert seen == [first]
