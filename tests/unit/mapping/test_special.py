"""`dates` and `numbers`: values that only one kind of server has, and what a mapping says that they become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.app.service.mapping_files import beside
from cdc.mapping.files.problem import failed
from cdc.mapping.spec.reverse import reverse
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow
from cdc.model.table import Column
from cdc.model.types import Kind, Type
from tests.definitions import DATE, INT, TEXT, TIMESTAMP, compiled, numeric, row_plan, shape, spec, table

DOUBLE = Type(Kind.FLOAT, "double precision", 8)
SPAN = Type(Kind.TIME, "time", precision=0)
CLOCK = Type(Kind.TIME, "time without time zone", precision=6)
SOURCE = table(
    "s",
    [
        Column("id", INT, nullable=False),
        Column("d", DATE),
        Column("t", TIMESTAMP),
        Column("f", DOUBLE),
        Column("h", SPAN),
        Column("n", TEXT),
    ],
)
TARGET = table(
    "t",
    [
        Column("id", INT, nullable=False), Column("d", DATE), Column("t", TIMESTAMP), Column("f", numeric(5, 2)), Column("h", CLOCK), Column("n", TEXT),
        Column("must", DATE, nullable=False, default=True),
    ],
)  # fmt: skip
BACK = table("s", [Column("id", INT, nullable=False), Column("d", DATE, nullable=False, default=True), Column("t", TIMESTAMP)])
HEAD = "version: 1\nmapping: m\nsource: s\ntarget: t\nkey: [id]\n"
COLUMNS = "columns: {id: id, d: d, t: t, f: f, h: h, n: n}\n"


def mapped(rules, *values):
    made = row_plan(HEAD + rules, SOURCE, TARGET).map_row(("1", *values))
    assert made is not None
    return made[1][1:]


@pytest.mark.parametrize(
    ("rule", "text", "made"),
    [
        ("zero: null", "0000-00-00", None),
        ("zero: null", "2024-00-10", None),
        ("zero: null", "2024-02-00", None),
        ("zero: null", "2024-02-30", None),
        ("zero: null", "2023-02-29", None),
        ("zero: null", "0000-01-01", None),
        ("zero: 1970-01-01", "0000-00-00", "1970-01-01"),
        ("zero: null", "2024-02-29", "2024-02-29"),
        ("zero: null", "0044-02-30 BC", "0044-02-30 BC"),
        ("zero: null", "infinity", "infinity"),
        ("zero: null", "10000-01-01", "10000-01-01"),
        ("infinity: '9999-12-31'", "infinity", "9999-12-31"),
        ("infinity: null", "-infinity", "-infinity"),
        ("minus_infinity: null", "-infinity", None),
        ("minus_infinity: null", "infinity", "infinity"),
        ("far: null", "0044-03-15 BC", None),
        ("far: null", "10000-01-01", None),
        ("far: null", "9999-12-31", "9999-12-31"),
        ("far: null", "-infinity", "-infinity"),
        ("far: null", "0000-00-00", "0000-00-00"),
        ("zero: error", "0000-00-00", "0000-00-00"),
    ],
)
def test_a_special_date_becomes_what_the_mapping_says(rule, text, made):
    # torture: E05
    midnight = made and (made if "infinity" in made else f"{made.removesuffix(' BC')} 00:00:00{' BC' if made.endswith(' BC') else ''}")
    stamp = text if "infinity" in text else f"{text.removesuffix(' BC')} 00:00:00{' BC' if text.endswith(' BC') else ''}"
    assert mapped(f"dates: {{{rule}}}\n{COLUMNS}", text, stamp, None, None, text) == (made, midnight, None, None, text)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("-00:00:01", None),
        ("24:00:01", None),
        ("838:59:59", None),
        ("24:00:00", "24:00:00"),
        ("00:00:00", "00:00:00"),
        ("23:59:59", "23:59:59"),
    ],
)
def test_a_span_that_is_no_time_of_day(text, made):
    assert mapped(f"dates: {{span: null}}\n{COLUMNS}", None, None, None, text, None)[3] == made


@pytest.mark.parametrize(
    ("rule", "text", "made"),
    [
        ("nan: 0", "NaN", "0"),
        ("infinity: null", "Infinity", None),
        ("minus_infinity: -999.99", "-Infinity", "-999.99"),
        ("nan: null", "1.5", "1.5"),
    ],
)
def test_a_special_number_becomes_what_the_mapping_says(rule, text, made):
    # torture: E04
    assert mapped(f"numbers: {{{rule}}}\n{COLUMNS}", None, None, text, None, None)[2] == made


def test_a_column_s_own_word_counts_before_that_of_all():
    rules = 'dates: {zero: null, far: null}\ncolumns: {id: id, d: {value: d, dates: {zero: "1970-01-01"}}, t: t, n: {value: d, dates: {zero: "none"}}}\n'
    assert mapped(rules, "0000-00-00", "0000-00-00 00:00:00", None, None, None) == ("1970-01-01", None, "none")
    assert mapped(rules, "0044-03-15 BC", None, None, None, None) == (None, None, "0044-03-15 BC")


def test_what_is_not_said_goes_on_to_be_fitted():
    with pytest.raises(BadRow, match="column 'f': value out of range for numeric"):
        mapped(f"numbers: {{nan: 0}}\n{COLUMNS}", None, None, "Infinity", None, None)


def test_null_and_absent_stay_what_they_are():
    assert mapped(f"dates: {{zero: '1970-01-01'}}\n{COLUMNS}", None, ABSENT, None, None, None)[:2] == (None, ABSENT)


def problems(rules):
    return [(problem.code, problem.message) for problem in compiled([spec(HEAD + rules)], SOURCE, TARGET)[1] if failed([problem])]


@pytest.mark.parametrize(
    ("rules", "code", "words"),
    [
        ("columns: {id: id, must: {value: d, dates: {zero: null}}}\n", "not-nullable", "column 'must' is not null: it can't become NULL"),
        ("columns: {id: id, d: {value: d, dates: {zero: soon}}}\n", "bad-value", "column 'd': "),
        ("columns: {id: id, d: {value: d, dates: {span: null}}}\n", "unused-key", "column 'd' never has a value that 'span' is about"),
        ("columns: {id: id, n: {value: n, dates: {zero: null}}}\n", "unused-key", "column 'n' never has a value that 'zero' is about"),
        (
            "columns: {id: id, f: {value: f, dates: {infinity: null}}}\n",
            "unused-key",
            "column 'f' never has a value that 'infinity' is about",
        ),
        ("numbers: {nan: 100000}\ncolumns: {id: id, f: f}\n", "bad-value", "column 'f': value out of range for numeric(5,2)"),
    ],
)
def test_what_can_not_be_is_said_before_the_start(rules, code, words):
    found = problems(rules)
    assert [code for code, _ in found] == [code]
    assert words in found[0][1]


def test_a_key_is_never_altered():
    source = table("s", [Column("d", DATE, nullable=False), Column("n", TEXT)], key=("d",))
    target = table("t", [Column("d", DATE, nullable=False), Column("n", TEXT)], key=("d",))
    head = "version: 1\nmapping: m\nsource: s\ntarget: t\nkey: [d]\n"
    plan = row_plan(head + "dates: {zero: null}\ncolumns: {d: d, n: n}\n", source, target)
    assert plan.map_row(("0000-00-00", "x")) == (("0000-00-00",), ("0000-00-00", "x"))
    _, found = compiled([spec(head + "columns: {d: {value: d, dates: {zero: '1970-01-01'}}, n: n}\n")], source, target)
    assert [problem.code for problem in found if failed([problem])] == ["key-altered"]


def test_two_plans_that_differ_in_it_are_told_apart():
    texts = [
        row_plan(HEAD + rules + COLUMNS, SOURCE, TARGET).text for rules in ("", "dates: {zero: null}\n", "dates: {zero: '1970-01-01'}\n")
    ]
    assert len(set(texts)) == 3


@given(st.dates())
def test_an_ordinary_date_is_never_special(day):
    rules = f"dates: {{zero: null, infinity: null, minus_infinity: null, far: null}}\n{COLUMNS}"
    assert mapped(rules, day.isoformat(), f"{day.isoformat()} 10:00:00", None, None, None)[:2] == (
        day.isoformat(),
        f"{day.isoformat()} 10:00:00",
    )


def test_the_way_back_takes_over_what_its_columns_can_take():
    """`d` of that side is not null: a zero date is the row's own matter there, and no mistake of the file."""
    both = HEAD.replace("key:", "direction: both\nkey:") + "same: [id, d, t]\ndates: {zero: null, far: 2000-01-01}\n"
    made, problems = reverse(spec(both), beside("mappings/test.yaml"))
    assert (made is not None, problems) == (True, [])
    plan, problems = compiled([made], TARGET, BACK)
    assert not failed(problems)
    (back,) = plan.bind(shape(TARGET))
    row = ("1", "0000-00-00", "0000-00-00 00:00:00", None, None, None, None)
    assert back.map_row(row) == (("1",), ("1", "0000-00-00", None))
    assert back.map_row(("1", "0044-03-15 BC", *row[2:]))[1] == ("1", "2000-01-01", None)
