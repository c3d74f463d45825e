"""The demo's oracle finds what is there to be found, and nothing else. Each case changes one thing and sees it reported."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from demo import compare
from demo.own import Edit, Own
from demo.promises import PROMISES

STAMPS = {"erp_version", "erp_changed", "crm_revision"}
"""Columns that any change of a source row changes too."""
CHANGES = (
    ("customers", "crm", "update accounts set name = concat(name, '.') where erp_code is not null limit 1", "different", "name"),
    ("customers", "crm", "update accounts set credit_limit = credit_limit + 0.01 where erp_code is not null limit 1", "different", "credit_limit"),
    ("customers", "erp", """update customer set phone = '+1' where code = '000002'""", "different", "phone"),
    ("customers", "crm", "update accounts set rating = 'hot' where erp_code is not null limit 1", "not ours", "rating"),
    ("customers", "crm", "update accounts set notes = '' where notes is not null limit 1", "not ours", "notes"),
    ("products", "crm", "update products set weight = weight * 1.0000000001 where weight > 1 limit 1", "different", "weight"),
    ("products", "crm", "update products set description = null where length(description) > 5000 limit 1", "different", "description"),
    ("products", "erp", "update product set sellable = false where id = 1", "not deleted", "deleted"),
    ("stock", "crm", "delete from stock_levels where warehouse = 'LYO' limit 1", "missing", ""),
    ("stock", "erp", "delete from stock where product_id = 2", "extra", ""),
    ("stock", "crm", "update stock_levels set available = available - 0.001 limit 1", "different", "available"),
    ("orders", "crm", "update sales_orders set ship_after = null where ship_after is not null limit 1", "different", "ship_after"),
    ("order_lines", "crm", "update sales_order_lines set net = net + 0.000001 limit 1", "different", "net"),
    ("order_lines", "erp", """update "order-line" set kind = 'comment' where id = 1""", "extra", ""),
    ("invoices", "crm", "delete from invoices limit 1", "missing", ""),
    ("invoices", "crm", "update invoices set reminder = '' limit 1", "not ours", "reminder"),
    ("leads", "erp", "update sales_lead set hot = not hot where id = (select min(id) from sales_lead)", "different", "hot"),
    ("leads", "crm", "delete from leads where id not in (select lead_id from opportunities where lead_id is not null) limit 1", "not deleted", "active"),
    ("opportunities", "erp", "update sales_opportunity set follow_up_on = now() where id = (select min(id) from sales_opportunity)", "not ours", "follow_up_on"),
    ("opportunities", "crm", "update opportunities set amount = coalesce(amount, 0) + 0.01 where deleted = 0 order by id limit 1", "different", "amount"),
    ("cases", "crm", "update cases set deleted = 1 where deleted = 0 order by case_number desc limit 1", "extra", ""),
    ("cases", "erp", "delete from support_case where id = (select min(id) from support_case)", "missing", ""),
)  # fmt: skip
"""Each changes one thing: mapping, side, statement, what is to be reported."""


@pytest.fixture(scope="module")
def before(databases, replicate):
    then = compare.before(databases)
    replicate()
    return then


@pytest.fixture
def changed(connections):
    """Run a statement on `erp` or `crm`, in a transaction that is rolled back when the test ends."""
    erp, crm = connections

    @contextmanager
    def change(*statements):
        with erp.transaction(force_rollback=True), crm.cursor() as cursor:
            crm.begin()
            try:
                for side, statement in statements:
                    affected = cursor.execute(statement) if side == "crm" else erp.execute(statement).rowcount
                    assert affected, statement
                yield
            finally:
                crm.rollback()

    return change


def differences(databases, before, *own):
    return [difference for result in compare.compare(databases, before, own) for difference in result.differences]


def test_what_is_promised_differs_in_nothing(databases, before):
    results = compare.compare(databases, before, [Own()])
    assert [result.differences for result in results] == [[]] * len(PROMISES)
    assert all(result.rows > 400 for result in results)
    assert compare.touched(databases, before) == []


def test_each_change_is_one_difference(databases, before, changed):
    with changed(*((side, statement) for _, side, statement, _, _ in CHANGES)):
        found = [(found.mapping, found.kind, found.column) for found in differences(databases, before) if found.column not in STAMPS]
    assert sorted(found) == sorted((mapping, kind, column) for mapping, _, _, kind, column in CHANGES)


def test_a_version_left_behind_is_a_difference(databases, before, changed):
    with changed(("erp", "update customer set preferences = '[]' where code = '000002'")):
        assert {difference.column for difference in differences(databases, before)} == {"erp_version", "erp_changed"}


def test_a_row_that_the_load_brought_may_be_marked_but_not_removed(databases, before, changed):
    leave = ("erp", "update product set sellable = false where id = 1")
    key = "select id from (select id from products where part_number = 'SKU-00001') chosen"
    with changed(leave, ("crm", f"update products set deleted = 1 where id = ({key})")):
        results = compare.compare(databases, before, [])
        assert [result.differences for result in results] == [[]] * len(PROMISES)
        assert {result.mapping: result.deleted for result in results}["products"] == 1
    with changed(leave, ("crm", f"delete from products where id = ({key})")):
        assert [(found.mapping, found.kind) for found in differences(databases, before)] == [("products", "missing")]


def test_what_the_targets_users_wrote_has_to_be_there(databases, before, changed):
    erp_user, crm_user = Own(), Own()
    (account,) = databases.crm("select id from accounts where erp_code = '000002'")
    (theirs,) = databases.crm("select id from accounts where erp_code is null order by id limit 1")
    new = {"id": "f" * 36, "name": "new", "account_type": "Company", "segment": "prospect"}
    (opportunity,) = databases.erp("select crm_id from sales_opportunity order by id limit 1")
    crm_user.note([Edit("accounts", (account["id"],), {"notes": "a"}), Edit("accounts", (account["id"],), {"rating": "hot"})])
    crm_user.note([Edit("accounts", (theirs["id"],), {"notes": "b"}), Edit("accounts", ("f" * 36,), new)])
    erp_user.note([Edit("sales_opportunity", (opportunity["crm_id"],), {"keeper_id": 3})])
    missing = {(found.kind, found.column) for found in differences(databases, before, erp_user, crm_user)}
    assert missing == {("not ours", column) for column in ("notes", "rating", "keeper_id", "")}
    with changed(
        ("crm", f"update accounts set notes = 'a', rating = 'hot' where id = '{account['id']}'"),
        ("crm", f"update accounts set notes = 'b' where id = '{theirs['id']}'"),
        ("crm", f"insert into accounts (id, name, account_type, segment) values ('{'f' * 36}', 'new', 'Company', 'prospect')"),
        ("erp", f"update sales_opportunity set keeper_id = 3 where crm_id = '{opportunity['crm_id']}'"),
    ):
        assert differences(databases, before, erp_user, crm_user) == []


def test_a_table_that_is_nobodys_business_is_watched(databases, before, changed):
    with changed(("crm", "update contacts set last_name = 'X' limit 1"), ("erp", "update employee set name = 'X' where id = 1")):
        assert sorted(compare.touched(databases, before)) == ["contacts", "employee"]


def test_a_row_of_the_targets_own_that_is_gone_is_a_difference(databases, before):
    then = replace(before, own={**before.own, "accounts": {**before.own["accounts"], ("gone",): {"id": "gone"}}})
    assert [(found.kind, found.key) for found in differences(databases, then)] == [("not ours", ("gone",))]
