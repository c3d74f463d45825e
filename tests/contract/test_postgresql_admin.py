"""What `check`, `setup` and `teardown` do on a PostgreSQL source."""

import socket
import threading
from contextlib import closing

import pytest

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Denied, Exit, Held, Unreachable
from cdc.model.table import TableName
from cdc.source.postgresql.admin import PostgreSQLSourceAdmin
from cdc.source.postgresql.source import PostgreSQLSource
from cdc.source.postgresql.walsender import Walsender
from demo.servers import PASSWORD, PostgreSQL

A, B = TableName("app", "a"), TableName("app", "B b")


@pytest.fixture
def at(postgresql, database, endpoint):
    return endpoint(postgresql, database(postgresql), "erp")


@pytest.fixture
def sql(postgresql, at):
    with postgresql.connect(at.database) as connection:
        connection.execute(
            'create schema app; create table app.a (id int primary key); create table app."B b" (id int primary key, v text)'
        )
        yield connection


@pytest.fixture
def name(sql, at):
    """The slot's and publication's name; what a test leaves is removed."""
    name = f"cdc_p_{at.database}"
    yield name
    sql.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", (name,))


@pytest.fixture
def admin(at, name):
    with closing(PostgreSQLSourceAdmin(at, f"p_{at.database}")) as admin:
        yield admin


def run(admin, statements):
    for statement in statements:
        admin.execute(statement)


def codes(admin, *names):
    return {(f.code, f.exit): f for f in admin.findings(list(admin.definitions(names).values()))}


def test_setup_is_done_once(admin, sql, name):
    statements = admin.setup([A, B])
    assert statements == [
        f'create publication "{name}" for table only "app"."a", only "app"."B b" with (publish_via_partition_root = true)',
        f"select pg_create_logical_replication_slot('{name}', 'pgoutput')",
    ]
    assert sql.execute("select count(*) from pg_publication").fetchone() == (0,)
    run(admin, statements)
    assert admin.setup([A, B]) == admin.setup([B, A]) == []
    assert codes(admin, A, B) == {}


@pytest.mark.parametrize(
    ("publication", "statements"),
    [
        ("for table app.a with (publish_via_partition_root = true)", ['set table only "app"."a", only "app"."B b"']),
        ('for table app.a, app."B b", app.c with (publish_via_partition_root = true)', ['set table only "app"."a", only "app"."B b"']),
        (
            'for table app.a, app."B b" where (id > 5) with (publish_via_partition_root = true)',
            ['set table only "app"."a", only "app"."B b"'],
        ),
        ('for table app.a, app."B b" (id) with (publish_via_partition_root = true)', ['set table only "app"."a", only "app"."B b"']),
        ('for table app.a, app."B b"', ["set (publish_via_partition_root = true)"]),
        ("for all tables", ["set (publish_via_partition_root = true)"]),
        (
            "for table app.a, app.\"B b\" with (publish_via_partition_root = true, publish = 'insert, update, delete')",
            ["set (publish = 'insert, update, delete, truncate')"],
        ),
    ],
)
def test_setup_mends_what_differs(admin, sql, name, publication, statements):
    sql.execute("create table app.c (id int primary key)")
    sql.execute(f"create publication {name} {publication}")
    assert admin.setup([A, B])[:-1] == [f'alter publication "{name}" {statement}' for statement in statements]
    run(admin, admin.setup([A, B]))
    assert admin.setup([A, B]) == []
    assert codes(admin, A, B) == {}


def test_teardown_removes_what_setup_made_and_nothing_else(admin, sql, name):
    assert admin.teardown() == []
    before = sql.execute("select count(*) from pg_replication_slots").fetchone()
    run(admin, admin.setup([A]))
    assert admin.teardown() == [f"select pg_drop_replication_slot('{name}')", f'drop publication "{name}"']
    run(admin, admin.teardown())
    assert admin.teardown() == []
    assert sql.execute("select count(*) from pg_replication_slots").fetchone() == before
    sql.execute(f"select pg_create_physical_replication_slot('{name}')")
    assert admin.teardown() == []


def test_teardown_does_not_pull_the_slot_from_under_a_reader(admin, sql, name, at):
    run(admin, admin.setup([A]))
    with closing(PostgreSQLSource(at, f"p_{at.database}", [A], "crm")) as source:
        next(source.read(source.head()))
        (pid,) = sql.execute("select active_pid from pg_replication_slots where slot_name = %s", (name,)).fetchone()
        with pytest.raises(Held, match=f"process {pid}") as caught:
            admin.teardown()
        assert "cdc run" in caught.value.hint


def test_definitions_leave_out_what_is_not_there(admin):
    found = admin.definitions([A, TableName("app", "none")])
    assert list(found) == [A]
    assert [column.name for column in found[A].columns] == ["id"]


def test_nothing_to_find_before_setup(admin):
    assert codes(admin, A, B) == {}


@pytest.mark.parametrize(
    ("ddl", "hint"),
    [
        ("create table app.t (id int)", 'alter table "app"."t" add primary key (…); or alter table "app"."t" replica identity full;'),
        (
            "create table app.t (id int primary key); alter table app.t replica identity nothing",
            'alter table "app"."t" replica identity default; -- and its partitions, if it has any',
        ),
        ('create table app.t (id int not null, constraint "U u" unique (id))', 'alter table "app"."t" replica identity using index "U u";'),
        (
            "create table app.t (id int primary key) partition by list (id); create table app.t1 (id int primary key); alter table app.t attach partition app.t1 default; alter table app.t1 replica identity nothing",
            'alter table "app"."t" replica identity default; -- and its partitions, if it has any',
        ),
    ],
)
def test_a_table_that_can_not_be_published_without_harm(admin, sql, ddl, hint):
    sql.execute(ddl)
    found = codes(admin, TableName("app", "t"))
    assert list(found) == [("replica-identity", Exit.CONFIG)]
    assert found["replica-identity", Exit.CONFIG].hint == hint


def test_keys_that_rows_may_exchange_in_one_statement_are_refused(admin, sql):
    # torture: G02 G08
    sql.execute("create table app.t (id int, constraint late primary key (id) deferrable); alter table app.t replica identity full")
    table = TableName("app", "t")
    found = codes(admin, table)
    assert list(found) == [("key-deferrable", Exit.CONFIG)]
    sql.execute(found["key-deferrable", Exit.CONFIG].hint)
    assert codes(admin, table) == {}


def test_a_table_whose_changes_are_not_logged(admin, sql):
    sql.execute("alter table app.a set unlogged")
    found = codes(admin, A)
    assert list(found) == [("unlogged", Exit.CONFIG)]
    sql.execute(found["unlogged", Exit.CONFIG].hint)
    assert codes(admin, A) == {}


def test_a_partition_whose_changes_are_not_logged(admin, sql):
    sql.execute("create table app.p (id int primary key) partition by range (id); create unlogged table app.p1 partition of app.p default")
    assert list(codes(admin, TableName("app", "p"))) == [("unlogged", Exit.CONFIG)]


def test_a_publication_that_differs_is_named_with_the_statement(admin, sql, name):
    sql.execute("create table app.p (id int primary key) partition by range (id); create table app.p1 partition of app.p default")
    sql.execute(f"create publication {name} for table app.p, app.\"B b\" where (id > 5) with (publish = 'insert, update, delete')")
    p = TableName("app", "p")
    found = codes(admin, A, B, p)
    assert set(found) == {
        ("publication-root", Exit.CONFIG),
        ("publication-table", Exit.CONFIG),
        ("publication-operations", Exit.CONFIG),
        ("publication-filter", Exit.CONFIG),
    }
    for code in ("publication-root", "publication-table", "publication-operations"):
        statement, changes = found[code, Exit.CONFIG].hint.splitlines()
        assert "changes are lost" in changes
        sql.execute(statement.removeprefix("`cdc setup` mends it: "))
    assert [code for code, _ in codes(admin, A, B, p)] == ["publication-filter"]
    assert list(codes(admin, A, p)) == [("publication-more", Exit.OK)]


def test_a_slot_of_another_kind_in_the_way(admin, sql, name):
    sql.execute(f"select pg_create_physical_replication_slot('{name}')")
    assert list(codes(admin, A)) == [("slot-name", Exit.CONFIG)]


def test_missing_rights_are_named_with_the_statement_that_grants_them(sql, at, postgresql, endpoint):
    role = f"Role {at.database}"
    sql.execute(f"create role \"{role}\" login password '{PASSWORD}'")
    sql.execute("alter table app.a enable row level security; create policy p on app.a using (id > 5)")
    at.user = role
    try:
        with closing(PostgreSQLSourceAdmin(at, f"p_{at.database}")) as admin:
            found = admin.findings(list(admin.definitions([A, B]).values()))
            assert [(f.code, f.exit) for f in found] == [
                ("replication-role", Exit.DENIED),
                *[("schema-usage", Exit.DENIED), ("select", Exit.DENIED), ("row-security", Exit.DENIED)],
                *[("schema-usage", Exit.DENIED), ("select", Exit.DENIED)],
                ("publisher", Exit.DENIED),
            ]
            with pytest.raises(Denied):
                run(admin, admin.setup([A, B]))
            for finding in found:
                sql.execute(finding.hint)
            assert admin.findings(list(admin.definitions([A, B]).values())) == []
    finally:
        sql.execute(f'drop owned by "{role}"; drop role "{role}"')


def test_a_server_that_is_not_set_for_it(folder, endpoint):
    server = PostgreSQL(folder / "plain", {"fsync": "off", "wal_level": "replica", "max_replication_slots": "1", "max_wal_senders": "0"})
    try:
        server.start()
        with closing(PostgreSQLSourceAdmin(endpoint(server, "postgres", "erp"), "p")) as admin:
            found = {f.code: f for f in admin.findings([])}
        assert {code: f.exit for code, f in found.items()} == {
            "wal-level": Exit.CONFIG,
            "replication-slots": Exit.OK,
            "wal-senders": Exit.OK,
        }
        assert "alter system set wal_level = 'logical'" in found["wal-level"].hint
    finally:
        server.stop()


def test_a_slot_for_failover_is_refused_where_standbys_do_not_copy_slots(at, name, sql):
    """And where they do, `check` says what is missing: nobody copies it yet. torture: B07"""
    at.options = {"failover": "true"}
    with closing(PostgreSQLSourceAdmin(at, name.removeprefix("cdc_"))) as admin:
        found = {finding.code: finding for finding in admin.findings(list(admin.definitions([A]).values()))}
        if sql.info.server_version < 170000:
            assert {code: finding.exit for code, finding in found.items()} == {"failover-version": Exit.CONFIG}
            assert "cdc resync --gap" in found["failover-version"].hint
            return
        assert {code: finding.exit for code, finding in found.items()} == {"failover-standby": Exit.OK, "failover-order": Exit.OK}
        needed = "sync_replication_slots", "hot_standby_feedback", "primary_slot_name", "primary_conninfo"
        assert all(setting in found["failover-standby"].hint for setting in needed)
        assert "alter system set synchronized_standby_slots" in found["failover-order"].hint
        run(admin, admin.setup([A]))
        assert sql.execute("select failover from pg_replication_slots where slot_name = %s", (name,)).fetchone() == (True,)
        assert admin.setup([A]) == []


def test_a_server_that_does_not_answer_a_login_holds_up_nobody_else():
    """libpq's own way to wait would stop every thread of the process."""
    beats, ended = [], threading.Event()

    def beat():
        while not ended.wait(0.01):
            beats.append(1)

    thread = threading.Thread(target=beat)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        at = Endpoint("erp", "postgresql", "127.0.0.1", deaf.getsockname()[1], "cdc", PASSWORD, "erp", {"connect_timeout": "1"})
        thread.start()
        with pytest.raises(Unreachable, match="does not answer"):
            Walsender(at, "test")
        ended.set()
        thread.join()
    assert len(beats) > 10


def test_findings_leave_nothing_behind(admin, sql):
    before = sql.execute("select (select count(*) from pg_replication_slots), (select count(*) from pg_publication)").fetchone()
    admin.findings(list(admin.definitions([A, B]).values()))
    assert sql.execute("select (select count(*) from pg_replication_slots), (select count(*) from pg_publication)").fetchone() == before
    states = sql.execute("select state from pg_stat_activity where application_name like 'cdc p%admin'").fetchall()
    assert set(states) == {("idle",)}
