"""What `check` finds on a real server."""

from contextlib import closing

import pytest

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Exit
from cdc.model.table import TableName
from cdc.source.base import SourceAdmin
from cdc.source.mysql import admin
from cdc.source.mysql.admin import MySQLSourceAdmin
from cdc.source.mysql.log import Server
from demo.servers import PASSWORD, MariaDB


@pytest.fixture(scope="module")
def server(folder):
    """A server whose settings a test may spoil, durable as it should be."""
    own = MariaDB(folder / "check")
    try:
        yield own.start()
    finally:
        own.stop()


@pytest.fixture
def shop(server, database):
    name = database(server)
    session = server.connect(name)

    def run(*statements):
        with session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def check(*tables, user="cdc", password=PASSWORD):
        with closing(MySQLSourceAdmin(Endpoint("erp", "mysql", "127.0.0.1", server.port, user, password, name, {}))) as opened:
            looked: SourceAdmin = opened
            names = [TableName(name, table) for table in tables]
            found = [*looked.hidden(names).values(), *looked.findings(list(looked.definitions(names).values()))]
            return [(finding.code, finding.exit, finding) for finding in found]

    yield name, run, check
    session.close()


def test_a_server_as_it_should_be(shop):
    _, run, check = shop
    run("create table t (id int primary key)")
    assert check("t") == []


@pytest.mark.parametrize(
    ("variable", "bad", "code", "exit_code"),
    [
        ("binlog_format", "MIXED", "binlog-format", Exit.CONFIG),
        ("binlog_row_image", "MINIMAL", "row-image", Exit.CONFIG),
        ("binlog_row_metadata", "MINIMAL", "row-metadata", Exit.CONFIG),
        ("sync_binlog", "0", "durability", Exit.OK),
        ("binlog_checksum", "NONE", "checksum", Exit.OK),
        ("innodb_flush_log_at_trx_commit", "2", "durability", Exit.OK),
    ],
)
def test_settings(shop, variable, bad, code, exit_code):
    """torture: B08, rule 14"""
    _, run, check = shop
    good = {"sync_binlog": 1, "innodb_flush_log_at_trx_commit": 1, "binlog_format": "row", "binlog_checksum": "crc32"}.get(variable, "full")
    run(f"set global {variable} = {bad}")
    try:
        ((found_code, found_exit, finding),) = check()
        assert (found_code, found_exit) == (code, exit_code)
        assert variable in finding.message
        run(finding.hint.removesuffix(";"))
        assert check() == []
    finally:
        run(f"set global {variable} = {good}")


def logs_cascades(server, name):
    """Ask the log: MySQL 9.6 and later write down what a foreign key does."""
    with closing(server.connect(name)) as session, session.cursor() as cursor:
        for statement in (
            "insert into p values (1)",
            "insert into c values (1, 1)",
            "flush binary logs",
            "delete from p",
            "show binary logs",
        ):
            cursor.execute(statement)
        cursor.execute(f"show binlog events in '{cursor.fetchall()[-1][0]}'")
        return any(kind.startswith("Update_rows") for _, _, kind, *_ in cursor.fetchall())


def test_tables(shop, server):
    """torture: B11, rule 13"""
    name, run, check = shop
    run(
        "create table p (id int primary key)", "create table n (id int)", "create table m (id int primary key) engine = MyISAM",
        "create table c (id int primary key, p int, constraint fk foreign key (p) references p (id) on delete set null)",
    )  # fmt: skip
    found = {finding.message.split()[0].strip(":"): (code, exit_code) for code, exit_code, finding in check("p", "n", "m", "c")}
    unlogged = {} if logs_cascades(server, name) else {f"{name}.c": ("cascade", Exit.OK)}
    assert found == {f"{name}.n": ("no-key", Exit.CONFIG), f"{name}.m": ("engine", Exit.OK), **unlogged}


def test_privileges_one_by_one(shop):
    """torture: O03, K14: the minimum, and the statement that grants what is missing"""
    name, run, check = shop
    user = f"few{name}"
    run("create table t (id int primary key)", f"create user {user}@'%' identified by 'x'", f"grant insert on {name}.t to {user}@'%'")
    missing = [
        finding for code, exit_code, finding in check("t", user=user, password="x") if (code, exit_code) == ("privilege", Exit.DENIED)
    ]
    assert len(missing) == 3
    for finding in missing:
        run(finding.hint.removesuffix(";"))
    assert check("t", user=user, password="x") == []


@pytest.mark.parametrize("grant", ["", "grant select (id) on {}.t to {}", "grant insert on {}.t to {}"])
def test_a_table_that_an_account_may_not_read_whole_is_hidden(shop, server, grant):
    name, run, _ = shop
    run("create table t (id int primary key, v int)", "create table u (id int primary key)", f"create user blind{name} identified by 'x'")
    run(*[grant.format(name, f"blind{name}")] * bool(grant), f"grant select on {name}.u to blind{name}")
    with closing(MySQLSourceAdmin(Endpoint("erp", "mysql", "127.0.0.1", server.port, f"blind{name}", "x", name, {}))) as admin:
        found = admin.hidden([TableName(name, "t"), TableName(name, "u")])
        assert [(table.name, finding.exit) for table, finding in found.items()] == [("t", Exit.DENIED)]
        assert TableName(name, "u") in admin.tables()
    run(found[TableName(name, "t")].hint.removesuffix(";"))
    with closing(MySQLSourceAdmin(Endpoint("erp", "mysql", "127.0.0.1", server.port, f"blind{name}", "x", name, {}))) as admin:
        assert admin.hidden([TableName(name, "t")]) == {}


def test_nothing_to_set_up(shop, server):
    name, _, _ = shop
    with closing(MySQLSourceAdmin(Endpoint("erp", "mysql", "127.0.0.1", server.port, "cdc", PASSWORD, name, {}))) as found:
        assert list(found.setup([TableName(name, "t")])) == list(found.teardown()) == []
        found.execute(f"create table {name}.made (id int primary key)")
        assert list(found.definitions([TableName(name, "made")])) == [TableName(name, "made")]
        found.close()


def test_databases_that_are_not_logged(folder):
    own = MariaDB(folder / "filtered", {"binlog-ignore-db": "quiet"})
    try:
        own.start()
        for name in ("quiet", "loud"):
            own.create(name)
        with own.connect() as session, session.cursor() as cursor:
            cursor.execute("create table quiet.t (id int primary key)")
            cursor.execute("create table loud.t (id int primary key)")
        with closing(MySQLSourceAdmin(Endpoint("erp", "mysql", "127.0.0.1", own.port, "cdc", PASSWORD, "loud", {}))) as found:
            tables = found.definitions([TableName("quiet", "t"), TableName("loud", "t")])
            (finding,) = found.findings(list(tables.values()))
        assert (finding.code, finding.exit) == ("log-filter", Exit.CONFIG)
        assert "quiet" in finding.message
    finally:
        own.stop()


def test_a_server_without_a_log(folder):
    own = MariaDB(folder / "silent", {"skip-log-bin": "1"})
    try:
        own.start()
        own.create("x")
        with closing(MySQLSourceAdmin(Endpoint("erp", "mysql", "127.0.0.1", own.port, "cdc", PASSWORD, "x", {}))) as found:
            assert "log-bin" in [finding.code for finding in found.findings([])]
    finally:
        own.stop()


@pytest.mark.parametrize(
    ("mariadb", "version", "fits"),
    [(True, (10, 5, 1), True), (True, (10, 4, 30), False), (False, (8, 0, 36), True), (False, (5, 7, 44), False)],
)
def test_versions(mariadb, version, fits):
    assert (not list(admin._version(Server(mariadb, version, "1", True, False)))) is fits
