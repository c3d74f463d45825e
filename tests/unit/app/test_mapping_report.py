"""JUnit reports, and values on a terminal."""

from xml.etree import ElementTree as ET

from cdc.app.junit import report
from cdc.app.trial.shown import equations, shown
from cdc.mapping.files.problem import Place
from cdc.mapping.tools.example import Difference, Outcome
from cdc.model.change import ABSENT

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
