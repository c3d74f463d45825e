"""Keys that differ in a blank at the end, in letter case or in accents are different keys in the crosswalk, on every server."""

import pytest

from cdc.app.state.crosswalk import Entity
from cdc.sql.crosswalk import source_key
from cdc.sql.crosswalk_admin import Side
from tests.contract.crosswalked import crosswalk, crosswalked, opened
from tests.contract.targets import column, plan, table

KEYS = ["x", "x ", "x  ", "X", "e", "é", "e\u0301", "ß", "ss", "x\t", "x\u00a0"]
EXACT = ("utf8mb4_nopad_bin", "utf8mb4_0900_bin")
"""Collations in which blanks count, on MariaDB and on MySQL."""


@pytest.fixture(params=["postgresql", "mysql"])
def harness(request):
    with crosswalked(request) as made:
        yield made


@pytest.fixture
def entity(harness):
    return f"e{harness.pipeline}"


@pytest.fixture
def account(harness):
    return harness.create(table(harness, "account", column("id"), column("name")))


@pytest.fixture
def target(harness, account):
    return opened(harness, plan(account, "id", "name"))


def test_each_spelling_has_an_entry_of_its_own(target, entity):
    """torture: E10, E11"""
    store, entries = target._store, {source_key([key]): f"to {at}" for at, key in enumerate(KEYS)}
    store.record(entity, "erp", entries)
    assert store.entries(entity, "erp", list(entries)) == entries
    store.rename(entity, "erp", source_key(["x "]), source_key(["y "]))
    store.forget(entity, "erp", source_key(["e"]))
    del entries["e"]
    entries[source_key(["y "])] = entries.pop(source_key(["x "]))
    assert store.entries(entity, "erp", store.sources(entity, "erp", 100)) == entries


def test_rows_whose_keys_differ_in_a_blank_are_different_rows(target, entity):
    """They are where the target's collation counts blanks; the crosswalk's own does not."""
    store = target._store
    store.record(entity, "erp", {str(at): key for at, key in enumerate(KEYS)})
    store.record(entity, "erp", {"again": "x  "})
    assert store.shared(entity, "erp", KEYS) == {"x  ": 2}
    assert store.taken(entity, "erp", [*KEYS, "x   ", "z"]) == set(KEYS)
    store.record(f"{entity}_2", "erp", {"1": "x "})
    assert store.taken(f"{entity}_2", "erp", ["x"]) == set()


@pytest.mark.parametrize("harness", ["mysql"], indirect=True)
def test_what_people_ask_knows_them_apart_too(harness, account, entity):
    """PostgreSQL's texts are exact, and no statement says otherwise."""
    known = [name for (name,) in harness.execute("select collation_name from information_schema.collations") if name in EXACT]
    harness.execute(f"alter table {harness.schema}.account modify column id varchar(30) character set utf8mb4 collate {known[0]} not null")
    harness.insert(account, {"id": "x"}, {"id": "y "})
    admin = harness.admin()
    of = Entity(admin, Side(admin.words, entity, "erp"))
    of.put([("1", "x "), ("2", "y ")])
    written = plan(account, "id", "name")
    assert of.without_rows(written) == [("1", "x ")]
    assert of.without_entries(written) == ["x"]
    assert [entry.source_key for entry in of.entries(target="x")] == []
    of.put([("k ", "a"), ("k", "b")])
    assert crosswalk(harness, entity)["erp", source_key(["k "])] == "a"
    assert [entry.target_key for entry in of.entries(source="k ")] == ["a"]
    admin.close()
