"""`owner: newest` and its clock, with both tables: what the plan compares, and times by which no two rows can be told apart."""

from dataclasses import replace

import pytest

from cdc.app.preflight.plan_hash import plan_hash
from cdc.mapping.files.problem import Level
from cdc.model.table import Column
from cdc.model.types import Kind, Type
from cdc.model.write import Newest
from tests.definitions import BIGINT, BOOL, DATE, INT, TEXT, TIMESTAMP, compiled, numeric, row_plan, spec, table

SECONDS = Type(Kind.TIMESTAMP, "datetime", precision=0)
MICROS = Type(Kind.TIMESTAMP, "datetime(6)", precision=6)
INSTANT = Type(Kind.INSTANT, "timestamp with time zone", precision=6)
FLOAT = Type(Kind.FLOAT, "double precision", 8)
SOURCE = table("customer", [
    Column("id", INT, nullable=False), Column("name", TEXT), Column("n", numeric(12, 2)), Column("any", Type(Kind.NUMERIC, "numeric")),
    Column("i", INT), Column("f", FLOAT), Column("b", BOOL), Column("d", DATE), Column("ts", TIMESTAMP), Column("s", SECONDS), Column("at", INSTANT),
])  # fmt: skip
TEXTUAL = "version: 1\nmapping: m\nsource: customer\ntarget: accounts\nkey: [id]\nclock: {clock}\ncolumns:\n  name: {value: name, owner: newest}\n  id: id\n"


def found(expression, of, clock="x", **facts):
    accounts = table("accounts", [Column("id", INT, nullable=False), Column("name", TEXT), Column("x", of), Column("own", TEXT)])
    text = TEXTUAL.replace("{clock}", clock) + f'  own: name\n  x: "{expression}"\n'
    return compiled([spec(text)], SOURCE, replace(accounts, **facts))


@pytest.mark.parametrize(
    ("expression", "of"),
    [
        ("ts", MICROS), ("s", SECONDS), ("s", MICROS), ("at", INSTANT), ("d", DATE), ("i", BIGINT), ("n", numeric(12, 2)), ("i", numeric(20, 0)),
        ("coalesce(ts, s)", MICROS), ("cast(any as bigint)", BIGINT), ("any", Type(Kind.NUMERIC, "numeric")), ("n", Type(Kind.NUMERIC, "numeric")),
        ("cast(at as timestamp)", MICROS),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("clock", "ties"), [("x", True), ("{column: x}", True), ("{column: x, ties: source}", True), ("{column: x, ties: target}", False)]
)
def test_what_the_plan_compares(expression, of, clock, ties):
    plan, problems = found(expression, of, clock)
    assert plan is not None, problems
    (target,) = plan.targets
    assert [column.name for column in target.columns] == ["name", "id", "own", "x"]
    assert target.newest == Newest(3, frozenset({0, 3}), ties)
    assert not [problem for problem in problems if problem.level is not Level.NOTE]


@pytest.mark.parametrize(
    ("expression", "of", "code", "said"),
    [
        ("name", TEXT, "bad-clock", "column 'x' is text: it does not tell the later of two changes"),
        ("f", FLOAT, "bad-clock", "column 'x' is double precision: it does not tell the later of two changes"),
        ("b", BOOL, "bad-clock", "column 'x' is boolean: it does not tell the later of two changes"),
        ("1", INT, "bad-clock", "'x' is the same for every row: it tells nothing of its last change"),
        ("cast(ts as timestamp(0))", SECONDS, "clock-rounded", "'x' has fewer digits than timestamp without time zone: "),
        ("cast(ts as date)", DATE, "clock-rounded", "'x' has fewer digits than timestamp without time zone: "),
        ("cast(at as timestamp(0))", SECONDS, "clock-rounded", "'x' has fewer digits than timestamp with time zone: "),
        ("cast(n as bigint)", BIGINT, "clock-rounded", "'x' has fewer digits than numeric(12,2): "),
    ],
)
def test_a_clock_that_tells_nothing_or_not_the_same_on_both_sides(expression, of, code, said):
    plan, problems = found(expression, of)
    (problem,) = [problem for problem in problems if problem.level is Level.ERROR]
    assert (plan, problem.code, problem.line, problem.column) == (None, code, 6, 8)
    assert problem.message.startswith(said)


def test_a_clock_that_would_be_rounded_by_a_plain_copy_is_no_value_of_its_column():
    assert next(problem.code for problem in found("ts", SECONDS)[1] if problem.level is Level.ERROR) == "type-mismatch"


def test_triggers_of_the_target_may_set_the_clock():
    codes = {triggers: [problem.code for problem in found("ts", MICROS, triggers=triggers)[1]] for triggers in (False, True)}
    assert codes == {False: [], True: ["clock-trigger"]}


def test_what_goes_by_the_clock_is_part_of_what_an_operator_accepts():
    accounts = table("accounts", [Column("id", INT, nullable=False), Column("name", TEXT), Column("x", MICROS), Column("own", TEXT)])
    text = TEXTUAL.replace("{clock}", "x") + "  own: name\n  x: ts\n"
    given = [
        text,
        text.replace("clock: x", "clock: {column: x, ties: target}"),
        text.replace("own: name", "own: {value: name, owner: newest}"),
    ]
    plans = [row_plan(one, SOURCE, accounts) for one in given]
    assert "# newest by x, ties to the source: name, x\n" in plans[0].text
    assert len({plan_hash([plan]) for plan in plans}) == len(given)
