"""What every target must do, run over all of them: each row written once, nothing touched that no mapping names."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from cdc.model.change import ABSENT, Op, Position
from cdc.model.errors import BadRow, Fenced, Held, Incomplete, Unreachable, key_text
from cdc.model.table import ForeignKey
from cdc.model.types import Kind
from cdc.model.write import Deletes, Phase
from tests.contract.targets import COMMIT, HARNESSES, MemoryHarness, batch, column, delete, plan, table, upsert
from tests.proxy import Proxy

ID = column("id", Kind.INT)


@pytest.fixture(params=HARNESSES)
def harness(request):
    with HARNESSES[request.param](request) as made:
        yield made


@pytest.fixture
def account(harness):
    """id, name and city are mapped; remark (with a default) and score are the application's own."""
    columns = (ID, column("name"), column("city"), column("remark", default=True), column("score", Kind.NUMERIC))
    return harness.create(table(harness, "account", *columns), {"remark": "new"}, audited=True)


@pytest.fixture
def mapped(account):
    return plan(account, "id", "name", "city", mapping="accounts")


def opened(harness, *plans):
    target = harness.target(*plans)
    target.checkpoint()
    return target


def record(id_, name, city, remark="new", score=None):
    return {"id": id_, "name": name, "city": city, "remark": remark, "score": score}


def total(applied):
    return sum(applied.rows.values()) + sum(applied.unchanged.values())


# rows: inserted, updated, left alone, deleted


def test_inserts_updates_and_leaves_alone_what_is_there(harness, account, mapped):
    harness.insert(account, {"id": "1", "name": "old", "city": "Bonn"}, {"id": "2", "name": "same", "city": "Kiel"})
    applied = opened(harness, mapped).apply(
        batch(upsert(mapped, "1", "new", "Bonn"), upsert(mapped, "2", "same", "Kiel"), upsert(mapped, "3", "third", None))
    )
    assert applied.rows == {("accounts", Op.UPDATE): 1, ("accounts", Op.INSERT): 1}
    assert applied.unchanged == {"accounts": 1}
    assert harness.rows(account) == [record("1", "new", "Bonn"), record("2", "same", "Kiel"), record("3", "third", None)]
    assert harness.effects(account) == Counter({Op.UPDATE: 1, Op.INSERT: 1})


def test_columns_and_rows_that_no_mapping_names_stay(harness, account, mapped):
    harness.insert(account, record("1", "a", "b", "kept", "1.50"), record("9", "x", "y", "mine", "7.25"))
    opened(harness, mapped).apply(batch(upsert(mapped, "1", "A", "B")))
    assert harness.rows(account) == [record("1", "A", "B", "kept", "1.50"), record("9", "x", "y", "mine", "7.25")]


def test_a_not_null_column_that_no_mapping_names_does_not_keep_a_row_from_its_update(harness):
    strict = harness.create(table(harness, "strict", ID, column("name"), column("owner", nullable=False)))
    mapped = plan(strict, "id", "name")
    harness.insert(strict, {"id": "1", "name": "a", "owner": "app"})
    opened(harness, mapped).apply(batch(upsert(mapped, "1", "b")))
    assert harness.rows(strict) == [{"id": "1", "name": "b", "owner": "app"}]


def test_null_is_a_value(harness, account, mapped):
    harness.insert(account, record("1", "a", None), record("2", None, "b"))
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", None, "c"), upsert(mapped, "2", None, "b")))
    assert harness.rows(account) == [record("1", None, "c"), record("2", None, "b")]
    assert applied.unchanged == {"accounts": 1}


def test_the_empty_text_is_not_null(harness, account, mapped):
    harness.insert(account, record("1", "", None))
    opened(harness, mapped).apply(batch(upsert(mapped, "1", None, "")))
    assert harness.rows(account) == [record("1", None, "")]


def test_deletes(harness, account, mapped):
    harness.insert(account, record("1", "a", "b"), record("2", "c", "d"))
    applied = opened(harness, mapped).apply(batch(delete(mapped, "1"), delete(mapped, "7")))
    assert harness.rows(account) == [record("2", "c", "d")]
    assert (applied.rows, applied.unchanged) == ({("accounts", Op.DELETE): 1}, {"accounts": 1})
    assert harness.effects(account) == Counter({Op.DELETE: 1})


def test_soft_deletes_set_what_the_mapping_says_once(harness, account):
    soft = plan(account, "id", "name", "city", deletes=Deletes.SOFT, soft={"remark": "gone", "score": None})
    harness.insert(account, record("1", "a", "b", score="1.00"), record("2", "c", "d", "gone"))
    applied = opened(harness, soft).apply(batch(delete(soft, "1"), delete(soft, "2"), delete(soft, "3")))
    assert harness.rows(account) == [record("1", "a", "b", "gone"), record("2", "c", "d", "gone")]
    assert (applied.rows, applied.unchanged) == ({("account", Op.DELETE): 1}, {"account": 2})
    assert harness.effects(account) == Counter({Op.UPDATE: 1})


def test_soft_deletes_keep_their_place_among_writes_of_the_key(harness, account):
    soft = plan(account, "id", "name", "city", "remark", deletes=Deletes.SOFT, soft={"remark": "gone"})
    writes = [upsert(soft, "1", "a", "x", "live"), delete(soft, "1"), delete(soft, "2"), upsert(soft, "2", "b", "y", "live")]
    harness.insert(account, record("2", "b", "y"))
    opened(harness, soft).apply(batch(*writes))
    assert harness.rows(account) == [record("1", "a", "x", "gone"), record("2", "b", "y", "live")]


# one key many times


def test_the_last_write_of_a_key_wins_and_every_change_counts(harness, account, mapped):
    # torture: G05 H11
    writes = [upsert(mapped, "1", str(i), "x") for i in range(50)] + [upsert(mapped, "2", "b", "y")]
    applied = opened(harness, mapped).apply(batch(*writes))
    assert harness.rows(account) == [record("1", "49", "x"), record("2", "b", "y")]
    assert total(applied) == 51
    assert applied.rows["accounts", Op.INSERT] == 2


def test_insert_then_delete_leaves_nothing(harness, account, mapped):
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", "a", "b"), upsert(mapped, "1", "c", "d"), delete(mapped, "1")))
    assert harness.rows(account) == []
    assert total(applied) == 3


def test_delete_then_insert_makes_a_new_row(harness, account, mapped):
    # torture: G05
    harness.insert(account, record("1", "a", "b", "kept"))
    applied = opened(harness, mapped).apply(batch(delete(mapped, "1"), upsert(mapped, "1", "c", "d")))
    assert harness.rows(account) == [record("1", "c", "d")]
    assert applied.rows == {("accounts", Op.DELETE): 1, ("accounts", Op.INSERT): 1}


def test_composite_keys(harness):
    line = harness.create(table(harness, "line", column("doc"), column("nr", Kind.INT), column("text"), key=("doc", "nr")))
    mapped = plan(line, "text", "nr", "doc", key=("doc", "nr"))
    harness.insert(line, {"doc": "a", "nr": "1", "text": "x"}, {"doc": "a", "nr": "2", "text": "x"}, {"doc": "b", "nr": "1", "text": "x"})
    opened(harness, mapped).apply(batch(upsert(mapped, "y", "1", "b"), delete(mapped, "a", "1"), upsert(mapped, "z", "2", "b")))
    assert sorted(tuple(row.values()) for row in harness.rows(line)) == [("a", "2", "x"), ("b", "1", "y"), ("b", "2", "z")]


# partial images


def test_an_absent_value_never_overwrites(harness, account, mapped):
    harness.insert(account, record("1", "a", "b"), record("2", "c", "d"))
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", "A", ABSENT), upsert(mapped, "2", ABSENT, "D")))
    assert harness.rows(account) == [record("1", "A", "b"), record("2", "c", "D")]
    assert applied.rows == {("accounts", Op.UPDATE): 2}


def test_a_partial_image_that_changes_nothing_writes_nothing(harness, account, mapped):
    harness.insert(account, record("1", "a", "b"))
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", "a", ABSENT), upsert(mapped, "1", ABSENT, ABSENT)))
    assert total(applied) == 2
    assert not harness.effects(account)


def test_partial_images_are_laid_over_earlier_ones(harness, account, mapped):
    writes = [upsert(mapped, "1", "a", "b"), upsert(mapped, "1", "A", ABSENT), upsert(mapped, "1", ABSENT, "B")]
    applied = opened(harness, mapped).apply(batch(*writes))
    assert harness.rows(account) == [record("1", "A", "B")]
    assert applied.rows == {("accounts", Op.INSERT): 1, ("accounts", Op.UPDATE): 2}


def test_a_partial_image_of_a_missing_row_is_handed_back_and_nothing_applied(harness, account, mapped):
    harness.insert(account, record("1", "a", "b"))
    target = opened(harness, mapped)
    last = upsert(mapped, "2", "z", ABSENT)
    lacking = [upsert(mapped, "2", "x", ABSENT), last, upsert(mapped, "3", "q", ABSENT)]
    with pytest.raises(Incomplete) as caught:
        target.apply(batch(upsert(mapped, "1", "changed", "b"), *lacking, delete(mapped, "1")))
    assert sorted(caught.value.writes, key=lambda write: write.key) == [last, lacking[2]]
    assert harness.rows(account) == [record("1", "a", "b")]
    target.apply(batch(upsert(mapped, "2", "x", "y")))  # the same target goes on
    assert harness.rows(account)[1:] == [record("2", "x", "y")]


def test_a_partial_image_after_a_delete_is_a_new_row(harness, account, mapped):
    harness.insert(account, record("1", "a", "b"))
    with pytest.raises(Incomplete):
        opened(harness, mapped).apply(batch(delete(mapped, "1"), upsert(mapped, "1", "x", ABSENT)))
    assert harness.rows(account) == [record("1", "a", "b")]


def test_partial_images_of_a_missing_row_do_not_make_a_whole_one(harness, account, mapped):
    """Nobody has looked at the row's whole source yet: `where` may leave it out."""
    target = opened(harness, mapped)
    with pytest.raises(Incomplete):
        target.apply(batch(upsert(mapped, "1", "a", ABSENT), upsert(mapped, "1", ABSENT, "b")))
    assert harness.rows(account) == []
    harness.insert(account, record("1", "x", "y"))
    target.apply(batch(upsert(mapped, "1", "a", ABSENT), upsert(mapped, "1", ABSENT, "b")))
    assert harness.rows(account) == [record("1", "a", "b")]


def test_a_partial_image_does_not_revive_a_row_that_is_marked_as_deleted(harness, account):
    soft = plan(account, "id", "name", "remark", deletes=Deletes.SOFT, soft={"remark": "gone", "score": None})
    harness.insert(account, record("1", "a", "b", "gone"), record("2", "c", "d", "gone", "1.00"), record("3", "e", "f", "Gone"))
    marked = [upsert(soft, "1", ABSENT, "here"), upsert(soft, "1", "A", ABSENT)]
    alive = [upsert(soft, "2", ABSENT, "here"), upsert(soft, "3", "E", ABSENT)]
    target = opened(harness, soft)
    for writes in ([marked[0], *alive], [*alive, marked[1]]):
        with pytest.raises(Incomplete) as caught:
            target.apply(batch(*writes))
        assert [write.key for write in caught.value.writes] == [("1",)]
        assert harness.effects(account) == Counter()
    target.apply(batch(*alive, upsert(soft, "1", "A", "here")))
    assert harness.rows(account) == [record("1", "A", "b", "here"), record("2", "c", "d", "here", "1.00"), record("3", "E", "f", "Gone")]


def test_a_partial_image_behind_a_soft_delete_is_handed_back(harness, account):
    soft = plan(account, "id", "name", "remark", deletes=Deletes.SOFT, soft={"remark": "gone"})
    harness.insert(account, record("1", "a", "b"))
    with pytest.raises(Incomplete):
        opened(harness, soft).apply(batch(delete(soft, "1"), upsert(soft, "1", ABSENT, "here")))
    assert harness.rows(account) == [record("1", "a", "b")]


def test_a_partial_image_made_whole_by_a_later_one_needs_nothing(harness, account, mapped):
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", ABSENT, "b"), upsert(mapped, "1", "x", "c")))
    assert harness.rows(account) == [record("1", "x", "c")]
    assert total(applied) == 2


# anything


def random_write(random, plans):
    target = random.choice(plans)
    key = str(random.randrange(12))
    if random.random() < 0.25:
        return delete(target, key)
    image = [key, *(random.choice(["a", "b", None]) for _ in target.columns[1:])]
    if random.random() < 0.2:
        image[-1] = ABSENT
    moved = str(random.randrange(12)) if random.random() < 0.1 else key
    return upsert(target, *image, moved=None if moved == key else (moved,))


@pytest.mark.parametrize("seed", range(8))
def test_random_batches_leave_what_the_reference_leaves(harness, account, seed):
    # torture: G05 G15
    random, reference = Random(seed), MemoryHarness()
    reference.create(account, {"remark": "new"})
    whole = plan(account, "id", "name", "city", mapping="whole")
    other = plan(account, "id", "remark", deletes=Deletes.SOFT, soft={"remark": "gone"}, mapping="other")
    overlapping = plan(account, "id", "city", "remark", deletes=Deletes.SOFT, soft={"city": "gone"}, mapping="overlapping")
    plans = [whole, other, overlapping][: 1 + seed % 3]
    target, model = opened(harness, *plans), opened(reference, *plans)
    applied = 0
    for _ in range(40):
        given = batch(*(random_write(random, plans) for _ in range(random.choice([1, 3, 40]))))
        try:
            done = target.apply(given)
        except Incomplete as lacking:
            assert lacking.writes and all(write in given.writes and ABSENT in write.image for write in lacking.writes)
        else:
            applied += 1
            assert total(done) == total(model.apply(given)) == len(given.writes)
        assert harness.rows(account) == reference.rows(account)
    assert applied > 10


# unique values


@pytest.fixture
def coded(harness):
    return harness.create(table(harness, "coded", ID, column("code"), column("note"), unique={"coded_code": ["code"]}))


def codes(harness, coded):
    return {row["id"]: row["code"] for row in harness.rows(coded)}


def test_a_unique_value_goes_from_a_deleted_row_to_a_new_one(harness, coded):
    # torture: G04
    mapped = plan(coded, "id", "code")
    harness.insert(coded, {"id": "1", "code": "x"})
    opened(harness, mapped).apply(batch(delete(mapped, "1"), upsert(mapped, "2", "x")))
    assert codes(harness, coded) == {"2": "x"}


def test_a_unique_value_goes_from_an_updated_row_to_a_new_one(harness, coded):
    # torture: G03
    mapped = plan(coded, "id", "code")
    harness.insert(coded, {"id": "1", "code": "x"})
    opened(harness, mapped).apply(batch(upsert(mapped, "1", "y"), upsert(mapped, "2", "x")))
    assert codes(harness, coded) == {"1": "y", "2": "x"}


def test_unique_values_are_swapped_through_a_third(harness, coded):
    # torture: G03
    mapped = plan(coded, "id", "code")
    harness.insert(coded, {"id": "1", "code": "x"}, {"id": "2", "code": "y"})
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", "tmp"), upsert(mapped, "2", "x"), upsert(mapped, "1", "y")))
    assert codes(harness, coded) == {"1": "y", "2": "x"}
    assert total(applied) == 3


def test_a_clash_with_another_row_names_the_constraint_and_overwrites_nothing(harness, coded):
    # torture: G03 G06
    mapped = plan(coded, "id", "code", mapping="codes")
    harness.insert(coded, {"id": "1", "code": "x", "note": "theirs"})
    target = opened(harness, mapped)
    with pytest.raises(BadRow, match="coded_code") as caught:
        target.apply(batch(upsert(mapped, "5", "fine"), upsert(mapped, "7", "x")))
    text = str(caught.value)
    assert "codes" in text and "coded" in text and key_text(("7",)) in text
    assert "fine" not in text and caught.value.hint
    assert harness.rows(coded) == [{"id": "1", "code": "x", "note": "theirs"}]
    target.close()
    assert opened(harness, mapped).apply(batch(upsert(mapped, "7", "z"))).rows[("codes", Op.INSERT)] == 1


def test_null_is_unique_beside_null(harness, coded):
    # torture: G14
    mapped = plan(coded, "id", "code")
    opened(harness, mapped).apply(batch(upsert(mapped, "1", None), upsert(mapped, "2", None)))
    assert codes(harness, coded) == {"1": None, "2": None}


# parents and children


@pytest.fixture
def family(harness):
    parent = harness.create(table(harness, "parent", ID, column("name")))
    key = ForeignKey("child_parent", ("parent_id",), parent.name, ("id",), cascades=False)
    child = harness.create(table(harness, "child", ID, column("parent_id", Kind.INT), foreign=[key]))
    return plan(parent, rank=0), plan(child, rank=1)


def test_children_may_come_before_their_parents_and_go_after_them(harness, family):
    # torture: G07
    parents, children = family
    target = opened(harness, parents, children)
    target.apply(batch(upsert(children, "1", "7"), upsert(parents, "7", "a")))
    assert harness.rows(children.table) == [{"id": "1", "parent_id": "7"}]
    target.apply(batch(delete(parents, "7"), delete(children, "1")))
    assert harness.rows(parents.table) == harness.rows(children.table) == []


def test_a_child_goes_to_another_parent_before_its_own_goes(harness, family):
    # torture: G07
    parents, children = family
    harness.insert(parents.table, {"id": "7", "name": "a"})
    harness.insert(children.table, {"id": "1", "parent_id": "7"})
    writes = [upsert(parents, "8", "b"), upsert(children, "1", "8"), delete(parents, "7")]
    opened(harness, parents, children).apply(batch(*writes))
    assert harness.rows(children.table) == [{"id": "1", "parent_id": "8"}]
    assert harness.rows(parents.table) == [{"id": "8", "name": "b"}]


def test_a_deleted_parent_may_come_before_its_children_around_a_key_change(harness, family):
    # torture: G07
    """A log may tell of what ON DELETE CASCADE takes along after the parent; a key change in between keeps the writes in order."""
    parents, children = family
    for row in ("7", "8"):
        harness.insert(parents.table, {"id": row, "name": "a"})
    harness.insert(children.table, {"id": "1", "parent_id": "7"})
    moved = upsert(parents, "9", "a", moved=("8",))
    opened(harness, parents, children).apply(batch(delete(parents, "7"), moved, delete(children, "1")))
    assert [row["id"] for row in harness.rows(parents.table)] == ["9"]
    assert harness.rows(children.table) == []


def test_an_orphan_is_a_bad_row(harness, family):
    # torture: G07
    parents, children = family
    with pytest.raises(BadRow, match="child_parent"):
        opened(harness, parents, children).apply(batch(upsert(parents, "7", "a"), upsert(children, "1", "8")))
    assert harness.rows(parents.table) == []


def test_rows_that_refer_to_their_own_table(harness):
    # torture: G07
    name = table(harness, "node", ID).name
    key = ForeignKey("node_parent", ("parent_id",), name, ("id",), cascades=False)
    node = harness.create(table(harness, "node", ID, column("parent_id", Kind.INT), foreign=[key]))
    mapped = plan(node)
    target = opened(harness, mapped)
    target.apply(batch(upsert(mapped, "1", None), upsert(mapped, "2", "1"), upsert(mapped, "3", "2"), upsert(mapped, "1", "3")))
    assert [row["parent_id"] for row in harness.rows(node)] == ["3", "1", "2"]
    target.apply(batch(upsert(mapped, "1", None), delete(mapped, "3"), delete(mapped, "2"), delete(mapped, "1")))
    assert harness.rows(node) == []


# key changes


def test_a_row_that_changes_its_key_keeps_what_no_mapping_names(harness, account, mapped):
    harness.insert(account, record("1", "a", "b", "kept", "3.00"))
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "2", "A", "B", moved=("1",))))
    assert harness.rows(account) == [record("2", "A", "B", "kept", "3.00")]
    assert applied.rows == {("accounts", Op.UPDATE): 1}
    assert harness.effects(account) == Counter({Op.UPDATE: 1})


def test_a_key_change_with_a_partial_image(harness, account, mapped):
    harness.insert(account, record("1", "a", "b"))
    opened(harness, mapped).apply(batch(upsert(mapped, "2", ABSENT, "B", moved=("1",))))
    assert harness.rows(account) == [record("2", "a", "B")]


def test_a_key_change_of_a_missing_row_is_an_upsert(harness, account, mapped):
    target = opened(harness, mapped)
    with pytest.raises(Incomplete):
        target.apply(batch(upsert(mapped, "2", "a", ABSENT, moved=("1",))))
    applied = target.apply(batch(upsert(mapped, "2", "a", "b", moved=("1",))))
    assert harness.rows(account) == [record("2", "a", "b")]
    assert applied.rows == {("accounts", Op.INSERT): 1}


def test_a_key_change_to_a_key_that_is_there(harness, account, mapped):
    harness.insert(account, record("1", "a", "b", "one"), record("2", "c", "d", "two"))
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "2", "a", "b", moved=("1",))))
    assert harness.rows(account) == [record("2", "a", "b", "two")]
    assert total(applied) == 1


def test_a_partial_image_does_not_go_over_the_row_at_its_new_key(harness, account, mapped):
    harness.insert(account, record("1", "a", "b", "one"), record("2", "c", "d", "two"), record("3", "e", "f", "three"))
    clash, fine = upsert(mapped, "2", ABSENT, "B", moved=("1",)), upsert(mapped, "4", ABSENT, "F", moved=("3",))
    target = opened(harness, mapped)
    for writes in ((clash, fine, upsert(mapped, "5", "g", ABSENT)), (fine, clash, upsert(mapped, "5", "g", ABSENT))):
        with pytest.raises(Incomplete) as caught:
            target.apply(batch(*writes))
        assert [write.key for write in caught.value.writes] == [("2",), ("5",)]
    assert [row["id"] for row in harness.rows(account)] == ["1", "2", "3"]
    target.apply(batch(upsert(mapped, "2", "a", "B", moved=("1",)), fine))
    assert harness.rows(account) == [record("2", "a", "B", "two"), record("4", "e", "F", "three")]


def test_a_partial_image_moves_no_row_that_is_marked_as_deleted(harness, account):
    soft = plan(account, "id", "name", "remark", deletes=Deletes.SOFT, soft={"remark": "gone"})
    harness.insert(account, record("1", "a", "b", "gone"), record("2", "c", "d", "mine"))
    marked, alive = upsert(soft, "3", ABSENT, "here", moved=("1",)), upsert(soft, "4", ABSENT, "here", moved=("2",))
    target = opened(harness, soft)
    with pytest.raises(Incomplete) as caught:
        target.apply(batch(marked, alive))
    assert [write.key for write in caught.value.writes] == [("3",)]
    target.apply(batch(upsert(soft, "3", "A", "here", moved=("1",)), alive))
    assert harness.rows(account) == [record("3", "A", "b", "here"), record("4", "c", "d", "here")]


def test_keys_are_swapped_through_a_third(harness, account, mapped):
    # torture: G02
    harness.insert(account, record("1", "a", "x", "one"), record("2", "b", "y", "two"))
    writes = [
        upsert(mapped, "9", "a", "x", moved=("1",)),
        upsert(mapped, "1", "b", "y", moved=("2",)),
        upsert(mapped, "2", "a", "x", moved=("9",)),
    ]
    opened(harness, mapped).apply(batch(*writes))
    assert harness.rows(account) == [record("1", "b", "y", "two"), record("2", "a", "x", "one")]


def test_all_keys_move_on_by_one(harness, account, mapped):
    # torture: G02
    harness.insert(account, *(record(str(i), f"n{i}", "x", f"own {i}") for i in range(1, 4)))
    writes = [upsert(mapped, str(i + 1), f"n{i}", "x", moved=(str(i),)) for i in (3, 2, 1)]
    opened(harness, mapped).apply(batch(*writes))
    assert harness.rows(account) == [record(str(i + 1), f"n{i}", "x", f"own {i}") for i in range(1, 4)]


def test_a_key_change_stands_between_what_came_before_and_after(harness, account, mapped):
    # torture: G02 G15
    writes = [
        upsert(mapped, "1", "a", "x"),
        upsert(mapped, "2", "a", "x", moved=("1",)),
        upsert(mapped, "1", "new", "y"),
        delete(mapped, "2"),
    ]
    opened(harness, mapped).apply(batch(*writes))
    assert harness.rows(account) == [record("1", "new", "y")]


# several mappings on one table


def test_two_mappings_fill_one_row(harness, account):
    names, cities = plan(account, "id", "name", mapping="names"), plan(account, "id", "city", mapping="cities")
    applied = opened(harness, names, cities).apply(
        batch(upsert(names, "1", "a"), upsert(cities, "1", "x"), upsert(names, "1", "b"), upsert(cities, "2", "y"))
    )
    assert harness.rows(account) == [record("1", "b", "x"), record("2", None, "y")]
    assert total(applied) == 4


def test_writes_of_two_mappings_to_one_column_keep_their_order(harness, account):
    one, two = plan(account, "id", "name", mapping="one"), plan(account, "id", "name", "city", mapping="two")
    opened(harness, one, two).apply(batch(upsert(two, "1", "a", "x"), upsert(one, "1", "b"), delete(two, "1"), upsert(one, "1", "c")))
    assert harness.rows(account) == [record("1", "c", None)]


# names and values


NASTY = ["Ünïcode Ñame", "select", 'dou"ble', "quo'te", "back`tick", "back\\slash", "per%cent %s %(x)s", "{braces}", "$1", "a.b-c", "Case", "case_", "new\nline", "emoji😀"]  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_names_are_only_names(harness, name):
    if harness.kind == "mysql" and "😀" in name:
        pytest.skip("MySQL's names stay within the basic plane")
    key = f"{name} id"
    odd = harness.create(table(harness, name, column(key, Kind.INT), column(name), column("own", default=True), key=(key,)), {"own": "app"})
    mapped = plan(odd, key, name, key=(key,), mapping=name)
    soft = plan(odd, key, name, key=(key,), deletes=Deletes.SOFT, soft={name: name})
    target = opened(harness, mapped, soft)
    target.apply(batch(upsert(mapped, "1", "a"), upsert(mapped, "2", "b"), upsert(mapped, "3", "c")))
    target.apply(batch(upsert(mapped, "1", name), upsert(mapped, "4", ABSENT, moved=("2",)), delete(mapped, "3")))
    assert [list(row.values()) for row in harness.rows(odd)] == [["1", name, "app"], ["4", "b", "app"]]
    target.apply(batch(upsert(mapped, "1", ABSENT), delete(soft, "4")))
    assert [list(row.values()) for row in harness.rows(odd)] == [["1", name, "app"], ["4", name, "app"]]


def test_names_that_differ_in_case_only(harness):
    odd = harness.create(table(harness, "cases", ID, column("Name"), column("other")))
    mapped = plan(odd, "id", "Name")
    opened(harness, mapped).apply(batch(upsert(mapped, "1", "x")))
    assert harness.rows(odd) == [{"id": "1", "Name": "x", "other": None}]


VALUES = ["'", '"', "\\", "\\'", "a\nb", "a\tb", "a\r\nb", "\\N", "NULL", "null", "{}", "{a,b}", '"x"', "%s", "%", "$1", "😀", "e\u0301", "\u00e9",
          " lead", "\\.", ",", "(", "--", ";", "\x01", "\x7f", "\u2028", "0", '{"a": [1]}', "€uro", "\\x41", "\x1a"]  # fmt: skip


@pytest.mark.parametrize("rows", [1, 300])
def test_values_arrive_as_they_are(harness, account, mapped, rows):
    """Once through a small batch and once through a large one, as values, as soft-deleted and as compared ones."""
    target = opened(harness, mapped)
    writes = [upsert(mapped, str(i), text, text[::-1]) for i, text in enumerate(VALUES)]
    target.apply(batch(*writes, *(upsert(mapped, str(i), "filler", None) for i in range(1000, 1000 + rows))))
    assert [(row["name"], row["city"]) for row in harness.rows(account)[: len(VALUES)]] == [(text, text[::-1]) for text in VALUES]
    assert target.apply(batch(*writes)).unchanged == {"accounts": len(VALUES)}


def test_texts_that_differ_in_case_accent_or_blanks_differ(harness, account, mapped):
    pairs = [("a", "A"), ("a", "á"), ("a", "a "), ("e\u0301", "\u00e9"), ("ss", "ß"), ("", " ")]
    target = opened(harness, mapped)
    target.apply(batch(*(upsert(mapped, str(i), old, None) for i, (old, _) in enumerate(pairs))))
    applied = target.apply(batch(*(upsert(mapped, str(i), new, None) for i, (_, new) in enumerate(pairs))))
    assert [row["name"] for row in harness.rows(account)] == [new for _, new in pairs]
    assert applied.rows == {("accounts", Op.UPDATE): len(pairs)}


# sizes


@pytest.mark.parametrize("rows", [1, 100, 101, 5000])
def test_batches_of_any_size_do_the_same(harness, account, mapped, rows):
    halves = range(0, rows, 2)
    harness.insert(account, *(record(str(i), "old", "x", "kept") for i in halves))
    target = opened(harness, mapped)
    writes = [upsert(mapped, str(i), f"name {i}", "x") for i in range(rows)]
    applied = target.apply(batch(*writes))
    assert applied.rows == Counter({("accounts", Op.UPDATE): len(halves), ("accounts", Op.INSERT): rows - len(halves)})
    assert harness.rows(account) == [record(str(i), f"name {i}", "x", "new" if i % 2 else "kept") for i in range(rows)]
    assert target.apply(batch(*writes)).unchanged == {"accounts": rows}
    assert sum(harness.effects(account).values()) == rows
    target.apply(batch(*(delete(mapped, str(i)) for i in range(rows))))
    assert harness.rows(account) == []


def test_large_batches_of_partial_images(harness, account, mapped):
    harness.insert(account, *(record(str(i), "old", "x") for i in range(300)))
    target = opened(harness, mapped)
    lacking = [upsert(mapped, "500", "new", ABSENT), upsert(mapped, "400", "new", ABSENT)]
    with pytest.raises(Incomplete) as caught:
        target.apply(batch(lacking[0], *(upsert(mapped, str(i), "new", ABSENT) for i in range(300)), lacking[1]))
    assert list(caught.value.writes) == lacking
    applied = target.apply(batch(*(upsert(mapped, str(i), "new", ABSENT) for i in range(300))))
    assert applied.rows == {("accounts", Op.UPDATE): 300}
    assert harness.rows(account) == [record(str(i), "new", "x") for i in range(300)]


def test_large_segments_around_a_key_change(harness, account, mapped):
    before, after = ([upsert(mapped, str(i), name, name) for i in range(150)] for name in ("before", "after"))
    opened(harness, mapped).apply(batch(*before, upsert(mapped, "1000", "moved", "x", moved=("149",)), *after[:149]))
    assert harness.rows(account) == [*(record(str(i), "after", "after") for i in range(149)), record("1000", "moved", "x")]


def test_a_large_batch_with_a_bad_row_names_it(harness, coded):
    mapped = plan(coded, "id", "code")
    harness.insert(coded, {"id": "9999", "code": "taken"})
    writes = [upsert(mapped, str(i), f"c{i}") for i in range(300)]
    writes[200] = upsert(mapped, "200", "taken")
    target = opened(harness, mapped)
    with pytest.raises(BadRow, match=key_text(("200",))):
        target.apply(batch(*writes))
    assert codes(harness, coded) == {"9999": "taken"}
    del writes[200]
    assert total(target.apply(batch(*writes))) == 299


# the checkpoint


def test_a_fresh_pipeline_has_no_position(harness, mapped):
    checkpoint = harness.target(mapped).checkpoint()
    assert (checkpoint.position, checkpoint.phase, checkpoint.rows) == (None, Phase.LOADING, 0)


def test_the_checkpoint_goes_with_the_rows(harness, account, mapped):
    target = opened(harness, mapped)
    target.apply(replace(batch(upsert(mapped, "1", "a", "b"), phase=Phase.LOADING), upto=Position("x:1")))
    target.apply(batch(upsert(mapped, "2", "a", "b"), upto="x:2 'odd\\", newest=17.25, origin=("erp", "hub")))
    target.apply(batch(upto="x:3"))
    target.close()
    checkpoint = harness.target(mapped).checkpoint()
    assert (checkpoint.position, checkpoint.phase, checkpoint.rows, checkpoint.newest) == ("x:3", Phase.STREAMING, 2, 17.25)


def test_a_failed_batch_does_not_move_the_checkpoint(harness, coded):
    mapped = plan(coded, "id", "code")
    harness.insert(coded, {"id": "1", "code": "x"})
    target = opened(harness, mapped)
    target.apply(batch(upto="1"))
    with pytest.raises(BadRow):
        target.apply(batch(upsert(mapped, "2", "x"), upto="2"))
    with pytest.raises(Incomplete):
        target.apply(batch(upsert(mapped, "3", ABSENT), upto="2"))
    target.close()
    assert harness.target(mapped).checkpoint().position == "1"


def test_the_second_is_told_who_holds_the_pipeline(harness, mapped, monkeypatch):
    monkeypatch.setattr("cdc.target.postgresql.fence._PATIENCE", 0.3)
    first = opened(harness, mapped)
    with pytest.raises(Held) as caught:
        opened(harness, mapped)
    assert harness.pipeline in str(caught.value) and caught.value.hint
    first.apply(batch(upto="still mine"))
    first.close()
    assert opened(harness, mapped)


def test_a_session_that_was_passed_over_is_fenced(harness, account, mapped):
    """The lock is lost with the session's connection; the one who comes next raises the epoch."""
    stale = opened(harness, mapped)
    harness.release(stale)
    fresh = opened(harness, mapped)
    with pytest.raises(Fenced):
        stale.apply(batch(upsert(mapped, "1", "stale", "x"), upto="stale"))
    fresh.apply(batch(upsert(mapped, "1", "fresh", "x"), upto="fresh"))
    with pytest.raises(Fenced):
        stale.apply(batch(upsert(mapped, "1", "stale", "x"), upto="stale"))
    assert harness.rows(account) == [record("1", "fresh", "x")]


# lost connections


def test_a_lost_session_is_unreachable_and_leaves_nothing(harness, account, mapped):
    if not harness.proxied:
        pytest.skip("has no connection")
    target = opened(harness, mapped)
    target.apply(batch(upsert(mapped, "1", "a", "b"), upto="1"))
    harness.sever(target)
    with pytest.raises(Unreachable):
        target.apply(batch(upsert(mapped, "2", "a", "b"), upto="2"))
    target.close()
    again = harness.target(mapped)
    assert again.checkpoint().position == "1"
    again.apply(batch(upsert(mapped, "2", "a", "b"), upto="2"))
    assert [row["id"] for row in harness.rows(account)] == ["1", "2"]


@pytest.fixture
def proxy(harness):
    if not harness.proxied:
        pytest.skip("has no connection")
    made = Proxy(harness.proxied)
    yield made
    made.close()


def test_a_commit_whose_answer_is_lost_took_place(harness, account, mapped, proxy):
    """torture: A05, D03"""
    target = harness.target(mapped, port=proxy.port)
    target.checkpoint()
    proxy.lose_answer(COMMIT[harness.kind])
    applied = target.apply(batch(upsert(mapped, "1", "a", "b"), upto="1"))
    assert proxy.cut.wait(10)
    assert applied.rows == {("accounts", Op.INSERT): 1}
    target.close()
    again = harness.target(mapped)
    assert again.checkpoint().position == "1"
    assert harness.effects(account) == Counter({Op.INSERT: 1})


@pytest.mark.parametrize("text", [b"commit", b"account"])
def test_a_request_that_is_lost_is_to_be_done_again(harness, account, mapped, proxy, text):
    target = harness.target(mapped, port=proxy.port)
    target.checkpoint()
    proxy.lose_request(text)
    with pytest.raises(Unreachable):
        target.apply(batch(upsert(mapped, "1", "a", "b"), upto="1"))
    assert proxy.cut.wait(10)
    target.close()
    again = harness.target(mapped)
    assert again.checkpoint().position is None
    assert harness.rows(account) == []


# what is there of a mapping, for a TRUNCATE that is to be applied


def test_what_is_held_are_the_rows_that_have_what_all_of_the_mapping_have(harness):
    columns = (ID, column("lang"), column("kind"), column("gone"), column("name"))
    made = harness.create(table(harness, "held", *columns, key=("id", "lang")))
    mapped = plan(made, "id", "lang", "kind", "name", key=("id", "lang"), deletes=Deletes.SOFT, soft={"gone": "y"})
    harness.insert(
        made,
        {"id": "1", "lang": "de", "kind": "a'\\", "gone": None, "name": "x"},
        {"id": "2", "lang": "d,e ", "kind": "a'\\", "gone": "n", "name": None},
        {"id": "3", "lang": "de", "kind": "b", "gone": None, "name": "x"},
        {"id": "4", "lang": "de", "kind": None, "gone": None, "name": "x"},
        {"id": "5", "lang": "de", "kind": "A'\\", "gone": None, "name": "x"},
    )
    target = opened(harness, mapped)
    assert sorted(target.held(mapped, "erp", 9)) == [("1", "de"), ("2", "d,e "), ("3", "de"), ("4", "de"), ("5", "de")]
    assert len(target.held(mapped, "erp", 2)) == 2
    scoped = replace(mapped, scope=((made.column("kind"), "a'\\"),))
    assert sorted(target.held(scoped, "erp", 9)) == [("1", "de"), ("2", "d,e ")]
    none = replace(mapped, scope=((made.column("kind"), None), (made.column("name"), "x")))
    assert target.held(none, "erp", 9) == [("4", "de")]
    assert target.apply(batch(*(delete(mapped, *key) for key in target.held(scoped, "erp", 9)))).rows == {("held", Op.DELETE): 2}
    assert {row["id"]: row["gone"] for row in harness.rows(made)} == {"1": "y", "2": "y", "3": None, "4": None, "5": None}
