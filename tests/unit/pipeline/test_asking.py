"""Mappings that ask about the change, through load, stream, replay and the completion of partial rows."""

import pytest

from cdc.model.change import ABSENT, Change, Op
from cdc.model.errors import Misconfigured
from cdc.model.table import Column, Table
from cdc.pipeline.batch import Limits
from cdc.pipeline.loop import run
from cdc.source.memory import MemorySource
from cdc.target.memory import MemoryDatabase, MemoryTarget
from tests.definitions import INT, TEXT, TIMESTAMP, compiled, named, spec, table, varchar

CUSTOMER = table("customer", [Column("id", INT), Column("name", TEXT), Column("note", TEXT)], identity=("id", "name", "note"))
ACCOUNTS = table(
    "accounts",
    [
        Column("id", INT),
        Column("name", TEXT),
        Column("note", TEXT),
        Column("was", TEXT),
        Column("how", varchar(6)),
        Column("at", TIMESTAMP),
    ],
)
MAPPING = """
version: 1
mapping: accounts
source: customer
target: accounts
key: [id]
where: note <> 'secret'
columns:
  id: id
  name: name
  note: note
  was: old.name
  how: op()
  at: cast(commit_time() as timestamp)
"""
SHAPE = Table(CUSTOMER.name, CUSTOMER.columns, (0,))
NINE, TEN = 1_700_000_000.0, 1_700_003_600.5
AT_NINE, AT_TEN = "2023-11-14 22:13:20", "2023-11-14 23:13:20.5"


class Site:
    def __init__(self):
        self.source, self.database = MemorySource(), MemoryDatabase()
        self.database.create(ACCOUNTS)
        plan, problems = compiled([spec(MAPPING)], CUSTOMER, ACCOUNTS)
        assert problems == [], problems
        self.plan = plan

    def insert(self, *row, at):
        return self.source.commit(Change(SHAPE, Op.INSERT, None, row), committed_at=at)

    def update(self, old, new, at):
        return self.source.commit(Change(SHAPE, Op.UPDATE, old, new), committed_at=at)

    def follow(self):
        target = MemoryTarget(self.database, "p", [route.target for route in self.plan.routes])
        try:
            list(run(self.source, self.plan, target, node="erp", limits=Limits(), clock=lambda: 0.0, until_head=True))
        finally:
            target.close()
        return sorted(tuple(row.values()) for row in self.database.rows(named("accounts")))


@pytest.fixture
def site():
    return Site()


def test_loaded_rows_are_inserts_of_an_unknown_time(site):
    site.insert("1", "Anna", "n", at=NINE)
    assert site.follow() == [("1", "Anna", "n", None, "insert", None)]


def test_the_stream_knows_what_happened_and_when(site):
    site.insert("1", "Anna", "n", at=NINE)
    site.follow()
    site.update(("1", "Anna", "n"), ("1", "Anne", "n"), NINE)
    site.insert("2", "Bert", "n", at=TEN)
    assert site.follow() == [("1", "Anne", "n", "Anna", "update", AT_NINE), ("2", "Bert", "n", None, "insert", AT_TEN)]


def test_of_several_changes_the_last_one_counts(site):
    site.follow()
    site.insert("1", "Anna", "n", at=NINE)
    site.update(("1", "Anna", "n"), ("1", "Anne", "n"), TEN)
    assert site.follow() == [("1", "Anne", "n", "Anna", "update", AT_TEN)]


def test_a_row_that_enters_the_filter_was_updated_on_the_source(site):
    site.follow()
    site.insert("1", "Anna", "secret", at=NINE)
    site.update(("1", "Anna", "secret"), ("1", "Anna", "n"), TEN)
    assert site.follow() == [("1", "Anna", "n", "Anna", "update", AT_TEN)]


def test_a_completed_row_keeps_what_its_change_said(site):
    """The target does not have the row and the log left `name` out: it is fetched, and mapped once more."""
    site.follow()
    site.insert("1", "Anna", "secret", at=NINE)
    site.follow()
    site.update(("1", "Anna", "secret"), ("1", ABSENT, "n"), TEN)
    assert site.follow() == [("1", "Anna", "n", "Anna", "update", AT_TEN)]


def test_what_the_log_no_longer_carries_of_the_old_row_is_left_alone(site):
    site.insert("1", "Anna", "n", at=NINE)
    site.follow()
    site.update(("1", "Anna", "n"), ("1", "Anne", "n"), NINE)
    site.follow()
    site.update(("1", ABSENT, ABSENT), ("1", "Anja", "n"), TEN)
    assert site.follow() == [("1", "Anja", "n", "Anna", "update", AT_TEN)]


def test_a_row_that_is_missing_can_not_be_made_without_its_past(site):
    site.insert("1", "Anna", "secret", at=NINE)
    site.follow()
    site.update(("1", ABSENT, ABSENT), ("1", "Anna", "n"), TEN)
    with pytest.raises(Misconfigured, match="mapping accounts: the log did not carry a column of the old row") as raised:
        site.follow()
    assert "replica identity full" in raised.value.hint
