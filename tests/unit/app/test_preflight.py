from dataclasses import replace
from types import SimpleNamespace

import pytest

from cdc.app.preflight.examined import examine, report
from cdc.mapping.files.problem import Level, Problem
from cdc.model.errors import Denied, Exit, Finding, Gap, Misconfigured, Unfollowed, Unreachable
from cdc.model.table import TableName
from cdc.model.write import Checkpoint, Phase
from tests.plans import plan
from tests.unit.app.fakes import FakeAdmin, Servers

WRONG = Problem("m.yaml", 3, 5, "unknown-column", "no column 'nam'", "did you mean 'name'?", Level.ERROR, "  name: nam", 3)

LOADED = Checkpoint("7", Phase.STREAMING, 5, 1.0)


def spec(source):
    return SimpleNamespace(source=source, target="account", query=None, columns={}, match=())


@pytest.fixture
def servers():
    return Servers()


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """What the compiler says; set `result` to change it."""
    given = {"result": (plan(), [])}
    monkeypatch.setattr("cdc.app.preflight.examined.compile_plan", lambda *_, **__: given["result"])
    return given


def refusals(servers, **given):
    return [(type(error), str(error)) for error in examine(servers.line()).refusals(**given)]


def test_all_is_well(servers):
    examined = examine(servers.line())
    assert (examined.plan is not None, examined.refusals(), report(examined)) == (True, [], "")


def test_each_server_is_asked_whether_or_not_the_other_answers(servers):
    servers.faults = {"erp": [Unreachable("erp: refused")]}
    servers.findings["crm"] = [Finding("privilege", "may not insert", "grant insert", Exit.DENIED)]
    examined = examine(servers.line())
    assert examined.plan is None
    assert [(where, found.code, found.exit) for where, found in examined.findings()] == [
        ("erp", "unreachable", Exit.UNREACHABLE),
        ("crm", "privilege", Exit.DENIED),
    ]
    assert [error.exit for error in examined.refusals()] == [Exit.DENIED, Exit.UNREACHABLE]


def test_the_error_itself_is_raised_so_that_it_is_tried_again_where_that_helps(servers):
    fault = Unreachable("crm: refused")
    servers.faults = {"crm": [fault]}
    assert examine(servers.line()).refusals() == [fault]


def test_what_must_be_mended_first_comes_first(servers, compiled):
    compiled["result"] = (None, [WRONG])
    servers.findings = {
        "erp": [Finding("slot-lost", "the slot is lost", "teardown", Exit.GAP), Finding("clock", "clocks differ", "", Exit.OK)],
        "crm": [Finding("privilege", "may not insert", "grant insert", Exit.DENIED)],
    }
    assert refusals(servers) == [
        (Misconfigured, "m.yaml:3:5: no column 'nam'"),
        (Denied, "crm: may not insert"),
        (Gap, "erp: the slot is lost"),
    ]


def test_what_set_up_mends_does_not_refuse_it(servers):
    servers.checkpoint = LOADED
    servers.findings["erp"] = [Finding("publication-table", "is not in the publication", "alter publication", Exit.CONFIG)]
    assert refusals(servers) == [(Unfollowed, "erp: is not in the publication")]
    assert refusals(servers, before_setup=True) == []


@pytest.mark.parametrize("checkpoint", [None, Checkpoint(None, Phase.LOADING, 0, 0.0)])
def test_what_set_up_mends_is_a_warning_before_the_first_load(servers, checkpoint):
    servers.checkpoint = checkpoint
    servers.findings["erp"] = [Finding("publication-table", "is not in the publication", "alter publication", Exit.CONFIG)]
    assert refusals(servers) == []
    assert "erp: warning[publication-table]" in report(examine(servers.line()))


def test_what_set_up_made_and_is_gone_is_mended_by_it(servers):
    servers.checkpoint = LOADED
    servers.faults["prove"] = [Misconfigured("erp: the publication is gone", "`cdc setup` makes it.")] * 2
    assert refusals(servers) == [(Misconfigured, "erp: the publication is gone")]
    assert refusals(servers, before_setup=True) == []


def test_a_gap_after_the_checkpoint_is_found(servers):
    servers.checkpoint = LOADED
    servers.faults["prove"] = [Gap("erp: the slot is gone", "teardown")]
    examined = examine(servers.line())
    assert [(type(error), str(error), error.hint) for error in examined.refusals()] == [(Gap, "erp: the slot is gone", "teardown")]
    assert (examined.plan is not None, examined.target.checkpoint) == (True, LOADED)


@pytest.mark.parametrize("why", ["never loaded", "runs", "source refuses", "target refuses"])
def test_the_log_is_proved_only_where_that_says_something(servers, why):
    """While somebody runs the pipeline the slot moves on after the checkpoint was read."""
    wrong = [Finding("wal-level", "wal_level is replica", "alter system", Exit.CONFIG)]
    servers.checkpoint = None if why == "never loaded" else LOADED
    servers.holder = "somebody" if why == "runs" else None
    servers.findings = {"erp": wrong if why == "source refuses" else [], "crm": wrong if why == "target refuses" else []}
    servers.faults["prove"] = [Gap("erp: a gap")]
    assert (Gap, "erp: a gap") not in refusals(servers)


def test_what_the_server_hides_is_no_unknown_table(servers, compiled, monkeypatch):
    line = replace(servers.line(), specs=[spec("customer"), spec("other")])
    hidden = Finding("privilege", "may not read customer", "grant select", Exit.DENIED)
    monkeypatch.setattr(FakeAdmin, "hidden", lambda self, names: {n: hidden for n in names if n.name == "customer"})
    given = []
    monkeypatch.setattr("cdc.app.preflight.examined.compile_plan", lambda specs, *_, **__: given.append(specs) or (plan(), []))
    examined = examine(line)
    assert [[spec.source for spec in specs] for specs in given] == [["other"]]
    assert examined.plan is None
    assert [(type(error), error.hint) for error in examined.refusals()] == [(Denied, "grant select")]


def test_tables_of_nearly_the_name_are_described_too(servers, monkeypatch):
    known = [TableName("erp", "Customer"), TableName("erp", "customers"), TableName("erp", "invoice")]
    monkeypatch.setattr(FakeAdmin, "tables", lambda self: known)
    monkeypatch.setattr(FakeAdmin, "definitions", lambda self, names: {name: name for name in names if name in known})
    side = examine(replace(servers.line(), specs=[spec("customer")])).source
    assert set(side.definitions) == {TableName("erp", "Customer"), TableName("erp", "customers")}


def test_what_the_source_says_with_a_statement_is_not_said_twice(servers, compiled):
    servers.findings["erp"] = [Finding("no-key", "customer has no key", "alter table", Exit.CONFIG)]
    compiled["result"] = (None, [replace(WRONG, code="no-identity"), WRONG])
    assert [str(error) for error in examine(servers.line()).refusals()] == ["erp: customer has no key", "m.yaml:3:5: no column 'nam'"]


def test_what_was_never_set_up_is_no_finding(servers):
    servers.findings["crm"] = [Finding("setup", "crm: our own tables are missing", "Run `cdc setup`.", Exit.CONFIG)]
    assert report(examine(servers.line())) == ""


def test_a_report_names_pipeline_database_and_way_out(servers, compiled):
    compiled["result"] = (None, [WRONG])
    servers.findings["crm"] = [
        Finding("mode", "crm: sql_mode is \x1b[31mempty", "set global sql_mode = …;\nThen again.", Exit.CONFIG),
        Finding("clock", "clocks differ", "", Exit.OK),
    ]
    assert report(examine(servers.line())).splitlines() == [
        "m.yaml:3:5: error[unknown-column]: no column 'nam'",
        "    3 |   name: nam",
        "      |     ^^^",
        "      = help: did you mean 'name'?",
        "erp_to_crm: crm: error[mode]: sql_mode is \N{REPLACEMENT CHARACTER}[31mempty",
        "      = help: set global sql_mode = …;",
        "      = help: Then again.",
        "erp_to_crm: crm: warning[clock]: clocks differ",
    ]
