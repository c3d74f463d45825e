"""What tables stood on against what they stand on now: what is a gap, what is only told, and what is nothing."""

import threading

import pytest
import structlog

from cdc.app.daemon import worker
from cdc.app.monitor.footing import EVERY, FootingLook
from cdc.app.monitor.watch import State
from cdc.app.preflight.footing import begun, news
from cdc.app.state import footing as state
from cdc.model.errors import Exit, Gap
from cdc.model.footing import Footing, Partition
from cdc.model.table import TableName
from cdc.model.write import Checkpoint, Phase
from tests.unit.app.fakes import Servers, examined

T = TableName("public", "t")


def part(name="a", since="7", by=(), *, filled=False):
    return Partition(name, since, frozenset(by), filled)


def footing(relation="1", by=("table 5",), columns=None, **parts):
    return Footing(relation, frozenset(by), {number.strip("_"): one for number, one in parts.items()}, columns or {})


def found(before, now, ignoring=(), repaired=()):
    return [(one.code, one.exit, one.message) for one in news({T: before}, {T: now}, ignoring, {T: ["m", "n"]}, repaired)]


def codes(*given, **more):
    return [(code, exit_) for code, exit_, _ in found(*given, **more)]


@pytest.mark.parametrize(
    "now",
    [
        footing(),
        footing(by=("table 5", "all 6")),
        footing(_9=part()),
    ],
)
def test_what_stays_or_comes_empty_is_no_news(now):
    """torture: F08"""
    assert found(footing(), now) == []


def test_tables_that_nobody_has_looked_at_or_that_are_gone_are_no_news():
    assert list(news({}, {T: footing()}, (), {})) == []
    assert list(news({T: footing()}, {}, (), {})) == []


@pytest.mark.parametrize("ignoring", [(), {T}])
def test_a_table_without_a_known_entry_of_the_publication_was_not_followed(ignoring):
    """`truncate: ignore` is not about that. torture: F08"""
    assert codes(footing(), footing(by=("table 8",)), ignoring=ignoring) == [("was-unpublished", Exit.GAP)]
    assert codes(footing(), footing(by=()), ignoring=ignoring) == [("was-unpublished", Exit.GAP)]
    assert codes(footing(by=("table 5", "all 6")), footing(by=("all 6", "table 8")), ignoring=ignoring) == []


def test_partitions_with_entries_of_their_own_are_followed_by_those():
    """torture: F08"""
    apart = footing(by=(), _1=part("a", by=["table 5"]), _2=part("b", by=["table 6"]))
    assert codes(apart, apart) == []
    assert codes(footing(_1=part("a", by=["table 8"]), _2=part("b")), footing(by=(), _1=part("a", by=["table 8"]), _2=part("b"))) == [
        ("was-unpublished", Exit.GAP)
    ]
    assert codes(apart, footing(by=(), _1=part("a", by=["table 5"]), _2=part("b", by=["table 9"]))) == [("was-unpublished", Exit.GAP)]
    both = footing(by=("table 8",), _1=part("a", by=["table 5"]), _2=part("b", by=["table 6"]))
    assert codes(apart, both) == codes(both, apart) == []


@pytest.mark.parametrize(("ignoring", "exit_"), [((), Exit.GAP), ({T}, Exit.OK)])
def test_rows_that_go_or_come_with_a_partition_or_a_table(ignoring, exit_):
    """torture: F08"""
    before = footing(_1=part("a"), _2=part("b"))
    assert codes(before, footing(_1=part("a")), ignoring=ignoring) == [("partition-gone", exit_)]
    assert codes(before, footing(_1=part("a"), _2=part("b", "8")), ignoring=ignoring) == [("partition-gone", exit_)]
    assert codes(before, footing(_1=part("a"), _2=part("b", "8", filled=True)), ignoring=ignoring) == [
        ("partition-gone", exit_),
        ("partition-filled", exit_),
    ]
    assert codes(footing(_1=part("a")), footing(_1=part("a", filled=True), _2=part("b", filled=True)), ignoring=ignoring) == [
        ("partition-filled", exit_)
    ]
    assert codes(before, footing("2"), ignoring=ignoring) == [("table-replaced", exit_)]


def test_what_partitions_brought_or_took_is_settled_by_repairing_all_that_the_table_feeds():
    """torture: F08"""
    before, now = footing(_1=part("a"), _2=part("b")), footing(_1=part("a"), _3=part("c", filled=True))
    told = [("partition-gone", Exit.GAP), ("partition-filled", Exit.GAP)]
    assert codes(before, now) == codes(before, now, repaired=["m"]) == codes(before, now, repaired=["m", "o"]) == told
    assert codes(before, now, repaired=["n", "m"]) == [(code, Exit.OK) for code, _ in told]
    assert codes(before, footing("2"), repaired=["n", "m"]) == [("table-replaced", Exit.GAP)]
    assert codes(footing(), footing(by=("table 8",)), repaired=["n", "m"]) == [("was-unpublished", Exit.GAP)]
    assert {one.hint[:32] for one in news({T: before}, {T: now}, (), {T: ["m", "n"]})} == {"Run `cdc resync PIPELINE m n`: i"}


def test_a_column_with_another_number_is_told_and_stops_nothing():
    """Who puts one down that an older version has written knows no columns. torture: F02, F03"""
    before = footing(columns={"id": 1, "name": 2, "qty": 3})
    assert codes(before, footing(columns={"id": 1, "name": 2, "more": 4})) == codes(footing(), before) == []
    swapped = list(news({T: before}, {T: footing(columns={"id": 1, "name": 3, "qty": 2})}, (), {T: ["m"]}))
    assert [(one.code, one.exit) for one in swapped] == [("column-anew", Exit.OK)] * 2
    assert "public.t: the column 'name' was dropped and made anew, or took another's name" in swapped[0].message
    assert "`cdc resync PIPELINE m`" in swapped[0].hint
    assert codes(before, footing("2", columns={"id": 1, "name": 4})) == [("table-replaced", Exit.GAP)]


def test_many_partitions_are_counted():
    parts = {f"_{number}": part(f"p{number}") for number in range(1, 6)}
    ((_, _, message),) = found(footing(**parts), footing())
    assert "partitions p1, p2, p3 and 2 more: detached" in message


def test_it_is_the_same_when_it_comes_back_from_the_target():
    servers = Servers()
    given = {T: footing(_1=part("it's a", by=["table 5"]), columns={"id": 1, "name": 3}), TableName("other", "u"): footing(by=())}
    admin = servers.line().target_admin()
    assert state.stored(admin, "p") == {}
    state.store(admin, "p", given)
    text = servers.row["footing"]

    class Asked:
        words = admin.words

        def ask(self, statement):
            assert "footing" in statement
            return [(text,)]

    assert state.stored(Asked(), "p") == given


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(worker, "examine", examined)
    servers = Servers()
    servers.checkpoint = Checkpoint("0", Phase.STREAMING, 0, 0.0)
    servers.footings = {T: footing(_1=part("a"))}
    yield servers
    structlog.reset_defaults()


def test_what_is_found_while_it_streams_ends_the_pipeline(watched):
    """torture: F08"""
    given, stop = watched.worker(), threading.Event()
    watched.commit("1")
    thread = threading.Thread(target=given.work, args=(stop,))
    thread.start()
    watched.wait(lambda servers: servers.applied == ["1"])
    given.watch.measured.footings = watched.footings
    looking = FootingLook(given.watch, structlog.get_logger())
    watched.footings = {T: footing(_1=part("a"), _2=part("b"))}
    looking.look(given.line)
    assert (given.watch.measured.given_up, given.watch.measured.footings) == (None, watched.footings)
    assert '"b"' in watched.row["footing"]
    watched.footings = {T: footing(_1=part("a"), _2=part("b"), _3=part("c", filled=True))}
    looking.look(given.line)
    thread.join(10)
    stop.set()
    assert (given.watch.state, type(given.watch.error)) == (State.FAILED, Gap)
    assert "partition c: attached with rows" in str(given.watch.error)
    assert f"cdc resync --gap {watched.name}" in given.watch.error.hint


def test_it_looks_now_and_then_and_only_while_it_streams(watched):
    watch, now, looked = watched.worker().watch, [0.0], []
    watch.clock = type("Clock", (), {"monotonic": staticmethod(lambda: now[0])})()
    looking = FootingLook(watch, None)
    looking.look = looked.append
    for state_, footings, moment in (
        (State.STREAMING, watched.footings, EVERY - 1),
        (State.SNAPSHOT, watched.footings, EVERY),
        (State.STREAMING, {}, EVERY),
        (State.STREAMING, watched.footings, EVERY),
        (State.STREAMING, watched.footings, EVERY + 1),
        (State.STREAMING, watched.footings, 2 * EVERY),
    ):
        watch.state, watch.measured.footings, now[0] = state_, footings, moment
        looking.turn("line")
    assert len(looked) == 2


def test_before_a_load_what_is_there_is_put_down_and_later_what_was_compared(watched):
    line, seen = watched.line(), {T: footing(_5=part("seen"))}
    assert begun(line, [T], {}, loaded=False) == watched.footings
    assert '"a"' in watched.row["footing"]
    assert begun(line, [T], seen, loaded=True) == seen
    assert '"seen"' in watched.row["footing"]
    before = watched.row["footing"]
    assert begun(line, [T], {}, loaded=True) == {}
    assert watched.row["footing"] == before
