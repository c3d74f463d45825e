"""A spec's own examples, with types from the examples' values or from tables."""

import pytest

from cdc.mapping.tools.example import outcomes
from cdc.model.table import Column
from tests.definitions import BOOL, DATE, INT, TEXT, TIMESTAMP, numeric, spec, table, varchar

HEAD = "version: 1\nmapping: customers\nsource: customer\ntarget: accounts\nkey: [id]\n"
SPEC = f"""\
{HEAD}where: active and kind in ('company', 'person')
columns:
  id: id
  code: ltrim(code, '0')
  name: trim(name)
  segment: {{map: segments, from: type_code, default: prospect}}
  credit: cast(cents / 100.0 as numeric(14,2))
  since: cast(created_at as date)
maps:
  segments: {{"0001": customer}}
tests:
"""
SOURCE = table(
    "customer",
    [
        Column("id", INT, nullable=False), Column("code", TEXT), Column("name", TEXT), Column("kind", TEXT), Column("active", BOOL),
        Column("type_code", TEXT), Column("cents", INT), Column("created_at", TIMESTAMP),
    ],
)  # fmt: skip
TARGET = table(
    "accounts",
    [
        Column("id", INT, nullable=False), Column("code", varchar(3)), Column("name", TEXT), Column("segment", TEXT),
        Column("credit", numeric(14, 2)), Column("since", DATE),
    ],
)  # fmt: skip


def said(text, *tables):
    return [(one.column, one.message, one.place.line) for outcome in outcomes(spec(text), *tables) for one in outcome.differences]


GOOD = """\
  - given: {id: 7, code: "000042", name: " Müller  AG ", type_code: "0001", kind: company, active: true, cents: 1999, created_at: 2026-01-31 10:00:00}
    expect: {id: 7, code: "42", name: "Müller  AG", segment: customer, credit: 19.99, since: 2026-01-31}
  - given: {id: 8, active: false}
    expect: null
  - given: {id: 9, active: true, kind: person, type_code: "9"}
    expect: {segment: prospect, code: null, credit: null}
"""


@pytest.mark.parametrize("tables", [(), (SOURCE, TARGET)], ids=["by values", "by tables"])
def test_examples_that_are_right(tables):
    assert said(SPEC + GOOD, *tables) == []
    assert [outcome.number for outcome in outcomes(spec(SPEC + GOOD), *tables)] == [1, 2, 3]


@pytest.mark.parametrize("tables", [(), (SOURCE, TARGET)], ids=["by values", "by tables"])
def test_what_differs_is_shown_per_column_with_its_place(tables):
    text = SPEC + GOOD.replace('code: "42"', 'code: "0042"').replace("credit: 19.99", "credit: 20").replace(
        "segment: prospect", "segment: null"
    )
    assert said(text, *tables) == [
        (
            "code",
            "expected '0042', got '42'"
            if not tables
            else "expected a value that the column can't hold: text is longer than the 3 characters of varchar(3)",
            18,
        ),
        ("credit", "expected '20', got '19.99'", 18),
        ("segment", "expected NULL, got 'prospect'", 22),
    ]


def test_the_condition_is_an_expectation_too():
    text = SPEC + GOOD.replace("id: 8, active: false", "id: 8, active: true, kind: person").replace(
        "active: true, kind: person, type", "active: false, type"
    )
    assert said(text) == [
        ("", "`where` takes the row, and the example expects it to be left out", 20),
        ("", "`where` leaves the row out, and the example expects it", 22),
    ]


def test_a_row_that_fails_says_why():
    text = f"{HEAD}columns: {{id: id, share: 1 / parts}}\ntests:\n  - given: {{id: 1, parts: 0}}\n    expect: {{id: 1, share: 0}}\n"
    assert [(column, message) for column, message, _ in said(text)] == [("share", "division by zero")]


def test_given_values_must_be_of_their_columns():
    text = SPEC + "  - given: {id: x, active: true, kind: person, colour: red}\n    expect: {id: 1}\n"
    assert [message for _, message, _ in said(text, SOURCE, TARGET)] == ["`where`: public.customer has no column colour"]
    text = text.replace(", colour: red", "")
    assert said(text, SOURCE, TARGET)[0][1].startswith("`where`: given id: ")


def test_types_that_examples_can_not_tell_are_asked_for():
    text = f"{HEAD}columns: {{id: id, due: day + amount}}\ntests:\n  - given: {{id: 1, day: soon, amount: much}}\n    expect: {{due: x}}\n"
    ((column, message, _),) = said(text)
    assert column == "due"
    assert message.endswith("; `cdc mapping test --connect` takes the types from the servers")


def test_texts_stand_for_dates_where_an_expression_asks_for_one():
    text = f"{HEAD}columns: {{id: id, late: due < cast('2026-01-01' as date)}}\ntests:\n  - given: {{id: 1, due: 2025-12-31}}\n    expect: {{late: true}}\n"
    assert said(text) == []


def test_examples_may_write_a_truth_value_as_a_number():
    text = f"{HEAD}columns: {{id: id, open: active}}\ntests:\n  - given: {{id: 1, active: true}}\n    expect: {{open: 1}}\n"
    assert said(text) == []
    assert said(text, SOURCE, table("accounts", [Column("id", INT, nullable=False), Column("open", INT)])) == []


def test_what_only_the_target_can_tell_is_not_expected():
    text = (
        f"{HEAD}columns:\n  id: id\n  owner: {{lookup: users, by: {{login: kind}}, take: id}}\n"
        "tests:\n  - given: {id: 1}\n    expect: {owner: 7, id: 1}\n"
    )
    assert [(column, message.partition(":")[0]) for column, message, _ in said(text)] == [
        ("owner", "only the target can tell what this column gets")
    ]


def test_without_examples_there_is_nothing():
    assert outcomes(spec(f"{HEAD}columns: {{id: id}}\n")) == []


def test_an_example_may_be_an_update():
    text = (
        f"{HEAD}columns: {{id: id, was: old.name, what: op()}}\ntests:\n"
        "  - {given: {id: 1, name: new}, old: {name: before}, expect: {was: before, what: update}}\n"
        "  - {given: {id: 1, name: new}, expect: {was: null, what: insert}}\n"
        "  - {given: {id: 1, name: new}, op: update, expect: {was: new, what: update}}\n"
    )
    assert said(text) == []
    target = table("accounts", [Column("id", INT, nullable=False), Column("was", TEXT), Column("what", TEXT)])
    assert said(text, SOURCE, target) == []
    assert said(text.replace("was: before", "was: after")) == [("was", "expected 'after', got 'before'", 8)]


def test_how_long_a_text_may_be_only_the_target_says():
    """Without it nothing is cut, and the example holds all the same."""
    text = f"""{HEAD}columns:
  id: id
  name: {{value: trim(name), on_fail: truncate}}
tests:
  - given: {{id: 1, name: " a long name "}}
    expect: {{name: a long name}}
"""
    assert said(text) == []
