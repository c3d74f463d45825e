import pytest

from cdc.app.service import config
from cdc.app.service.protection import Protection

FILE = """version: 1
databases:
  erp: {{url: "{erp}"}}
  crm: {{url: "mysql://cdc@127.0.0.1/crm"}}
pipelines:
  p: {{source: erp, target: crm, mappings: m{options}}}
"""
MAPPING = "version: 1\nmapping: item\nsource: item\ntarget: item\nkey: [id]\nsame: [id]\n"


@pytest.fixture
def load(tmp_path):
    def load(options, erp="postgresql://cdc@127.0.0.1/erp"):
        (tmp_path / "m.yaml").write_text(MAPPING)
        (tmp_path / "cdc.yaml").write_text(FILE.format(erp=erp, options=options).replace("mappings: m", "mappings: m.yaml"))
        return config.load(tmp_path / "cdc.yaml", {"BEAT": "3s"})

    return load


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", Protection(10.0, 60.0, 0.5, None, give_up=False, deletes=None)),
        (", heartbeat: off, stall: off", Protection(0.0, 0.0)),
        (", heartbeat: 1.5s, stall: 5m", Protection(1.5, 300.0)),
        (', heartbeat: "${env:BEAT}", stall: 2 h', Protection(3.0, 7200.0)),
        (", retention: {warn: 80%, budget: 1.5GB, give_up: true}", Protection(warn=0.8, budget=1_500_000_000, give_up=True)),
        (", delete_breaker: {per_minute: 7}", Protection(deletes=7)),
    ],
)
def test_what_is_written_is_unpacked(load, options, expected):
    settings, problems = load(options)
    assert [problem.code for problem in problems] == []
    assert settings.pipelines["p"].protection == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (", heartbeat: 10", "write a time such as 10s"),
        (", stall: soon", "write a time such as 10s"),
        (", retention: {warn: 150%}", "write a share such as 50%"),
        (", retention: {budget: 20}", "write a size such as 500MB"),
        (", retention: {budget: 20GiB}", "write a size such as 500MB"),
        (", delete_breaker: {per_minute: 0}", "'per_minute' must be at least 1"),
        (", delete_breaker: {share: 5%}", "unknown key 'share'"),
    ],
)
def test_what_makes_no_sense_is_named(load, options, said):
    _, problems = load(options)
    assert any(said in problem.message for problem in problems), problems


@pytest.mark.parametrize("key", ["give_up: true", "budget: 1GB"])
def test_a_log_that_is_kept_by_age_has_no_budget_of_a_pipeline(load, key):
    _, problems = load(f", retention: {{{key}}}", "mysql://cdc@127.0.0.1:3307/erp")
    assert [problem.code for problem in problems] == ["by-age"]


def test_two_pipelines_never_read_one_server_under_one_number(load, tmp_path):
    """torture: O04."""
    more = "}\n  q: {source: erp, target: crm, mappings: m.yaml"
    _, problems = load(more, "mysql://cdc@127.0.0.1:3307/erp?server_id=7")
    (found,) = (problem for problem in problems if problem.code == "same-server-id")
    assert "p and q would read this server's log under one server_id" in found.message
    assert not [problem for problem in load(more, "mysql://cdc@127.0.0.1:3307/erp")[1] if problem.code == "same-server-id"]
