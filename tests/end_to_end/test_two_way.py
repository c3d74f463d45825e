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
QUIET = 2.5
"""Five times as long as the shortest time between two checkpoints of a pipeline."""

PAIRS = [("postgresql", "mariadb"), ("postgresql", "postgresql"), ("mariadb", "mariadb")]
UNLIKE = [PAIRS[0], PAIRS[2]]
"""Two engines; and one server, whose one log has both directions and their checkpoints."""


@pytest.fixture
def service(request, tmp_path):
    made = []

    def make(links, **engines):
        """Databases by name on an engine each, with the table `item`, and a pipeline for each link `ab`: from a to b."""
        servers = {name: request.getfixturevalue(engine) for name, engine in engines.items()}
        given = Service(tmp_path, servers, {link: (link[0], link[1], MAPPING) for link in links}, IDLE)
        made.append(given)
        for name in servers:
            given.sql(name, TABLE, "create table other (id int primary key)", *AUDIT[given.is_postgresql(name)])
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
    return service(["ab", "ba"], a=pair[0], b=pair[1])


def goes_quiet(given):
    """What nobody maps makes a pipeline move its position; the other end must not answer that."""
    for name in given.servers:
        given.sql(name, "insert into other values (1)")
    given.quiet(QUIET)


def each_change_once(given, name):
    """Each version was written once on a database, whoever wrote it first, and a row's versions only rose."""
    written = [(key, version) for op, key, version in effects(given, name) if op != "d"]
    assert len({version for _, version in written}) == len(written)
    last = {}
    for key, version in written:
        assert version > last.get(key, 0)
        last[key] = version


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
    # torture: H11
    given = two_way(service, pair)
    given.once()
    given.start()
    for name, _, statements in TURNS:
        writes(given, name, *statements)
        agree(given, items(given, name))
    goes_quiet(given)
    done = {f"{name}": sum(rows for turn, rows, _ in TURNS if turn == name) for name in "ab"}
    assert [given.metric("rows_total", link) for link in ("ab", "ba")] == [done["a"], done["b"]]
    assert [given.metric("loop_events_skipped_total", link) for link in ("ba", "ab")] == [done["a"], done["b"]]
    for link in ("ab", "ba"):
        given.until(lambda: given.metric("lag_bytes", link) == 0, lambda: given.metric("lag_bytes", link), 20)  # noqa: B023
    assert Counter(effects(given, "a")) == Counter(effects(given, "b"))
    assert set(Counter(effects(given, "a")).values()) == {1}
    assert sorted(items(given, "a")) == [1, 2, 1001]
    given.stop()


class Writer(threading.Thread):
    """Changes rows on one database as fast as it can, until it is told to stop: makes rows in a range of its own, changes any."""

    version = 0

    def __init__(self, given, name):
        super().__init__()
        self.random = random.Random(Writer.version)
        self.connection = given.servers[name].connect(given.names[name])
        self.low = 1 + 10_000 * "abc".index(name)
        self.keys = sorted(items(given, name))
        self.writing = True

    def run(self):
        cursor = self.connection.cursor()
        while self.writing:
            cursor.execute("begin")
            for _ in range(self.random.choice((1, 1, 2, 8))):
                cursor.execute(self._change())
            cursor.execute("commit")
            time.sleep(0.001)
        self.connection.close()

    def _change(self):
        Writer.version += 1
        free = next(key for key in iter(lambda: self.low + self.random.randrange(9_999), None) if key not in self.keys)
        kind = self.random.random() if self.keys else 0.0
        if kind < 0.3:
            self.keys.append(free)
            return f"insert into item values ({free}, 'row {Writer.version}', {Writer.version})"
        key = self.random.choice(self.keys)
        if kind < 0.7:
            return f"update item set name = 'row {Writer.version}', ver = {Writer.version} where id = {key}"
        self.keys.remove(key)
        if kind < 0.85:
            return f"delete from item where id = {key}"
        self.keys.append(free)
        return f"update item set id = {free}, ver = {Writer.version} where id = {key}"

    def stop(self):
        self.writing = False
        self.join()


@pytest.mark.parametrize("pair", [PAIRS[0], pytest.param(PAIRS[2], marks=pytest.mark.soak)], ids="-".join)
def test_killed_in_the_middle_both_ways_go_on_where_they_were(service, pair):
    given = two_way(service, pair)
    given.once()
    given.start()
    for name in "abab":
        writer = Writer(given, name)
        writer.start()
        for _ in range(2):
            time.sleep(0.5 + writer.random.random() * 0.5)
            given.kill()
            given.start()
        time.sleep(0.3)
        writer.stop()
        agree(given, items(given, name))
    goes_quiet(given)
    for name in "ab":
        each_change_once(given, name)
    agree(given)
    given.stop()


@pytest.mark.parametrize("pair", UNLIKE, ids="-".join)
def test_loading_both_ways_at_once_what_is_equal_already_writes_nothing(service, pair):
    given = two_way(service, pair)
    for name in "ab":
        for start in range(0, 20_000, 1000):
            values = ", ".join(f"({key}, 'row {key}', {key})" for key in range(start, start + 1000))
            given.sql(name, f"insert into item values {values}")
        given.sql(name, "delete from audit")
    given.start()
    given.until(lambda: all(given.state(link) == "streaming" for link in ("ab", "ba")))
    goes_quiet(given)
    assert [effects(given, name) for name in "ab"] == [[], []]
    assert [given.metric("loop_events_skipped_total", link) for link in ("ab", "ba")] == [0, 0]
    assert [given.metric("rows_skipped_total", link) for link in ("ab", "ba")] == [20_000, 20_000]
    given.stop()


@pytest.mark.parametrize("pair", UNLIKE, ids="-".join)
def test_loading_both_ways_at_once_brings_each_what_it_lacks(service, pair):
    given = two_way(service, pair)
    for name, low in (("a", 0), ("b", 5000)):
        values = ", ".join(f"({key}, 'row {key}', {key})" for key in range(low, low + 6000))
        given.sql(name, f"insert into item values {values}", "delete from audit")
    given.start()
    agree(given, {key: (f"row {key}", key) for key in range(11_000)})
    goes_quiet(given)
    assert [len(effects(given, name)) for name in "ab"] == [5000, 5000]
    given.stop()


def test_what_nobody_decides_is_exchanged_once_and_then_both_logs_are_quiet(service):
    """Changes of one row that pass each other while the daemon is down; and a trigger that alters what we write, within our transaction.

    torture: H02 H03 H05 H07 H10, as far as the documents promise: it ends, and no clock decides
    """
    given = two_way(service, PAIRS[0])
    given.once()
    given.start()
    given.sql("b", "create trigger shout before insert on item for each row set new.name = upper(new.name)")
    given.sql("a", "insert into item values (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)")
    given.until(lambda: items(given, "b") == {1: ("ONE", 1), 2: ("TWO", 2), 3: ("THREE", 3)}, lambda: items(given, "b"))
    goes_quiet(given)
    assert items(given, "a") == {1: ("one", 1), 2: ("two", 2), 3: ("three", 3)}
    given.stop()
    writes(given, "a", "update item set name = 'of a', ver = 4 where id = 1", "delete from item where id = 2")
    writes(given, "b", "update item set name = 'of b', ver = 5 where id = 1", "update item set name = 'there', ver = 6 where id = 2")
    writes(given, "a", "update item set ver = 7 where id = 3")
    given.start()
    given.until(lambda: items(given, "a") == {1: ("of b", 5), 2: ("there", 6), 3: ("three", 7)}, lambda: items(given, "a"))
    given.until(lambda: items(given, "b") == {1: ("of a", 4), 3: ("three", 7)}, lambda: items(given, "b"))
    given.quiet(QUIET)
    given.sql("b", "update item set name = 'agreed', ver = 8 where id = 1")
    given.until(lambda: items(given, "a")[1] == items(given, "b")[1] == ("agreed", 8), lambda: (items(given, "a"), items(given, "b")))
    given.stop()


CHAINS = [("postgresql", "mariadb", "postgresql"), ("mariadb", "postgresql", "mariadb"), ("mariadb", "mariadb", "mariadb")]


def path(given, link):
    """Return through which databases the pipeline's last batch came."""
    return given.sql(link[1], f"select origin from cdc.checkpoint where pipeline = '{given.names[link]}'")


@pytest.mark.parametrize("engines", CHAINS, ids="-".join)
def test_a_chain_carries_on_what_came_from_elsewhere(service, engines):
    """a → b → c: what a's pipeline wrote to b goes on to c, beside b's own; nothing goes back."""
    given = service(["ab", "bc"], **dict(zip("abc", engines, strict=True)))
    writes(given, "a", "insert into item values (100, 'loaded', 100)")
    given.start()
    agree(given, {100: ("loaded", 100)})
    for statements in (
        TURNS[0][2],
        ["update item set ver = 4 where id = 2"],
        ["update item set id = 9, ver = 5 where id = 3", "delete from item where id = 1"],
    ):
        writes(given, "a", *statements)
        agree(given, items(given, "a"))
        assert path(given, "bc") == [("a,b",)]
    writes(given, "b", "insert into item values (20001, 'of b', 6)")
    given.until(lambda: items(given, "c") == items(given, "b"))
    assert path(given, "bc") == [("b",)]
    goes_quiet(given)
    assert 20001 not in items(given, "a")
    for link in ("ab", "bc"):
        assert given.metric("loop_events_skipped_total", link) == 0
    for name in "bc":
        each_change_once(given, name)
    given.stop()


@pytest.mark.parametrize("engines", CHAINS, ids="-".join)
def test_a_ring_stops_after_one_round(service, engines):
    given = service(["ab", "bc", "ca"], **dict(zip("abc", engines, strict=True)))
    given.once()
    given.start()
    for number, name in enumerate("abc", 1):
        writes(given, name, f"insert into item values ({number}, 'of {name}', {number})")
        agree(given, {key: (f"of {'abc'[key - 1]}", key) for key in range(1, number + 1)})
    for number, (name, key) in enumerate([("b", 1), ("c", 1), ("a", 2), ("a", 3)], 4):
        writes(given, name, f"update item set ver = {number} where id = {key}")
        agree(given, items(given, name))
    goes_quiet(given)
    for link, last, made in (("ab", "b", 2), ("bc", "c", 2), ("ca", "a", 3)):
        assert given.metric("loop_events_skipped_total", link) == made, f"changes of {last} end before {link}"
        assert given.metric("rows_total", link) == 7 - made
    assert effects(given, "a") == effects(given, "b") == effects(given, "c")
    given.stop()
