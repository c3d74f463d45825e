"""Data with its positions: scalars as YAML 1.2 reads them, every mistake with its place, every character back to the file."""

import re
from decimal import Decimal

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from cdc.mapping.files.problem import failed
from cdc.mapping.files.yaml12 import LIMIT, plain, read

MARK = "¤"


def document(text, problems=0):
    found, reported = read("f.yaml", text)
    assert len(reported) == problems, reported
    return found


def key_position(found, path):
    place = found.at_key(path)
    return place.line, place.column


def refusal(raw):
    found, problems = read("f.yaml", raw)
    assert failed(problems)
    return [(p.line, p.column, p.code) for p in problems], found


# scalars


@pytest.mark.parametrize("text", ["NO", "no", "on", "off", "y", "n", "yes", "012", "0x1F", "0o17", "12:30:00", "1_000", "+", ".", "1.2.3",
                                  "2026-01-01", "0001", "-01", "1e", "Infinity", ".inf", ".nan", "nULL", "tRue", "=", "<<x", "9" * 60])  # fmt: skip
def test_what_is_no_number_and_no_truth_value_stays_a_text(text):
    assert plain(text) == text
    assert document(f"k: {text}\n").data == {"k": text}


@pytest.mark.parametrize(
    ("text", "meant"),
    [("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("true", True), ("True", True), ("TRUE", True), ("false", False),
     ("0", 0), ("7", 7), ("-7", -7), ("+7", 7), ("9" * 39, int("9" * 39)), ("0.10", Decimal("0.10")), ("-.5", Decimal("-0.5")),
     ("1.", Decimal(1)), ("1e3", Decimal("1e3")), ("1.5E-2", Decimal("0.015"))],
)  # fmt: skip
def test_core_scalars(text, meant):
    data = document(f"k: {text}\n").data["k"]
    assert data == meant
    assert type(data) is type(meant)


def test_numbers_keep_their_digits():
    assert str(document("k: 0.10\n").data["k"]) == "0.10"
    assert str(document("k: 12345678901234567890.123456789\n").data["k"]) == "12345678901234567890.123456789"


def test_quotes_make_a_text_of_anything():
    assert document("a: '1'\nb: \"true\"\nc: !!str 1\nd: ''\n").data == {"a": "1", "b": "true", "c": "1", "d": ""}


def test_keys_are_their_text():
    assert document("NO: 1\n0001: 2\ntrue: 3\n1.0: 4\nnull: 5\n").data == {"NO": 1, "0001": 2, "true": 3, "1.0": 4, "null": 5}


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_data():
    found = document(b"\xef\xbb\xbfa: |\r\n  x\r\n  y\r\nb: 1\r\n")
    assert found.data == {"a": "x\ny\n", "b": 1}
    assert found.position(("b",)) == (4, 4)
    assert key_position(found, ("a",)) == (1, 1)


# mistakes


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"a: \xff\n", (1, 4, "not-utf8")),
        (b"\xff\xfea\x00", (1, 1, "not-utf8")),
        ("é: 1\nb: é\xfc".encode("latin-1"), (1, 1, "not-utf8")),
        (b"a: x\xc3\xa9y\nb: \xc3", (2, 4, "not-utf8")),
        (b"", (1, 1, "empty-file")),
        (b"# only a comment\n", (1, 1, "empty-file")),
        (b"a: \x00\n", (1, 4, "bad-character")),
        ("a: 1\nb: x\u2028y\n", (2, 5, "bad-character")),
        ("a: 1\rb: 2\n", (1, 5, "bad-character")),
        ("a: x\ufeff\n", (1, 5, "bad-character")),
        ("a: \x85\n", (1, 4, "bad-character")),
        ("a: \ud800\n", (1, 4, "bad-character")),
        ("a: " + "x" * LIMIT, (1, 1, "too-large")),
        ("- a\n", (1, 1, "wrong-type")),
        ("text\n", (1, 1, "wrong-type")),
        ("a: 1\n---\nb: 2\n", (2, 1, "two-documents")),
        ("a: " + "[" * 40, (1, 36, "too-deep")),
        ("a:\n" + "".join("  " * n + "b:\n" for n in range(1, 40)), (34, 67, "too-deep")),
        ("? [a]\n: b\n", (1, 3, "bad-key")),
        ("a: 1\n\tb: 2\n", (2, 1, "yaml-syntax")),
    ],
)
def test_what_is_not_read_at_all(raw, expected):
    assert refusal(raw) == ([expected], None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1, "duplicate-key")),
        ("x: {a: 1, a: 2}\n", (1, 11, "duplicate-key")),
        ("1: a\n'1': b\n", (2, 1, "duplicate-key")),
        ("a: !x 1\n", (1, 4, "unknown-tag")),
        ("a: !!int 1\n", (1, 4, "unknown-tag")),
        ("a: !!python/object/apply:os.system [id]\n", (1, 4, "unknown-tag")),
        ("a: !!map {}\n", (1, 4, "unknown-tag")),
        ("a: *b\n", (1, 4, "unknown-alias")),
        ("a: &a [1, *a]\n", (1, 11, "unknown-alias")),
        ("<<: {a: 1}\n", (1, 1, "bad-key")),
        ("? \n: 1\n", (1, 2, "bad-key")),
    ],
)
def test_what_is_reported_while_reading_goes_on(text, expected):
    problems, found = refusal(text)
    assert problems == [expected]
    assert found is not None


def test_a_repeated_key_names_the_first_line():
    _, (problem,) = read("f.yaml", "a: 1\nb: 2\na: 3\n")
    assert problem.message == "'a' stands here twice; the first is on line 1"


def test_all_mistakes_of_a_file_are_found_at_once():
    problems, _ = refusal("a: !x 1\na: 2\nb: *c\nd: [1,\n")
    assert [code for _, _, code in problems] == ["unknown-tag", "duplicate-key", "unknown-alias", "yaml-syntax"]


# torture: O01
def test_aliases_can_not_explode():
    text = "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
    for name, before in zip("bcdefghijklm", "abcdefghijkl", strict=True):
        text += f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
    problems, found = refusal(text)
    assert found is None
    assert problems[0][2] == "too-large"


def test_an_alias_is_the_value_that_its_anchor_names():
    found = document("a: &x {b: [1, upper(name)]}\nc: *x\nd: [*x]\n")
    assert found.data["c"] == found.data["d"][0] == {"b": [1, "upper(name)"]}
    assert found.offset(("c", "b", 1), 6) == found.offset(("d", 0, "b", 1), 6) == (1, 21)
    assert key_position(found, ("c",)) == (2, 1)
    assert found.scalar(("d", 0, "b", 1)) == "upper(name)"


# positions


def test_positions_of_values_keys_and_what_is_missing():
    found = document("# comment\na: 1\nbb:\n  c: {d: x, e: [y, z]}\n  f:\n    - 1\n    - g: 2\n")
    assert found.position(("a",)) == (2, 4)
    assert found.position(("bb", "c", "e", 1)) == (4, 20)
    assert key_position(found, ("bb", "c", "d")) == (4, 7)
    assert found.position(("bb", "f", 1, "g")) == (7, 10)
    assert found.position(("bb", "f", 0)) == (6, 7)
    assert found.position(("bb", "nothing", "there")) == (3, 1)
    assert found.position(("nothing",)) == (2, 1)
    assert found.position(()) == (2, 1)
    assert key_position(found, ("nothing",)) == (2, 1)


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("k: trim(nam1)\n", 5, (1, 9)),
        ("k:   trim(nam1)   # comment\n", 5, (1, 11)),
        ("k: 'it''s x'\n", 5, (1, 11)),
        ('k: "a\\tb\\u00e9c"\n', 4, (1, 15)),
        ('k: "\\x41\\U0001F600b"\n', 2, (1, 19)),
        ("k: one\n  two\n\n  three\n", 4, (2, 3)),
        ("k: one\n  two\n\n  three\n", 8, (4, 3)),
        ("k: 'one\n  two'\n", 4, (2, 3)),
        ('k: "one \\\n   two"\n', 4, (2, 4)),
        ("k: |\n  one\n    two\n", 6, (3, 5)),
        ("k: >-\n  case when x\n    then 1\n  end\n", 14, (3, 5)),
        ("k: >-\n  case when x\n  then y\n\n  end\n", 12, (3, 3)),
        ("k: >-\n  case when x\n  then y\n\n  end\n", 19, (5, 3)),
        ("k: |2-\n     x\n", 3, (2, 6)),
        ("k: &a !!str |\n  xy\n", 1, (2, 4)),
        ("k: &a\n  !!str\n  # why\n  'xy'\n", 1, (4, 5)),
        ("l:\n- k: >\n    a\n    b\n", 2, (4, 5)),
        ("k: ab\n", 2, (1, 6)),
        ("k: ab\n", 99, (1, 6)),
        ("k: ''\n", 0, (1, 4)),
    ],
)
def test_an_offset_in_a_text_is_a_place_in_the_file(text, offset, expected):
    found = document(text)
    path = ("l", 0, "k") if "l" in found.data else ("k",)
    assert found.offset(path, offset) == expected


def test_a_stretch_stays_on_its_line():
    found = document("k: >-\n  one two\n  three\n")
    place = found.within(("k",), 4, 9)
    assert (place.line, place.column, place.width, place.excerpt) == (2, 7, 3, "  one two")


def test_what_is_no_text_has_no_characters():
    found = document("k: [a]\n")
    assert found.offset(("k",), 3) == found.position(("k",)) == (1, 1)
    assert found.offset(("x",), 3) == (1, 1)


def placed_right(text):
    """The mark stands once in the value, so its place in the file is known without any parsing."""
    found, problems = read("f.yaml", text)
    if failed(problems):
        return False
    value = found.data.get("k")
    if not isinstance(value, str) or value.count(MARK) != 1:
        return False
    before = text[: text.index(MARK)]
    expected = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert found.offset(("k",), value.index(MARK)) == expected, repr(text)
    return True


TEXTS = st.text("ab '\"\\:#-é\t\n字😀\x07\u2028", max_size=40)


@given(TEXTS, TEXTS, st.sampled_from([None, "'", '"', "|", ">"]), st.integers(5, 60), st.integers(2, 8))
def test_offsets_are_right_in_what_an_emitter_writes(before, after, style, width, indent):
    value = f"{before}{MARK}{after}"
    text = yaml.dump({"k": value, "l": "x"}, default_style=style, width=width, indent=indent, allow_unicode=True)
    assume(not re.search("[\x07\u2028]", text))
    assert placed_right(text)


LINES = st.lists(st.tuples(st.integers(0, 5), st.text("ab \t#'\"\\", max_size=6)), max_size=6)


@given(
    LINES,
    st.tuples(st.integers(0, 5), st.text("ab ", max_size=4)),
    LINES,
    st.sampled_from(["|", ">"]),
    st.sampled_from(["", "-", "+", "1", "2-", "3+"]),
)
def test_offsets_are_right_in_blocks_that_people_write(above, marked, below, style, header):
    rows = [*above, (marked[0], f"{marked[1]}{MARK}"), *below]
    placed_right(f"k: {style}{header}\n" + "".join(" " * indent + row + "\n" for indent, row in rows) + "l: 1\n")


@given(st.text("ab \n\n\t#", max_size=12), st.text("ab \n\n\t\\n\"'x", max_size=12), st.sampled_from(["", "'", '"']))
def test_offsets_are_right_in_texts_over_many_lines(before, after, quote):
    body = f"{before}{MARK}{after}".replace("\n", "\n  ")
    placed_right(f"k: {quote}{body}{quote}\n")


@given(st.text("ab:-[]{},&*!|>'\"%@`# \n\t", max_size=60))
def test_no_text_makes_the_reader_fail(text):
    found, problems = read("f.yaml", text)
    assert found is not None or failed(problems)
    for problem in problems:
        assert 1 <= problem.line <= text.count("\n") + 1
        assert 1 <= problem.column <= len(problem.excerpt) + 1
