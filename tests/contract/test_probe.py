"""What is asked of a source's server beside its log: heartbeats there and back, and how long the log is kept."""

import time
from contextlib import closing
from uuid import uuid4

import pytest

from cdc.model.endpoint import Endpoint
from cdc.model.errors import Exit, Misconfigured
from cdc.model.table import TableName
from cdc.source.mysql.probe import MySQLProbe
from cdc.source.mysql.source import MySQLSource
from cdc.source.postgresql.admin import PostgreSQLSourceAdmin
from cdc.source.postgresql.probe import PostgreSQLProbe
from cdc.source.postgresql.source import PostgreSQLSource
from demo.servers import PASSWORD


@pytest.fixture
def name():
    return f"p{uuid4().hex[:10]}"


@pytest.fixture(params=["postgresql", "mariadb"])
def given(request, database, endpoint, name):
    """(probe, source, whether it is PostgreSQL), on a database with one table, set up."""
    server = request.getfixturevalue(request.param)
    at = endpoint(server, database(server), "erp")
    pg = request.param == "postgresql"
    table = TableName("public" if pg else at.database, "item")
    with closing(server.connect(at.database)) as connection:
        connection.cursor().execute("create table item (id int primary key)")
    admin = None
    if pg:
        admin = PostgreSQLSourceAdmin(at, name)
        for statement in admin.setup([table]):
            admin.execute(statement)
    probe = (PostgreSQLProbe if pg else MySQLProbe)(at, name)
    source = (PostgreSQLSource if pg else MySQLSource)(at, name, [table], "crm")
    yield probe, source, pg
    source.close()
    for statement in [*(admin.teardown() if admin else ()), *probe.teardown()]:
        (admin if admin and "heartbeat" not in statement else probe).execute(statement)
    probe.close()
    if admin:
        admin.close()


def made(probe):
    for statement in probe.setup():
        probe.execute(statement)


def test_a_heartbeat_comes_back_in_the_log_moves_the_position_and_is_no_row(given):
    """torture: B14, B15."""
    probe, source, _ = given
    made(probe)
    assert (probe.setup(), probe.findings()) == ((), ())
    after, written = source.head(), [1_700_000_000.123456, time.time()]
    for at in written:
        assert probe.beat(at)
    items = list(source.read(after, source.head()))
    found = [item for item in items if getattr(item, "beat", 0)]
    assert [item.beat for item in found] == pytest.approx(written, abs=1e-6)
    assert [(item.changes, item.echoes, item.origin) for item in found] == [([], 0, ())] * 2
    assert items[-1].upto != after
    assert found[0].upto != found[1].upto


def test_the_server_says_how_long_it_keeps_the_log(given):
    probe, _, pg = given
    found = probe.retention()
    assert abs(found.clock - time.time()) < 60
    if pg:
        assert (found.active, found.status, found.safe, found.oldest) == (False, "reserved", None, None)
        assert found.retained >= 0
    else:
        assert (found.retained, found.active) == (None, None)
        assert found.clock - 86_400 < found.oldest <= found.clock + 1


def test_a_slot_in_use_is_given_up_and_a_log_kept_by_age_is_not(given):
    probe, source, pg = given
    if not pg:
        with pytest.raises(Misconfigured, match="by age"):
            probe.give_up()
        return
    reading = source.read(source.head())
    next(reading)
    assert probe.retention().active
    probe.give_up()
    assert probe.retention().active is None
    with pytest.raises(Exception, match="erp"):
        for _ in reading:
            pass
    probe.give_up()


def test_an_account_that_may_not_write_heartbeats_has_none_and_is_told_the_statements(mariadb, database, name):
    """torture: B15, O03."""
    at = database(mariadb)
    with closing(mariadb.connect(at)) as connection, connection.cursor() as cursor:
        cursor.execute(f"create user poor{name}@'127.0.0.1' identified by '{PASSWORD}'")
    with closing(MySQLProbe(Endpoint("erp", "mysql", "127.0.0.1", mariadb.port, f"poor{name}", PASSWORD, at, {}), name)) as probe:
        assert (probe.setup(), probe.beat(1.0)) == ((), False)
        (finding,) = probe.findings()
    assert (finding.code, finding.exit) == ("heartbeat", Exit.OK)
    assert "create table if not exists cdc.heartbeat" in finding.hint
    assert f"grant insert, update on cdc.heartbeat to 'poor{name}'@'127.0.0.1';" in finding.hint


def test_the_table_goes_with_the_last_pipeline_that_writes_it(mariadb, database, endpoint, name):
    at = endpoint(mariadb, database(mariadb), "erp")
    with closing(MySQLProbe(at, name)) as one, closing(MySQLProbe(at, f"{name}b")) as two:
        made(one)
        assert one.beat(1.0)
        assert two.beat(1.0)
        assert one.teardown() == (f"delete from cdc.heartbeat where pipeline = '{name}'",)
        one.execute(one.teardown()[0])
        assert one.retention().clock > 0
        assert two.teardown()[0] in {"drop table cdc.heartbeat", f"delete from cdc.heartbeat where pipeline = '{name}b'"}
        two.execute(f"delete from cdc.heartbeat where pipeline = '{name}b'")
