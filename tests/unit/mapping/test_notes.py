"""What the types leave open is told once a mapping meets its tables, and only where it is open."""

import pytest

from cdc.mapping.files.problem import Level
from cdc.model.table import Column
from cdc.model.types import Kind, Type
from tests.definitions import BIGINT, BOOL, DATE, INT, TEXT, TIMESTAMP, UUID, char, compiled, enum, numeric, spec, table, varchar

LATIN = Type(Kind.TEXT, "varchar(30)", 30, charset="latin1")
SMALL = Type(Kind.INT, "smallint", 2)
UNSIGNED = Type(Kind.INT, "int unsigned", 4, unsigned=True)
REAL = Type(Kind.FLOAT, "double precision", 8)
SOURCE = table("customer", [
    Column("id", INT, nullable=False), Column("t", TEXT), Column("v", varchar(20)), Column("sure", varchar(20), nullable=False),
    Column("n", numeric(12, 2)), Column("any", Type(Kind.NUMERIC, "numeric")), Column("i", INT), Column("big", BIGINT), Column("f", REAL),
    Column("b", BOOL), Column("d", DATE), Column("ts", TIMESTAMP), Column("u", UUID), Column("mood", enum("ok", "sad")), Column("c", char(6)),
])  # fmt: skip


def noted(expression, target, *, nullable=True):
    """What is noted of one column: the kinds of notes and their texts."""
    accounts = table("accounts", [Column("id", INT, nullable=False), Column("x", target, nullable=nullable)])
    text = f'version: 1\nmapping: m\nsource: customer\ntarget: accounts\nkey: [id]\ncolumns:\n  id: id\n  x: "{expression}"\n'
    plan, problems = compiled([spec(text)], SOURCE, accounts)
    assert plan is not None, problems
    found = [problem for problem in problems if problem.level is Level.NOTE]
    assert all((problem.line, problem.help != "") == (8, True) for problem in found)
    return [(problem.code, problem.message) for problem in found]


@pytest.mark.parametrize(
    ("expression", "target", "said"),
    [
        ("t", varchar(30), "a text may be longer than 30 characters"),
        ("v", varchar(10), "up to 20 characters may be longer than 10 characters"),
        ("v || sure", varchar(30), "up to 40 characters may be longer than 30 characters"),
        ("coalesce(v, t)", varchar(30), "a text may be longer than 30 characters"),
        ("case when b then v else c end", varchar(10), "up to 20 characters may be longer than 10 characters"),
        ("cast(i as text)", varchar(10), "up to 11 characters may be longer than 10 characters"),
        ("cast(u as text)", char(35), "up to 36 characters may be longer than 35 characters"),
        ("mood", varchar(2), "up to 3 characters may be longer than 2 characters"),
        ("v", LATIN, "a character may be missing in latin1"),
        ("t", LATIN, "a text may be longer than 30 characters and a character may be missing in latin1"),
        ("big", INT, "a value of bigint may be too large for integer"),
        ("i", UNSIGNED, "a value below 0 does not fit int unsigned"),
        ("i", SMALL, "a value of integer may be too large for smallint"),
        ("n", INT, "a value of numeric(12,2) may have a fraction, or be too large for integer"),
        ("any", numeric(12, 2), "a value of numeric may have more digits than numeric(12,2) holds"),
        ("n", numeric(11, 2), "a value of numeric(12,2) may have more digits than numeric(11,2) holds"),
        ("n", numeric(12, 1), "a value of numeric(12,2) may have more digits than numeric(12,1) holds"),
        ("big", numeric(18, 0), "a value of bigint may be too large for numeric(18,0)"),
        ("f", numeric(18, 2), "a value of double precision may have more digits than numeric(18,2) holds"),
        ("t", enum("ok", "sad"), "a text may be none of the labels of enum(ok,sad)"),
        ("mood", enum("ok"), "the target has no label 'sad'"),
    ],
)
def test_what_may_not_fit(expression, target, said):
    assert noted(expression, target) == [("may-not-fit", f"column 'x': {said}")]


@pytest.mark.parametrize(
    ("expression", "target"),
    [
        ("v", varchar(20)), ("t", TEXT), ("left(t, 30)", varchar(30)), ("upper(trim(v))", varchar(20)), ("v || c", varchar(26)),
        ("coalesce(v, 'none')", varchar(20)), ("cast(t as varchar(30))", varchar(30)), ("cast(i as text)", varchar(11)), ("u", char(36)),
        ("'fixed'", varchar(5)), ("nullif(v, '')", varchar(20)), ("mood", enum("ok", "sad", "new")),
        ("i", BIGINT), ("n", numeric(14, 2)), ("n", numeric(14, 4)), ("cast(any as numeric(12,2))", numeric(12, 2)), ("i", numeric(10, 0)),
        ("d", DATE), ("ts", TIMESTAMP), ("b", BOOL), ("n", Type(Kind.NUMERIC, "numeric")), ("d", varchar(13)),
    ],
)  # fmt: skip
def test_what_always_fits_is_not_spoken_of(expression, target):
    assert noted(expression, target) == []


@pytest.mark.parametrize("expression", ["v", "upper(v)", "nullif(sure, '')", "case when b then sure end", "coalesce(v, t)", "sure || v"])
def test_what_may_be_null(expression):
    assert noted(expression, TEXT, nullable=False) == [("may-be-null", "column 'x' is not null, its value may be")]


@pytest.mark.parametrize("expression", ["sure", "upper(sure)", "coalesce(v, '')", "case when b then sure else 'x' end", "sure || 'x'"])
def test_what_is_never_null(expression):
    assert noted(expression, TEXT, nullable=False) == []


def test_a_mapping_that_says_what_becomes_of_it_hears_nothing():
    accounts = table("accounts", [Column("id", INT, nullable=False), Column("x", varchar(5))])
    text = "version: 1\nmapping: m\nsource: customer\ntarget: accounts\nkey: [id]\ncolumns:\n  id: id\n  x: {value: t, on_fail: truncate}\n"
    assert compiled([spec(text)], SOURCE, accounts)[1] == []
