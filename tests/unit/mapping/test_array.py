"""Arrays: their text both ways, and items by type."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.expression.runtime.arrays import array_in, array_out
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.scope import Scope
from cdc.model.types import Kind, Type
from tests.expressions import compiled, refusal, value

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(TEXTS | st.none()))
def test_an_array_reads_what_it_writes(items):
    assert array_in(array_out(items, "text"), "text") == items


@given(
    st.lists(st.decimals(allow_nan=False, places=3) | st.none(), min_size=1).flatmap(
        lambda row: st.lists(st.just(row), min_size=1, max_size=3)
    )
)
def test_so_does_one_of_two_dimensions(rows):
    assert array_in(array_out(rows, "numeric"), "numeric") == rows


@pytest.mark.parametrize(
    "text", ["", "a", "{", "}", "{a", "{a}}", "{a,}", "{,a}", "{{a},b}", "{{a},{b,c}}", '{"a}', '{"a"b}', "{}x", "{a}{b}", "{{a}"]
)
def test_what_is_no_array_is_an_error(text):
    with pytest.raises(BadValue, match="invalid input syntax"):
        array_in(text, "text")


def test_an_array_that_begins_elsewhere_is_an_error():
    with pytest.raises(BadValue, match="begin at 1"):
        array_in("[2:3]={1,2}", "integer")


def test_items_are_of_the_columns_type():
    assert value("ar[1] + ar[2]", ar="{1,41}") == "42"
    assert value("na[1]", na="{1.50}") == "1.50"
    assert value("1.5 = any(na)", na="{1.50}") == "t"
    assert value("ar @> array[i4]", ar="{1,2}", i4="2") == "t"
    assert array_in("{1.50}", "numeric") == [Decimal("1.50")]


def test_an_array_of_another_type_can_only_be_copied():
    scope = Scope("t", {"spans": Type(Kind.ARRAY, "interval[]"), "names": Type(Kind.ARRAY, "character varying(20)[]")})
    assert compiled("spans", scope)(["{1 day}", None]) == "{1 day}"
    assert refusal("spans[1]", scope).code == "no-function"
    assert compiled("names[1] || '!'", scope)([None, "{a}"]) == "a!"


def test_arrays_of_different_items_do_not_go_together():
    assert refusal("ar @> ta").code == "type-mismatch"
    assert refusal("ar || ta").code == "type-mismatch"
    assert refusal("coalesce(ar, ta)").code == "type-mismatch"
    assert refusal("s = any(ar)").help == "write cast(… as integer)"
