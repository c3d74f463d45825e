"""Notes of a report, folded: the first of each kind in a file, and where the others are."""

from cdc.app.folded import folded
from cdc.mapping.files.problem import Level, Problem


def problem(file, line, code, level=Level.NOTE, help=""):  # noqa: A002 - the report's word
    return Problem(file, line, 1, code, f"{code} {line}", help, level)


def test_notes_of_a_kind_and_file_are_one():
    given = [
        problem("a", 1, "may-not-fit", help="write left(…)"),
        problem("a", 2, "may-be-null"),
        problem("a", 3, "may-not-fit"),
        problem("a", 4, "may-not-fit"),
        problem("b", 1, "may-not-fit"),
    ]
    found = folded(given)
    assert [(one.file, one.line, one.message) for one in found] == [
        ("a", 1, "may-not-fit 1"),
        ("a", 2, "may-be-null 2"),
        ("b", 1, "may-not-fit 1"),
    ]
    assert found[0].help == "write left(…); 2 more notes of this kind (lines 3, 4): `--notes` shows them"
    assert [one.help for one in found[1:]] == ["", ""]


def test_errors_and_warnings_stay_each():
    given = [problem("a", line, "x", level) for level in (Level.ERROR, Level.WARNING) for line in (1, 2)]
    assert folded(given) == given


def test_many_lines_are_cut():
    (one,) = folded([problem("a", line, "x") for line in range(1, 13)])
    assert one.help == "11 more notes of this kind (lines 2, 3, 4, 5, 6, 7, 8, 9, …): `--notes` shows them"
    (one,) = folded([problem("a", 1, "x"), problem("a", 1, "x")])
    assert one.help == "1 more note of this kind (line 1): `--notes` shows it"
