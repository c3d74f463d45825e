"""`truncate: apply` where it can be told which rows go; what the file alone refuses is among the bad specs."""

import pytest

from cdc.mapping.files.problem import Level, render
from cdc.mapping.spec.emptied import Leg, check_shared
from cdc.model.table import Column
from cdc.model.write import Truncates
from tests.definitions import BOOL, DATE, INT, TEXT, TINYINT_1, compiled, numeric, row_plan, spec, table, varchar

CUSTOMER = table("customer", [Column("id", INT, nullable=False), Column("name", TEXT)])
ACCOUNTS = table(
    "accounts",
    [
        Column("id", INT, nullable=False, identity=True, default=True), Column("name", varchar(40)), Column("kind", varchar(10)), Column("deleted", TINYINT_1),
        Column("since", DATE), Column("seen", BOOL), Column("rate", numeric(6, 2)), Column("made", TEXT),
    ],
)  # fmt: skip
MAPPING = "version: 1\nmapping: customers\nsource: customer\ntarget: accounts\nkey: [id]\ntruncate: apply\ncolumns:\n"


def target_of(columns, more=""):
    plan, problems = compiled([spec(MAPPING + columns + more)], CUSTOMER, ACCOUNTS)
    assert plan is not None, render(problems)
    return plan.targets[0], [problem for problem in problems if problem.code == "truncate-all"]


def test_constants_tell_the_mappings_rows_from_others():
    columns = (
        "  id: id\n  name: name\n  kind: \"'erp'\"\n  since: \"date '2020-01-01'\"\n  deleted: 0\n  seen: {value: null, write: insert}\n"
        "  made: {value: \"'x'\", write: update}\n  rate: 1.5\n"
    )
    target, (note,) = target_of(columns)
    assert [(column.name, text) for column, text in target.scope] == [("kind", "erp"), ("since", "2020-01-01"), ("deleted", "0")]
    assert (note.level, note.line) == (Level.NOTE, 6)
    assert note.message == (
        "when customer is truncated, each row of public.accounts where kind is 'erp' and since is '2020-01-01' and deleted is '0' "
        "is deleted, whoever made it"
    )


def test_without_constants_all_rows_go_and_check_says_so():
    target, (note,) = target_of("  id: id\n  name: name\n", "deletes: soft\nsoft_delete: {deleted: 1}\n")
    assert target.scope == ()
    assert "every row of public.accounts is marked as deleted, whoever made it" in note.message


def test_the_crosswalk_knows_and_needs_no_note():
    assert target_of("  id: xref('customer', id)\n  name: name\n")[1] == []


def test_a_mapping_that_does_not_apply_it_has_neither():
    text = (MAPPING + "  id: id\n  kind: \"'erp'\"\n").replace("apply", "ignore")
    plan, problems = compiled([spec(text)], CUSTOMER, ACCOUNTS)
    assert plan.targets[0].scope == ()
    assert "truncate-all" not in {problem.code for problem in problems}


def test_the_rule_reaches_the_plan():
    assert row_plan(MAPPING + "  id: id\n", CUSTOMER, ACCOUNTS).truncates is Truncates.APPLY


OTHER = "version: 1\nmapping: other\nsource: {source}\ntarget: {target}\nkey: [id]\ncolumns: {{id: id, made: made}}\n"


def leg(source, target, *specs):
    return Leg(source, target, ("public", "public"), specs)


@pytest.mark.parametrize(
    ("columns", "legs", "code"),
    [
        ("  id: id\n", [("erp", "crm", OTHER.format(source="x", target="public.accounts"))], "truncate-shared"),
        ("  id: id\n", [("shop", "crm", OTHER.format(source="x", target="accounts"))], "truncate-shared"),
        ("  id: id\n", [("shop", "erp", OTHER.format(source="x", target="accounts"))], ""),
        ("  id: id\n", [("erp", "crm", OTHER.format(source="customer", target="notes"))], ""),
        ("  id: id\n", [("crm", "erp", OTHER.format(source="accounts", target="customer"))], "truncate-two-way"),
        ("  id: id\n", [("crm", "erp", OTHER.format(source="accounts", target="lead"))], ""),
        ("  id: id\n", [("crm", "shop", OTHER.format(source="accounts", target="customer"))], ""),
        ("  id: id\n", [("crm", "erp", OTHER.format(source="'a.b.c'", target="customer"))], ""),
        ("  id: xref('customer', id)\n", [("erp", "crm", OTHER.format(source="x", target="accounts"))], ""),
        ("  id: xref('customer', id)\n", [("crm", "erp", OTHER.format(source="accounts", target="customer"))], ""),
    ],
)
def test_a_table_that_others_write_or_read_back_is_emptied_for_nobody(columns, legs, code):
    applied = spec(MAPPING + columns)
    found = list(check_shared([leg("erp", "crm", applied), *(leg(source, target, spec(text)) for source, target, text in legs)]))
    assert [problem.code for problem in found] == ([code] if code else [])
    assert all((problem.line, problem.level) == (6, Level.ERROR) for problem in found)
