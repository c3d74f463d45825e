"""Migrations before they run: what each statement does to the tables, which mapping it would stop, and what is not understood."""

import pytest

from cdc.mapping.tools.foresight import Around, hits
from cdc.mapping.tools.migration import run
from cdc.model.table import Column
from tests.definitions import INT, TEXT, named, numeric, spec, table, varchar

MAPPING = """\
version: 1
mapping: customers
source: customer
target: account
key: [id]
columns: {id: id, name: name, credit: credit}
"""
CUSTOMER = table(
    "customer", [Column("id", INT, nullable=False), Column("name", varchar(40)), Column("credit", numeric(10, 2)), Column("note", TEXT)]
)
ACCOUNT = table(
    "account", [Column("id", INT, nullable=False), Column("name", varchar(40)), Column("credit", numeric(10, 2)), Column("own", TEXT)]
)
SOURCES, TARGETS = {CUSTOMER.name: CUSTOMER}, {ACCOUNT.name: ACCOUNT}


def said(sql, *, source=True, mysql=False, more=""):
    """Return for each statement what was not understood, and what would stop."""
    around = Around([spec(MAPPING + more)], SOURCES, TARGETS, ("public", "public"), {})
    before, found = SOURCES if source else TARGETS, []
    for ran in run(sql, before, "public", mysql=mysql):
        found.append((ran.unread, [hit.message for hit in hits(around, ran, before, source=source)]))
        before = ran.tables
    return found


@pytest.mark.parametrize(
    ("sql", "mysql"),
    [
        ("alter table customer add column c int not null default 3", False), ("alter table customer add c text, add d int", False),
        ("alter table customer drop column note", False), ("alter table customer rename column note to remark", False),
        ("alter table customer alter column note type varchar(3)", False), ("alter table only customer alter name set not null", False),
        ("alter table customer alter column name type varchar(30)", False), ("alter table customer alter credit set default 0", False),
        ("alter table customer add constraint c check (credit > 0)", False), ("create index i on customer (name)", False),
        ("create index concurrently i on customer (name) where credit > 0", False), ("drop index i", False), ("vacuum full customer", False),
        ("alter table other drop column name", False), ("drop table other", False), ("truncate other", False), ("create table other (id int)", False),
        ("alter type mood add value 'x'", False), ("alter table customer replica identity full", False), ("comment on table customer is 'x'", False),
        ("update customer set name = 'x'", False), ("begin", False), ("create view v as select 1", False), ("grant select on customer to x", False),
        ("alter table customer engine = InnoDB", True), ("alter table customer convert to character set utf8mb4", True),
        ("alter table `customer` modify column name varchar(20) not null", True), ("alter table customer change note remark text", True),
        ("rename table other to another", True), ("alter table customer add index (name)", True), ("alter table customer rename index a to b", True),
        ("alter table customer modify credit decimal(8, 2) first", True), ("optimize table customer", True),
    ],
)  # fmt: skip
def test_what_hits_no_mapping(sql, mysql):
    assert said(sql, mysql=mysql) == [("", [])]


@pytest.mark.parametrize(
    ("sql", "mysql", "message"),
    [
        ("alter table customer drop column name", False, "column 'name' does not exist"), ("alter table customer drop name", True, "column 'name' does not exist"),
        ("alter table public.customer rename column name to title", False, "column 'name' does not exist"),
        ("alter table customer change name title varchar(40)", True, "column 'name' does not exist"),
        ("alter table customer alter column credit type date", False, "date"), ("alter table customer modify credit date", True, "date"),
        ("alter table customer rename to client", False, "table public.customer does not exist"), ("rename table a to b, customer to c", True, "table public.customer"),
        ("alter table customer set schema old", False, "table public.customer does not exist"), ("drop table if exists customer", False, "table public.customer"),
        ("alter table customer drop constraint customer_pkey", False, "does not say which row"), ("alter table customer drop primary key", True, "does not say which row"),
        ("alter table customer replica identity nothing", False, "does not say which row"), ("truncate a, customer cascade", False, "loses rows"),
        ("truncate table customer", True, "loses rows"), ("alter table customer truncate partition p", True, "loses rows"),
        ("alter table customer exchange partition p with table x", True, "loses rows"),
    ],
)  # fmt: skip
def test_what_stops_a_mapping_on_the_sources_side(sql, mysql, message):
    """torture: F02, F03, F04, F05, F07, F11"""
    ((unread, (hit, *_)),) = said(sql, mysql=mysql)
    assert message in hit
    assert not unread


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("alter table account add column c int not null", "'c' of public.account is not null and has no default|not null, has no default"),
        ("alter table account alter column own set not null", "not null, has no default"), ("alter table account drop column name", "'name' does not exist"),
        ("alter table account rename column name to title", "'name' does not exist"), ("alter table account drop constraint account_pkey", "no unique index"),
        ("alter table account alter column credit type date", "date"), ("alter table account rename to a", "table public.account does not exist"),
        ("drop table account", "table public.account does not exist"),
    ],
)  # fmt: skip
def test_what_stops_a_mapping_on_the_targets_side(sql, message):
    """torture: F09"""
    ((unread, found),) = said(sql, source=False)
    assert any(part in hit for hit in found for part in message.split("|"))
    assert not unread


@pytest.mark.parametrize(
    "sql", ["truncate account", "alter table account add column c int not null default 1", "alter table account add c int"]
)
def test_what_stops_none_on_the_targets_side(sql):
    assert said(sql, source=False) == [("", [])]


def test_statements_are_followed_one_after_the_other_and_each_is_charged_once():
    sql = "alter table customer rename column name to title;\n-- a comment\nalter table customer add column c int;\nalter table customer rename column title to name;"
    assert [len(found) for _, found in said(sql)] == [1, 0, 0]
    assert [ran.line for ran in run(sql, SOURCES, "public", mysql=False)] == [1, 3, 4]


def test_a_new_unique_index_may_take_the_keys_place():
    sql = "create unique index other on account (id); alter table account drop constraint account_pkey"
    assert [found for _, found in said(sql, source=False)] == [[], []]
    sql = "create unique index other on account (id) where id > 0; alter table account drop constraint account_pkey"
    assert [len(found) for _, found in said(sql, source=False)] == [0, 1]


def test_a_truncate_that_is_to_be_ignored_hits_nothing():
    assert said("truncate customer", more="truncate: ignore\n") == [("", [])]


@pytest.mark.parametrize(
    ("sql", "mysql"),
    [
        ("alter table customer add column c some_type", False), ("alter table customer attach partition p for values in (1)", False),
        ("create or replace table customer (id int)", True), ("alter domain d drop constraint c", False), ("frobnicate customer", False),
        ("alter type mood rename value 'a' to 'b'", False), ("drop type mood", False), ("alter table customer replica identity using index i", False),
        ("alter table customer alter column note type", False),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(sql, mysql):
    ((unread, _),) = said(sql, mysql=mysql)
    assert unread


def test_names_in_other_schemas_are_others():
    assert said("alter table crm.customer drop column name; drop table old.customer") == [("", []), ("", [])]
    assert named("crm.customer") not in SOURCES
