"""Each row of the error tables, raised by a real server until it is told to stop: what follows is what the table says."""

import shutil
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from cdc.model.errors import BadRow, CdcError, Retry, Transient, Unreachable
from cdc.model.table import TableName
from cdc.server import mysql_errors, postgresql_errors
from demo.servers import PASSWORD
from tests.contract.mysql_target_harness import mysql_harness
from tests.contract.targets import batch, plan, postgresql_harness, upsert

ENGINES = {"postgresql": postgresql_harness, "mysql": mysql_harness}
PG_RULES = {code.ljust(5, "0"): postgresql_errors.KINDS[code] for rule in postgresql_errors.RULES for code in rule.codes}
MY_RULES = {number: kind for number, kind in mysql_errors.KINDS.items() if number < 2000 or number > 2999}
"""Numbers from 2000 on are the client's own."""


@pytest.fixture(params=ENGINES)
def harness(request):
    with ENGINES[request.param](request) as made:
        yield made


@pytest.fixture
def stubborn(harness):
    """A table whose inserts fail as `code` says, while there is one."""
    schema = harness.schema
    harness.execute(f"create table {schema}.code (code varchar(5))")
    harness.execute(f"create table {schema}.t (id int primary key, v varchar(9))")
    if harness.kind == "postgresql":
        harness.execute(
            f"create function {schema}.f() returns trigger language plpgsql as $$declare c text; begin"
            f" select code into c from {schema}.code; if c is not null then raise exception 'as asked' using errcode = c; end if; return new; end$$"
        )
        harness.execute(f"create trigger t before insert on {schema}.t for each row execute function {schema}.f()")
    else:
        harness.execute(
            f"create trigger {schema}.t before insert on {schema}.t for each row begin declare c int default (select code from {schema}.code);"
            " if c is not null then signal sqlstate 'HY000' set mysql_errno = c, message_text = 'as asked'; end if; end"
        )
    admin = harness.admin()
    found = admin.definitions([TableName(schema, "t")])[TableName(schema, "t")]
    admin.close()
    return plan(found)


def opened(harness, mapped):
    target = harness.target(mapped)
    target.checkpoint()
    return target


def rows(harness):
    with harness.connection.cursor() as cursor:
        cursor.execute(f"select id, v from {harness.schema}.t order by id")
        return list(cursor.fetchall())


def apply_until_it_succeeds(harness, mapped, wanted=batch):
    """As the daemon does: after each fault a new session."""
    target = opened(harness, mapped)
    target.apply(wanted(upsert(mapped, "1", "a"), upsert(mapped, "2", "b"), upto="1"))
    target.close()


def test_every_code_is_what_the_table_says_and_goes_away_with_its_cause(harness, stubborn):
    """torture: C01 C02 C03 C04 C05 C06 C07 C08 C09 C11 C12"""
    for code, kind in (PG_RULES if harness.kind == "postgresql" else MY_RULES).items():
        harness.execute(f"insert into {harness.schema}.code values ('{code}')")
        target = opened(harness, stubborn)
        with pytest.raises(CdcError) as raised:
            target.apply(batch(upsert(stubborn, "1", "a"), upsert(stubborn, "2", "b"), upto="1"))
        assert isinstance(raised.value, kind), f"{code}: {type(raised.value)}"
        if kind is not BadRow:
            assert type(raised.value) is kind, code
        assert (raised.value.retry is Retry.SOON) == (kind in (Transient, Unreachable)), code
        assert rows(harness) == [], code
        harness.execute(f"delete from {harness.schema}.code")
        target.close()
    apply_until_it_succeeds(harness, stubborn)
    assert rows(harness) == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("point", ["apply.begin", "apply.pre_commit"])
def test_a_session_that_is_ended_within_a_transaction_commits_nothing(harness, stubborn, monkeypatch, point):
    """No driver may come back with another session in the middle. torture: C15 C16"""
    target = opened(harness, stubborn)

    def reach(name):
        if name == point:
            harness.sever(target)

    for module in ("postgresql.fence", "postgresql.target", "mysql.session"):
        monkeypatch.setattr(f"cdc.target.{module}.reach", reach)
    many = batch(*(upsert(stubborn, str(key), "a") for key in range(300)), upto="1")
    with pytest.raises(Unreachable):
        target.apply(many)
    target.close()
    monkeypatch.undo()
    assert rows(harness) == []
    again = opened(harness, stubborn)
    again.apply(many)
    assert len(rows(harness)) == 300


def test_a_target_that_accepts_no_writes_is_waited_for(harness, stubborn):
    """torture: C05"""
    if harness.kind == "postgresql":
        on, off = (f'alter database "{harness.database}" set default_transaction_read_only = {word}' for word in ("on", "off"))
    else:
        on, off = "set global read_only = on", "set global read_only = off"
        harness.execute("create user if not exists reader@'127.0.0.1' identified by 'secret'")
        harness.execute("grant all on *.* to reader@'127.0.0.1'")
        harness.execute(
            f"revoke super, {'connection_admin' if harness.server.is_mysql else 'read_only admin'} on *.* from reader@'127.0.0.1'"
        )
    target = writing(harness, stubborn)
    target.checkpoint()
    try:
        harness.execute(on)
        if harness.kind == "postgresql":
            target.close()
            target = writing(harness, stubborn)  # the setting is one of new sessions
        with pytest.raises(Transient) as raised:
            target.checkpoint()
            target.apply(batch(upsert(stubborn, "1", "a"), upto="1"))
        assert "no writes" in raised.value.hint
    finally:
        harness.execute("begin read write" if harness.kind == "postgresql" else "do 1")
        harness.execute(off)
        harness.execute("commit")
        target.close()
    apply_until_it_succeeds(harness, stubborn)
    assert rows(harness) == [(1, "a"), (2, "b")]


def writing(harness, mapped):
    """A target for an account that read_only holds for."""
    from dataclasses import replace

    from cdc.target.mysql.target import MySQLTarget

    if harness.kind == "postgresql":
        return harness.target(mapped)
    harness.targets.append(MySQLTarget(replace(harness.endpoint(), user="reader", password="secret"), harness.pipeline, [mapped]))
    return harness.targets[-1]


def test_too_many_connections_are_waited_for(harness, stubborn):
    """torture: C06"""
    from dataclasses import replace

    from cdc.target.mysql.target import MySQLTarget
    from cdc.target.postgresql.target import PostgreSQLTarget

    user = f"few{harness.schema}"
    if harness.kind == "postgresql":
        harness.execute(f"create role {user} login password '{PASSWORD}' connection limit 1")
        harness.execute(f"grant usage on schema {harness.schema} to {user}")
        harness.execute(f"grant select on all tables in schema {harness.schema} to {user}")
        kind = PostgreSQLTarget
    else:
        harness.execute(f"create user {user} identified by '{PASSWORD}' with max_user_connections 1")
        harness.execute(f"grant all on *.* to {user}")
        kind = MySQLTarget
    endpoint = replace(harness.endpoint(), user=user, password=PASSWORD)
    first = kind(endpoint, harness.pipeline, [stubborn])
    with pytest.raises(Transient):
        kind(endpoint, harness.pipeline, [stubborn])
    first.close()
    until = time.monotonic() + 10
    while True:
        try:
            kind(endpoint, harness.pipeline, [stubborn]).close()
        except Transient:
            assert time.monotonic() < until
        else:
            break


def test_a_statement_that_is_cancelled_is_tried_again(request, monkeypatch):
    """torture: C07"""
    with postgresql_harness(request) as harness:
        harness.execute(f"create table {harness.schema}.t (id int primary key, v varchar(9))")
        harness.execute(
            f"create function {harness.schema}.f() returns trigger language plpgsql as $$begin perform pg_sleep(20); return new; end$$"
        )
        harness.execute(f"create trigger t before insert on {harness.schema}.t for each row execute function {harness.schema}.f()")
        admin = harness.admin()
        mapped = plan(admin.definitions([TableName(harness.schema, "t")])[TableName(harness.schema, "t")])
        admin.close()
        target = opened(harness, mapped)
        target._connection.execute("set statement_timeout = '200ms'")
        with pytest.raises(Transient, match="57014"):
            target.apply(batch(upsert(mapped, "1", "a"), upto="1"))
        harness.execute(f"drop trigger t on {harness.schema}.t")
        target._connection.execute("set idle_in_transaction_session_timeout = '100ms'")
        target._quick = target._singly  # statement by statement
        monkeypatch.setattr("cdc.target.postgresql.writer.reach", lambda _: time.sleep(0.5))
        with pytest.raises(CdcError) as raised:
            target.apply(batch(upsert(mapped, "1", "a"), upto="1"))
        assert raised.value.retry is Retry.SOON
        assert rows(harness) == []


@pytest.fixture
def small_disk(request, folder):
    """A file system of a few megabytes, of PostgreSQL's own user."""
    path = folder / "small"
    path.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", path], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system can't be mounted here")
    shutil.chown(path, "postgres")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def test_a_full_disk_is_waited_for(request, small_disk):
    """torture: C04"""
    with postgresql_harness(request) as harness:
        space = f"small{harness.schema}"
        harness.execute(f"create tablespace {space} location '{small_disk}'")
        harness.execute(f"create table {harness.schema}.t (id int primary key, v text) tablespace {space}")
        harness.execute(f"alter table {harness.schema}.t alter column v set storage external")
        admin = harness.admin()
        mapped = plan(admin.definitions([TableName(harness.schema, "t")])[TableName(harness.schema, "t")])
        admin.close()
        filler = Path(small_disk) / "filler"
        filler.write_bytes(bytes(6 << 20))
        target = opened(harness, mapped)
        large = batch(*(upsert(mapped, str(key), "x" * 300_000) for key in range(10)), upto="1")
        with pytest.raises(Transient, match="53100"):
            target.apply(large)
        filler.unlink()
        target.apply(large)
        assert len(rows(harness)) == 10
        target.close()
        with harness.server.connect(harness.database) as connection:
            connection.execute(f"drop table {harness.schema}.t")
            connection.execute(f"drop tablespace {space}")


def test_the_driver_knows_every_state_of_the_table():
    for code in postgresql_errors.KINDS:
        if len(code) == 5:
            psycopg.errors.lookup(code)
