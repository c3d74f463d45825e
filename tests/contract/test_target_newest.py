"""Columns that a row gives up only to a later write: the row's own time and the write's decide, whichever way the target takes."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from cdc.model.change import ABSENT, Op
from cdc.model.types import Kind, Type
from cdc.model.write import Deletes, Newest
from tests.contract.targets import HARNESSES, MemoryHarness, batch, column, delete, plan, table, upsert

COLUMNS = (column("id", Kind.INT), column("name"), column("own"), column("at", Kind.INT))
MOMENTS = {"postgresql": "timestamp(6)", "mysql": "datetime(6)", "memory": ""}


@pytest.fixture(params=HARNESSES)
def harness(request):
    with HARNESSES[request.param](request) as made:
        yield made


@pytest.fixture
def account(harness):
    return harness.create(table(harness, "account", *COLUMNS), audited=True)


@pytest.fixture
def quiet(harness):
    """The same without triggers, which lets MySQL and MariaDB take other ways."""
    return harness.create(table(harness, "quiet", *COLUMNS))


def by_time(definition, *, ties=False, **facts):
    """`name` goes by the time `at`, `own` is written as ever."""
    given = plan(definition, "id", "name", "own", "at", mapping="accounts", **facts)
    return replace(given, newest=Newest(3, frozenset({1, 3}), ties))


def opened(harness, *plans):
    target = harness.target(*plans)
    target.checkpoint()
    return target


def record(id_, name, own, at):
    return {"id": id_, "name": name, "own": own, "at": at}


EARLIER, SAME, LATER = "9", "10", "11"
CASES = [("10", LATER, True), ("10", EARLIER, False), (None, "1", True), ("10", None, False)]
"""What the row has, what comes, and whether that is later."""


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("which", ["account", "quiet"])
def test_what_is_later_stays(harness, request, which, ties, rows):
    """Of single rows, a batch each, and of many at once."""
    definition = request.getfixturevalue(which)
    mapped = by_time(definition, ties=ties)
    cases = [*CASES, ("10", SAME, ties), (None, None, ties)] * rows
    harness.insert(definition, *(record(str(at), "theirs", "old", there) for at, (there, _, _) in enumerate(cases)))
    writes = [upsert(mapped, str(at), "ours", "new", given) for at, (_, given, _) in enumerate(cases)]
    writes.append(upsert(mapped, "9999", "ours", "new", None))
    target = opened(harness, mapped)
    applied = [target.apply(batch(*part)) for part in (([write] for write in writes) if rows == 1 else [writes])]
    ends = [
        record(str(at), "ours", "new", given) if won else record(str(at), "theirs", "new", there)
        for at, (there, given, won) in enumerate(cases)
    ]
    assert harness.rows(definition) == [*ends, record("9999", "ours", "new", None)]
    assert sum((Counter(one.rows) for one in applied), Counter()) == {("accounts", Op.UPDATE): len(cases), ("accounts", Op.INSERT): 1}
    assert sum((Counter(one.kept) for one in applied), Counter()) == {"accounts": sum(not won for _, _, won in cases)}
    again = target.apply(batch(*writes, upto="2"))
    assert harness.rows(definition)[: len(cases)] == ends
    assert (again.rows, again.unchanged) == ({}, {"accounts": len(writes)})


def test_a_row_that_keeps_all_is_unchanged(harness, account):
    mapped = by_time(account)
    harness.insert(account, record("1", "theirs", "x", "10"), record("2", "same", "x", "10"))
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", "ours", "x", EARLIER), upsert(mapped, "2", "same", "x", SAME)))
    assert (applied.rows, applied.unchanged, applied.kept) == ({}, {"accounts": 2}, {"accounts": 1})
    assert not harness.effects(account)


def test_of_several_writes_in_a_batch_the_latest_stays_not_the_last(harness, account):
    mapped = by_time(account)
    harness.insert(account, record("1", "theirs", "0", "10"))
    writes = [("1", "8"), ("2", "12"), ("3", "11"), ("4", "12")]
    applied = opened(harness, mapped).apply(batch(*(upsert(mapped, key, name, name, at) for key in "12" for name, at in writes)))
    assert harness.rows(account) == [record("1", "2", "4", "12"), record("2", "2", "4", "12")]
    assert sum(applied.rows.values()) == 8
    assert harness.effects(account) == Counter({Op.UPDATE: 1, Op.INSERT: 1})


@pytest.mark.parametrize("ties", [False, True])
def test_times_are_compared_to_the_last_digit(harness, ties):
    moment = replace(column("at", Kind.TIMESTAMP), type=Type(Kind.TIMESTAMP, MOMENTS[harness.kind], precision=6))
    definition = harness.create(table(harness, "moments", column("id", Kind.INT), column("name"), column("own"), moment))
    mapped = by_time(definition, ties=ties)
    at, later, earlier = (f"2026-03-01 10:00:00.{digits}" for digits in ("000002", "000003", "000001"))
    harness.insert(definition, *(record(str(key), "theirs", "x", at) for key in range(3)))
    writes = [upsert(mapped, str(key), "ours", "x", given) for key, given in enumerate([earlier, at, later])]
    opened(harness, mapped).apply(batch(*writes))
    assert [(row["name"], row["at"]) for row in harness.rows(definition)] == [
        ("theirs", at), ("ours" if ties else "theirs", at), ("ours", later),
    ]  # fmt: skip


@pytest.mark.parametrize(("at", "name"), [(EARLIER, "theirs"), (LATER, "ours")])
def test_a_key_change_leaves_what_is_newer(harness, account, at, name):
    mapped = by_time(account)
    harness.insert(account, record("1", "theirs", "old", "10"))
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "2", "ours", "new", at, moved=("1",))))
    assert harness.rows(account) == [record("2", name, "new", max("10", at, key=int))]
    assert applied.kept == ({"accounts": 1} if at == EARLIER else {})


def test_a_key_change_to_a_row_that_is_there(harness, account):
    mapped = by_time(account)
    harness.insert(account, record("1", "old", "old", "20"), record("2", "theirs", "old", "10"))
    opened(harness, mapped).apply(batch(upsert(mapped, "2", "ours", "new", EARLIER, moved=("1",))))
    assert harness.rows(account) == [record("2", "theirs", "new", "10")]


def test_a_marked_row_comes_back_with_what_is_newer(harness, account):
    mapped = by_time(account, deletes=Deletes.SOFT, soft={"own": "gone"})
    harness.insert(account, record("1", "theirs", "gone", "10"))
    opened(harness, mapped).apply(batch(upsert(mapped, "1", "ours", "here", EARLIER)))
    assert harness.rows(account) == [record("1", "theirs", "here", "10")]


def test_what_the_log_left_out_stays(harness, account):
    """A row without its time has nothing that goes by it."""
    mapped = by_time(account)
    harness.insert(account, *(record(str(key), "theirs", "old", "10") for key in range(5)))
    images = [("ours", ABSENT, LATER), ("ours", ABSENT, EARLIER), ("ours", "new", ABSENT), (ABSENT, "new", LATER), (ABSENT, "new", ABSENT)]
    opened(harness, mapped).apply(batch(*(upsert(mapped, str(key), *image) for key, image in enumerate(images))))
    assert harness.rows(account) == [
        record("0", "ours", "old", LATER), record("1", "theirs", "old", "10"), record("2", "theirs", "new", "10"), record("3", "theirs", "new", LATER), record("4", "theirs", "new", "10"),
    ]  # fmt: skip


def random_write(random, mapped):
    key = str(random.randrange(6))
    if random.random() < 0.1:
        return delete(mapped, key)
    image = [key, random.choice("abc"), random.choice("ab"), random.choice([None, "1", "2", "3", "10"])]
    moved = str(random.randrange(6)) if random.random() < 0.1 else key
    return upsert(mapped, *image, moved=None if moved == key else (moved,))


@pytest.mark.parametrize("which", ["account", "quiet"])
@pytest.mark.parametrize("ties", [False, True])
def test_random_batches_leave_what_the_reference_leaves(harness, request, which, ties):
    definition, random, reference = request.getfixturevalue(which), Random(ties), MemoryHarness()
    reference.create(definition)
    mapped = by_time(definition, ties=ties)
    target, model = opened(harness, mapped), opened(reference, mapped)
    for _ in range(25):
        given = batch(*(random_write(random, mapped) for _ in range(random.choice([1, 3, 30]))))
        target.apply(given)
        model.apply(given)
        assert harness.rows(definition) == reference.rows(definition)
