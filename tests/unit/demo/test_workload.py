"""The demo's users: every action finds something to do, keeps its promises about rollbacks, and says what it wrote for itself."""

from random import Random

import pymysql
import pytest

from demo import crm_users, erp_users
from demo.own import Edit, Own
from demo.workload import ChangedMindError, NothingToDoError, Users, at_work


@pytest.fixture(scope="module")
def at_hand(replicate):
    """Users find the other side's rows in their database."""
    replicate()


def perform(connection, actions, random):
    """Do each action a few times; return how often each did something, and the edits."""
    done, edits = dict.fromkeys(actions, 0), []
    with connection.cursor() as cursor:
        for action in actions:
            for _ in range(8):
                try:
                    edits += action(cursor, random)
                    connection.commit()
                except (NothingToDoError, ChangedMindError) as outcome:
                    connection.rollback()
                    done[action] += isinstance(outcome, ChangedMindError)
                else:
                    done[action] += 1
    connection.close()
    return done, edits


def test_each_action_of_the_erps_users_does_something(stage, at_hand, databases):
    done, edits = perform(stage.erp(autocommit=False), list(erp_users.ACTIONS), Random(1))
    assert [action.__name__ for action, times in done.items() if not times] == []
    for table in ("customer", "product"):
        assert databases.erp(f"select 1 from {table} where name = 'this must never be seen'") == []
    assert {edit.table for edit in edits} == {"sales_opportunity"}
    assert databases.erp("select 1 from invoice i where state in ('posted', 'paid') and number is null") == []
    misplaced = """select 1 from "order" o join customer c on c.id = o.customer_id where c.status = 'prospect' or c.kind = 'branch'"""
    assert databases.erp(misplaced) == [], "an order's customer is always one that the CRM knows"


def test_each_action_of_the_crms_users_does_something(stage, at_hand, databases):
    done, edits = perform(stage.crm(autocommit=False), list(crm_users.ACTIONS), Random(1))
    assert [action.__name__ for action, times in done.items() if not times] == []
    assert databases.crm("select 1 from opportunities where name = 'this must never be seen'") == []
    assert {edit.table for edit in edits} == {"accounts", "invoices"}
    for edit in edits:
        (row,) = databases.crm(f"select * from {edit.table} where id = '{edit.key[0]}'")
        assert set(edit.columns) <= set(row)


def test_users_work_until_they_are_told_to_stop(stage, at_hand):
    own = Own()
    erp = Users(stage.erp(autocommit=False), {erp_users.follow_up_opportunity: 1, erp_users.think_better_of_it: 1}, own, 500)
    with at_work(erp):
        while erp.done.total() < 40:
            assert erp.is_alive()
    assert not erp.is_alive()
    assert set(erp.done) == {"follow up opportunity", "think better of it"}
    keys = own.keys("sales_opportunity")
    assert 0 < len(keys) <= erp.done["follow up opportunity"]
    with stage.erp() as connection:
        for key in keys:
            found = connection.execute("select keeper_id, follow_up_on from sales_opportunity where crm_id = %s", key).fetchone()
            assert found == tuple(own.of("sales_opportunity", key).values())


def test_what_goes_wrong_with_a_user_comes_out_at_the_end(stage):
    def break_off(cursor, random):
        cursor.execute("select no_such_column from accounts")

    crm = Users(stage.crm(autocommit=False), {break_off: 1}, Own(), 500)
    with pytest.raises(pymysql.err.OperationalError, match="no_such_column"), at_work(crm):
        crm.join(20)


def test_own_keeps_the_last_value_of_each_column():
    own = Own()
    own.note([Edit("t", (1,), {"a": 1, "b": 1}), Edit("t", (1,), {"b": 2}), Edit("u", (1,), {"a": 3})])
    assert own.of("t", (1,)) == {"a": 1, "b": 2}
    assert own.of("t", (2,)) == {}
    assert own.keys("t") == {(1,)}
