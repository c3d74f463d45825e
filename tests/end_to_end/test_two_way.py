"""Both directions at once, chains and rings: every change crosses each link once, and then all logs are quiet."""

import random
import threading
import time
from collections import Counter

import pytest

from tests.service import Service

TABLE = "create table item (id int primary key, name varchar(40), ver bigint not null)"
AUDIT = {
    True: (
        "create table audit (seq bigint generated always as identity primary key, op text, id int, ver bigint)",
        """create function audit() returns trigger language plpgsql as $$ begin
            if tg_op = 'DELETE' then insert into public.audit (op, id, ver) values ('d', old.id, old.ver); return old; end if;
            insert into public.audit (op, id, ver) values (lower(left(tg_op, 1)), new.id, new.ver); return new; end $$""",
        "create trigger audit after insert or update or delete on item for each row execute function audit()",
    ),
    False: (
        "create table audit (seq bigint auto_increment primary key, op char(1), id int, ver bigint)",
        "create trigger audit_i after insert on item for each row insert into audit (op, id, ver) values ('i', new.id, new.ver)",
        "create trigger audit_u after update on item for each row insert into audit (op, id, ver) values ('u', new.id, new.ver)",
        "create trigger audit_d after delete on item for each row insert into audit (op, id, ver) values ('d', old.id, old.ver)",
    ),
}
"""By whether it is PostgreSQL. What happened to the table's rows, whoever did it."""
MAPPING = "version: 1\nmapping: item\nsource: item\ntarget: item\nkey: [id]\nsame: [id, name, ver]\n"
IDLE = 0.5
QUIET = 4.0
"""Eight times as long as the shortest time between two checkpoints of a pipeline."""

PAIRS = [("postgresql", "mariadb"), ("postgresql", "postgresql"), ("mariadb", "mariadb")]


@pytest.fixture
def service(request, tmp_path):
    made = []

    def make(links, **engines):
        """Databases by name on an engine each, with the table `item`, and a pipeline for each link `ab`: from a to b."""
        servers = {name: request.getfixturevalue(engine) for name, engine in engines.items()}
        given = Service(tmp_path, servers, {link: (link[0], link[1], MAPPING) for link in links}, IDLE)
        made.append(given)
        for name in servers:
            given.sql(name, TABLE, *AUDIT[given.is_postgresql(name)])
        return given

    yield make
    for given in made:
        given.close()


def items(given, name):
    return {key: (text, version) for key, text, version in given.sql(name, "select id, name, ver from item")}


def agree(given, expected=None):
    """Wait until all databases hold the same rows."""

    def held():
        return [items(given, name) for name in given.servers]

    def equal():
        first, *rest = held()
        return all(each == first for each in rest) and (expected is None or first == expected)

    given.until(equal, lambda: f"they differ: {[sorted(set(each.items()) ^ set(held()[0].items()))[:5] for each in held()]}")


def effects(given, name):
    return given.sql(name, "select op, id, ver from audit order by seq")


def writes(given, name, *statements):
    """Commit the statements in one transaction."""
    given.sql(name, "begin", *statements, "commit")


def two_way(service, pair):
    given = service(["ab", "ba"], a=pair[0], b=pair[1])
    given.once()
    return given


TURNS = [
    ("a", 3, ["insert into item values (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)"]),
    ("b", 2, ["insert into item values (1001, 'thousand', 4)", "insert into item values (1002, null, 5)"]),
    ("b", 2, ["update item set name = 'uno', ver = 6 where id = 1", "update item set name = 'dos', ver = 7 where id = 2"]),
    ("a", 1, ["update item set name = null, ver = 8 where id = 1001"]),
    ("a", 2, ["delete from item where id = 1002", "update item set ver = 9 where id = 1"]),
    ("b", 1, ["update item set id = 1003, ver = 10 where id = 3"]),
    ("a", 1, ["update item set id = 4, ver = 11 where id = 1003"]),
    ("b", 2, ["delete from item where id = 1", "insert into item values (1, 'again', 12)"]),
    ("a", 1, ["update item set name = 'ä \\U0001f600', ver = 13 where id = 1".encode().decode("unicode_escape")]),
    ("b", 1, ["delete from item where id = 4"]),
]
"""Whose turn it is, how many rows it changes, and how: ids up to 1000 are made by a, from there on by b, and both change all of them."""


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_changes_by_turns_cross_once_and_then_both_logs_are_quiet(service, pair):
    given = two_way(service, pair)
    given.start()
    for name, _, statements in TURNS:
        writes(given, name, *statements)
        agree(given, items(given, name))
    done = {name: sum(rows for turn, rows, _ in TURNS if turn == name) for name in "ab"}
    for there, back in (("ab", "ba"), ("ba", "ab")):
        given.until(lambda: given.metric("loop_events_skipped_total", back) >= done[there[0]])  # noqa: B023, called at once
        assert given.metric("rows_total", there) == done[there[0]]
    given.quiet(QUIET)
    for there, back in (("ab", "ba"), ("ba", "ab")):
        assert given.metric("loop_events_skipped_total", back) == done[there[0]]
        given.until(lambda: given.metric("lag_bytes", back) == 0, lambda: given.metric("lag_bytes", back), 20)  # noqa: B023
    assert Counter(effects(given, "a")) == Counter(effects(given, "b"))
    assert set(Counter(effects(given, "a")).values()) == {1}
    assert [key for key, _ in sorted(items(given, "a").items())] == [1, 2, 1001]
    given.stop()
