"""Both sides change the same row, and the later change stays on both: `owner: newest`, in both directions, through kills and a resync."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.service import Service

MAPPING = """
version: 1
mapping: customers
direction: both
source: customer
target: account
key: [id]
clock: changed
columns:
  id: customer_id
  name: {value: name, owner: newest}
  segment: {map: segments, from: kind, owner: newest}
  credit: {value: "cast(cents / 100.0 as numeric(14,2))", owner: newest, reverse: {cents: cast(credit * 100 as bigint)}}
  changed: changed_at
maps:
  segments: {A: key, B: standard}
"""
VISITS = """
version: 1
mapping: visits
direction: both
source: visit
target: visit
key: [id]
clock: at
columns:
  note: {value: note, owner: newest}
same: [id, at]
"""
TOUCH = {
    True: (
        """create function touch() returns trigger language plpgsql as $$ begin
            if current_setting('application_name') not like 'cdc%' then
                new.at := greatest(clock_timestamp() at time zone 'UTC', old.at + interval '1 microsecond');
            end if;
            return new; end $$""",
        "create trigger touch before insert or update on visit for each row execute function touch()",
    ),
    False: (
        "set @application = 1",
        """create trigger touch before update on visit for each row
            set new.at = if(@application, greatest(utc_timestamp(6), old.at + interval 1 microsecond), new.at)""",
        "create trigger begin before insert on visit for each row set new.at = if(@application, utc_timestamp(6), new.at)",
    ),
}
"""The database tells the time, by whether it is PostgreSQL; of what cdc writes, the row does."""
MOMENT = {True: "timestamp(6)", False: "datetime(6)"}
PAIRS = [("postgresql", "mariadb"), pytest.param(("mariadb", "postgresql"), marks=pytest.mark.soak)]
KINDS = {"key": "A", "standard": "B"}


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Both directions in one daemon, which runs; each test has rows of its own."""
    servers = dict(zip(("erp", "crm"), map(request.getfixturevalue, request.param), strict=True))
    made = Service(
        tmp_path_factory.mktemp("newest"),
        servers,
        {"there": ("erp", "crm", {"customers": MAPPING, "visits": VISITS}), "back": ("crm", "erp", None)},
        0.5,
    )
    with closing(made):
        moment = {name: MOMENT[made.is_postgresql(name)] for name in servers}
        made.sql(
            "erp",
            f"create table customer (customer_id int primary key, name varchar(40), kind char(1), cents bigint, changed_at {moment['erp']})",
        )
        made.sql(
            "crm",
            f"create table account (id int primary key, name varchar(40), segment varchar(10), credit decimal(14,2), changed {moment['crm']})",
        )
        for name in servers:
            made.sql(
                name, f"create table visit (id int primary key, note varchar(40), at {moment[name]})", *TOUCH[made.is_postgresql(name)]
            )
        made.once()
        made.start()
        made.until(lambda: {made.state("there"), made.state("back")} == {"streaming"})
        yield made
        made.stop()


def at(second: int) -> str:
    return f"2026-03-01 10:{second // 60:02}:{second % 60:02}.000001"


def erp(given: Service, *keys: int) -> list[tuple[object, ...]]:
    listed = ", ".join(map(str, keys))
    return given.sql("erp", f"select name, kind, cents, changed_at from customer where customer_id in ({listed}) order by customer_id")


def crm(given: Service, *keys: int) -> list[tuple[object, ...]]:
    found = given.sql("crm", f"select name, segment, credit, changed from account where id in ({', '.join(map(str, keys))}) order by id")
    return [(name, KINDS[str(segment)], int(credit * 100), changed) for name, segment, credit, changed in found]


def names(given: Service, *keys: int) -> list[object]:
    """Wait until both sides agree on the rows; return their names."""
    given.until(lambda: erp(given, *keys) == crm(given, *keys), lambda: f"{erp(given, *keys)}\n{crm(given, *keys)}")
    return [name for name, *_ in erp(given, *keys)]


def have(given: Service, *keys: int) -> None:
    """Both sides have the rows."""
    rows = ", ".join(f"({key}, 'first', 'A', 100, '{at(0)}')" for key in keys)
    given.sql("erp", f"insert into customer values {rows}")
    given.until(lambda: len(crm(given, *keys)) == len(keys))
    names(given, *keys)


def cross(given: Service, erp: list[str], crm: list[str]) -> None:
    """Change both sides so that neither change can reach the other side before that one's own is committed: it holds the rows until then."""
    given.sql("crm", "begin", *crm)
    given.sql("erp", "begin", *erp, "commit")
    given.sql("crm", "commit")


def customer(key: int, change: str, second: int) -> str:
    return f"update customer set {change}, changed_at = '{at(second)}' where customer_id = {key}"


def account(key: int, change: str, second: int) -> str:
    return f"update account set {change}, changed = '{at(second)}' where id = {key}"


def test_of_two_changes_of_one_field_the_later_stays_on_both_sides(given: Service) -> None:  # torture: H03
    have(given, 1, 2)
    kept = [given.metric("rows_kept_newer_total", way) for way in ("there", "back")]
    cross(
        given,
        [customer(1, "name = 'erp'", 11), customer(2, "name = 'erp'", 10)],
        [account(1, "name = 'crm'", 10), account(2, "name = 'crm'", 11)],
    )
    assert names(given, 1, 2) == ["erp", "crm"]
    given.until(lambda: [given.metric("rows_kept_newer_total", way) for way in ("there", "back")] == [one + 1 for one in kept])


def test_of_changes_of_different_fields_the_later_row_stays(given: Service) -> None:  # torture: H04
    """The time is the row's: what the earlier change made of another field goes with it, on both sides."""
    have(given, 11, 12)
    cross(
        given,
        [customer(11, "name = 'erp'", 11), customer(12, "name = 'erp'", 10)],
        [account(11, "segment = 'standard'", 10), account(12, "segment = 'standard'", 11)],
    )
    assert names(given, 11, 12) == ["erp", "first"]
    assert [kind for _, kind, *_ in erp(given, 11, 12)] == ["A", "B"]


def test_of_changes_at_the_same_time_both_sides_choose_the_same(given: Service) -> None:  # torture: H10
    """Whichever commits first, and in one row after another: the ERP's, as the mapping's source. A clock that runs ahead wins on both sides."""
    have(given, 21, 22, 23)
    cross(
        given,
        [customer(21, "name = 'erp'", 20), customer(22, "name = 'erp'", 20)],
        [account(21, "name = 'crm'", 20), account(22, "name = 'crm'", 20)],
    )
    ahead = "update account set name = 'ahead', changed = '2026-03-01 10:10:00' where id = 23"
    cross(given, [customer(23, "name = 'erp'", 20)], [ahead])
    assert names(given, 21, 22, 23) == ["erp", "erp", "ahead"]


def visits(given: Service) -> list[list[tuple[object, ...]]]:
    return [given.sql(name, "select id, note, at from visit order by id") for name in given.servers]


def test_databases_that_tell_the_time_themselves(given: Service) -> None:
    # torture: H02 H03, where a trigger sets the clock of what applications write
    given.sql("erp", "insert into visit (id, note) values (1, 'first'), (2, 'first'), (3, 'first')")
    given.until(lambda: len(visits(given)[1]) == 3)
    given.sql("crm", "begin", "update visit set note = 'crm' where id < 3")
    given.sql("erp", "update visit set note = 'erp' where id in (1, 3)")
    given.sql("crm", "update visit set note = 'crm again' where id = 2", "commit")
    given.until(lambda: visits(given)[0] == visits(given)[1], lambda: str(visits(given)))
    assert [note for _, note, _ in visits(given)[0]] == ["erp", "crm again", "erp"]


def test_a_resync_loses_nothing_that_the_other_side_changes_meanwhile(given: Service) -> None:  # torture: H13
    keys = range(100, 140)
    have(given, *keys)
    ended = threading.Event()
    outcome: list[int] = []

    def resync() -> None:
        outcome.append(given.command("resync", given.names["there"], "customers", "--yes").returncode)
        ended.set()

    thread = threading.Thread(target=resync)
    thread.start()
    second = 0
    while not ended.wait(0.05) or not second:
        second += 1
        given.sql("crm", *(account(key, f"name = 'crm {second}'", second) for key in keys if key % 3 == second % 3))
    given.sql("crm", *(account(key, "name = 'last'", 3000) for key in keys if key % 2))
    given.sql("erp", *(customer(key, "name = 'last'", 3000) for key in keys if not key % 2))
    thread.join()
    assert outcome == [0]
    assert names(given, *keys) == ["last"] * len(keys)


def test_sides_that_change_the_same_rows_agree_after_a_kill(given: Service) -> None:  # torture: H09
    """And what is newer on the target is no difference, for as long as it has not come back."""
    keys = range(201, 209)
    have(given, *keys)
    for second in range(1, 11):
        for key in keys:
            cross(
                given,
                [customer(key, f"name = 'erp {second}'", 2 * second + key % 2)],
                [account(key, f"name = 'crm {second}'", 2 * second + (key + 1) % 2)],
            )
        if second == 4:
            given.kill()
        if second == 7:
            given.start()
    assert names(given, *keys) == [f"{'erp' if key % 2 else 'crm'} 10" for key in keys]
    given.kill()
    given.sql("crm", account(202, "name = 'newer'", 40))
    verified = given.command("verify", given.names["there"], "--wait", "0")
    given.start()
    assert verified.returncode == 0, verified.stdout
    assert names(given, 202) == ["newer"]
