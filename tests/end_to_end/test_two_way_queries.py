"""Queries in both directions at once: what the other pipeline has written is seen by those that read it, and nothing goes round for ever."""

import pytest

from tests.service import Service

ACCOUNTS = """\
version: 1
mapping: accounts
source: party
target: account
key: [id]
query: |
  select p.id, p.name, a.street, s.text
  from party p left join address a on a.party = p.id left join summary s on s.party = p.id
  where p.id in (:keys)
depends_on: {address: party, summary: party}
columns: {id: id, name: name, street: street, summary: text}
"""
ADDRESSES = """\
version: 1
mapping: addresses
source: contact_point
target: address
key: [party]
columns: {party: party, street: street}
"""
SUMMARIES = """\
version: 1
mapping: summaries
source: contact_point
target: summary
key: [party]
query: |
  select c.party, concat(c.street, ' ', coalesce(a.summary, ''), '!') as text
  from contact_point c left join account a on a.id = c.party
  where c.party in (:keys)
depends_on: {account: id}
columns: {party: party, text: text}
"""
ERP = (
    "create table party (id int primary key, name varchar(40))",
    "create table address (party int primary key, street varchar(40))",
    "create table summary (party int primary key, text varchar(400))",
    "insert into party values (1, 'one'), (2, 'two')",
)
CRM = (
    "create table account (id int primary key, name varchar(40), street varchar(40), summary varchar(400))",
    "create table contact_point (party int primary key, street varchar(40))",
)


@pytest.fixture(params=[("postgresql", "mariadb"), ("mariadb", "postgresql")], ids="-".join)
def service(request, tmp_path):
    servers = dict(zip(("erp", "crm"), map(request.getfixturevalue, request.param), strict=True))
    back = {"addresses": ADDRESSES, "summaries": SUMMARIES}
    given = Service(tmp_path, servers, {"there": ("erp", "crm", ACCOUNTS), "back": ("crm", "erp", back)})
    given.sql("erp", *ERP)
    given.sql("crm", *CRM)
    yield given
    given.close()


def accounts(given):
    return sorted(given.sql("crm", "select id, name, street, summary from account"))


def test_what_the_other_direction_writes_is_seen_and_does_not_go_round(service):  # torture: H01 H06
    service.start()
    service.until(lambda: len(accounts(service)) == 2)
    service.sql("crm", "insert into contact_point values (1, 'Ring 1')")
    service.until(lambda: [row[2] for row in accounts(service)] == ["Ring 1", None], lambda: accounts(service))
    service.quiet(1.0)
    (one, two), (summary,) = accounts(service), service.sql("erp", "select text from summary")
    assert one[:3] == (1, "one", "Ring 1")
    assert one[3].startswith("Ring 1 ")
    assert two == (2, "two", None, None)
    assert summary[0].startswith("Ring 1 ")
    service.sql("erp", "update party set name = 'first' where id = 1")
    service.until(lambda: accounts(service)[0][1] == "first")
    service.quiet(1.0)
    service.stop()
