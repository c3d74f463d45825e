import time

import pytest
import structlog
from structlog.testing import capture_logs

from cdc.app.operate import setup
from cdc.app.operate.setup import Statement, set_up, tearing_down
from cdc.model.errors import Exit, Held
from tests.plans import plan
from tests.unit.app.fakes import FakeAdmin, Servers


@pytest.fixture
def servers():
    yield Servers()
    structlog.reset_defaults()


def test_the_target_comes_first_and_a_second_time_there_is_nothing_to_do(servers):
    assert [(s.database, s.text) for s in set_up(servers.line(), plan())] == [
        ("crm", "create a in crm"),
        ("crm", "create b in crm"),
        ("erp", "create a in erp"),
        ("erp", "create b in erp"),
    ]
    assert [database for database, _ in servers.executed] == ["crm", "crm", "erp", "erp"]
    assert list(set_up(servers.line(), plan())) == []


def test_a_teardown_begins_at_the_source(servers):
    line = servers.line()
    with line.admins() as admins:
        assert [s.sql() for s in tearing_down(line, *admins, line.probe())] == ["-- on erp:\ndrop in erp;", "-- on crm:\ndrop in crm;"]


def test_nobody_tears_down_what_somebody_runs(servers):
    servers.holder = "host:4711"
    line = servers.line()
    with line.admins() as admins, pytest.raises(Held, match="erp_to_crm is run by host:4711") as raised:
        tearing_down(line, *admins, line.probe())
    assert (raised.value.exit, bool(raised.value.hint)) == (Exit.RETRY_LATER, True)


def test_a_statement_that_takes_long_says_why(servers, monkeypatch):
    monkeypatch.setattr(setup, "_SLOW", 0.01)
    admin = FakeAdmin(servers, "erp")
    monkeypatch.setattr(admin, "execute", lambda text: time.sleep(0.2))
    with capture_logs() as logs:
        Statement("erp", "create", admin).run()
    assert [(log["database"], "waits" in log["event"]) for log in logs] == [("erp", True)]
