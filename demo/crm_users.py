"""What the CRM's users do all day: each function is one transaction, most of a single row, as CRMs do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from demo import names
from demo.crm import SOURCES, STAGES, STATUSES
from demo.own import Edit
from demo.workload import Action, ChangedMindError, Cursor, some

NOTHING: Sequence[Edit] = ()


def enter_lead(cursor: Cursor, random: Random) -> Sequence[Edit]:
    _lead(cursor, random)
    return NOTHING


def rate_leads(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """One statement, many rows."""
    cursor.execute("update leads set temperature = %s where deleted = 0 and lead_source = %s order by date_entered desc, id limit 25",
                   (random.randrange(6), random.choice(SOURCES)))  # fmt: skip
    return NOTHING


def edit_lead(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (key,) = some(cursor, random, "select id from leads where id > %s order by id limit 20", names.uuid(random))
    column, value = random.choice((("company", names.company(random)), ("company", None), ("first_name", names.person(random)[0]),
                                   ("email", f"{key[:6]}@Example.NET"), ("lead_source", random.choice(SOURCES))))  # fmt: skip
    cursor.execute(f"update leads set {column} = %s where id = %s", (value, key))
    return NOTHING


def win_lead(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """A lead and two opportunities for it, in one transaction."""
    lead = _lead(cursor, random)
    for _ in range(2):
        _opportunity(cursor, random, lead)
    return NOTHING


def enter_opportunity(cursor: Cursor, random: Random) -> Sequence[Edit]:
    _opportunity(cursor, random, None)
    return NOTHING


def move_opportunity(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (key,) = some(cursor, random, "select id from opportunities where id > %s order by id limit 20", names.uuid(random))
    column, value = random.choice((("sales_stage", random.choice((*STAGES, "Perception Analysis"))), ("amount", random.randrange(10_000_000) / 100),
                                   ("amount", None), ("next_step", "send the offer"), ("date_closed", "2026-12-24")))  # fmt: skip
    cursor.execute(f"update opportunities set {column} = %s where id = %s", (value, key))
    return NOTHING


def bin_opportunity(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """Marked as deleted, or taken out of the bin again."""
    (key,) = some(cursor, random, "select id from opportunities where deleted = %s order by id limit 30", random.randrange(2))
    cursor.execute("update opportunities set deleted = 1 - deleted where id = %s", (key,))
    return NOTHING


def bin_lead(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (key,) = some(cursor, random, "select id from leads where id > %s order by id limit 20", names.uuid(random))
    cursor.execute("update leads set deleted = 1 - deleted where id = %s", (key,))
    return NOTHING


def purge_leads(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (key,) = some(cursor, random, """select id from leads l where deleted = 1
        and not exists (select 1 from opportunities where lead_id = l.id) order by id limit 20""")  # fmt: skip
    cursor.execute("delete from leads where id = %s", (key,))
    return NOTHING


def open_case(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (account,) = some(cursor, random, "select id from accounts where id > %s and deleted = 0 order by id limit 20", names.uuid(random))
    text = random.choice((f"{random.choice(names.TROUBLE)} 🙏", names.long_text(random), None))
    cursor.execute("insert into cases (id, account_id, name, status, priority, description) values (%s, %s, %s, 'Open_New', %s, %s)",
                   (names.uuid(random), account, random.choice(names.TROUBLE), random.choice(("P1", "P2", "P3")), text))  # fmt: skip
    return NOTHING


def work_on_case(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (key,) = some(cursor, random, "select id from cases where id > %s order by id limit 20", names.uuid(random))
    cursor.execute("update cases set status = %s, description = concat(coalesce(description, ''), %s) where id = %s",
                   (random.choice(STATUSES), "\n— “done” ✅", key))  # fmt: skip
    return NOTHING


def bin_case(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (key,) = some(cursor, random, "select id from cases where deleted = %s order by id limit 30", int(random.random() < 0.4))
    cursor.execute("update cases set deleted = 1 - deleted where id = %s", (key,))
    return NOTHING


def empty_the_bin(cursor: Cursor, random: Random) -> Sequence[Edit]:
    cursor.execute("delete from cases where deleted = 1 order by id limit %s", (random.randrange(1, 6),))
    return NOTHING


def rate_account(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """The CRM's own columns of an account, whether it came from the ERP or not."""
    (key,) = some(cursor, random, "select id from accounts where id > %s order by id limit 20", names.uuid(random))
    (owner,) = some(cursor, random, "select id from users")
    given = {"rating": random.choice(("hot", "warm", "cold")), "notes": f"wants {names.goods(random)} 🎁", "owner_id": owner}
    cursor.execute("update accounts set rating = %s, notes = %s, owner_id = %s where id = %s", (*given.values(), key))
    return (Edit("accounts", (key,), given),)


def enter_account(cursor: Cursor, random: Random) -> Sequence[Edit]:
    """An account that the ERP does not know."""
    key = names.uuid(random)
    given = {"id": key, "name": names.company(random), "account_type": "Company", "segment": "prospect", "email": f"{key}@example.net"}
    cursor.execute("insert into accounts (id, name, account_type, segment, email) values (%s, %s, %s, %s, %s)", tuple(given.values()))
    return (Edit("accounts", (key,), given),)


def remind_debtor(cursor: Cursor, random: Random) -> Sequence[Edit]:
    (key,) = some(cursor, random, "select id from invoices where status = 'Unpaid' and id > %s order by id limit 20", names.uuid(random))
    given = {"reminder": f"reminder {random.randrange(1, 4)}: „bitte“"}
    cursor.execute("update invoices set reminder = %s where id = %s", (*given.values(), key))
    return (Edit("invoices", (key,), given),)


def think_better_of_it(cursor: Cursor, random: Random) -> Sequence[Edit]:
    cursor.execute("update opportunities set name = 'this must never be seen' where sales_stage = %s limit 20", (random.choice(STAGES),))
    _lead(cursor, random)
    raise ChangedMindError


def _lead(cursor: Cursor, random: Random) -> str:
    key, (first, last) = names.uuid(random), names.person(random)
    cursor.execute("insert into leads (id, first_name, last_name, company, email, lead_source, temperature) values (%s, %s, %s, %s, %s, %s, %s)",
                   (key, first, last, names.company(random), f"{key[:8]}@Example.NET", random.choice(SOURCES), random.randrange(6)))  # fmt: skip
    return key


def _opportunity(cursor: Cursor, random: Random, lead: str | None) -> None:
    (account,) = some(cursor, random, "select id from accounts where id > %s and deleted = 0 order by id limit 20", names.uuid(random))
    cursor.execute("insert into opportunities (id, lead_id, account_id, name, amount, sales_stage) values (%s, %s, %s, %s, %s, %s)",
                   (names.uuid(random), lead, account, f"{names.goods(random)} 🔩 for {names.company(random)}", random.randrange(10**7) / 100,
                    random.choice(STAGES)))  # fmt: skip


ACTIONS: Mapping[Action, int] = {
    enter_lead: 12, rate_leads: 2, edit_lead: 15, win_lead: 8, enter_opportunity: 8, move_opportunity: 20, bin_opportunity: 5, bin_lead: 4,
    purge_leads: 3, open_case: 12, work_on_case: 15, bin_case: 6, empty_the_bin: 2, rate_account: 10, enter_account: 3, remind_debtor: 6,
    think_better_of_it: 3,
}  # fmt: skip
"""What they do, and how often."""
