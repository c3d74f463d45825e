"""Rows as COPY reads them, read again by what reads the server's own COPY."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cdc.source.postgresql.copy_text import row
from cdc.target.postgresql.copy_text import copy_text

VALUES = st.none() | st.text(st.sampled_from("\\\t\n\r\x0b\bNé€😀ab'\"., ") | st.characters(exclude_categories=["Cs"]), max_size=6)


def read(texts):
    *lines, end = "".join(texts).split("\n")
    assert not end
    assert "\r" not in "".join(lines)
    return [row(f"{line}\n".encode()) for line in lines]


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width), max_size=12)))
def test_any_rows(rows):
    assert read(copy_text(rows)) == rows


def test_each_character_that_separates_or_escapes():
    for bad in ("\\", "\t", "\n", "\r", "\\N", "\\\\", "a\\Nb"):
        for one in ((bad, "x"), ("x", bad), (bad, None), (None, bad)):
            rows = [("1", "2"), one, (None, "3")]
            assert read(copy_text(rows)) == rows


def test_what_looks_like_null_is_text():
    assert "".join(copy_text([("\\N", None)])) == "\\\\N\t\\N\n"


def test_many_rows_come_as_several_texts():
    rows = [(str(number), None if number % 7 else "x\ty") for number in range(1_200)]
    texts = list(copy_text(rows))
    assert len(texts) == 3
    assert read(texts) == rows
