"""Queries put to the source's server before anything runs."""

import pytest

from cdc.app.preflight.questions import answers, scan_findings
from cdc.mapping.query.query import Query, Refusal, Takes
from cdc.model.errors import Denied, Exit, Transient, Unreachable
from tests.definitions import spec
from tests.unit.mapping.test_query_plan import ADDRESS, COUNTRY, PARTY, SPEC

TABLES = {each.name: each for each in (PARTY, ADDRESS, COUNTRY)}


class Admin:
    """Reads every query but those that name `bad`; says of each what it would scan."""

    def __init__(self, scans=(), fault=None):
        self.asked, self.given, self.fault = [], scans, fault

    def prepare(self, question):
        self.asked.append(question.takes)
        if "bad" in question.text:
            return Refusal("bad", "", None)
        return Query(question.takes, question.given, (question.text,), (), ())

    def scans(self, asked, table):
        if self.fault:
            raise self.fault
        return [f"{table.name.name} for {asked.takes.value}" for _ in self.given]


def found(admin, text=SPEC):
    specs = [spec(text)]
    given = answers(specs, TABLES, "public", admin)
    return given, list(scan_findings(specs, TABLES, "public", admin, given))


def test_each_query_is_read_once_and_large_scans_are_warnings():
    admin = Admin([1])
    given, findings = found(admin)
    assert admin.asked == [Takes.KEYS, Takes.NAMED]
    assert given.keys() == {("accounts", ("query",)), ("accounts", ("depends_on", "country", "query"))}
    assert {(finding.code, finding.exit) for finding in findings} == {("query-scan", Exit.OK)}
    assert ["party for keys" in findings[0].message, "country for named" in findings[1].message] == [True, True]


def test_a_query_that_is_refused_is_not_looked_into():
    _, findings = found(Admin([1]), SPEC.replace("select p.id", "select bad, p.id"))
    assert ["country" in finding.message for finding in findings] == [True]


@pytest.mark.parametrize("fault", [Denied("no view"), Transient("too long")])
def test_a_server_that_does_not_explain_is_no_reason_not_to_run(fault):
    _, findings = found(Admin(fault=fault))
    assert [(finding.exit, str(fault) in finding.message) for finding in findings] == [(Exit.OK, True)] * 2


def test_a_server_that_is_gone_is():
    with pytest.raises(Unreachable):
        found(Admin(fault=Unreachable("gone")))
