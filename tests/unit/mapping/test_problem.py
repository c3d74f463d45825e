"""Reports as people and programs read them."""

import pytest

from cdc.mapping.files.problem import Level, Place, Problem, did_you_mean, failed, one_of, ordered, printable, render, to_json


def test_a_report_has_place_line_caret_and_help():
    place = Place("mappings/customers.yaml", 12, 14, "  name: trim(nam1)", 4)
    problem = place.problem("unknown-column", "column 'nam1' does not exist in public.customer", "did you mean 'name1'?")
    assert render([problem]) == (
        "mappings/customers.yaml:12:14: error[unknown-column]: column 'nam1' does not exist in public.customer\n"
        "   12 |   name: trim(nam1)\n"
        "      |              ^^^^\n"
        "      = help: did you mean 'name1'?\n"
    )


def test_line_numbers_keep_their_margin():
    report = render([Place("f", 1234567, 1, "a", 1).problem("c", "m", "h")])
    assert report.splitlines()[1:] == ["1234567 | a", "        | ^", "        = help: h"]


def test_a_problem_of_a_whole_file_has_no_excerpt():
    assert render([Place("f", 1, 1).warning("c", "m")]) == "f:1:1: warning[c]: m\n"


@pytest.mark.parametrize(
    ("line", "column", "width", "caret"),
    [("\ta: b", 2, 1, "\t^"), ("字: 字字", 4, 2, "    ^^^^"), ("é: x", 4, 1, "   ^"), ("ab", 3, 5, "  ^"), ("e\u0301x", 3, 1, " ^")],
)
def test_the_caret_stands_below_what_is_meant(line, column, width, caret):
    assert render([Place("f", 1, column, line, width).problem("c", "m")]).splitlines()[2] == f"      | {caret}"


@pytest.mark.parametrize("at", [0, 79, 80, 81, 500, 919, 999])
def test_a_long_line_is_cut_around_the_caret(at):
    line = "".join("!" if i == at else "abcdefghij"[i % 10] for i in range(1000))
    _, shown, caret = render([Place("f", 1, at + 1, line, 1).problem("c", "m")]).splitlines()
    assert shown[caret.index("^")] == "!"
    assert len(shown) <= 8 + 161


def test_nothing_in_a_file_reaches_a_terminal_as_a_command():
    report = render([Place("a\nb", 1, 1, "x\x1b[31m\u202e", 1).problem("c", "'\x07'", "\x00")])
    assert printable(report.replace("\n", "")) == report.replace("\n", "")
    assert report.count("\n") == 4


def test_a_report_is_bounded():
    assert len(render([Place("f", 1, 1).problem("c", "x" * 10_000)])) < 600
    many = render(Place("f", n, 1).problem("c", "m") for n in range(1, 1001))
    assert many.count("\n") == 201
    assert many.endswith("and 800 more\n")


def test_problems_come_by_place_and_once():
    a, b = Problem("a", 2, 1, "c", "m"), Problem("a", 10, 1, "c", "m")
    c, d = Problem("a", 10, 2, "c", "m"), Problem("b", 1, 1, "c", "m")
    assert ordered([d, c, b, a, c]) == [a, b, c, d]


def test_warnings_are_no_failure():
    place = Place("f", 1, 1)
    assert not failed([place.warning("c", "m")])
    assert failed([place.warning("c", "m"), place.problem("c", "m")])


def test_json_says_all_but_the_source_line():
    problem = Problem("f", 1, 2, "c", "m", "h", Level.WARNING, "password: x", 3)
    assert to_json(problem) == {
        "file": "f",
        "line": 1,
        "column": 2,
        "width": 3,
        "level": "warning",
        "code": "c",
        "message": "m",
        "help": "h",
    }


def test_suggestions():
    assert did_you_mean("Colums", ["column", "columns", "key"]) == "did you mean 'columns'?"
    assert did_you_mean("NAME", ["name"]) == "did you mean 'name'?"
    assert did_you_mean("xyz", ["columns"]) == ""
    assert one_of(["a"]) == "a"
    assert one_of(["a", "b", "c"]) == "a, b or c"
