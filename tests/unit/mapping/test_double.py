"""Keys by the crosswalk in both directions: where a row would come back as a second one."""

import pytest

from cdc.mapping.spec.double import doubles
from tests.definitions import spec

THERE = "version: 1\nmapping: there\nsource: {source}\ntarget: account\nkey: [id]\ncolumns:\n  id: xref('customer', no)\n  code: no\n  name: name\n"
BACK = "version: 1\nmapping: back\nsource: crm.account\ntarget: customer\nkey: [no]\n{match}columns:\n  no: {key}\n  name: name\n"


def found(back, there=""):
    return list(doubles([spec(there or THERE.format(source="public.customer"))], [spec(back)], "public", "crm"))


@pytest.mark.parametrize("key", ["xref('account', id)", "id", '"cast(id as bigint)"', "length(name) + id"])
def test_a_row_that_would_come_back_as_a_new_one_is_told_of(key):
    first = found(BACK.format(match="", key=key))[0]
    assert (first.code, first.level.value, first.line) == ("double-rows", "warning", 7)
    assert "mapping 'there' makes in account would come back as a new row of customer" in first.message
    assert "mapping 'back' (mappings/test.yaml:7)" in first.message


def test_two_crosswalks_are_told_of_from_both_sides():
    assert [
        problem.message.count("mapping 'back' makes in customer") for problem in found(BACK.format(match="", key="xref('account', id)"))
    ] == [0, 1]


@pytest.mark.parametrize(
    ("match", "key"),
    [
        ("", "code"),  # the source key is kept in a column
        ("", "Code"),
        ("match: [name]\n", "xref('account', id)"),
    ],
)
def test_a_row_that_is_known_again_is_none(match, key):
    there = THERE.format(source="customer") + "match: [name]\n"
    assert found(BACK.format(match=match, key=key), there) == []


def test_mappings_that_do_not_meet_are_none_of_its_business():
    back = BACK.format(match="", key="xref('account', id)")
    assert found(back.replace("crm.account", "lead")) == found(back.replace("target: customer", "target: other")) == []
    natural = THERE.format(source="customer").replace("xref('customer', no)", "no")
    assert found(BACK.format(match="", key="id"), natural) == []
    assert found(back.replace("target: customer", "target: 'a.b.c'"), natural) == []
