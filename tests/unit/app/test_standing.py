import time
from contextlib import closing

import pytest

from cdc.app.monitor.http import Server, pages
from cdc.app.monitor.metrics import Metrics
from cdc.app.monitor.standing import ask, standing
from cdc.app.service.config import Listen
from cdc.model.errors import Exit, Unreachable
from cdc.model.write import Checkpoint, Phase
from tests.unit.app.fakes import Servers


@pytest.fixture
def servers():
    made = Servers()
    made.commit("1")
    made.commit("2")
    return made


def summary(servers, said=None):
    return standing(servers.line(), said).summary


def test_what_never_ran_is_stopped_and_nowhere(servers):
    assert summary(servers) == {
        "state": "stopped",
        "position": None,
        "lag_seconds": None,
        "lag_bytes": None,
        "parked": 0,
        "rows_applied": 0,
        "last_error": None,
        "paused_for": None,
        "resync": None,
        "stalled": None,
        "log_budget_used": None,
        "log_lost_in_seconds": None,
    }


def test_without_a_daemon_the_checkpoint_and_the_source_are_asked(servers):
    servers.checkpoint = Checkpoint("1", Phase.STREAMING, 7, time.time() - 60)
    found = summary(servers)
    assert (found["state"], found["position"], found["lag_bytes"], found["rows_applied"]) == ("stopped", "1", 100, 7)
    assert 60 <= found["lag_seconds"] < 70


def test_at_the_end_of_the_log_there_is_no_lag(servers):
    servers.checkpoint = Checkpoint("2", Phase.STREAMING, 7, 1.0)
    assert (summary(servers)["lag_bytes"], summary(servers)["lag_seconds"]) == (0, 0.0)


@pytest.mark.parametrize(
    ("checkpoint", "state"),
    [
        (None, "starting"),
        (Checkpoint(None, Phase.LOADING, 0, 0.0), "starting"),
        (Checkpoint("1", Phase.LOADING, 0, 0.0), "snapshot"),
        (Checkpoint("1", Phase.STREAMING, 0, 0.0), "streaming"),
    ],
)
def test_what_another_process_runs_is_in_the_state_of_its_checkpoint(servers, checkpoint, state):
    servers.holder, servers.checkpoint = "host:1", checkpoint
    assert summary(servers)["state"] == state


def test_a_daemon_knows_its_state_and_lag_better_and_the_target_its_checkpoint(servers):
    servers.checkpoint = Checkpoint("1", Phase.STREAMING, 7, 1.0)
    said = {"state": "backoff", "position": "0", "lag_seconds": 3.5, "lag_bytes": 12, "rows_applied": 5, "last_error": "crm: gone"}
    found = summary(servers, said)
    assert (found["state"], found["lag_seconds"], found["lag_bytes"], found["last_error"]) == ("backoff", 3.5, 12, "crm: gone")
    assert (found["position"], found["rows_applied"]) == ("1", 7)
    assert servers.opened == 0


def test_a_target_that_is_down_leaves_the_daemons_word(servers):
    servers.faults = {"crm": [Unreachable("crm: refused")]}
    given = standing(servers.line(), {"state": "backoff", "position": "1", "rows_applied": 5, "last_error": None})
    assert (given.summary["position"], given.summary["rows_applied"], given.exit()) == ("1", 5, Exit.UNREACHABLE)
    assert given.summary["last_error"] == "crm: refused"


def test_a_source_that_is_down_leaves_the_checkpoint(servers):
    servers.checkpoint = Checkpoint("1", Phase.STREAMING, 7, 1.0)
    servers.faults = {"source": [Unreachable("erp: refused")]}
    given = standing(servers.line(), None)
    assert (given.summary["position"], given.summary["last_error"], given.exit()) == ("1", "erp: refused", Exit.UNREACHABLE)


def test_the_daemon_is_asked_at_its_address(watch):
    with closing(Server("127.0.0.1", 0, pages(Metrics().registry, [watch], str))) as server:
        assert ask(Listen("0.0.0.0", server.server_port))["erp_to_crm"]["state"] == "starting"


def test_nobody_there_is_no_answer():
    with closing(Server("127.0.0.1", 0, {})) as server:
        port = server.server_port
        assert ask(Listen("127.0.0.1", port)) == {}
    assert ask(Listen("127.0.0.1", port)) == {}
    assert ask(None) == {}
