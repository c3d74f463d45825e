"""What others have put on a target's tables: triggers that change rows, policies that hide them, rows that went."""

from contextlib import closing
from dataclasses import replace

import pytest

from cdc.model.errors import BadRow, Denied, Incomplete, Unreachable
from cdc.model.table import TableName
from cdc.server import mysql, postgresql
from cdc.target.postgresql import PostgreSQLTarget
from demo.servers import PASSWORD
from tests.contract.mysql_target_harness import mysql_harness
from tests.contract.targets import batch, plan, postgresql_harness, upsert

ENGINES = {"postgresql": postgresql_harness, "mysql": mysql_harness}


@pytest.fixture(params=ENGINES)
def harness(request):
    with ENGINES[request.param](request) as made:
        yield made


def described(harness, ddl):
    harness.execute(ddl.replace("{s}", harness.schema))
    with closing(harness.admin()) as admin:
        return plan(admin.definitions([TableName(harness.schema, "t")])[TableName(harness.schema, "t")])


def opened(harness, mapped):
    target = harness.target(mapped)
    target.checkpoint()
    return target


def rows(harness):
    with harness.connection.cursor() as cursor:
        cursor.execute(f"select id, v from {harness.schema}.t order by id")
        return list(cursor.fetchall())


def trigger(harness, body, events="insert"):
    """Put a trigger before each row; `body` in words that both engines know."""
    if harness.kind == "postgresql":
        harness.execute(
            f"create or replace function {harness.schema}.f() returns trigger language plpgsql as $$begin {body}; return new; end$$"
        )
        harness.execute(
            f"create trigger f before {events.replace(',', ' or')} on {harness.schema}.t for each row execute function {harness.schema}.f()"
        )
    else:
        for event in events.split(", "):
            harness.execute(
                f"create trigger {harness.schema}.f_{event} before {event} on {harness.schema}.t for each row begin {body}; end"
            )


def test_a_trigger_that_changes_the_row_has_the_last_word(harness):
    """What it makes of a row stays, and a row that comes again is written again: it never ends in a circle or an error. torture: C13"""
    mapped = described(harness, "create table {s}.t (id int primary key, v varchar(20))")
    trigger(harness, "set new.v = concat(new.v, '!')" if harness.kind == "mysql" else "new.v := new.v || '!'", "insert, update")
    mapped = described(harness, "comment on table {s}.t is ''" if harness.kind == "postgresql" else "do 1")
    target = opened(harness, mapped)
    for upto in ("1", "2"):
        target.apply(batch(upsert(mapped, "1", "a"), upsert(mapped, "2", "b"), upto=upto))
        assert rows(harness) == [(1, "a!"), (2, "b!")]
    many = batch(*(upsert(mapped, str(key), "c") for key in range(300)), upto="3")
    target.apply(many)
    assert rows(harness) == [(key, "c!") for key in range(300)]


def test_a_trigger_that_refuses_a_row_makes_it_a_bad_row_and_the_others_go_in(harness):
    """torture: C13 C09"""
    mapped = described(harness, "create table {s}.t (id int primary key, v varchar(20))")
    if harness.kind == "postgresql":
        trigger(harness, "if new.v = 'no' then raise exception 'value %', new.v; end if")
    else:
        trigger(harness, "if new.v = 'no' then signal sqlstate '45000' set message_text = 'value no'; end if")
    mapped = described(harness, "comment on table {s}.t is ''" if harness.kind == "postgresql" else "do 1")
    target = opened(harness, mapped)
    with pytest.raises(BadRow) as caught:
        target.apply(batch(*(upsert(mapped, str(key), "no" if key == 7 else "yes") for key in range(20)), upto="1"))
    assert [write.key for write, _ in caught.value.refused] == [("7",)]
    assert "value no" not in str(caught.value)
    assert rows(harness) == []


def test_a_row_that_the_application_deleted_is_made_again_or_asked_for(harness):
    """An update of no row is never taken for an update that changes nothing. torture: C19"""
    from cdc.model.change import ABSENT

    mapped = described(harness, "create table {s}.t (id int primary key, v varchar(20), w varchar(20))")
    target = opened(harness, mapped)
    target.apply(batch(upsert(mapped, "1", "a", "x"), upsert(mapped, "2", "b", "x"), upto="1"))
    harness.execute(f"delete from {harness.schema}.t")
    target.apply(batch(upsert(mapped, "1", "a", "x"), upto="2"))
    assert rows(harness) == [(1, "a")]
    with pytest.raises(Incomplete) as caught:
        target.apply(batch(upsert(mapped, "1", "a", ABSENT), upsert(mapped, "2", "b", ABSENT), upto="3"))
    assert [write.key for write in caught.value.writes] == [("2",)]
    assert rows(harness) == [(1, "a")]


def test_a_policy_that_hides_rows_stops_the_pipeline(request):
    """While it runs: an update that matches no row because it may not see it would look like a row that is missing. torture: C18"""
    with postgresql_harness(request) as harness:
        role = f"role{harness.schema}"
        mapped = described(harness, "create table {s}.t (id int primary key, v varchar(20))")
        harness.execute(f"create role {role} login password '{PASSWORD}'")
        harness.execute(f"grant all on schema cdc, {harness.schema} to {role}")
        harness.execute(f"grant all on all tables in schema cdc, {harness.schema} to {role}")
        harness.execute(f"grant all on all sequences in schema cdc to {role}")
        harness.execute(f"grant temporary on database {harness.database} to {role}")
        harness.execute(f"alter role {role} set row_security = on")
        target = PostgreSQLTarget(replace(harness.endpoint(), user=role), harness.pipeline, [mapped])
        try:
            target.checkpoint()
            target.apply(batch(upsert(mapped, "1", "a"), upto="1"))
            harness.execute(f"alter table {harness.schema}.t enable row level security")
            harness.execute(f"create policy p on {harness.schema}.t using (id > 100) with check (true)")
            for many in (1, 300):
                with pytest.raises(Denied, match="row-level security"):
                    target.apply(batch(*(upsert(mapped, str(key), "b") for key in range(1, 1 + many)), upto="2"))
                assert rows(harness) == [(1, "a")]
        finally:
            target.close()
            harness.execute(f"drop owned by {role}")
            harness.execute(f"drop role {role}")


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_name_that_leads_nowhere_is_a_server_that_is_not_there(engine):
    """DNS that does not answer, or has no such name for a while, is waited for. torture: D09"""
    from cdc.model.endpoint import Endpoint

    at = Endpoint("crm", engine, "crm.invalid", 1, "cdc", "", "crm", {"connect_timeout": "5"} if engine == "postgresql" else {})
    with pytest.raises(Unreachable):
        (postgresql.connect(at, "test") if engine == "postgresql" else mysql.connect(at)).close()
