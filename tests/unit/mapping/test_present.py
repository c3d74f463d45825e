"""Shapes of the log against the table as it is now: what needs no look, what is older, and what no longer fits."""

from dataclasses import replace

import pytest

from cdc.mapping.compile import compile_plan
from cdc.mapping.present import alike
from cdc.mapping.query.query import Query, Takes
from cdc.mapping.query.query import Read as QueryRead
from cdc.model.change import ABSENT
from cdc.model.errors import Drifted
from cdc.model.table import Column, Table
from tests.definitions import BIGINT, INT, TEXT, TINYINT_1, named, shape, spec, table

ITEM = table("item", [Column("id", INT, nullable=False), Column("name", TEXT), Column("qty", INT)])
TARGET = table("goods", [Column("id", INT, nullable=False), Column("name", TEXT), Column("qty", BIGINT)])
MAPPING = "version: 1\nmapping: items\nsource: item\ntarget: goods\nkey: [id]\ncolumns: {id: id, name: name, qty: qty}\n"


class Now:
    """The catalogue as it is now; counts how often it is asked."""

    def __init__(self, *definitions, answer=None):
        self.tables, self.answer, self.asked = {one.name: one for one in definitions}, answer, 0

    def table(self, name):
        self.asked += 1
        found = self.tables.get(name)
        return (found, replace(shape(found), key=(0,))) if found else None

    def prepare(self, _):
        return self.answer


def bind(now, table_shape, text=MAPPING, known=ITEM):
    plan, problems = compile_plan([spec(text)], {known.name: known}, {TARGET.name: TARGET}, "public", "public", {}, now)
    assert plan, problems
    return plan.bind(table_shape)[0]


def with_columns(definition, *columns):
    return replace(definition, columns=columns)


ID, NAME, QTY = ITEM.columns
WIDER = with_columns(ITEM, *ITEM.columns, Column("extra", TEXT))
RENAMED = with_columns(ITEM, ID, Column("title", TEXT), QTY)


def test_the_shape_that_the_catalogue_had_is_not_asked_about():
    now = Now()
    assert bind(now, shape(with_columns(ITEM, QTY, NAME, ID))).map_row(("5", "a", "1")) == (("1",), ("1", "a", "5"))
    assert now.asked == 0


@pytest.mark.parametrize(
    ("given", "same"),
    [
        (shape(ITEM), True),
        (shape(WIDER), False),
        (shape(with_columns(ITEM, ID, NAME)), False),
        (shape(with_columns(ITEM, ID, NAME, Column("qty", BIGINT))), False),
        (replace(shape(ITEM), old=("id",)), True),
        (replace(shape(ITEM), old=("id", "name", "qty")), False),
        (replace(shape(ITEM), old=()), False),
        (replace(shape(ITEM), key=()), False),
    ],
)
def test_what_counts_as_the_same(given, same):
    """torture: F11"""
    assert alike(given, ITEM) is same


def test_an_integer_that_was_declared_as_tinyint_1_is_the_same_and_generated_columns_may_be_left_out():
    known = with_columns(ITEM, ID, Column("active", TINYINT_1), Column("sum", INT, generated=True))
    assert alike(shape(with_columns(ITEM, ID, Column("active", replace(TINYINT_1, native="tinyint")))), known)
    assert not alike(shape(with_columns(ITEM, ID)), known)


def test_a_new_column_passes_unnoticed():
    """torture: F01"""
    made = bind(Now(WIDER), shape(WIDER))
    assert made.map_row(("1", "a", "5", "x")) == (("1",), ("1", "a", "5"))
    assert made.now is None


def test_a_shape_that_no_longer_fits_stops_with_the_place_in_the_mapping():
    """torture: F02, F13"""
    with pytest.raises(
        Drifted, match=r"mapping items no longer fits public\.item: column 'name' does not exist in public\.item \(\S+:6:\d+\)"
    ) as stopped:
        bind(Now(RENAMED), shape(RENAMED))
    assert stopped.value.mappings == ("items",)
    assert "title" in stopped.value.hint or "goes on by itself" in stopped.value.hint


def test_a_table_that_is_gone_stops():
    """torture: F05"""
    with pytest.raises(Drifted, match=r"there is no such table"):
        bind(Now(), shape(WIDER))


def test_the_table_as_it_is_now_decides_though_the_shape_would_fit_still():
    """torture: F12"""
    with pytest.raises(Drifted, match="'name' does not exist"):
        bind(Now(RENAMED), shape(WIDER))


def test_older_rows_are_taken_under_a_mended_mapping_and_lack_what_they_never_had():
    """torture: F03, F12"""
    mended = MAPPING.replace("name: name", "name: title")
    made = bind(Now(RENAMED), shape(ITEM), mended, RENAMED)
    assert made.map_row(("1", "a", "5")) == (("1",), ("1", ABSENT, "5"))
    assert made.key_of(("1", "a", "5")) == ("1",)
    assert ([column.name for column in made.now.table.columns], made.now.places) == (["id", "title", "qty"], (0, None, 2))


def test_older_rows_of_a_mapping_that_asks_about_the_change_keep_their_old_image_apart():
    whole = replace(RENAMED, identity=("id", "title", "qty"))
    for said, name in (("title || old.qty::text || op()", ABSENT), ("old.qty::text || op()", "4update")):
        made = bind(Now(whole), shape(ITEM), MAPPING.replace("name: name", f"name: {said}"), whole)
        assert made.asks
        assert made.map_row(("1", "a", "5", "1", "b", "4", "update", None)) == (("1",), ("1", name, "5"))


@pytest.mark.parametrize("at", [1, 2])
def test_a_value_of_another_type_that_does_not_fit_is_another_columns_and_lacking(at):
    """The column was made anew under the name, with the daemon behind: the mapping fits the table as it is. torture: F02, F04, F12"""
    was = with_columns(ITEM, *(replace(column, type=TEXT) if place == at else column for place, column in enumerate(ITEM.columns)))
    now = with_columns(ITEM, ID, replace(NAME, type=INT), QTY) if at == 1 else ITEM
    text = MAPPING if at == 2 else MAPPING.replace("name: name", "name: (name + 1)::text")
    made = bind(Now(now), shape(was), text, now)
    assert made.map_row(("1", "a", "5")) == (("1",), ("1", ABSENT, "5") if at == 1 else ("1", "a", ABSENT))
    assert (made.key_of(("1", "a", "5")), made.now.places) == (("1",), tuple(None if place == at else place for place in range(3)))


def test_a_value_of_another_type_that_fits_is_the_rows():
    wide = with_columns(ITEM, ID, NAME, replace(QTY, type=BIGINT))
    assert bind(Now(wide), shape(ITEM), known=wide).map_row(("1", "a", "5")) == (("1",), ("1", "a", "5"))


def test_a_value_of_another_type_is_asked_anew_but_the_key_is_kept():
    """torture: F04"""
    now = with_columns(ITEM, replace(ID, type=BIGINT), NAME, Column("qty", BIGINT))
    made = bind(Now(now), shape(ITEM), known=now)
    assert made.now.places == (0, 1, None)


def test_rows_from_before_the_keys_column_had_its_name_can_not_be_found():
    """torture: F11"""
    now = table("item", [Column("number", INT, nullable=False), NAME, QTY], key=("number",))
    text = MAPPING.replace("id: id", "id: number")
    with pytest.raises(Drifted, match="before its key had the column 'number'"):
        bind(Now(now), shape(ITEM), text, now)


QUERY = """\
version: 1
mapping: items
source: item
target: goods
key: [id]
query: select i.id, i.name, i.qty from item i where i.id in (:keys)
depends_on: {part: item}
columns: {id: id, name: name, qty: qty}
"""
PART = table("part", [Column("id", INT, nullable=False), Column("item", INT)], identity=("id", "item"))


def asked(columns):
    (path,) = [("query",)]
    query = Query(
        Takes.KEYS, (ID,), ("select … in (", ")"), ("keys",), columns, (QueryRead(named("item"), 0, 1), QueryRead(named("part"), 0, 1))
    )
    return path, query


def test_a_new_column_of_a_table_without_a_key_hits_no_older_row():
    """torture: F01, F11"""
    keyless = Now(WIDER)
    keyless.table = lambda _: (WIDER, shape(replace(WIDER, identity=tuple(column.name for column in WIDER.columns))))
    made = bind(keyless, shape(ITEM), known=WIDER)
    assert made.map_row(("1", "a", "5")) == (("1",), ("1", "a", "5"))
    assert made.now is None


@pytest.mark.parametrize(
    ("columns", "said"),
    [(ITEM.columns, None), ((ID, NAME, Column("qty", TEXT)), "returns other columns"), ((ID, NAME), "returns other columns")],
)
def test_a_querys_result_is_described_again_when_one_of_its_tables_changes(columns, said):
    """torture: F04, F13"""
    path, query = asked(ITEM.columns)
    known = {ITEM.name: ITEM, PART.name: PART}
    now = Now(ITEM, with_columns(PART, *PART.columns, Column("extra", TEXT)), answer=asked(columns)[1])
    plan, problems = compile_plan([spec(QUERY)], known, {TARGET.name: TARGET}, "public", "public", {("items", path): query}, now)
    assert plan, [problem.message for problem in problems]
    touches = plan.queries[0].touches
    touches(shape(PART))
    assert now.asked == 0
    changed = Table(PART.name, (*PART.columns, Column("extra", TEXT)), (0,))
    if said is None:
        assert len(touches(changed).keys) == 1
    else:
        with pytest.raises(Drifted, match=said):
            touches(changed)
