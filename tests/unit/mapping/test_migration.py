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
        ("alter table customer exchange partition p with table x", True, "loses rows"), ("alter table customer convert partition p to table x", True, "loses rows"),
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


def test_a_truncate_that_is_to_be_applied_hits_nothing_but_a_partition_that_goes_does():
    more = "truncate: apply\n"
    assert said("truncate table customer", mysql=True, more=more) == [("", [])]
    ((_, hit),) = said("alter table customer truncate partition p", mysql=True, more=more)
    assert "the mapping says `truncate: apply`" in hit[0]


@pytest.mark.parametrize(
    ("sql", "mysql"),
    [
        ("alter table customer add column c some_type", False), ("alter table customer attach partition p for values in (1)", False),
        ("create or replace table customer (id int)", True), ("alter type pair rename attribute a to b", False), ("frobnicate customer", False),
        ("alter type mood rename value 'a' to 'b'", False), ("drop type mood", False), ("alter table customer replica identity using index i", False),
        ("alter table customer alter column note type", False),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(sql, mysql):
    ((unread, _),) = said(sql, mysql=mysql)
    assert unread


@pytest.mark.parametrize(
    ("sql", "mysql"),
    [
        ("alter table customer owner to app, drop column name", False), ("alter table customer enable row level security, drop column name", False),
        ("alter table customer add constraint c check (id > 0) not valid, drop column name", False),
        ("alter table customer set (fillfactor = 70), drop column if exists name cascade", False),
        ("alter table customer engine = InnoDB, drop column name", True), ("alter table customer drop column name, algorithm = inplace, lock = none", True),
        ("alter ignore table customer convert to character set utf8mb4, drop column name", True), ("alter online table customer drop column name", True),
        ("alter table customer rename to client, drop column name", True), ("/*!50100 alter table customer drop column name */", True),
        ("/*M!100500 alter table customer drop column name */", True), ("use other; use public; alter table customer drop column name", True),
        ("delimiter //\nalter table customer drop column name//\ndelimiter ;", True),
        ("delimiter $$\ncreate trigger t before insert on customer for each row begin set new.id = 1; set new.id = 2; end$$\ndelimiter ;\nalter table customer drop column name;", True),
        ("\\set ON_ERROR_STOP on\nalter table customer drop column name;", False), ("set search_path = public; alter table customer drop column name", False),
        ("copy other from stdin;\n1\tdon't; \\N\n\\.\nalter table customer drop column name;", False),
        ("create function f() returns int begin atomic select 1; select 2; end; alter table customer drop column name", False),
        ("create function f() returns int as $$ begin; return ';'; end $$ language plpgsql; alter table customer drop column name", False),
    ],
)  # fmt: skip
def test_no_part_of_a_migration_hides_another(sql, mysql):
    """torture: F02, F13"""
    *before, (unread, hit) = said(sql, mysql=mysql)
    assert unread == ""
    assert len(hit) == 1
    assert before == [("", [])] * len(before)


@pytest.mark.parametrize(
    ("sql", "mysql"),
    [
        ("alter table customer set (fillfactor = 70)", False), ("alter table customer alter column note set statistics 500", False),
        ("alter table customer rename constraint a to b", False), ("create extension if not exists pg_trgm", False), ("create policy p on customer using (true)", False),
        ("refresh materialized view v", False), ("alter table customer alter column id add generated by default as identity", False),
        ("create table if not exists customer (id int)", True), ("replace into customer values (1)", True), ("alter table customer remove partitioning", True),
        ("alter table customer add partition (partition p values less than (20))", True), ("alter table customer auto_increment = 5, comment = 'x, drop column name'", True),
        ("alter table customer drop primary key, add primary key (id, name)", True), ("create procedure p() begin select 1; end", True),
    ],
)  # fmt: skip
def test_what_changes_nothing_that_a_mapping_sees_passes_without_a_word(sql, mysql):
    assert all(one == ("", []) for one in said(sql, mysql=mysql))


@pytest.mark.parametrize(
    ("sql", "mysql", "says"),
    [
        ("do $$ begin execute 'drop table customer'; end $$", False, "not in this file"), ("call tidy()", True, "not in this file"), ("\\i more.sql", False, "not in this file"),
        ("alter publication cdc_go drop table customer", False, "cdc setup"), ("select pg_drop_replication_slot('cdc_go')", False, "cdc setup"),
        ("alter table customer set unlogged", False, "logged"), ("set sql_log_bin = 0", True, "logged"), ("set session sql_log_bin = off", True, "logged"),
        ("drop extension citext cascade", False, "CASCADE"),
    ],
)  # fmt: skip
def test_what_can_not_be_seen_in_the_file_is_said(sql, mysql, says):
    ((unread, _),) = said(sql, mysql=mysql)
    assert says in unread


def test_names_in_other_schemas_are_others():
    assert said("alter table crm.customer drop column name; drop table old.customer") == [("", []), ("", [])]
    assert named("crm.customer") not in SOURCES
