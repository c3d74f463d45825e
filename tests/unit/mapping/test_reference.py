"""Look-ups and crosswalk columns: what is refused before anything starts, and what rows become."""

from dataclasses import replace

import pytest

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.reference import uses_crosswalk
from cdc.mapping.spec.read import read_mapping
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow
from cdc.model.reference import Lookup, Maker, Missing, Ref, Xref
from cdc.model.table import Column, Unique
from cdc.model.types import Kind, Type
from tests.definitions import BIGINT, INT, TEXT, UUID, compiled, row_plan, spec, table, varchar

CUSTOMER = table(
    "customer",
    [Column("id", INT, nullable=False), Column("part", INT, nullable=False), Column("login", varchar(60)), Column("parent", INT)],
    identity=("id", "part"),
)
ACCOUNT = table(
    "account",
    [
        Column("id", BIGINT, nullable=False, default=True, identity=True),
        Column("number", INT, nullable=False, default=True),
        Column("owner_id", INT),
        Column("parent_id", BIGINT),
        Column("label", varchar(8)),
    ],
    uniques=[Unique("account_number", ("number",), primary=False, exact=True)],
)
USERS = table(
    "users",
    [
        Column("id", INT, nullable=False),
        Column("login", varchar(20), nullable=False),
        Column("tags", Type(Kind.ARRAY, "text[]")),
        Column("kind", TEXT),
    ],
    uniques=[Unique("users_login", ("login",), primary=False, exact=True)],
)
HEAD = "version: 1\nmapping: accounts\nsource: customer\ntarget: account\n"


def mapping(columns, key="id"):
    return f"{HEAD}key: [{key}]\ncolumns:\n" + "".join(f"  {name}: {text}\n" for name, text in columns.items())


def bound(columns, key="id"):
    return row_plan(mapping(columns, key), CUSTOMER, ACCOUNT, USERS)


def problems(columns, key="id", *others):
    specs = [spec(mapping(columns, key)), *others]
    return {problem.code: problem.message for problem in compiled(specs, CUSTOMER, ACCOUNT, USERS)[1]}


def test_a_row_refers_to_what_only_the_target_knows():
    plan = bound(
        {
            "id": "xref('customer', id, part)",
            "owner_id": "{lookup: users, by: {login: trim(login)}, take: id}",
            "parent_id": "xref('customer', parent)",
        }
    )
    own, look, parent = plan.target.references
    assert isinstance(own, Xref)
    assert isinstance(look, Lookup)
    assert (own.maker, parent.maker, look.missing, look.by, look.take) == (
        Maker.DATABASE,
        None,
        Missing.PARK,
        USERS.columns[1:2],
        USERS.columns[0],
    )
    image = (Ref(own, ("7", "1")), Ref(look, ("ann",)), Ref(parent, ("8",)))
    assert plan.map_row(("7", "1", " ann ", "8")) == (image[:1], image)
    assert plan.map_row(("7", "1", None, None)) == (image[:1], (image[0], Ref(look, (None,)), None))
    assert plan.key_of(("7", "1", ABSENT, ABSENT)) == image[:1]


def test_what_the_log_left_out_stays_absent():
    plan = bound(
        {"id": "xref('customer', id)", "owner_id": "{lookup: users, by: {login: login}, take: id}", "parent_id": "xref('customer', parent)"}
    )
    key, image = plan.map_row(("7", "1", ABSENT, ABSENT))
    assert image == (*key, ABSENT, ABSENT)


def test_texts_are_those_of_the_column_that_they_are_compared_with():
    plan = bound({"id": "xref('customer', id)", "owner_id": "{lookup: users, by: {login: login}, take: id}"})
    assert plan.map_row(("7", "1", "x" * 20, None))[1][1].texts == ("x" * 20,)
    with pytest.raises(BadRow, match="owner_id"):
        plan.map_row(("7", "1", "x" * 21, None))


def test_what_is_taken_fits_the_column_or_says_so():
    plan = bound({"id": "xref('customer', id)", "label": "{lookup: users, by: {login: login}, take: kind}"})
    (_, look) = plan.target.references
    assert look.fit("short") == "short"
    with pytest.raises(BadValue):
        look.fit("much too long")


@pytest.mark.parametrize(
    ("said", "rule"), [("null", Missing.NULL), ("'null'", Missing.NULL), ("keep", Missing.KEEP), ("park", Missing.PARK)]
)
def test_what_happens_without_a_row_is_a_word(said, rule):
    plan = bound({"id": "xref('customer', id)", "owner_id": f"{{lookup: users, by: {{login: login}}, take: id, missing: {said}}}"})
    assert plan.target.references[1].missing is rule


@pytest.mark.parametrize(
    ("column", "code", "message"),
    [
        ("{lookup: user, by: {login: login}, take: id}", "unknown-table", "public.user does not exist on the target"),
        ("{lookup: users, by: {logon: login}, take: id}", "unknown-column", "'logon' does not exist in public.users"),
        ("{lookup: users, by: {login: login}, take: ids}", "unknown-column", "'ids' does not exist in public.users"),
        ("{lookup: users, by: {login: logn}, take: id}", "unknown-column", "'logn' does not exist in public.customer"),
        ("{lookup: users, by: {tags: login}, take: id}", "type-mismatch", "can't be looked up by text[]"),
        ("{lookup: users, by: {id: login}, take: id}", "type-mismatch", "does not go into integer"),
        ("{lookup: users, by: {login: login}, take: login}", "type-mismatch", "does not go into integer"),
        ("{lookup: users, by: {login: \"xref('a', id)\"}, take: id}", "not-allowed", "can't go by what only the target knows"),
        ("{lookup: users, by: {kind: login}, take: id}", "lookup-not-unique", "no unique index on (kind)"),
        ("{lookup: users, by: {login: login}}", "missing-key", "'take' is missing"),
        ("{lookup: users, take: id}", "missing-key", "'by' is missing"),
        ("{lookup: users, by: {}, take: id}", "bad-value", "'by' is empty"),
        ("{lookup: users, by: {login: login}, take: id, value: id}", "two-values", "both `lookup` and `value`"),
        ("{value: id, by: {login: login}}", "unused-key", "'by' has no effect without `lookup`"),
        ("{map: m, from: \"xref('customer', id)\"}", "not-allowed", "can't translate what only the target knows"),
        ("xref('customr', parent)", "unknown-entity", "no mapping of this pipeline makes entries"),
        ("coalesce(xref('customer', parent), 0)", "not-allowed", "a whole column, not a part"),
        ("xref('customer')", "no-function", "an entity and at least one value"),
        ("xref(login, parent)", "bad-value", "a text literal"),
        ("xref('customer ', parent)", "bad-value", "does not end in a blank"),
    ],
)
def test_what_is_wrong_has_a_place_and_a_word(column, code, message):
    text = mapping({"id": "xref('customer', id)", "owner_id": column}) + "maps:\n  m: {a: 1}\n"
    given, shape = read_mapping("m.yaml", text)
    found = [*shape, *compiled([given], CUSTOMER, ACCOUNT, USERS)[1]]
    assert [(p.line, message in p.message) for p in found if p.code == code][:1] == [(8, True)], found


def test_keys_that_nobody_makes_are_refused():
    assert "nobody makes values of the key 'number'" in problems({"number": "xref('customer', id)"}, "number")["xref-key"]


def test_a_uuid_is_made_where_one_fits():
    for type_ in (UUID, varchar(36), TEXT):
        target = replace(ACCOUNT, columns=(Column("id", type_, nullable=False), *ACCOUNT.columns[1:]))
        plan = row_plan(mapping({"id": "xref('customer', id)"}), CUSTOMER, target, USERS)
        assert plan.target.references[0].maker is Maker.UUID
    target = replace(ACCOUNT, columns=(Column("id", varchar(35), nullable=False), *ACCOUNT.columns[1:]))
    assert "xref-key" in {p.code for p in compiled([spec(mapping({"id": "xref('customer', id)"}))], CUSTOMER, target, USERS)[1]}


def test_an_entity_has_one_table():
    other = spec(
        "version: 1\nmapping: users\nsource: customer\ntarget: users\nkey: [login]\ncolumns: {login: \"xref('customer', id)\", id: id}\n"
    )
    assert "names rows of public.account already" in problems({"id": "xref('customer', id)"}, "id", other)["entity-twice"]


def test_a_key_that_refers_fits_the_key_that_it_refers_to():
    assert "does not go into" in problems({"id": "xref('customer', id)", "label": "xref('customer', parent)"}).get(
        "type-mismatch", "does not go into"
    )
    plan = bound({"id": "xref('customer', id)", "owner_id": "xref('customer', parent)"})
    with pytest.raises(BadValue):
        plan.target.references[1].fit(str(1 << 40))


def test_a_key_may_be_looked_up_but_must_be_found():
    said = "{lookup: users, by: {login: login}, take: id, missing: keep}"
    assert "must have a value" in problems({"number": said, "label": "login"}, "number")["bad-value"]


def test_a_column_that_can_not_be_null_gets_no_null():
    assert "can't be null" in problems({"id": "id", "number": "{lookup: users, by: {login: login}, take: id, missing: null}"})["bad-value"]


def test_a_spec_says_whether_it_needs_the_crosswalk():
    assert uses_crosswalk(spec(mapping({"id": "xref('customer', id)"})))
    assert uses_crosswalk(spec(mapping({"id": "id", "parent_id": "\" ( XREF ('customer', parent))\""})))
    assert not uses_crosswalk(spec(mapping({"id": "id", "label": "\"'xref(1)'\""})))
