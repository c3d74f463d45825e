"""Canonical text → literals: read back by a small reader of MySQL's own grammar."""

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.errors import BadRow
from cdc.model.table import Column
from cdc.model.types import Kind, Type
from cdc.sql.mysql_literals import canonical, literals, tuples


def column(kind, name="c", nullable=True, identity=False, **facts):
    return Column(name, Type(kind, facts.pop("native", kind.value), **facts), nullable, identity=identity)


def read(literal):
    """Read a quoted literal as the server does without NO_BACKSLASH_ESCAPES."""
    assert literal[0] == literal[-1] == "'"
    parts = re.fullmatch(r"(?:[^'\\]|''|\\.)*", literal[1:-1], re.DOTALL)
    assert parts, literal
    return re.sub(r"''|\\(.)", lambda m: "'" if m[1] is None else {"0": "\0"}.get(m[1], m[1]), literal[1:-1], flags=re.DOTALL)


TEXTS = st.text(st.one_of(st.sampled_from("'\\\0%_\n;"), st.characters(exclude_categories=["Cs"])))


@given(st.lists(st.none() | TEXTS))
def test_a_text_is_read_back_as_it_was(texts):
    made = literals(column(Kind.TEXT))(texts)
    assert [None if literal == "null" else read(literal) for literal in made] == texts
    assert not any("\0" in literal for literal in made)


@given(st.lists(st.none() | st.binary()))
def test_bytes_are_read_back_as_they_were(values):
    made = literals(column(Kind.BYTES))([None if v is None else f"\\x{v.hex()}" for v in values])
    assert [None if literal == "null" else bytes.fromhex(literal[2:-1]) for literal in made] == values


@given(st.lists(st.tuples(st.integers().map(str), TEXTS | st.none(), st.booleans().map(lambda b: "t" if b else "f")), min_size=1))
def test_a_row_is_a_tuple_of_its_literals(rows):
    columns = [column(Kind.INT), column(Kind.TEXT), column(Kind.BOOL)]
    by_row = ["(" + ",".join(literals(c)([v])[0] for c, v in zip(columns, row, strict=True)) + ")" for row in rows]
    assert [row.decode() for row in tuples(columns)(rows)] == by_row


@pytest.mark.parametrize(
    ("given_column", "value", "literal"),
    [
        (column(Kind.INT), "-12", "-12"),
        (column(Kind.NUMERIC), "-0.50", "-0.50"),
        (column(Kind.FLOAT, size=8), "1.5e-07", "1.5e-07"),
        (column(Kind.FLOAT, size=8), "3.4028235e+38", "3.4028235e+38"),
        (column(Kind.FLOAT, size=4), "-3.4028235e+38", "-3.4028234663852886e+38"),
        (column(Kind.FLOAT, size=4), "0.1", "0.1"),
        (column(Kind.BOOL), "t", "1"),
        (column(Kind.BOOL), "f", "0"),
        (column(Kind.BITS), "0101", "b'0101'"),
        (column(Kind.BYTES), "\\x", "x''"),
        (column(Kind.BYTES, size=3, padded=True), "\\x01", "x'010000'"),
        (column(Kind.TEXT, size=3, padded=True), "a ", "'a'"),
        (column(Kind.TEXT, size=3), "a ", "'a '"),
        (column(Kind.INSTANT), "2024-01-01 00:00:00.5+00", "'2024-01-01 00:00:00.5'"),
        (column(Kind.TIMESTAMP), "2024-01-01 00:00:00", "'2024-01-01 00:00:00'"),
        (column(Kind.TIME), "-838:59:59", "'-838:59:59'"),
        (column(Kind.DATE), "0000-00-00", "'0000-00-00'"),
        (column(Kind.JSON), '{"a": "\\n"}', '\'{"a": "\\\\n"}\''),
        (column(Kind.ENUM), "2", "'2'"),
    ],
)
def test_a_value_of_each_kind(given_column, value, literal):
    assert literals(given_column)([value, None]) == [literal, "null"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.INT, ""), (Kind.INT, "1 or 1"), (Kind.INT, "1\n"), (Kind.INT, "٣"), (Kind.INT, "²"), (Kind.INT, "1,2"), (Kind.INT, "0x1"),
        (Kind.NUMERIC, "NaN"), (Kind.NUMERIC, "1e5"), (Kind.NUMERIC, "1."), (Kind.NUMERIC, "--1"), (Kind.FLOAT, "Infinity"),
        (Kind.FLOAT, "1e"), (Kind.BOOL, "1"), (Kind.BYTES, "\\x1"), (Kind.BYTES, "ff"), (Kind.BYTES, "\\xZZ"), (Kind.BITS, ""), (Kind.BITS, "2"),
        (Kind.INSTANT, "2024-01-01 00:00:00"), (Kind.INSTANT, "2024-01-01 00:00:00+02"), (Kind.INSTANT, "infinity"),
        (Kind.INSTANT, "'; drop table t; --+00"),
    ],
)  # fmt: skip
def test_what_is_no_value_of_its_kind_never_gets_into_a_statement(kind, value):
    with pytest.raises(BadRow, match="column total is") as caught:
        literals(column(kind, "total"))([None, value])
    assert len(value) < 4 or value not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("kind", [Kind.BYTES, Kind.TEXT, Kind.NUMERIC, Kind.BITS, Kind.GEOMETRY])
def test_a_large_value_takes_memory_for_a_few_of_itself(kind):
    size = 1_000_000
    value = "\\x" + "ab" * size if kind in (Kind.BYTES, Kind.GEOMETRY) else "1" * 2 * size
    make = literals(column(kind))
    tracemalloc.start()
    try:
        make([value])
        assert tracemalloc.get_traced_memory()[1] < 10 * size
    finally:
        tracemalloc.stop()


def test_half_a_surrogate_pair_is_a_bad_row():
    with pytest.raises(BadRow, match="surrogate"):
        tuples([column(Kind.TEXT)])([("fine",), ("half \ud800",)])


@pytest.mark.parametrize("given_column", [column(Kind.INT, identity=True), column(Kind.INSTANT, nullable=False)])
def test_null_is_refused_where_the_server_would_put_in_a_value_of_its_own(given_column):
    with pytest.raises(BadRow, match="column c can't be null"):
        literals(given_column)([None])
    assert literals(column(Kind.INSTANT, nullable=True))([None]) == ["null"]
    assert literals(column(Kind.INT, nullable=False))([None]) == ["null"]


def test_keys_come_back_in_canonical_text():
    read_keys = canonical([column(Kind.INT), column(Kind.BYTES), column(Kind.BOOL), column(Kind.INSTANT), column(Kind.TEXT)])
    assert read_keys([("1", b"\xff\0", "1", "2024-01-01 00:00:00", "a"), ("2", b"", "0", "0000-00-00 00:00:00", "")]) == {
        ("1", "\\xff00", "t", "2024-01-01 00:00:00+00", "a"),
        ("2", "\\x", "f", "0000-00-00 00:00:00+00", ""),
    }
    assert canonical([column(Kind.TEXT)])([["a"], ["b"]]) == {("a",), ("b",)}
