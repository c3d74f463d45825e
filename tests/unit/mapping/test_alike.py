"""When two canonical texts of a column say the same."""

import pytest

from cdc.mapping.tools.alike import comparable
from cdc.model.change import ABSENT
from cdc.model.types import Kind, Type

SAME = [
    (Type(Kind.INT, "integer", 4), "1", "1"),
    (Type(Kind.NUMERIC, "numeric"), "1.50", "1.5"),
    (Type(Kind.NUMERIC, "numeric"), "NaN", "NaN"),
    (Type(Kind.FLOAT, "double", 8), "1e3", "1000"),
    (Type(Kind.FLOAT, "double", 8), "NaN", "NaN"),
    (Type(Kind.TIMESTAMP, "datetime(6)"), "2026-01-31 10:00:00.500000", "2026-01-31 10:00:00.5"),
    (Type(Kind.TIMESTAMP, "datetime(6)"), "2026-01-31 10:00:00.000000", "2026-01-31 10:00:00"),
    (Type(Kind.INSTANT, "timestamptz"), "2026-01-31 10:00:00.120+00", "2026-01-31 10:00:00.12+00"),
    (Type(Kind.TEXT, "char(4)", 4, padded=True), "ab  ", "ab"),
    (Type(Kind.BYTES, "binary(3)", 3, padded=True), "\\x6100", "\\x61"),
    (Type(Kind.JSON, "json"), '{"a": 1.0, "b": [1]}', '{"b":[1],"a":1.00}'),
    (Type(Kind.TEXT, "text"), None, None),
    (Type(Kind.NUMERIC, "numeric"), ABSENT, ABSENT),
]
DIFFERENT = [
    (Type(Kind.NUMERIC, "numeric"), "1.5", "1.51"),
    (Type(Kind.TEXT, "text"), "a ", "a"),
    (Type(Kind.TEXT, "text"), "", None),
    (Type(Kind.TIMESTAMP, "datetime(6)"), "2026-01-31 10:00:10", "2026-01-31 10:00:01"),
    (Type(Kind.INSTANT, "timestamptz"), "2026-01-31 10:00:00+00", "2026-01-31 01:00:00+00"),
    (Type(Kind.BYTES, "binary(3)", 3, padded=True), "\\x0061", "\\x61"),
    (Type(Kind.JSON, "json"), "[1, 2]", "[2, 1]"),
]


@pytest.mark.parametrize(("of", "one", "other"), SAME)
def test_same(of, one, other):
    form = comparable(of)
    assert form(one) == form(other)


@pytest.mark.parametrize(("of", "one", "other"), DIFFERENT)
def test_different(of, one, other):
    form = comparable(of)
    assert form(one) != form(other)
