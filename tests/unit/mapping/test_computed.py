"""Columns that a function of one's own makes: what it gets, what may come back, and what an error tells."""

import enum
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.lineage import lineage
from cdc.mapping.python_value import dumper, loader
from cdc.mapping.spec.mapping import Unavailable
from cdc.mapping.spec.read import read_mapping
from cdc.mapping.tools.example import outcomes
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow
from cdc.model.table import Column, Table
from cdc.model.types import Kind, Type, Zones
from tests.definitions import BIGINT, BOOL, INT, TEXT, compiled, table, varchar

NUMERIC = Type(Kind.NUMERIC, "numeric(14,2)", precision=14, scale=2)
INSTANT = Type(Kind.INSTANT, "timestamp with time zone", precision=6)
SOURCE = table(
    "customer",
    [Column("id", INT, nullable=False), Column("name", TEXT), Column("credit", NUMERIC), Column("seen", INSTANT), Column("We ird", BOOL)],
)
TARGET = table("account", [Column("id", BIGINT, nullable=False), Column("made", varchar(20)), Column("number", INT)])
HEAD = "version: 1\nmapping: accounts\nsource: customer\ntarget: account\nkey: [id]\ncolumns:\n  id: id\n"


def bound(column, function, name="made"):
    return _plan(_spec(f"{HEAD}  {name}: {column}\n", function))


def _spec(text, *functions):
    found, problems = read_mapping("m.yaml", text)
    assert problems == []
    return replace(found, functions=dict(zip(["acme.rules:fn", "acme.rules:other"], functions, strict=False)))


def _plan(spec, source=SOURCE, target=TARGET):
    plan, problems = compiled([spec], source, target)
    assert plan is not None, problems
    return plan.bind(Table(source.name, source.columns, ()))[0]


def test_a_function_gets_all_columns_by_name_as_python_values():
    got = []
    made = bound("{python: acme.rules:fn}", lambda row: got.append(row) or "x")
    assert made.map_row(("7", "Ann", "12.50", "2024-01-02 03:04:05.5+00", "t"))[1] == ("7", "x")
    seen = datetime(2024, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)
    assert got == [{"id": 7, "name": "Ann", "credit": Decimal("12.50"), "seen": seen, "We ird": True}]
    assert [type(value) for value in got[0].values()] == [int, str, Decimal, datetime, bool]
    assert made.map_row(("7", None, None, None, None))[1] == ("7", "x")
    assert got[1] == {"id": 7, "name": None, "credit": None, "seen": None, "We ird": None}


def test_a_function_gets_only_the_columns_that_the_mapping_names():
    got = []
    made = bound('{python: {function: "acme.rules:fn", columns: [name, We ird]}}', lambda row: got.append(dict(row)) or row.clear())
    assert made.map_row(("7", "Ann", ABSENT, ABSENT, "f"))[1] == ("7", None)
    assert made.map_row(("7", "Bob", "1", None, None))[1] == ("7", None)
    assert got == [{"name": "Ann", "We ird": False}, {"name": "Bob", "We ird": None}]


def test_what_the_log_left_out_stays_absent():
    calls = []
    made = bound("{python: {function: 'acme.rules:fn', columns: [name, id]}}", lambda row: calls.append(row) or "x")
    assert made.map_row(("7", ABSENT, "1", None, None))[1] == ("7", ABSENT)
    assert calls == []


@pytest.mark.parametrize(
    ("name", "made", "text"),
    [
        ("made", None, None), ("made", "Ann", "Ann"), ("made", 5, "5"), ("made", Decimal("1E+3"), "1000"),
        ("made", enum.StrEnum("Word", ["one"]).one, "one"), ("made", date(987, 1, 2), "0987-01-02"),
        ("made", datetime.fromisoformat("2024-01-02T03:04:05"), "2024-01-02 03:04:05"),
        ("number", 5, "5"), ("number", True, "1"), ("number", Decimal("7.00"), "7"), ("number", 7.0, "7"),
    ],
)  # fmt: skip
def test_what_comes_back_is_the_column_s_text(name, made, text):
    assert bound("{python: 'acme.rules:fn'}", lambda _: made, name).map_row(("7", None, None, None, None))[1] == ("7", text)


@pytest.mark.parametrize(
    ("name", "made", "said"),
    [
        ("made", "secret" * 4, "text is longer than the 20 characters"),
        ("made", True, "a value of the type bool: boolean does not go into"),
        ("made", ["secret"], "a value of the type list, which no column has"),
        ("made", {"secret": 1}, "a value of the type dict, which no column has"),
        ("made", timedelta(1), "a value of the type timedelta"),
        ("made", time(1, tzinfo=UTC), "a time of day with a zone"),
        ("number", "12", "a value of the type str: text does not go into"),
        ("number", 1 << 40, "out of range"),
        ("number", 1 << 80, "out of range"),
        ("number", Decimal("1.5"), "would round it"),
        ("number", Decimal("NaN"), "out of range"),
    ],
)
def test_what_does_not_fit_is_an_error_of_the_row(name, made, said):
    with pytest.raises(BadRow, match=rf"mapping accounts: column '{name}': acme\.rules:fn: .*{said}") as refused:
        bound("{python: 'acme.rules:fn'}", lambda _: made, name).map_row(("7", None, None, None, None))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "error", [ValueError("secret"), KeyError("secret"), SystemExit("secret"), RecursionError("secret"), BadRow("secret")]
)
def test_an_exception_is_an_error_of_the_row_that_tells_no_value(error):
    def fails(row):
        raise error

    with pytest.raises(BadRow, match=r"^mapping accounts: column 'made': acme\.rules:fn raised \w+$") as refused:
        bound("{python: 'acme.rules:fn'}", fails).map_row(("7", "secret", None, None, None))
    assert "secret" not in f"{refused.value}{refused.value.hint}"
    assert refused.value.__cause__ is None


def test_what_ends_the_process_is_let_through():
    for error in (KeyboardInterrupt, MemoryError):

        def ends(row, error=error):
            raise error

        with pytest.raises(error):
            bound("{python: 'acme.rules:fn'}", ends).map_row(("7", None, None, None, None))


@pytest.mark.parametrize("seen", ["infinity", "0044-03-15 12:00:00+00 BC", "12024-01-01 00:00:00+00"])
def test_what_python_has_no_value_for_is_an_error_of_the_row(seen):
    made = bound("{python: 'acme.rules:fn'}", lambda _: "x")
    with pytest.raises(BadRow, match="Python has no value for what 'seen' holds"):
        made.map_row(("7", None, None, seen, None))


def test_a_failure_may_be_null_or_a_check_may_ask_for_more():
    made = bound("{python: 'acme.rules:fn', on_fail: 'null', check: 'length(made) < 3'}", lambda row: row["name"] + "!")
    assert [made.map_row(("7", name, None, None, None))[1][1] for name in ("a", "abc", None)] == ["a!", None, None]


def test_it_may_make_the_key_too():
    text = HEAD.replace("  id: id\n", "  id: {python: {function: 'acme.rules:fn', columns: [id]}}\n") + "  made: name\n"
    plan = _plan(_spec(text, lambda row: row["id"] * 10))
    assert plan.map_row(("7", "a", None, None, None)) == (("70",), ("70", "a"))
    assert plan.key_of(("7", ABSENT, ABSENT, ABSENT, ABSENT)) == ("70",)


@pytest.mark.parametrize(
    ("column", "functions", "code", "message"),
    [
        ("{python: 'acme.rules:fn'}", [], "unlisted-module", "the service file does not list the module 'acme.rules'"),
        ("{python: 'acme.rules:fn'}", [Unavailable("no-function", "there is none", "")], "no-function", "there is none"),
        ("{python: {function: 'acme.rules:fn', columns: [nam]}}", [len], "unknown-column", "'nam' does not exist in public.customer"),
        ("{python: 'acme.rules:fn', on_fail: truncate}", [len], "bad-truncate", "what a function returns is not cut"),
    ],
)
def test_what_is_wrong_has_a_place(column, functions, code, message):
    _, problems = compiled([_spec(f"{HEAD}  made: {column}\n", *functions)], SOURCE, TARGET)
    assert [(p.code, p.line) for p in problems if p.level.value == "error"] == [(code, 8)]
    assert any(message in problem.message for problem in problems)


def test_lineage_and_show_name_the_function():
    spec = _spec(
        f"{HEAD}  made: {{python: {{function: 'acme.rules:fn', columns: [name, credit]}}}}\n  number: {{python: 'acme.rules:other'}}\n",
        len,
        len,
    )
    types = {column.name: column.type for column in SOURCE.columns}
    _, made, number = lineage(spec, types)
    assert (made.reads, made.sql) == (("name", "credit"), 'python acme.rules:fn: "name", "credit"')
    assert (number.reads, lineage(spec)[2].reads) == (tuple(types), ())
    assert "acme.rules:fn" in _plan(spec).text


def test_examples_run_a_function():
    text = f"""{HEAD}  made: {{python: {{function: 'acme.rules:fn', columns: [name, id]}}}}
  number: {{python: 'acme.rules:other'}}
tests:
  - given: {{id: 1, name: ann}}
    expect: {{made: ann1, number: 2}}
  - given: {{id: 2, name: bob}}
    expect: {{made: wrong, number: 4}}
"""
    spec = _spec(text, lambda row: f"{row['name']}{row['id']}", lambda row: row["id"] * 2)
    for found in (outcomes(spec), outcomes(spec, SOURCE, TARGET)):
        assert [[difference.message for difference in one.differences] for one in found] == [[], ["expected 'wrong', got 'bob2'"]]


KINDS = [
    (Kind.DATE, "date", st.dates().map(date.isoformat)),
    (Kind.INT, "bigint", st.integers(-(2**63), 2**63 - 1).map(str)),
    (Kind.UUID, "uuid", st.uuids().map(str)),
    (Kind.BYTES, "bytea", st.binary().map(lambda made: f"\\x{made.hex()}")),
    (Kind.BOOL, "boolean", st.sampled_from("tf")),
    (Kind.TEXT, "text", st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
]


@given(st.one_of(*(st.tuples(st.just((kind, native)), texts) for kind, native, texts in KINDS)))
def test_a_value_that_comes_back_as_it_came_has_the_same_text(one):
    (kind, native), text = one
    of = Type(kind, native, 8 if kind is Kind.INT else None)
    load = loader(of)
    assert dumper(of, Zones())(load(text) if load else text) == text


@given(st.datetimes(), st.integers(0, 6))
def test_clocks_keep_their_digits_or_are_refused(moment, digits):
    moment = moment.replace(microsecond=moment.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits))
    of = Type(Kind.TIMESTAMP, "timestamp", precision=digits)
    text = dumper(of, Zones())(moment)
    assert loader(of)(text) == moment
    aware = moment.replace(year=max(2, min(9998, moment.year)), tzinfo=timezone(timedelta(hours=5)))
    instant = Type(Kind.INSTANT, "timestamptz", precision=digits)
    assert loader(instant)(dumper(instant, Zones())(aware)) == aware


def test_a_type_without_a_python_value_is_its_text():
    assert [loader(Type(kind, "")) for kind in (Kind.TEXT, Kind.JSON, Kind.ARRAY, Kind.ENUM, Kind.INTERVAL, Kind.OTHER)] == [None] * 6
    assert UUID(int=1) == loader(Type(Kind.UUID, "uuid"))(str(UUID(int=1)))
