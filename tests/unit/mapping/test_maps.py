"""Value maps: texts alone or several at a time, NULL, and CSV files with whatever people's spreadsheets write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.app.service.mapping_files import beside
from cdc.mapping.files.csv import SEPARATORS, read_csv
from cdc.mapping.files.problem import render
from cdc.mapping.spec.read import read_mapping
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow
from cdc.model.table import Column
from tests.definitions import INT, TEXT, compiled, enum, shape, table

SALE = table("sale", [Column("id", INT, nullable=False), Column("state", TEXT), Column("invoice", TEXT), Column("nr", INT)])
QUOTE = table("quote", [Column("id", INT, nullable=False), Column("stage", TEXT), Column("chance", INT), Column("kind", enum("a", "b"))])
HEAD = "version: 1\nmapping: quotes\nsource: sale\ntarget: quote\nkey: [id]\ncolumns:\n  id: id\n"


def read(text, **files):
    """Read a mapping beside these CSV files."""
    contents = {f"{name}.csv": content.encode() if isinstance(content, str) else content for name, content in files.items()}
    return read_mapping("m.yaml", HEAD + text, lambda name: (name, contents.get(name), "No such file or directory"))


def problems(text, **files):
    spec, found = read(text, **files)
    return found or [problem for problem in compiled([spec], SALE, QUOTE)[1] if problem.level.value != "note"]


def only(text, **files):
    (problem,) = problems(text, **files)
    return problem


def translated(text, state=None, invoice=None, nr=None, **files):
    spec, found = read(text, **files)
    assert found == []
    plan, found = compiled([spec], SALE, QUOTE)
    assert plan is not None, render(found)
    (row_plan,) = plan.bind(shape(SALE))
    return row_plan.map_row(("1", state, invoice, nr))[1][1]


class TestOneText:
    LISTED = (
        "  stage: {map: m, from: state, default: other}\nmaps:\n  m:\n    - [draft, Draft]\n    - [null, None yet]\n    - ['', Empty]\n"
    )

    def test_rows_are_as_good_as_keys_and_have_room_for_null(self):
        assert [translated(self.LISTED, state) for state in ("draft", None, "", "x")] == ["Draft", "None yet", "Empty", "other"]

    def test_null_stays_null_unless_an_entry_translates_it(self):
        text = "  stage: {map: m, from: state, default: other}\nmaps: {m: {draft: Draft}}\n"
        assert [translated(text, state) for state in ("draft", None, "x")] == ["Draft", None, "other"]

    def test_an_unknown_text_is_an_error_of_the_row(self):
        with pytest.raises(BadRow, match="column 'stage': the value map 'm' has no entry for this text"):
            translated("  stage: {map: m, from: state}\nmaps: {m: {draft: Draft}}\n", "x")
        assert translated("  stage: {map: m, from: state}\nmaps: {m: {draft: Draft}}\n") is None

    def test_any_value_is_looked_up_as_it_prints(self):
        assert translated("  stage: {map: m, from: nr + 1}\nmaps: {m: [['8', eight]]}\n", nr="7") == "eight"

    def test_absent_is_not_null(self):
        assert translated(self.LISTED, ABSENT) is ABSENT


class TestSeveralTexts:
    TEXT = (
        "  stage: {map: stages, from: [state, invoice]}\nmaps:\n  stages:\n"
        "    - [quotation, none, Draft]\n    - [done, none, Delivered]\n    - [done, paid, Closed]\n    - [done, null, Open]\n"
    )

    def test_all_of_them_count(self):
        assert translated(self.TEXT, "quotation", "none") == "Draft"
        assert translated(self.TEXT, "done", "none") == "Delivered"
        assert translated(self.TEXT, "done", "paid") == "Closed"

    def test_null_is_a_text_like_any_other(self):
        assert translated(self.TEXT, "done", None) == "Open"
        with pytest.raises(BadRow, match="the value map 'stages' has no entry"):
            translated(self.TEXT, None, "paid")

    def test_nothing_but_null_is_null(self):
        assert translated(self.TEXT, None, None) is None

    def test_one_absent_makes_the_column_absent(self):
        assert translated(self.TEXT, "done", ABSENT) is ABSENT

    def test_the_number_of_expressions_must_fit(self):
        problem = only(self.TEXT.replace("[state, invoice]", "state"))
        assert (problem.code, problem.line, problem.column) == ("bad-from", 8, 30)
        assert "translates 2 texts at a time, `from` has 1" in problem.message

    def test_each_expression_is_checked_in_its_place(self):
        problem = only(self.TEXT.replace("[state, invoice]", "[state, upr(invoice)]"))
        assert (problem.code, problem.line, problem.column) == ("unknown-function", 8, 38)


class TestFiles:
    MAP = "  stage: {map: m, from: state}\nmaps: {m: {file: m.csv}}\n"

    @pytest.mark.parametrize(
        "content",
        ["draft,Draft\ndone,Done\n", "draft,Draft\r\ndone,Done\r\n", "\ufeffdraft,Draft\ndone,Done", ' draft , "Draft"\n\ndone,Done\n'],
    )
    def test_two_columns(self, content):
        assert [translated(self.MAP, state, m=content) for state in ("draft", "done", None)] == ["Draft", "Done", None]

    @pytest.mark.parametrize("header", ["state,whatever", "code,stage", "STATE,X", "from,to", "Source,Target"])
    def test_a_first_line_that_names_the_columns_is_no_entry(self, header):
        assert translated(self.MAP, "draft", m=f"{header}\ndraft,Draft\n") == "Draft"
        with pytest.raises(BadRow):
            translated(self.MAP, header.partition(",")[0], m=f"{header}\ndraft,Draft\n")

    def test_any_other_first_line_is_an_entry(self):
        assert translated(self.MAP, "open", m="open,new\ndraft,Draft\n") == "new"

    def test_columns_by_name(self):
        text = self.MAP.replace("m.csv", "m.csv, from: code, to: crm, separator: semicolon")
        assert translated(text, "d", m="remark;crm;code\nold;Draft;d\n") == "Draft"

    def test_several_texts_by_place_and_by_name(self):
        text = "  stage: {map: m, from: [state, invoice]}\nmaps: {m: {file: m.csv}}\n"
        assert translated(text, "done", "paid", m="done,none,Open\ndone,paid,Closed\n") == "Closed"
        assert translated(text, "done", None, m="done,,Open\n") == "Open"
        named = text.replace("file: m.csv", "file: m.csv, from: [a, b], to: c")
        assert translated(named, "done", "paid", m="c,b,a\nClosed,paid,done\n") == "Closed"

    def test_nothing_is_null_and_quotes_are_the_empty_text(self):
        content = ',nothing\n"",empty\nx,\ny,""\n'
        assert [translated(self.MAP, state, m=content) for state in (None, "", "x", "y")] == ["nothing", "empty", None, ""]

    def test_values_are_read_as_the_column_reads_them(self):
        text = "  chance: {map: m, from: state}\nmaps: {m: {file: m.csv}}\n"
        assert translated(text, "draft", m="draft,010\n") == "10"
        problem = only(text, m="draft,10\ndone,ten\n")
        assert (problem.file, problem.line, problem.column, problem.code) == ("m.csv", 2, 6, "bad-value")

    def test_labels_are_checked_in_the_file(self):
        problem = only("  kind: {map: m, from: state}\nmaps: {m: {file: m.csv}}\n", m="x,a\ny,c\n")
        assert (problem.file, problem.line, problem.column, problem.code) == ("m.csv", 2, 3, "bad-value")

    def test_the_file_lies_beside_the_mapping(self, tmp_path):
        (tmp_path / "maps").mkdir()
        (tmp_path / "maps" / "m.csv").write_text("a,b\n")
        opened = beside(tmp_path / "m.yaml")
        assert opened("maps/m.csv") == (str(tmp_path / "maps" / "m.csv"), b"a,b\n", "")
        assert opened("no.csv")[1:] == (None, "No such file or directory")
        assert opened("maps")[1:] == (None, "Is a directory")
        assert opened("a\0b")[1:] == (None, "not a file's name")

    def test_a_map_with_the_text_file_is_written_as_rows(self):
        assert translated("  stage: {map: m, from: state}\nmaps: {m: [[file, Document]]}\n", "file") == "Document"

    def test_sizes_are_bounded(self):
        assert only(self.MAP, m=b"x" * 10_000_001).code == "too-large"
        assert only(self.MAP, m="".join(f"{n},x\n" for n in range(100_001))).code == "too-large"


cell = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=8)


@given(st.lists(st.tuples(cell, st.one_of(st.none(), cell)), min_size=1, max_size=5), st.sampled_from(list(SEPARATORS)))
def test_what_a_spreadsheet_writes_is_read_as_it_was(rows, separator):
    def written(text):
        return "" if text is None else '"' + text.replace('"', '""') + '"'

    content = "".join(SEPARATORS[separator].join(map(written, row)) + "\n" for row in rows)
    found, wrong = read_csv("f.csv", content.encode(), separator)
    assert wrong == []
    assert [tuple(cell.text for cell in row) for row in found] == rows
