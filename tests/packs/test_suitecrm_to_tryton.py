"""What users do in SuiteCRM, row by row in transactions of their own, seen in Tryton's inbox; and both directions at once."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from tests.packs.conftest import BACK, FORTH
from tests.packs.test_tryton_to_suitecrm import account_becomes, key

pytestmark = [pytest.mark.packs, pytest.mark.timeout(900)]

CRM_TABLES = ["accounts", "accounts_cstm", "email_addresses", "email_addr_bean_rel", "leads", "opportunities", "cases"]


def insert(service, table, **values):
    names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    service.connections["crm"].cursor().execute(f"insert into {table} ({names}) values ({marks})", list(values.values()))


def inbox_becomes(service, table, crm_id, **expected):
    def now():
        found = service.sql("erp", f"select {', '.join(expected)} from crm_inbox.{table} where crm_id = '{crm_id}'")
        return found[0] if found else None

    service.until(lambda: now() == tuple(expected.values()), lambda: (now(), tuple(expected.values())))


def all_of(service):
    """Every row that a pack may write, and Tryton's own parties."""
    of_crm = {table: sorted(service.sql("crm", f"select * from {table}"), key=repr) for table in CRM_TABLES}
    names = ("crm_inbox.leads", "crm_inbox.opportunities", "crm_inbox.cases", "public.party_party", "public.party_address")
    return of_crm | {table: sorted(service.sql("erp", f"select * from {table}"), key=repr) for table in names}


def test_a_lead_arrives_with_its_email_address_though_each_row_is_a_transaction(running):
    lead, email = str(uuid4()), str(uuid4())
    insert(running, "leads", id=lead, first_name="Ada", last_name="Lovelace", account_name=" Engines ", status="New", deleted=0,
           phone_work="+44 20 1", primary_address_city="London", date_entered="2026-03-01 10:00:00", lead_source="Web Site")  # fmt: skip
    insert(running, "email_addresses", id=email, email_address="Ada@Engines.example", email_address_caps="ADA@ENGINES.EXAMPLE", deleted=0)
    insert(
        running,
        "email_addr_bean_rel",
        id=str(uuid4()),
        email_address_id=email,
        bean_id=lead,
        bean_module="Leads",
        primary_address=1,
        deleted=0,
    )
    inbox_becomes(running, "leads", lead, person="Ada Lovelace", company="Engines", email="ada@engines.example", phone="+44 20 1",
                  city="London", state="new", source="Web Site", active=True)  # fmt: skip
    running.sql("crm", f"update email_addresses set email_address = 'ada@new.example' where id = '{email}'")
    inbox_becomes(running, "leads", lead, email="ada@new.example")
    running.sql("crm", f"update leads set status = 'Converted', converted = 1 where id = '{lead}'")
    inbox_becomes(running, "leads", lead, state="converted")
    running.sql("crm", f"update leads set deleted = 1 where id = '{lead}'")
    inbox_becomes(running, "leads", lead, active=False, person="Ada Lovelace")
    running.sql("crm", f"update leads set deleted = 0 where id = '{lead}'")
    inbox_becomes(running, "leads", lead, active=True)


def test_an_opportunity_arrives_with_the_code_of_its_party(running, tryton):
    party = tryton.new("party.party", name="Wants more")
    account_becomes(running, party, name="Wants more")
    code = running.sql("erp", f"select code from party_party where id = {party}")[0][0]
    opportunity, link = str(uuid4()), str(uuid4())
    insert(running, "opportunities", id=opportunity, name="Big one", amount=1234.5, currency_id="-99", sales_stage="Negotiation/Review",
           probability=79.6, date_closed=date(2026, 12, 24), deleted=0)  # fmt: skip
    inbox_becomes(running, "opportunities", opportunity, name="Big one", amount=Decimal("1234.50"), currency="EUR", state="opportunity",
                  probability=80, closes_on=date(2026, 12, 24), party_code=None)  # fmt: skip
    insert(running, "accounts_opportunities", id=link, opportunity_id=opportunity, account_id=key("party", party), deleted=0)
    inbox_becomes(running, "opportunities", opportunity, party_code=code, account_name="Wants more")
    running.sql("crm", f"update opportunities set sales_stage = 'Closed Won' where id = '{opportunity}'")
    inbox_becomes(running, "opportunities", opportunity, state="won")
    running.sql("crm", f"update accounts_opportunities set deleted = 1 where id = '{link}'")
    inbox_becomes(running, "opportunities", opportunity, party_code=None, account_name=None)


def test_a_case_arrives_under_the_number_that_the_crm_gave_it(running):
    case = str(uuid4())
    insert(running, "accounts", id="acc-of-case", name="Complains", deleted=0)
    insert(running, "cases", id=case, name=" Broken ", status="Open_New", state="Open", priority="P1", account_id="acc-of-case", deleted=0)
    number = running.sql("crm", f"select case_number from cases where id = '{case}'")[0][0]
    inbox_becomes(
        running,
        "cases",
        case,
        case_number=number,
        subject="Broken",
        state="open",
        priority="high",
        account_name="Complains",
        party_code=None,
    )
    running.sql("crm", f"update cases set state = 'Closed', resolution = 'replaced' where id = '{case}'")
    inbox_becomes(running, "cases", case, state="closed", resolution="replaced", active=True)
    running.sql("crm", f"delete from cases where id = '{case}'")
    inbox_becomes(running, "cases", case, state="closed", active=False)


def test_both_directions_at_once_go_quiet_and_running_again_changes_nothing(running, tryton):
    """Each direction's writes stay where they are: what one wrote, the other does not carry back, and Tryton's own tables stay as they were."""
    before = running.metric("rows_total", BACK)
    party = tryton.new("party.party", name="Both ways", contact_mechanisms=[("create", [{"type": "email", "value": "b@x.example"}])])
    for turn in range(5):
        insert(running, "leads", id=str(uuid4()), last_name=f"Lead {turn}", status="New", deleted=0)
        tryton.write("party.party", party, name=f"Both ways {turn}")
        running.sql("crm", f"update accounts set industry = 'Turn {turn}' where id = '{key('party', party)}'")
    account_becomes(running, party, name="Both ways 4", deleted=0)
    running.until(lambda: running.metric("rows_total", BACK) - before >= 5, lambda: running.metric("rows_total", BACK))
    running.quiet(2.5)
    for name in (FORTH, BACK):
        running.until(lambda: running.metric("lag_bytes", name) == 0, lambda: running.metric("lag_bytes", name), 20)  # noqa: B023
    assert running.metric("rows_total", BACK) - before == 5
    assert running.metric("loop_events_skipped_total", BACK) > 0
    there = all_of(running)
    running.stop()
    running.once()
    assert all_of(running) == there
    running.start()
    running.until(lambda: {running.state(name) for name in (FORTH, BACK)} == {"streaming"}, lambda: running.state(FORTH))
