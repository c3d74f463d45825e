"""What a target has to do for rows that wait: keep them with the batch, say when somebody else changed them, and name all that it refuses."""

from dataclasses import replace

import pytest

from cdc.model.change import ABSENT, Change, Op, Position
from cdc.model.errors import ParkedChanged, Refused
from cdc.model.parked import Cause, Parked, source_keys
from cdc.model.table import Column, ForeignKey, Table, TableName
from cdc.model.types import Kind, Type
from cdc.sql import parked as sql
from tests.contract.targets import HARNESSES, MemoryHarness, batch, column, plan, table, upsert

ID = column("id", Kind.INT)
SOURCE = Table(
    TableName("public", "it's"),
    (Column("id", Type(Kind.INT, "integer", size=4)), Column("s\\n", Type(Kind.ENUM, "state", labels=("a", "b")))),
    (0,),
)
CAUSE = Cause("f1", "mapping m: it's \\ bad", "mend it", waits=True)


@pytest.fixture(params=HARNESSES)
def harness(request):
    with HARNESSES[request.param](request) as made:
        yield made


@pytest.fixture
def account(harness):
    return harness.create(
        table(harness, "account", ID, column("name", nullable=False), column("up", Kind.INT), unique={"by_name": ["name"]})
    )


def opened(harness, *plans):
    target = harness.target(*plans)
    target.checkpoint()
    target.parked.keys()
    return target


def known(target):
    return list(target.parked.keys())


def parked(old, new, cause=CAUSE, **facts):
    op = Op.UPDATE if old and new else Op.INSERT if new else Op.DELETE
    return Parked("m", Change(SOURCE, op, old, new), 17.25, Position("5/7"), ("web",), cause, **facts)


def stirred(harness):
    """An operator changes what waits."""
    if isinstance(harness, MemoryHarness):
        harness.database.parked_versions[harness.pipeline] += 1
    else:
        words = sql.POSTGRESQL if harness.kind == "postgresql" else sql.MYSQL
        harness.execute(sql.changed(words, harness.pipeline))


def test_what_a_batch_parks_is_kept_with_it_and_comes_back_as_it_was(harness, account):
    target = opened(harness, plan(account))
    given = [
        parked(None, ("1", "it's \x00 \ud83d \U0001f642 \\ \"'")),
        parked(("1", ABSENT), ("2", None)),
        parked(("3", "a"), None, None),
    ]
    target.apply(replace(batch(), parked=given))
    keys = target.parked.keys()
    assert [(one.mapping, one.keys, one.waits, one.asked) for one in keys] == [
        ("m", (("1",),), True, False), ("m", (("2",), ("1",)), True, False), ("m", (("3",),), False, False)
    ]  # fmt: skip
    numbers = [one.id for one in keys]
    assert numbers == sorted(numbers)
    found = target.parked.entries(numbers)
    assert [(one.change.op, one.change.old, one.change.new) for one in found] == [(g.change.op, g.change.old, g.change.new) for g in given]
    assert [(one.cause, one.committed_at, one.position, one.origin) for one in found] == [
        (CAUSE, 17.25, "5/7", ("web",)), (CAUSE, 17.25, "5/7", ("web",)), (None, 17.25, "5/7", ("web",))
    ]  # fmt: skip
    shape = found[0].change.table
    assert (shape.name, shape.columns, shape.key) == (SOURCE.name, SOURCE.columns, SOURCE.key)
    assert shape is found[1].change.table, "a mapping is bound to it once"
    assert [one.id for one in target.parked.keys(numbers[0])] == numbers[1:]


def test_what_is_released_goes_and_what_fails_otherwise_now_gets_its_cause(harness, account):
    target = opened(harness, plan(account))
    target.apply(replace(batch(), parked=[parked(None, (str(n), None)) for n in range(3)]))
    first, second, third = [one.id for one in known(target)]
    other = Cause("f2", "another", "", waits=False)
    target.apply(replace(batch(upto="2"), parked=[parked(None, ("9", None), other, id=second)], released={first: "m", 10**9: "m"}))
    assert [(one.id, one.waits) for one in known(target)] == [(second, False), (third, True)]
    (found, _) = target.parked.entries([first, second, third])
    assert (found.cause, found.change.new) == (other, ("1", None))
    target.apply(replace(batch(upto="3"), parked=[parked(None, ("1", None))], released={third: "m"}))
    assert target.parked.keys()[-1].id > third, "an id names one row change for ever"


def test_nothing_is_parked_by_a_batch_that_fails(harness, account):
    mapped = plan(account)
    target = opened(harness, mapped)
    with pytest.raises(Refused):
        target.apply(replace(batch(upsert(mapped, "1", None, None)), parked=[parked(None, ("1", None))]))
    assert target.parked.keys() == []


def test_a_target_sees_that_an_operator_has_changed_what_waits(harness, account):
    mapped = plan(account)
    target = opened(harness, mapped)
    stirred(harness)
    with pytest.raises(ParkedChanged):
        target.apply(batch(upsert(mapped, "1", "a", None)))
    with pytest.raises(ParkedChanged):
        target.ping()
    assert harness.rows(account) == []
    target.parked.keys()
    target.ping()
    target.apply(batch(upsert(mapped, "1", "a", None)))
    assert [row["id"] for row in harness.rows(account)] == ["1"]


def test_all_that_is_refused_is_named_and_nothing_else(harness, account):
    """Among what can be written: a row without a name, one whose name is taken, and what comes behind it."""
    mapped = plan(account)
    harness.insert(account, {"id": "9", "name": "taken"})
    writes = [
        upsert(mapped, "1", "a", None), upsert(mapped, "2", None, None), upsert(mapped, "3", "taken", None),
        upsert(mapped, "3", "free", None), upsert(mapped, "4", "d", None), upsert(mapped, "5", None, None),
    ]  # fmt: skip
    target = opened(harness, mapped)
    with pytest.raises(Refused) as caught:
        target.apply(batch(*writes))
    assert [writes.index(write) for write, _ in caught.value.refused] == [1, 2, 5]
    assert [row["id"] for row in harness.rows(account)] == ["9"]
    assert not any(error.waits for _, error in caught.value.refused)
    target.apply(batch(writes[0], writes[4]))
    assert [row["id"] for row in harness.rows(account)] == ["1", "4", "9"]


def test_a_row_that_waits_for_its_parent_says_so(harness, account):
    name = account.name._replace(name="child")
    refers = ForeignKey("child_up", ("up",), account.name, ("id",), cascades=False)
    child = harness.create(replace(table(harness, "child", ID, column("up", Kind.INT), foreign=[refers]), name=name))
    mapped = plan(child)
    with pytest.raises(Refused) as caught:
        opened(harness, mapped).apply(batch(upsert(mapped, "1", "7"), upsert(mapped, "2", None)))
    assert [error.waits for _, error in caught.value.refused] == [True]


def test_a_change_is_about_the_key_of_the_row_and_the_one_before():
    assert source_keys(Change(SOURCE, Op.UPDATE, ("1", ABSENT), ("2", "a"))) == (("2",), ("1",))
    assert source_keys(Change(SOURCE, Op.UPDATE, ("1", "b"), (ABSENT, "a"))) == (("1",),)
    assert source_keys(Change(SOURCE, Op.DELETE, ("1", ABSENT), None)) == (("1",),)
    assert source_keys(Change(SOURCE, Op.TRUNCATE, None, None)) == ()
    keyless = replace(SOURCE, key=())
    assert source_keys(Change(keyless, Op.INSERT, None, ("1", "a"))) == (("1", "a"),)
