"""Two mappings of one table: when they can't name the same row, and may share its columns."""

import pytest

from cdc.mapping.spec.apart import apart
from cdc.mapping.spec.read import read_mapping
from cdc.mapping.spec.rules import check_set

HEAD = "version: 1\nmapping: {name}\nsource: {name}\ntarget: lines\nkey: {key}\ncolumns:\n"


def spec(name, key="[id]", **columns):
    text = HEAD.format(name=name, key=key) + "".join(f"  {column}: {sql}\n" for column, sql in columns.items())
    read, problems = read_mapping(f"{name}.yaml", text)
    assert read is not None, problems
    return read


def of(name, sql, **more):
    return spec(name, id=sql, total="amount", **more)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("stable_uuid('sale', id)", "stable_uuid('invoice', id)", True),
        ("stable_uuid('sale', id)", "STABLE_UUID ( 'invoice' , id)", True),
        ("stable_uuid('sale', id)", "stable_uuid('sale', number)", False),
        ("stable_uuid('it''s', id)", "stable_uuid('it''s', number)", False),
        ("stable_uuid('sale', id)", "id", False),
        ("stable_uuid('sale', id)", "coalesce(other, stable_uuid('invoice', id))", False),
        ("case when a then stable_uuid('sale', id) else b end", "stable_uuid('invoice', id)", False),
    ],
)
def test_only_namespaces_that_differ_keep_rows_apart(one, other, expected):
    assert apart(of("a", one), of("b", other)) is expected
    problems = [problem.code for problem in check_set([of("a", one), of("b", other)], "public")]
    assert problems == ([] if expected else ["column-written-twice"])


def test_the_namespace_must_stand_in_the_key():
    one, other = spec("a", "[id]", id="id", line="stable_uuid('sale', id)"), spec("b", "[id]", id="id", line="stable_uuid('invoice', id)")
    assert not apart(one, other)


def test_one_column_of_a_longer_key_is_enough():
    assert apart(
        spec("a", "[id, place]", id="stable_uuid('sale', id)", place="place"),
        spec("b", "[id, place]", id="stable_uuid('order', id)", place="place"),
    )


def test_a_third_mapping_is_compared_with_each_that_writes_the_column():
    """The second's rows are apart from the first's, so the table has two owners of the column, and either may be the one in the way."""
    sales, invoices = of("a", "stable_uuid('sale', id)"), of("b", "stable_uuid('invoice', id)")
    for again in ("sale", "invoice"):
        (problem,) = check_set([sales, invoices, of("c", f"stable_uuid('{again}', number)")], "public")
        assert problem.code == "column-written-twice"
        assert f"'{'a' if again == 'sale' else 'b'}'" in problem.message
