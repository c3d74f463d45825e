"""Statements for MySQL and MariaDB, as text. That they do what they should is for the contract tests."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.errors import BadRow
from cdc.model.table import Column, Definition, TableName, Unique
from cdc.model.types import Kind, Type
from cdc.model.write import Deletes, TargetPlan
from cdc.sql.mysql import MARIADB, MYSQL, MYSQL_8_0_18, Frame, keys, upsert

ID = Column("id", Type(Kind.INT, "int"), nullable=False)
NAME = Column("na`me", Type(Kind.TEXT, "varchar(40)"))
TOTAL = Column("total", Type(Kind.NUMERIC, "decimal(14,2)"))
PRIMARY = Unique("PRIMARY", ("id",), primary=True, exact=True)
TABLE = Definition(TableName("crm", "acc`ount"), (ID, NAME, TOTAL), (PRIMARY,), (), None, triggers=False, estimate=0)
PLAN = TargetPlan("accounts", TABLE, (ID, NAME, TOTAL), (0,), Deletes.SOFT, ((NAME, "it's gone"), (TOTAL, None)), 0)
ALL = (0, 1, 2)
MARKED = b"(cast(convert(`na``me` using utf8mb4) as binary) <=> cast('it''s gone' as binary) and `total` <=> null)"
"""A soft delete has marked the row."""


def with_table(**facts):
    return replace(PLAN, table=replace(TABLE, **facts))


def only(frame, *rows, limit=10_000):
    (statement,) = frame.around(rows, limit)
    return statement.decode()


# frames


@given(st.lists(st.binary(min_size=1, max_size=30)), st.integers(36, 200))
def test_a_frame_holds_all_rows_in_order_and_stays_within_the_limit(rows, limit):
    statements = list(Frame(b"<<", b">>").around(rows, limit))
    assert all(len(statement) <= limit for statement in statements)
    assert b",".join(statement[2:-2] for statement in statements) == b",".join(rows)
    sizes = [len(statement) - 4 for statement in statements]
    assert all(one + two + 2 > limit - 4 for one, two in pairwise(sizes)) or len(statements) < 2


@pytest.mark.parametrize("rows", [[b"x" * 99], [b"x", b"x" * 99], [b"x" * 99, b"x"]])
def test_a_row_that_no_statement_can_hold_is_refused(rows):
    with pytest.raises(BadRow, match="99 bytes") as caught:
        list(Frame(b"<<", b">>").around(rows, 60))
    assert "max_allowed_packet" in caught.value.hint


# by key


def test_rows_are_found_and_locked_by_the_keys_index_alone():
    assert only(keys(PLAN, MARIADB).find, b"(1)", b"(2)") == (
        "select `id` from `crm`.`acc``ount` force index (`PRIMARY`) where (`id`) in ((1),(2)) and (`total` is null) in (0, 1) for update"
    )


def test_the_column_beside_the_index_is_small_and_not_in_the_primary_key():
    code = Unique("code", ("total",), primary=False, exact=True)
    by_code = replace(PLAN, key=(2,), table=replace(TABLE, uniques=(PRIMARY, code)))
    assert "force index (`code`)" in only(keys(by_code, MARIADB).find, b"(1)")
    assert "(`na``me` is null) in (0, 1)" in only(keys(by_code, MARIADB).find, b"(1)")
    bare = TargetPlan("m", replace(TABLE, columns=(ID,)), (ID,), (0,), Deletes.HARD, (), 0)
    assert only(keys(bare, MARIADB).find, b"(1)", b"(2)").endswith("where (`id`) in ((1),(2)) for update")


def test_a_key_without_an_exact_index_of_its_own_forces_none():
    for unique in (replace(PRIMARY, exact=False), replace(PRIMARY, columns=("id", "total"))):
        known = keys(with_table(uniques=(unique,)), MARIADB)
        assert "force" not in only(known.find, b"(1)")
        assert only(known.delete, b"(1)") == "delete from `crm`.`acc``ount` where (`id`) in ((1),(1))"


def test_the_primary_key_goes_before_another_index_on_the_same_columns():
    other = Unique("other", ("id",), primary=False, exact=True)
    assert "(`PRIMARY`)" in only(keys(with_table(uniques=(other, PRIMARY)), MARIADB).find, b"(1)")


@pytest.mark.parametrize(
    ("dialect", "head"),
    [
        (MARIADB, "set statement sql_safe_updates = 1 for delete from `crm`.`acc``ount`"),
        (MYSQL, "delete /*+ index(`acc``ount` `PRIMARY`) */ from `crm`.`acc``ount`"),
    ],
)
def test_deletes_keep_to_the_index(dialect, head):
    assert only(keys(PLAN, dialect).delete, b"(1)") == f"{head} where (`id`) in ((1),(1))"


def test_a_name_never_ends_a_hint():
    nasty = with_table(name=TableName("crm", "a*/ b"))
    assert only(keys(nasty, MYSQL).delete, b"(1)") == "delete from `crm`.`a*/ b` where (`id`) in ((1),(1))"


def test_a_soft_delete_writes_what_differs():
    assert only(keys(PLAN, MARIADB).soften, b"(1)") == (
        "update `crm`.`acc``ount` force index (`PRIMARY`) set `na``me` = 'it''s gone', `total` = null where (`id`) in ((1),(1))"
        " and not " + MARKED.decode()
    )


def test_the_living_are_those_that_no_soft_delete_has_marked():
    read = "select `id` from `crm`.`acc``ount` force index (`PRIMARY`) where (`id`) in ((1),(2)) and (`total` is null) in (0, 1)"
    assert only(keys(PLAN, MARIADB).find, b"(1)", b"(2)") == f"{read} for update"
    assert only(keys(PLAN, MARIADB).living, b"(1)", b"(2)") == f"{read} and not {MARKED.decode()} for update"


def test_one_key_is_listed_twice_so_that_mariadb_looks_it_up():
    known = keys(PLAN, MARIADB)
    assert "in ((1),(1))" in only(known.find, b"(1)")
    assert known.at(b"(1)") == b" where (`id`) in ((1), (1))"
    assert only(upsert(PLAN, ALL, 0, MARIADB, triggers=False).insert, b"(1)").endswith("values (1)")


def test_the_server_is_asked_which_keys_it_holds_equal():
    assert keys(PLAN, MARIADB).which([b"(1)", b"(2)"], living=False) == (
        b"select 0 from `crm`.`acc``ount` force index (`PRIMARY`) where (`id`) = (1)"
        b" union all select 1 from `crm`.`acc``ount` force index (`PRIMARY`) where (`id`) = (2)"
    )
    assert keys(PLAN, MARIADB).which([b"(1)"], living=True) == (
        b"select 0 from `crm`.`acc``ount` force index (`PRIMARY`) where (`id`) = (1) and not " + MARKED
    )
    assert keys(PLAN, MARIADB).either(b"(1)", b"(2)") == (
        b"select (`id`) = (1), (`id`) = (2), " + MARKED + b" from `crm`.`acc``ount` force index (`PRIMARY`)"
        b" where (`id`) in ((1), (2)) and (`total` is null) in (0, 1) for update"
    )


# upserts


def test_an_insert_and_an_overwrite():
    shape = upsert(PLAN, ALL, 0, MARIADB, triggers=False)
    rows = shape.tuples([("1", "it's", None), ("2", None, "-1.50")])
    assert only(shape.insert, *rows) == "insert into `crm`.`acc``ount` (`id`, `na``me`, `total`) values (1,'it''s',null),(2,null,-1.50)"
    assert only(shape.overwrite, *rows[:1]) == (
        "insert into `crm`.`acc``ount` (`id`, `na``me`, `total`) values (1,'it''s',null)"
        " on duplicate key update `na``me` = values(`na``me`), `total` = values(`total`)"
    )
    assert shape.payload


def test_what_only_one_of_insert_and_update_sets():
    shape = upsert(replace(PLAN, once=frozenset({1}), later=frozenset({2})), ALL, 0, MARIADB, triggers=True)
    row = ("1", "a", "2")
    assert only(shape.insert, *shape.new([row])) == "insert into `crm`.`acc``ount` (`id`, `na``me`) values (1,'a')"
    assert shape.tuples([row]) == [b"(1,'a',2)"]
    assert shape.assign(row) == b"update `crm`.`acc``ount` set `id` = 1, `total` = 2"
    assert shape.stage.update.endswith("set t.`total` = s.`total` where not (t.`total` <=> s.`total`)")
    shape = upsert(replace(PLAN, once=frozenset({1}), later=frozenset({2})), ALL, 0, MARIADB, triggers=False)
    assert only(shape.overwrite, *shape.tuples([row])) == (
        "insert into `crm`.`acc``ount` (`id`, `na``me`, `total`) values (1,'a',2) on duplicate key update `total` = values(`total`)"
    )
    assert not upsert(replace(PLAN, once=frozenset({1})), (0, 1), 0, MARIADB, triggers=False).payload


def test_mysql_names_the_new_row_where_it_knows_how():
    assert only(upsert(PLAN, (0, 2), 0, MYSQL, triggers=False).overwrite, b"(1,2)").endswith(
        "values (1,2) as `new` on duplicate key update `total` = `new`.`total`"
    )
    assert "values(`total`)" in only(upsert(PLAN, (0, 2), 0, MYSQL_8_0_18, triggers=False).overwrite, b"(1,2)")


def test_one_row_is_assigned_all_columns_the_keys_too():
    shape = upsert(PLAN, (0, 2), 0, MARIADB, triggers=False)
    assert shape.assign(("7", None)) == b"update `crm`.`acc``ount` set `id` = 7, `total` = null"


def test_a_mask_of_the_key_alone_has_nothing_to_update():
    assert not upsert(PLAN, (0,), 0, MARIADB, triggers=False).payload


EXTRA = Column("extra", Type(Kind.INT, "int"), nullable=False)


@pytest.mark.parametrize(
    ("facts", "safe"),
    [
        ({"columns": (*TABLE.columns, replace(EXTRA, nullable=True))}, True),
        ({"columns": (*TABLE.columns, replace(EXTRA, default=True))}, True),
        ({"columns": (*TABLE.columns, replace(EXTRA, generated=True))}, True),
        ({"columns": (*TABLE.columns, EXTRA)}, False),
        ({"columns": (*TABLE.columns, replace(EXTRA, default=True, identity=True))}, False),
        ({"uniques": (replace(PRIMARY, exact=False),)}, False),
        ({"uniques": (replace(PRIMARY, columns=("id", "total")),)}, False),
        ({"uniques": (replace(PRIMARY, primary=False),)}, False),
        ({"uniques": (Unique("code", ("total",), primary=False, exact=True), PRIMARY)}, True),
        ({"columns": (replace(ID, identity=True, default=True), NAME, TOTAL)}, True),
    ],
)
def test_an_overwrite_is_built_only_where_its_insert_part_does_no_harm(facts, safe):
    shape = upsert(with_table(**facts), ALL, 0, MARIADB, triggers=False)
    assert (shape.overwrite is not None) == safe


def test_a_partial_image_needs_a_value_for_what_it_lacks():
    strict = replace(PLAN, table=replace(TABLE, columns=(ID, NAME, replace(TOTAL, nullable=False))))
    assert upsert(strict, ALL, 0, MARIADB, triggers=False).overwrite is not None
    assert upsert(strict, (0, 1), 0, MARIADB, triggers=False).overwrite is None


def test_triggers_take_the_stage_and_meet_only_rows_that_differ():
    shape = upsert(PLAN, ALL, 3, MARIADB, triggers=True)
    assert shape.overwrite is None
    assert shape.stage.create == (
        "create temporary table `cdc_stage_3` (primary key (`id`)) engine=InnoDB as select `id`, `na``me`, `total` from `crm`.`acc``ount` limit 0"
    )
    assert only(shape.stage.fill, b"(1,2,3)") == "insert into `cdc_stage_3` (`id`, `na``me`, `total`) values (1,2,3)"
    assert shape.stage.update == (
        "update `cdc_stage_3` s straight_join `crm`.`acc``ount` t force index (`PRIMARY`) on t.`id` = s.`id`"
        " set t.`na``me` = s.`na``me`, t.`total` = s.`total`"
        " where not (cast(t.`na``me` as binary) <=> cast(s.`na``me` as binary) and t.`total` <=> s.`total`)"
    )
    assert "where" not in upsert(PLAN, ALL, 3, MARIADB, triggers=False).stage.update


def test_where_other_texts_are_other_rows_keys_are_compared_letter_by_letter():
    exact = replace(PLAN, key=(1, 0), exact=True)
    made = keys(exact, MARIADB)
    letters = "(cast(convert(`na``me` using utf8mb4) as binary),`id`)".replace(",", ", ")
    assert only(made.scan, b"('a',1)", b"('A',2)") == (
        f"delete from `crm`.`acc``ount` where (`na``me`, `id`) in (('a',1),('A',2)) and {letters} in (('a',1),('A',2))"
    )
    assert f") and {letters} in (('a',1),('a',1)) and not " in only(made.soften, b"('a',1)")
    assert (
        made.which([b"('a',1)"], living=False)
        .decode()
        .endswith(f"where (`na``me`, `id`) = ('a',1) and ({letters} = ('a',1) or {MARKED.decode()})")
    )
    assert made.either(b"('a',1)", b"('A',1)").decode().startswith(f"select {letters} = ('a',1), {letters} = ('A',1), ")
    assert " and (cast(" not in only(made.find, b"('a',1)").replace(MARKED.decode(), "")


@given(st.lists(st.binary(min_size=1, max_size=30)), st.integers(80, 200))
def test_a_frame_that_has_its_rows_twice_stays_within_the_limit(rows, limit):
    statements = list(Frame(b"<<", b">>", again=b"|AGAIN|").around(rows, limit))
    assert all(len(statement) <= limit for statement in statements)
    halves = [statement[2:-2].split(b"|AGAIN|", 1) for statement in statements if b"|AGAIN|" not in b"".join(rows)]
    assert all(first == second for first, second in halves)
