"""Columns that only an insert sets, and columns that only an update sets: each row alone, many at once, and with its key on the move."""

from collections import Counter
from random import Random

import pytest

from cdc.model.change import ABSENT, Op
from cdc.model.errors import Incomplete
from cdc.model.types import Kind
from cdc.model.write import Deletes
from tests.contract.targets import HARNESSES, MemoryHarness, batch, column, delete, plan, table, upsert

COLUMNS = (column("id", Kind.INT), column("name"), column("made"), column("touched"), column("own", default=True))


@pytest.fixture(params=HARNESSES)
def harness(request):
    with HARNESSES[request.param](request) as made:
        yield made


@pytest.fixture
def account(harness):
    return harness.create(table(harness, "account", *COLUMNS), {"own": "mine"}, audited=True)


@pytest.fixture
def quiet(harness):
    """The same without triggers, which lets MySQL and MariaDB take their quickest way."""
    return harness.create(table(harness, "quiet", *COLUMNS), {"own": "mine"})


def modes(definition, **facts):
    return plan(definition, "id", "name", "made", "touched", mapping="accounts", once=["made"], later=["touched"], **facts)


def opened(harness, *plans):
    target = harness.target(*plans)
    target.checkpoint()
    return target


def record(id_, name, made, touched, own="mine"):
    return {"id": id_, "name": name, "made": made, "touched": touched, "own": own}


@pytest.mark.parametrize("rows", [1, 3, 150])
@pytest.mark.parametrize("which", ["account", "quiet"])
def test_a_new_row_gets_one_and_a_row_that_is_there_the_other(harness, request, which, rows):
    definition = request.getfixturevalue(which)
    mapped = modes(definition)
    for i in range(rows):
        harness.insert(definition, record(str(i), "old", "long ago", None))
    writes = [upsert(mapped, str(i), "new", "now", "now") for i in range(2 * rows)]
    applied = opened(harness, mapped).apply(batch(*writes))
    there = [record(str(i), "new", "long ago", "now") for i in range(rows)]
    assert harness.rows(definition) == there + [record(str(i), "new", "now", None) for i in range(rows, 2 * rows)]
    assert applied.rows == {("accounts", Op.UPDATE): rows, ("accounts", Op.INSERT): rows}


def test_a_difference_in_what_only_an_insert_sets_is_none(harness, account):
    mapped = modes(account)
    harness.insert(account, record("1", "a", "then", "x"), record("2", "a", "then", "x"))
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", "a", "now", "x"), upsert(mapped, "2", "a", "now", "x")))
    assert applied.unchanged == {"accounts": 2}
    assert not harness.effects(account)


def test_nothing_but_an_insert_to_do(harness, account):
    mapped = plan(account, "id", "name", "made", mapping="accounts", once=["name", "made"])
    harness.insert(account, record("1", "a", "then", None))
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", "b", "now"), upsert(mapped, "2", "b", "now")))
    assert harness.rows(account) == [record("1", "a", "then", None), record("2", "b", "now", None)]
    assert applied.unchanged == {"accounts": 1}
    assert harness.effects(account) == Counter({Op.INSERT: 1})


def test_a_column_that_must_have_a_value_may_be_for_new_rows_only(harness):
    """The quickest way of MySQL and MariaDB begins with an insert, which needs the value too."""
    strict = harness.create(table(harness, "strict", column("id", Kind.INT), column("name"), column("made", nullable=False)))
    mapped = plan(strict, "id", "name", "made", once=["made"])
    harness.insert(strict, *({"id": str(i), "name": "a", "made": "then"} for i in range(3)))
    opened(harness, mapped).apply(batch(*(upsert(mapped, str(i), "b", "now") for i in range(4))))
    assert [(row["name"], row["made"]) for row in harness.rows(strict)] == [("b", "then")] * 3 + [("b", "now")]


def test_of_several_images_in_a_batch_the_first_inserts_and_the_others_update(harness, account):
    mapped = modes(account)
    writes = [upsert(mapped, "1", name, name, name) for name in "abc"]
    applied = opened(harness, mapped).apply(batch(*writes, upsert(mapped, "2", "x", "x", "x")))
    assert harness.rows(account) == [record("1", "c", "a", "c"), record("2", "x", "x", None)]
    assert sum(applied.rows.values()) == 4


def test_a_row_that_was_deleted_in_between_is_a_new_one(harness, account):
    mapped = modes(account)
    writes = [
        upsert(mapped, "1", "a", "a", "a"),
        upsert(mapped, "1", "b", "b", "b"),
        delete(mapped, "1"),
        upsert(mapped, "1", "c", "c", "c"),
    ]
    opened(harness, mapped).apply(batch(*writes))
    assert harness.rows(account) == [record("1", "c", "c", None)]


def test_a_row_that_a_soft_delete_marked_is_there(harness, account):
    mapped = modes(account, deletes=Deletes.SOFT, soft={"name": "gone"})
    harness.insert(account, record("1", "gone", "then", None))
    opened(harness, mapped).apply(batch(upsert(mapped, "1", "back", "now", "now")))
    assert harness.rows(account) == [record("1", "back", "then", "now")]


def test_a_key_change_is_an_update(harness, account):
    mapped = modes(account)
    harness.insert(account, record("1", "a", "then", None))
    opened(harness, mapped).apply(batch(upsert(mapped, "2", "b", "now", "now", moved=("1",))))
    assert harness.rows(account) == [record("2", "b", "then", "now")]


def test_a_key_change_of_a_missing_row_is_an_insert(harness, account):
    mapped = modes(account)
    opened(harness, mapped).apply(batch(upsert(mapped, "2", "b", "now", "now", moved=("1",))))
    assert harness.rows(account) == [record("2", "b", "now", None)]


def test_a_partial_image_of_a_row_that_is_there(harness, account):
    mapped = modes(account)
    harness.insert(account, record("1", "a", "then", None))
    target = opened(harness, mapped)
    target.apply(batch(upsert(mapped, "1", ABSENT, "now", "now")))
    assert harness.rows(account) == [record("1", "a", "then", "now")]
    with pytest.raises(Incomplete):
        target.apply(batch(upsert(mapped, "2", "b", ABSENT, "now")))


def test_two_mappings_and_who_of_them_makes_the_row(harness, account):
    """Whoever comes first: the other one's rows and keys may stand before it in the batch."""
    one = plan(account, "id", "name", "made", mapping="one", once=["made"])
    two = plan(account, "id", "touched", mapping="two", later=["touched"])
    writes = [upsert(one, "9", "x", "x"), upsert(two, "1", "early"), upsert(one, "1", "a", "late"), upsert(two, "9", "now")]
    opened(harness, one, two).apply(batch(*writes))
    assert harness.rows(account) == [record("1", "a", None, None), record("9", "x", "x", "now")]


def random_write(random, plans):
    target, key = random.choice(plans), str(random.randrange(8))
    if random.random() < 0.2:
        return delete(target, key)
    image = [key, *(random.choice("ab") for _ in target.columns[1:])]
    moved = str(random.randrange(8)) if random.random() < 0.1 else key
    return upsert(target, *image, moved=None if moved == key else (moved,))


@pytest.mark.parametrize("seed", range(4))
def test_random_batches_leave_what_the_reference_leaves(harness, account, seed):
    random, reference = Random(seed), MemoryHarness()
    reference.create(account, {"own": "mine"})
    second = plan(account, "id", "own", "made", deletes=Deletes.SOFT, soft={"own": "gone"}, mapping="second", once=["made"])
    plans = [modes(account), second][: 1 + seed % 2]
    target, model = opened(harness, *plans), opened(reference, *plans)
    for _ in range(40):
        given = batch(*(random_write(random, plans) for _ in range(random.choice([1, 3, 30]))))
        assert sum(target.apply(given).rows.values()) <= len(given.writes)
        model.apply(given)
        assert harness.rows(account) == reference.rows(account)
