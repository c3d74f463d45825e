"""JUnit reports, and values on a terminal."""

from io import StringIO
from types import SimpleNamespace
from xml.etree import ElementTree as ET

from rich.console import Console

from cdc.app.junit import report
from cdc.app.trial.explain import Cell, Explained
from cdc.app.trial.shown import equations, row, shown
from cdc.app.trial.tried import Trial, Verdict
from cdc.mapping.files.problem import Place
from cdc.mapping.tools.example import Difference, Outcome
from cdc.model.change import ABSENT, Change, Op
from cdc.model.table import TableName

PLACE = Place("a&b.yaml", 7, 3)


def test_a_report_names_each_example_and_what_differs():
    failed = Outcome(2, PLACE, (Difference("name", "expected '<\"a\">', got '\x1b[0m'", PLACE), Difference("", "`where` takes it", PLACE)))
    root = ET.fromstring(report({"p/customers": [Outcome(1, PLACE, ()), failed], "p/other": []}))
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    good, bad = root[0]
    assert (good.get("classname"), good.get("name"), good.get("file"), len(good)) == ("p/customers", "example 1", "a&b.yaml", 0)
    assert [failure.text for failure in bad] == ["a&b.yaml:7: name: expected '<\"a\">', got '�[0m'", "a&b.yaml:7: `where` takes it"]
    assert root[1].get("tests") == "0"


def test_values_are_told_apart():
    assert [shown(given).plain for given in (None, ABSENT, "", " a", "a b", "NULL")] == ["NULL", "(kept)", "''", "' a'", "a b", "NULL"]
    assert str(shown(None).style) != str(shown("NULL").style)
    assert "\x1b" not in shown("\x1b[31mred").plain
    assert len(shown("x" * 1000).plain) < 100
    assert equations({"a": "1", "b": None}).plain == "a = 1, b = NULL"


def test_a_table_that_is_wider_than_the_terminal_becomes_lines_that_can_be_copied():
    uuid, sql = "d342978f-76c7-5e8f-9955-d763202ee3fa", "stable_uuid('cust_master', company_cd, cust_no)"
    cells = (
        Cell("id", True, {"company_cd": "001"}, sql, uuid, "", uuid, False),
        Cell("name", False, {"title": "x"}, "title", "x", "", "y", True),
    )
    table = TableName("s", "t")
    trial = Trial(Change(table, Op.UPDATE, None, ("1",)), Verdict.UPDATE, {}, {"id": uuid}, ("name",))
    look = SimpleNamespace(plan=SimpleNamespace(target=SimpleNamespace(table=SimpleNamespace(name=table), deletes=None)))
    said = {}
    for width in (80, 200):
        to = Console(file=StringIO(), width=width)
        row(to, look, Explained({"id": "1"}, {}, trial, None, cells), whole=True)
        said[width] = to.file.getvalue()
    assert said[80].splitlines()[1:] == [
        f" * id = {uuid}; now {uuid}", f"     {sql}", "     company_cd = 001", " ≠ name = x; now y", "     title = x", "",
    ]  # fmt: skip
    assert "TARGET NOW" in said[200] and len(said[200].splitlines()) == 5
