"""Expressions that ask about the change: what they see, where they have no place, what the log must carry for them."""

import pytest

from cdc.mapping.change_row import with_change
from cdc.model.change import ABSENT, Change, Op
from cdc.model.table import Column
from cdc.model.write import Write
from cdc.pipeline.translate import translator
from tests.definitions import INT, TEXT, compiled, row_plan, shape, spec, table, varchar

SOURCE = table("customer", [Column("id", INT), Column("name", TEXT), Column("phone", TEXT)], identity=("id", "name", "phone"))
TARGET = table("accounts", [Column("id", INT), Column("name", TEXT), Column("was", TEXT), Column("how", varchar(10)), Column("at", TEXT)])
SPEC = """
version: 1
mapping: accounts
source: customer
target: accounts
key: [id]
columns:
  id: id
  name: name
  was: old.name
  how: op()
  at: commit_time()
"""
AT = 1_700_000_000.123456


def written(op, old, new, at=AT, text=SPEC, *tables):
    plan = row_plan(text, *(tables or (SOURCE, TARGET)))
    made = translator(plan, shape(SOURCE))(Change(shape(SOURCE), op, old, new), at)
    assert isinstance(made, Write), made
    return made


def test_an_update_knows_the_row_before_it_what_it_is_and_when_it_was_committed():
    made = written(Op.UPDATE, ("1", "Anna", "1"), ("1", "Anne", "1"))
    assert made.image == ("1", "Anne", "Anna", "update", "2023-11-14 22:13:20.123456+00")
    assert made.committed_at == AT


def test_an_insert_has_nothing_before_it():
    assert written(Op.INSERT, None, ("1", "Anne", "1")).image == ("1", "Anne", None, "insert", "2023-11-14 22:13:20.123456+00")


def test_a_loaded_row_is_an_insert_whose_time_nobody_knows():
    assert written(Op.INSERT, None, ("1", "Anne", "1"), None).image == ("1", "Anne", None, "insert", None)


def test_what_the_log_does_not_carry_of_the_old_row_is_absent():
    made = written(Op.UPDATE, ("1", ABSENT, ABSENT), ("1", "Anne", "1"))
    assert made.image == ("1", "Anne", ABSENT, "update", "2023-11-14 22:13:20.123456+00")


def test_an_update_without_an_old_row_has_kept_its_identity():
    plain = table("customer", SOURCE.columns)
    text = SPEC.replace("was: old.name", "was: cast(old.id as text)")
    made = written(Op.UPDATE, None, ("1", "Anne", "1"), AT, text, plain, TARGET)
    assert made.image[2] == "1"


def test_old_and_new_meet_in_one_expression():
    text = SPEC.replace("was: old.name", "was: case when old.name is distinct from name then coalesce(old.name, '-') end")
    assert written(Op.UPDATE, ("1", "Anna", "1"), ("1", "Anne", "1"), AT, text).image[2] == "Anna"
    assert written(Op.UPDATE, ("1", "Anne", "1"), ("1", "Anne", "1"), AT, text).image[2] is None
    assert written(Op.INSERT, None, ("1", "Anne", "1"), AT, text).image[2] == "-"
    assert written(Op.UPDATE, ("1", ABSENT, "1"), ("1", "Anne", "1"), AT, text).image[2] is ABSENT
    assert written(Op.UPDATE, ("1", "Anna", "1"), ("1", ABSENT, "1"), AT, text).image[2] is ABSENT


def test_letter_case_and_quotes_mean_what_they_mean_for_columns():
    text = SPEC.replace("old.name", 'OLD.NAME || old."name"')
    assert written(Op.UPDATE, ("1", "Anna", "1"), ("1", "Anne", "1"), AT, text).image[2] == "AnnaAnna"


def test_old_order_of_columns_does_not_matter_when_a_shape_has_more_columns():
    wider = table("customer", [*SOURCE.columns, Column("more", TEXT)], identity=("id", "name", "phone", "more"))
    plan = row_plan(SPEC, wider, TARGET)
    change = Change(shape(wider), Op.UPDATE, ("1", "Anna", "1", "a"), ("1", "Anne", "1", "b"))
    assert translator(plan, shape(wider))(change, AT).image[:4] == ("1", "Anne", "Anna", "update")


def test_mappings_that_do_not_ask_get_the_row_alone():
    text = SPEC.replace("old.name", "phone").replace("op()", "name").replace("commit_time()", "name")
    assert not row_plan(text, SOURCE, TARGET).asks
    assert row_plan(SPEC, SOURCE, TARGET).asks


@pytest.mark.parametrize("asking", ["old.id", "op()", "commit_time()"])
def test_each_of_them_is_noticed(asking):
    text = SPEC.replace("old.name", f"cast({asking} as text)").replace("op()\n", "name\n").replace("commit_time()\n", "name\n")
    assert row_plan(text, SOURCE, TARGET).asks


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("op() <> 'delete'", "op() has no place in `where`"),
        ("old.name is null", "old.name has no place in `where`"),
        ("commit_time() is null", "commit_time() has no place in `where`"),
    ],
)
def test_which_rows_are_there_depends_on_the_row_alone(condition, message):
    problems = compiled([spec(SPEC.replace("columns:", f"where: {condition}\ncolumns:"))], SOURCE, TARGET)[1]
    assert [(problem.code, problem.line, problem.column) for problem in problems] == [("not-allowed", 7, 8)]
    assert message in problems[0].message


@pytest.mark.parametrize("condition", ["op() = 'insert'", "old.name = name", "commit_time() is null"])
def test_a_check_is_about_what_is_written(condition):
    text = SPEC.replace("  name: name", f'  name: {{value: name, check: "{condition}"}}')
    problems = compiled([spec(text)], SOURCE, TARGET)[1]
    assert [problem.code for problem in problems] == ["not-allowed"]
    assert "has no place in a check" in problems[0].message


@pytest.mark.parametrize("asking", ["old.id", "cast(op() as integer)", "case when commit_time() is null then 1 else 2 end"])
def test_a_key_depends_on_the_row_alone(asking):
    problems = compiled([spec(SPEC.replace("  id: id", f"  id: {asking}"))], SOURCE, TARGET)[1]
    assert [problem.code for problem in problems] == ["not-allowed"]
    assert "has no place in the key 'id'" in problems[0].message


def test_the_log_must_carry_what_is_asked_of_the_old_row():
    plain = table("customer", SOURCE.columns)
    plan, problems = compiled([spec(SPEC)], plain, TARGET)
    assert plan is None
    assert [(problem.code, problem.line) for problem in problems] == [("old-not-logged", 10)]
    assert problems[0].message == "the column 'was' needs the old column 'name', which the log does not carry"
    assert "replica identity full" in problems[0].help


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("old.nam", "unknown-column", "column 'nam' does not exist in public.customer"),
        ("new.name", "qualified-column", "columns have no table before them"),
        ("a.old.name", "qualified-column", "columns have no table before them"),
        ("old.*", "not-allowed", "'*' has no place here"),
        ("old(name)", "unknown-function", "function 'old' does not exist"),
        ("op(name)", "no-function", "op() takes no value"),
        ("commit_time(1)", "no-function", "commit_time() takes no value"),
    ],
)
def test_slips(text, code, message):
    problems = compiled([spec(SPEC.replace("was: old.name", f'was: "{text}"'))], SOURCE, TARGET)[1]
    assert [(problem.code, problem.message) for problem in problems] == [(code, message)]


def test_a_column_that_is_called_old_is_a_column():
    source = table("customer", [Column("id", INT), Column("old", TEXT)], identity=("id", "old"))
    text = SPEC.replace("old.name", "old || old.old").replace("name: name", "name: old")
    plan = row_plan(text, source, TARGET)
    made = translator(plan, shape(source))(Change(shape(source), Op.UPDATE, ("1", "a"), ("1", "b")), AT)
    assert made.image[:3] == ("1", "b", "ba")


def test_the_longer_row_is_the_row_the_one_before_the_operation_and_the_time():
    change = Change(shape(SOURCE), Op.UPDATE, ("1", "a", "b"), ("2", "c", "d"))
    assert with_change(("2", "c", "d"), change, 0.0) == ("2", "c", "d", "1", "a", "b", "update", "1970-01-01 00:00:00+00")
