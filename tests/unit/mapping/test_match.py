"""`match`: what a plan looks for before a row is made, and what is refused."""

import pytest

from cdc.mapping.spec.mapping import Way
from cdc.mapping.spec.read import read_mapping
from cdc.model.reference import Xref
from cdc.model.table import Column
from cdc.model.types import Kind, Type
from tests.definitions import BIGINT, BOOL, INT, TEXT, compiled, row_plan, spec, table, varchar

CUSTOMER = table("customer", [Column("id", INT, nullable=False), Column("mail", TEXT), Column("parent", INT)])
ACCOUNT = table(
    "account",
    [
        Column("id", BIGINT, nullable=False, default=True, identity=True),
        Column("email", varchar(80)),
        Column("parent_id", BIGINT),
        Column("deleted", BOOL),
        Column("tags", Type(Kind.ARRAY, "text[]")),
    ],
)


def mapping(match, more=""):
    return (
        f"version: 1\nmapping: accounts\nsource: customer\ntarget: account\nkey: [id]\nmatch: {match}\n{more}"
        "columns:\n  id: xref('customer', id)\n  email: lower(mail)\n  parent_id: xref('customer', parent)\n"
    )


def owner(text):
    (one,) = [one for one in row_plan(text, CUSTOMER, ACCOUNT).target.references if one.maker]
    return one


def test_a_list_of_columns_must_agree_and_lists_of_lists_are_tried_in_order():
    (match,) = owner(mapping("[email, parent_id]")).match
    assert ([column.name for column in match.by], match.take.name, match.table, match.marks) == (["email", "parent_id"], "id", ACCOUNT, ())
    ways = owner(mapping("[[parent_id], [email]]")).match
    assert [[column.name for column in way.by] for way in ways] == [["parent_id"], ["email"]]
    assert spec(mapping("[[parent_id], [email]]")).match == (Way(("parent_id",), ("match", 0)), Way(("email",), ("match", 1)))


def test_only_the_key_s_reference_matches_and_nothing_where_nothing_is_said():
    found = row_plan(mapping("[email]"), CUSTOMER, ACCOUNT).target.references
    assert [len(one.match) for one in found if isinstance(one, Xref)] == [1, 0]
    assert owner(mapping("[email]").replace("match: [email]\n", "")).match == ()


def test_what_a_soft_delete_sets_marks_rows_that_are_not_there():
    (match,) = owner(mapping("[email]", "deletes: soft\nsoft_delete: {deleted: true}\n")).match
    assert [(column.name, text) for column, text in match.marks] == [("deleted", "t")]


def test_columns_that_no_server_compares_are_refused():
    text = mapping("[email, tags]") + '  tags: "array[mail]"\n'
    found = [problem for problem in compiled([spec(text)], CUSTOMER, ACCOUNT)[1] if problem.code == "type-mismatch"]
    assert [(problem.line, problem.column, problem.message) for problem in found] == [(6, 16, "rows can't be matched by text[]")]


@pytest.mark.parametrize("key", ["id: id", "id: \"stable_uuid('customer', id)\""])
def test_a_key_that_is_the_row_s_own_is_never_changed(key):
    _, problems = read_mapping("m.yaml", mapping("[email]").replace("id: xref('customer', id)", key, 1))
    assert [(problem.code, problem.line) for problem in problems] == [("match-key", 6)]
