import pytest

from cdc.app import preflight
from cdc.app.preflight import examine, report
from cdc.mapping.problem import Level, Problem
from cdc.model.errors import Denied, Exit, Finding, Gap, Misconfigured, Unreachable
from tests.plans import plan
from tests.unit.app.fakes import Servers

WRONG = Problem("m.yaml", 3, 5, "unknown-column", "no column 'nam'", "did you mean 'name'?", Level.ERROR, "  name: nam", 3)


@pytest.fixture
def servers():
    return Servers()


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """What the compiler says; set `result` to change it."""
    given = {"result": (plan(), [])}
    monkeypatch.setattr(preflight, "compile_plan", lambda *_: given["result"])
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
    servers.findings["erp"] = [Finding("publication-table", "is not in the publication", "alter publication", Exit.CONFIG)]
    assert refusals(servers) == [(Misconfigured, "erp: is not in the publication")]
    assert refusals(servers, before_setup=True) == []


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
