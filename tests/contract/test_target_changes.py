"""A target table that is altered between two batches, or while one is open: no value is changed to fit, and neither waits for ever."""

import threading
from dataclasses import replace

import pytest

from cdc.model.errors import Drifted
from cdc.model.types import Kind
from cdc.target.mysql import session as mysql_session
from cdc.target.postgresql import target as postgresql_target
from tests.contract.targets import HARNESSES, batch, column, plan, table, upsert

ID = column("id", Kind.INT)
ALTERS = {
    "postgresql": ("alter column sum type numeric(14,1)", "alter column name type varchar(9)", "alter column sum type int"),
    "mysql": ("modify column sum decimal(14,1)", "modify column name varchar(9)", "modify column sum int"),
}


@pytest.fixture(params=["postgresql", "mysql"])
def harness(request):
    with HARNESSES[request.param](request) as made:
        yield made


@pytest.fixture
def account(harness):
    return harness.create(table(harness, "account", ID, column("name"), column("sum", Kind.NUMERIC), column("own")))


def opened(harness, account):
    mapped = plan(account, "id", "name", "sum")
    target = harness.target(mapped)
    target.checkpoint()
    return mapped, target


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize("rows", [1, 3])
def test_a_column_that_got_another_type_stops_the_batch_and_nothing_of_it_is_there(harness, account, at, after, rows):
    """On PostgreSQL a narrower numeric would round without a word. `after` so many batches. torture: F09"""
    mapped, target = opened(harness, account)
    for number in range(after):
        target.apply(batch(upsert(mapped, "1", f"n{number}", "1.25")))
    harness.execute(f"alter table {account.name} {ALTERS[harness.kind][at]}")
    before = harness.rows(account)
    with pytest.raises(Drifted, match=r"of the target's .*account has changed") as stopped:
        target.apply(batch(*(upsert(mapped, str(number), "n", "2.35") for number in range(2, 2 + rows))))
    assert (stopped.value.mappings, bool(stopped.value.hint)) == (("account",), True)
    assert harness.rows(account) == before


def test_what_no_mapping_names_may_change_between_two_batches(harness, account):
    """torture: F09"""
    mapped, target = opened(harness, account)
    target.apply(batch(upsert(mapped, "1", "a", "1.25")))
    for change in ("drop column own", "add column other int"):
        harness.execute(f"alter table {account.name} {change}")
        target.apply(batch(upsert(mapped, "1", change, "1.25")))
        assert harness.rows(replace(account, columns=account.columns[:3]))[0]["name"] == change


def test_an_alter_waits_until_an_open_batch_has_ended_and_the_next_one_sees_it(harness, account, monkeypatch):
    """torture: F09"""
    mapped, target = opened(harness, account)
    target.apply(batch(upsert(mapped, "1", "a", "1.25")))
    altered, inside = threading.Event(), []

    def alter():
        harness.execute(f"alter table {account.name} {ALTERS[harness.kind][0]}")
        altered.set()

    thread = threading.Thread(target=alter)

    def reached(point):
        if point == "apply.pre_commit" and not inside:
            thread.start()
            inside.append(altered.wait(1))

    for module in (postgresql_target, mysql_session):
        monkeypatch.setattr(module, "reach", reached)
    target.apply(batch(upsert(mapped, "2", "b", "2.35")))
    thread.join(60)
    assert (inside, altered.is_set()) == ([False], True)
    with pytest.raises(Drifted):
        target.apply(batch(upsert(mapped, "3", "c", "3.45")))
