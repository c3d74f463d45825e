"""Statements for PostgreSQL, as text. That they do what they should is for the contract tests."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model.table import Column, Definition, TableName
from cdc.model.types import Kind, Type
from cdc.model.write import Deletes, TargetPlan
from cdc.sql import postgresql as sql
from cdc.sql.postgresql_checkpoint import lock_key

COLUMNS = (
    Column("id", Type(Kind.INT, "bigint")),
    Column('na"me', Type(Kind.TEXT, "character varying(40)")),
    Column("total", Type(Kind.NUMERIC, "numeric(14,2)", precision=14, scale=2)),
    Column("tags", Type(Kind.ARRAY, "text[]")),
)
TABLE = Definition(TableName("app", "Account"), COLUMNS, (), (), None, triggers=False, estimate=0)
PLAN = TargetPlan("accounts", TABLE, COLUMNS, (0,), Deletes.SOFT, ((COLUMNS[1], "it's gone"), (COLUMNS[2], None)), 0)


def statement(text):
    return " ".join(text.split())


def test_an_upsert_updates_what_differs_and_inserts_what_is_missing():
    assert sql.upsert(PLAN, (0, 1, 2, 3)) == statement("""
        with s as materialized (select c0, c1, c2, c3::text[] as c3
        from unnest($1::bigint[], $2::character varying[], $3::numeric[], $4::text[]) a (c0, c1, c2, c3)),
        u as (update "app"."Account" t set "na""me" = s.c1, "total" = s.c2, "tags" = s.c3 from s where t."id" = s.c0
        and (t."na""me"::text collate "C", t."total", t."tags"::text collate "C")
        is distinct from (s.c1::text collate "C", s.c2, s.c3::text collate "C") returning 1),
        i as (insert into "app"."Account" as t ("id", "na""me", "total", "tags") select s.c0, s.c1, s.c2, s.c3 from s
        where not exists (select from "app"."Account" t where t."id" = s.c0) and (select count(*) from u) is not null returning 1)
        select (select count(*) from u), (select count(*) from i)""")


def test_what_only_one_of_insert_and_update_sets_is_in_that_alone():
    text = sql.upsert(replace(PLAN, once=frozenset({1}), later=frozenset({3})), (0, 1, 2, 3))
    assert 'set "total" = s.c2, "tags" = s.c3 from s' in text
    assert '(t."total", t."tags"::text collate "C") is distinct from' in text
    assert '("id", "na""me", "total") select s.c0, s.c1, s.c2 from s' in text
    assert 'set "id" = s.c0, "total" = s.c2, "tags" = s.c3 from s, o' in sql.move(replace(PLAN, once=frozenset({1})), (0, 1, 2, 3))
    assert "update" not in sql.upsert(replace(PLAN, once=frozenset({1})), (0, 1))


def test_an_upsert_of_partial_rows_finds_the_missing_ones():
    assert sql.upsert(PLAN, (0, 2)) == statement("""
        with s as materialized (select c0, c1, n from unnest($1::bigint[], $2::numeric[]) with ordinality a (c0, c1, n)),
        u as (update "app"."Account" t set "total" = s.c1 from s where t."id" = s.c0 and (t."total") is distinct from (s.c1) returning 1)
        select (select count(*) from u),
        array(select s.n from s where not exists (select from "app"."Account" t where t."id" = s.c0
        and (t."na""me"::text collate "C", t."total")
        is distinct from ('it''s gone'::character varying::text collate "C", null::numeric)) order by s.n)""")


def test_a_partial_row_moves_none_that_is_marked_as_deleted():
    unmarked = """(t."na""me"::text collate "C", t."total") is distinct from"""
    assert unmarked in sql.move(PLAN, (0, 2))
    assert unmarked not in sql.move(PLAN, (0, 1, 2, 3))
    assert "distinct" not in sql.move(replace(PLAN, deletes=Deletes.HARD, soft_delete=()), (0, 2))


def test_staged_rows_take_the_place_of_the_arrays():
    text = sql.upsert(PLAN, (0, 1, 2, 3), "pg_temp.stage")
    assert text.startswith("with u as (update") and "unnest" not in text
    assert text.count("from pg_temp.stage s") == 2
    assert sql.stage_table("pg_temp.stage", PLAN) == (
        "create temporary table pg_temp.stage (c0 bigint, c1 character varying, c2 numeric, c3 text[]) on commit delete rows"
    )


def test_a_row_that_is_only_a_key_is_never_updated():
    assert "update" not in sql.upsert(PLAN, (0,))


def test_a_soft_delete_writes_what_differs():
    assert sql.remove(PLAN) == statement("""
        with d as (update "app"."Account" t set "na""me" = 'it''s gone'::character varying, "total" = null::numeric
        from (select c0 from unnest($1::bigint[]) a (c0)) s where t."id" = s.c0 and (t."na""me"::text collate "C", t."total")
        is distinct from ('it''s gone'::character varying::text collate "C", null::numeric) returning 1) select count(*) from d""")


def test_a_key_outside_the_mask_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="not in tuple"):
        sql.upsert(PLAN, (1, 2))


@pytest.mark.parametrize(
    ("kind", "native", "staged"),
    [
        (Kind.TEXT, "character varying(10)", "character varying"),
        (Kind.TEXT, "character(5)", "bpchar"),
        (Kind.TEXT, "bpchar", "bpchar"),
        (Kind.TEXT, "public.citext", "public.citext"),
        (Kind.NUMERIC, "numeric(14,-2)", "numeric"),
        (Kind.TIMESTAMP, "timestamp(3) without time zone", "timestamp without time zone"),
        (Kind.BITS, "bit(3)", '"bit"'),
        (Kind.BITS, "bit varying(3)", "bit varying"),
        (Kind.ENUM, 'public."mood (3)"', 'public."mood (3)"'),
        (Kind.OTHER, "point", "point"),
    ],
)
def test_values_are_cast_to_types_without_a_length(kind, native, staged):
    assert sql.staged_type(Type(kind, native)) == staged


@pytest.mark.parametrize(
    ("native", "operator"),
    [("public.citext", "operator(public.=)"), ('"My ""x.y""".citext', 'operator("My ""x.y""".=)'), ("text", "=")],
)
def test_a_key_is_compared_by_its_own_types_operator(native, operator):
    column = Column("k", Type(Kind.TEXT, native))
    table = Definition(TableName("s", "t"), (column,), (), (), None, triggers=False, estimate=0)
    assert f't."k" {operator} s.c0' in sql.remove(TargetPlan("m", table, (column,), (0,), Deletes.HARD, (), 0))


def test_explicit_identity_values_advance_the_sequence():
    column = Column("id", Type(Kind.INT, "bigint"), identity=True)
    table = Definition(TableName("s", "it's"), (column,), (), (), None, triggers=False, estimate=0)
    text = sql.upsert(TargetPlan("m", table, (column,), (0,), Deletes.HARD, (), 0), (0,))
    assert "overriding system value" in text and 'returning t."id"' in text
    assert """pg_get_serial_sequence('"s"."it''s"', 'id')""" in text


def parse(literal):
    """Read a one-dimensional array literal by PostgreSQL's rules."""
    values, rest = [], literal[1:-1]
    while rest:
        if rest.startswith("NULL"):
            values.append(None)
            rest = rest[4:]
        else:
            text, rest = "", rest[1:]
            while rest[0] != '"':
                rest = rest[1:] if rest[0] == "\\" else rest
                text, rest = text + rest[0], rest[1:]
            values.append(text)
            rest = rest[1:]
        rest = rest.removeprefix(",")
    return values


@given(st.lists(st.one_of(st.none(), st.text(), st.sampled_from(["NULL", "\\", '"', "{", "}", ",", ""])), min_size=1))
def test_array_literals_read_back(values):
    assert parse(sql.array(values)) == values


def test_a_pipelines_lock_is_the_same_everywhere():
    assert lock_key("erp_to_crm") == lock_key("erp_to_crm") != lock_key("crm_to_erp")
    assert lock_key("erp_to_crm") == 6956570661844017234
    assert -(2**63) <= lock_key("x") < 2**63


def test_where_other_texts_are_other_rows_keys_are_compared_letter_by_letter():
    exact = replace(PLAN, key=(1, 0), deletes=Deletes.HARD, exact=True)
    assert sql.remove(exact).endswith(
        """s where t."na""me" = s.c0 and t."id" = s.c1 and t."na""me"::text collate "C" = s.c0::text returning 1) select count(*) from d"""
    )
    assert """x."na""me"::text collate "C" = s.c1::text""" in sql.move(exact, (0, 1, 2, 3))
