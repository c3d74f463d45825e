"""The source against a real server: what the log gives is what was committed, once, in order, from any position."""

import shutil
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cdc.model.change import ABSENT, Idle, Op, Transaction
from cdc.model.errors import BadRow, CdcError, Denied, Drifted, Exit, Gap, Held, Misconfigured
from cdc.model.table import TableName
from cdc.source.postgresql.admin import PostgreSQLSourceAdmin
from cdc.source.postgresql.position import lsn_number, place, position
from cdc.source.postgresql.source import PostgreSQLSource
from demo.servers import PostgreSQL
from tests.contract.whole import whole

T = TableName("app", "t")


class Erp:
    """A database with a schema `app`, a pipeline of its own, and sources on it that are closed at the end."""

    def __init__(self, server, name, at):
        self.server, self.endpoint, self.pipeline = server, at, f"p_{name}"
        self.sql = server.connect(name)
        self.sql.execute("create schema app")
        self.sources = []

    def follow(self, *tables):
        self.tables = tables or (T,)
        with closing(PostgreSQLSourceAdmin(self.endpoint, self.pipeline)) as admin:
            for statement in admin.setup(self.tables):
                admin.execute(statement)

    def source(self, tables=None, target="crm"):
        source = PostgreSQLSource(self.endpoint, self.pipeline, tables or self.tables, target)
        self.sources.append(source)
        return source

    def read(self, after, **more):
        """All that is committed by now after a position."""
        source = self.source(**more)
        items = list(source.read(after, source.head()))
        source.close()
        return items

    def transactions(self, after, **more):
        return list(whole(self.read(after, **more)))

    def changes(self, after):
        return [(c.op, c.old, c.new) for t in self.transactions(after) for c in t.changes]

    def head(self):
        with closing(self.source()) as source:
            return source.head()

    def slot(self, column):
        return self.sql.execute(f"select {column} from pg_replication_slots where slot_name = %s", (f"cdc_{self.pipeline}",)).fetchone()[0]

    def close(self):
        for source in self.sources:
            source.close()
        until(lambda: not self.slot_in_use())
        with closing(PostgreSQLSourceAdmin(self.endpoint, self.pipeline)) as admin:
            for statement in admin.teardown():
                admin.execute(statement)
        self.sql.close()

    def slot_in_use(self):
        found = self.sql.execute("select active from pg_replication_slots where slot_name = %s", (f"cdc_{self.pipeline}",)).fetchone()
        return found == (True,)


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return answer


@pytest.fixture
def erp(postgresql, database, endpoint):
    name = database(postgresql)
    made = Erp(postgresql, name, endpoint(postgresql, name, "erp"))
    yield made
    made.close()


def test_what_was_committed_in_its_order(erp):
    erp.sql.execute("create table app.t (id int primary key, a text, b numeric(9,2))")
    erp.follow()
    start = erp.head()
    erp.sql.execute("insert into app.t values (1, 'x', 1.5), (2, null, null)")
    erp.sql.execute("update app.t set a = 'y' where id = 1")
    erp.sql.execute("update app.t set id = 3 where id = 2")
    erp.sql.execute("delete from app.t where id = 1")
    erp.sql.execute("truncate app.t")
    assert erp.changes(start) == [
        (Op.INSERT, None, ("1", "x", "1.50")),
        (Op.INSERT, None, ("2", None, None)),
        (Op.UPDATE, None, ("1", "y", "1.50")),
        (Op.UPDATE, ("2", ABSENT, ABSENT), ("3", None, None)),
        (Op.DELETE, ("1", ABSENT, ABSENT), None),
        (Op.TRUNCATE, None, None),
    ]


def test_only_what_was_committed(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    with erp.sql.transaction(force_rollback=True):
        erp.sql.execute("insert into app.t values (1)")
    with erp.sql.transaction():
        erp.sql.execute("insert into app.t values (2)")
        with erp.sql.transaction(force_rollback=True):
            erp.sql.execute("insert into app.t values (3)")
        with erp.sql.transaction():
            erp.sql.execute("insert into app.t values (4)")
    assert [[c.new for c in t.changes] for t in erp.transactions(start)] == [[("2",), ("4",)]]


def test_a_large_transaction_that_is_rolled_back_leaves_nothing_behind(erp):
    """The server has spilled it to its disk meanwhile; sent is only what is committed. torture: B17"""
    erp.sql.execute("create table app.t (id int primary key, v text)")
    erp.follow()
    erp.endpoint.options = {"options": "-c logical_decoding_work_mem=64kB"}
    start = erp.head()
    many = "insert into app.t select n, repeat('x', 100) from generate_series(%s, %s) n"
    with erp.sql.transaction(force_rollback=True):
        erp.sql.execute(many % (1, 5000))
        with erp.server.connect(erp.endpoint.database) as other:
            other.execute("insert into app.t values (10000, 'between')")
    with erp.sql.transaction():
        with erp.sql.transaction(force_rollback=True):
            erp.sql.execute(many % (1, 5000))
        erp.sql.execute(many % (20001, 23000))
    assert [[change.new[0] for change in t.changes] for t in erp.transactions(start)] == [["10000"], [str(n) for n in range(20001, 23001)]]
    spilled = "select spill_bytes > 0 from pg_stat_replication_slots where slot_name = %s"
    until(lambda: erp.sql.execute(spilled, (f"cdc_{erp.pipeline}",)).fetchone() == (True,))


def test_what_triggers_of_the_source_write_comes_once(erp):
    """torture: B12"""
    erp.sql.execute("create table app.t (id int primary key, v int); create table app.copy (id int primary key, v int)")
    erp.sql.execute(
        "create function app.f() returns trigger language plpgsql as $$begin"
        " insert into app.copy values (new.id, new.v * 2); new.v := new.v + 1; return new; end$$"
    )
    erp.sql.execute("create trigger f before insert on app.t for each row execute function app.f()")
    erp.follow(T, TableName("app", "copy"))
    start = erp.head()
    erp.sql.execute("insert into app.t values (1, 10)")
    (found,) = erp.transactions(start)
    assert [(change.table.name.name, change.new) for change in found.changes] == [("copy", ("1", "20")), ("t", ("1", "11"))]


def test_transactions_come_in_commit_order_with_commit_times(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    with erp.server.connect(erp.endpoint.database) as other, other.transaction():
        other.execute("insert into app.t values (1)")
        erp.sql.execute("insert into app.t values (2)")
    before = erp.sql.execute("select extract(epoch from now())").fetchone()[0]
    found = erp.transactions(start)
    assert [[c.new for c in t.changes] for t in found] == [[("2",)], [("1",)]]
    assert before - 60 < found[0].committed_at <= found[1].committed_at <= before
    assert all(t.origin == () and t.echoes == 0 for t in found)
    assert place(start).lsn < place(found[0].upto).lsn < place(found[1].upto).lsn


LONG = "lower(string_agg(md5(n::text), ''))"


def test_unchanged_values_out_of_line_are_absent(erp):
    erp.sql.execute("create table app.t (id int primary key, a int, long text); alter table app.t alter long set storage external")
    erp.sql.execute(f"insert into app.t select 1, 1, {LONG} from generate_series(1, 200) n")
    erp.follow()
    start = erp.head()
    erp.sql.execute("update app.t set a = 2")
    erp.sql.execute("update app.t set id = 9")
    erp.sql.execute("update app.t set long = null")
    assert erp.changes(start) == [
        (Op.UPDATE, None, ("1", "2", ABSENT)),
        (Op.UPDATE, ("1", ABSENT, ABSENT), ("9", "2", ABSENT)),
        (Op.UPDATE, None, ("9", "2", None)),
    ]


def test_under_full_identity_unchanged_values_come_from_the_old_row(erp):
    erp.sql.execute("create table app.t (id int primary key, a int, long text); alter table app.t alter long set storage external")
    erp.sql.execute("alter table app.t replica identity full")
    erp.sql.execute(f"insert into app.t select 1, null, {LONG} from generate_series(1, 200) n")
    long = erp.sql.execute("select long from app.t").fetchone()[0]
    erp.follow()
    start = erp.head()
    erp.sql.execute("update app.t set a = 2")
    erp.sql.execute("delete from app.t")
    assert erp.changes(start) == [
        (Op.UPDATE, ("1", None, long), ("1", "2", long)),
        (Op.DELETE, ("1", "2", long), None),
    ]
    assert erp.transactions(start)[0].changes[0].table.key == (0,)


@pytest.mark.parametrize(
    ("ddl", "key"),
    [
        ("create table app.t (a int, b int, c int not null unique, primary key (b, a))", (0, 1)),
        ("create table app.t (a int, b int, c int not null unique, primary key (b, a)); alter table app.t replica identity using index t_c_key", (2,)),
        ("create table app.t (a int, b int, c int not null unique, primary key (b, a)); alter table app.t replica identity full", (0, 1)),
        ("create table app.t (a int, b int, c int); alter table app.t replica identity full", (0, 1, 2)),
    ],
)  # fmt: skip
def test_the_key_is_what_names_a_row(erp, ddl, key):
    erp.sql.execute(ddl)
    erp.follow()
    start = erp.head()
    erp.sql.execute("insert into app.t values (1, 2, 3)")
    erp.sql.execute("delete from app.t")
    insert, delete = [t.changes[0] for t in erp.transactions(start)]
    assert insert.table.key == delete.table.key == key
    assert [delete.old[at] for at in key] == [insert.new[at] for at in key]
    with erp.source().snapshot([T]) as snapshot:
        assert list(snapshot.rows(T, 10)) == []
    erp.sql.execute("insert into app.t values (4, 5, 6)")
    with erp.source().snapshot([T]) as snapshot:
        ((table, rows),) = snapshot.rows(T, 10)
    assert (table.key, rows) == (key, [("4", "5", "6")])


def mark(sql, path, prefix="cdc", transactional=True):
    sql.execute("select pg_logical_emit_message(%s, %s, %s)", (transactional, prefix, path))


def test_echoes_are_counted_and_not_given(erp):
    """Whoever writes in our transaction: what triggers of the target write there is no change of its application. torture: C13 H01"""
    erp.sql.execute("create table app.t (id int primary key); create table app.other (id int primary key)")
    erp.follow(T, TableName("app", "other"))
    start = erp.head()
    with erp.sql.transaction():
        mark(erp.sql, "shop,crm")
        erp.sql.execute("insert into app.t values (1), (2)")
        erp.sql.execute("insert into app.other values (1)")
        erp.sql.execute("update app.t set id = 3 where id = 1")
        erp.sql.execute("delete from app.t where id = 3")
    erp.sql.execute("insert into app.t values (7)")
    echo, own = erp.transactions(start, tables=[T])
    assert (list(echo.changes), echo.echoes, echo.origin) == ([], 4, ("shop", "crm"))
    assert ([c.new for c in own.changes], own.echoes, own.origin) == ([("7",)], 0, ())
    assert place(echo.upto).lsn < place(own.upto).lsn


def test_a_change_from_elsewhere_comes_with_its_path(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    with erp.sql.transaction():
        mark(erp.sql, "crm", prefix="else")
        mark(erp.sql, "shop,wms")
        mark(erp.sql, "crm")
        mark(erp.sql, "crm", transactional=False)
        erp.sql.execute("insert into app.t values (1)")
    (found,) = erp.transactions(start)
    assert ([c.new for c in found.changes], found.echoes, found.origin) == ([("1",)], 0, ("shop", "wms"))


def test_rows_before_a_marker_are_echoes_too(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    with erp.sql.transaction():
        erp.sql.execute("insert into app.t values (1)")
        mark(erp.sql, "crm")
        erp.sql.execute("insert into app.t values (2)")
        erp.sql.execute("truncate app.t")
    (found,) = erp.transactions(start)
    assert (list(found.changes), found.echoes) == ([], 3)


def test_echoes_and_checkpoints_do_not_move_the_position(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    erp.sql.execute("insert into app.t values (1)")
    (own,) = erp.transactions(position_of_slot(erp))
    with erp.sql.transaction():
        mark(erp.sql, "crm")
        erp.sql.execute("insert into app.t values (2)")
    for path in ("crm", "shop"):
        mark(erp.sql, path)
    items = erp.read(own.upto)
    assert [(t.echoes, t.origin) for t in items if isinstance(t, Transaction)] == [(1, ("crm",))]
    assert {item.upto for item in items if isinstance(item, Idle)} == {own.upto}
    assert place(own.upto).lsn < place(next(t.upto for t in items if isinstance(t, Transaction))).lsn < place(items[-1].seen).lsn


def position_of_slot(erp):
    return position(type(place(erp.head()))(*erp.head().split("/")[:1], 1, lsn_number(erp.slot("confirmed_flush_lsn::text"))))


def test_the_position_follows_a_busy_log_in_large_steps(erp):
    erp.sql.execute("create table app.t (id int primary key); create table app.busy (long text)")
    erp.follow()
    start = erp.head()
    erp.sql.execute("insert into app.busy select repeat('x', 1000) from generate_series(1, 100)")
    assert {item.upto for item in erp.read(start)} == {start}
    erp.sql.execute("insert into app.busy select repeat('x', 1000) from generate_series(1, 20000)")
    end = erp.head()
    idle = erp.read(start)[-1]
    assert place(start).lsn + 16 * 1024 * 1024 <= place(end).lsn <= place(idle.upto).lsn
    erp.sql.execute("insert into app.t values (1)")
    assert [[c.new for c in t.changes] for t in erp.transactions(idle.upto)] == [[("1",)]]


def test_any_commit_is_a_place_to_go_on_from(erp):
    erp.sql.execute("create table app.t (id int primary key, v int)")
    erp.follow()
    start = erp.head()
    for n in range(12):
        with erp.sql.transaction():
            erp.sql.execute("insert into app.t select n, 0 from generate_series(%s::int, %s) n", (100 * n, 100 * n + n))
            erp.sql.execute("update app.t set v = v + 1 where id %% 7 = %s", (n % 7,))
    everything = [(t.upto, [(c.op, c.old, c.new) for c in t.changes]) for t in erp.transactions(start)]
    assert len(everything) == 12
    for at, (upto, _) in enumerate(everything):
        assert [(t.upto, [(c.op, c.old, c.new) for c in t.changes]) for t in erp.transactions(upto)] == everything[at + 1 :]


def test_an_end_is_an_end(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    erp.sql.execute("insert into app.t values (1)")
    middle = erp.head()
    erp.sql.execute("insert into app.t values (2)")
    source = erp.source()
    items = list(source.read(start, middle))
    (found,) = [item for item in items if isinstance(item, Transaction)]
    assert [c.new for c in found.changes] == [("1",)]
    assert items[-1].upto == found.upto
    assert all(item == Idle(start, start) for item in source.read(start, start))
    assert [[c.new for c in item.changes] for item in source.read(middle, source.head()) if isinstance(item, Transaction)] == [[("2",)]]


def test_the_server_is_told_what_was_confirmed_and_nothing_else(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    source = erp.source()
    before = erp.slot("confirmed_flush_lsn::text")
    stream = source.read(start)
    erp.sql.execute("insert into app.t values (1)")
    first = next(whole(stream))
    erp.sql.execute("insert into app.t values (2)")
    second = next(whole(stream))
    waited = [next(stream) for _ in range(4)]
    assert all(isinstance(item, Idle) and item.upto == second.upto for item in waited)
    assert erp.slot("confirmed_flush_lsn::text") == before
    source.confirm(first.upto)
    until(lambda: erp.slot("confirmed_flush_lsn::text") != before)
    assert lsn_number(erp.slot("confirmed_flush_lsn::text")) == place(first.upto).lsn
    source.confirm(second.upto)
    source.close()
    until(lambda: lsn_number(erp.slot("confirmed_flush_lsn::text")) == place(second.upto).lsn)
    with pytest.raises(Gap) as caught:
        erp.read(first.upto)
    assert caught.value.exit is Exit.GAP


def test_what_is_confirmed_after_the_end_reaches_the_server(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    source = erp.source()
    start = source.head()
    source.confirm(start)
    erp.sql.execute("insert into app.t values (1)")
    found, *_ = source.read(start, source.head())
    source.confirm(found.upto)
    source.close()
    until(lambda: lsn_number(erp.slot("confirmed_flush_lsn::text")) == place(found.upto).lsn)


def test_a_slow_reader_keeps_its_connection(erp):
    """torture: B20"""
    erp.sql.execute("create table app.t (id int primary key, v text)")
    erp.follow()
    erp.endpoint.options = {"options": "-c wal_sender_timeout=3s"}
    source = erp.source()
    start = source.head()
    for n in range(60):
        erp.sql.execute("insert into app.t select n, repeat('x', 200) from generate_series(%s::int, %s) n", (n * 1000, n * 1000 + 999))
    stream = source.read(start, source.head())
    rows = len(next(whole(stream)).changes)
    time.sleep(5)
    pid = erp.slot("active_pid")
    assert pid is not None
    rows += sum(len(item.changes) for item in whole(stream))
    assert rows == 60_000


def test_a_quiet_log_gives_an_idle_every_second(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    source = erp.source()
    start = source.head()
    stream = source.read(start)
    began = time.monotonic()
    assert [next(stream).upto for _ in range(3)] == [start] * 3
    assert time.monotonic() - began < 3


def test_gaps_are_named_and_nothing_is_read(erp):
    """torture: B02 B22"""
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    here = place(erp.head())
    for wrong, words in [
        (type(here)("1", here.timeline, here.lsn), "of the cluster 1,"),
        (type(here)(here.system, here.timeline + 1, here.lsn), "timeline 2"),
        (type(here)(here.system, here.timeline, here.lsn + (1 << 40)), "log ends at"),
        (type(here)(here.system, here.timeline, 1), "what lies between"),
    ]:
        with pytest.raises(Gap, match=words) as caught:
            next(erp.source().read(position(wrong)))
        assert "cdc resync --gap" in caught.value.hint
    erp.sql.execute(f"select pg_drop_replication_slot('cdc_{erp.pipeline}')")
    with pytest.raises(Gap, match="does not exist"):
        next(erp.source().read(position(here)))
    erp.sql.execute("insert into app.t values (1)")
    erp.follow()  # made anew, it begins later
    with pytest.raises(Gap, match="what lies between is gone"):
        next(erp.source().read(position(here)))
    with pytest.raises(Misconfigured, match="not one of PostgreSQL"):
        next(erp.source().read("mysql-bin.000001:4"))


def test_another_slot_of_the_name_is_not_used(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    erp.sql.execute(f"select pg_drop_replication_slot('cdc_{erp.pipeline}')")
    erp.sql.execute(f"select pg_create_physical_replication_slot('cdc_{erp.pipeline}')")
    try:
        with pytest.raises(Misconfigured, match="not one of ours"):
            next(erp.source().read(start))
    finally:
        erp.sql.execute(f"select pg_drop_replication_slot('cdc_{erp.pipeline}')")


def test_a_log_that_the_server_dropped_is_a_gap(folder, endpoint):
    """torture: B03"""
    server = PostgreSQL(folder / "small", {"fsync": "off", "max_slot_wal_keep_size": "1MB", "max_wal_size": "32MB", "min_wal_size": "32MB"})
    try:
        server.start()
        server.create("erp")
        erp = Erp(server, "erp", endpoint(server, "erp", "erp"))
        erp.sql.execute("create table app.t (id int primary key); create table app.busy (long text)")
        erp.follow()
        start = erp.head()
        for _ in range(4):
            erp.sql.execute("insert into app.busy select repeat('x', 1000) from generate_series(1, 20000)")
            erp.sql.execute("checkpoint")
        with pytest.raises(Gap, match="invalidated"):
            next(erp.source().read(start))
        with closing(PostgreSQLSourceAdmin(erp.endpoint, erp.pipeline)) as admin:
            assert [(f.code, f.exit) for f in admin.findings([])] == [("slot-lost", Exit.GAP), ("publication-more", Exit.OK)]
        erp.close()
    finally:
        server.stop()


def test_a_table_that_is_not_published_stops_the_reader(erp, monkeypatch):
    """torture: B13"""
    erp.sql.execute("create table app.t (id int primary key); create table app.u (id int primary key)")
    erp.follow()
    start = erp.head()
    with pytest.raises(Misconfigured, match=r"does not publish app\.u") as caught:
        next(erp.source(tables=[T, TableName("app", "u")]).read(start))
    assert "cdc setup" in caught.value.hint
    monkeypatch.setattr("cdc.source.postgresql.stream._AUDIT", 0.2)
    stream = erp.source().read(start)
    assert next(stream).upto == start
    erp.sql.execute("drop table app.t; create table app.t (id int primary key)")
    with pytest.raises(Misconfigured, match=r"does not publish app\.t"):
        list(stream)
    erp.sql.execute(f"drop publication cdc_{erp.pipeline}")
    with pytest.raises(Misconfigured, match=r"does not publish"):
        next(erp.source().read(start))


def test_a_table_without_its_name_is_no_loss_of_publication(erp, monkeypatch):
    """It may be named back before anything of it is lost. torture: F05"""
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    monkeypatch.setattr("cdc.source.postgresql.stream._AUDIT", 0.2)
    source = erp.source()
    stream = source.read(start)
    assert next(stream).upto == start
    erp.sql.execute("alter table app.t rename to elsewhere")
    with pytest.raises(Drifted, match=r"app\.t does not exist any more"):
        list(stream)
    source.close()
    erp.sql.execute("alter table app.elsewhere rename to t; insert into app.t values (1)")
    assert [change.new for transaction in erp.transactions(start) for change in transaction.changes] == [("1",)]


def test_a_second_reader_is_told_who_has_the_slot(erp, monkeypatch):
    monkeypatch.setattr("cdc.source.postgresql.stream._GRACE", 0.5)
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    stream = erp.source().read(start)
    next(stream)
    with pytest.raises(Held, match=f"PID {erp.slot('active_pid')}") as caught:
        next(erp.source().read(start))
    assert caught.value.exit is Exit.RETRY_LATER


def test_a_holder_that_ends_is_waited_for(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    first = erp.source()
    next(first.read(start))
    ending = threading.Timer(0.5, first.close)
    ending.start()
    assert next(erp.source().read(start)).upto == start
    ending.join()


def test_the_slot_is_free_when_the_source_is_closed(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    for _ in range(5):
        source = erp.source()
        next(source.read(source.head()))
        assert erp.slot_in_use()
        source.close()
        assert not erp.slot_in_use()


def test_a_connection_that_is_cut_is_an_error_to_retry(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    stream = erp.source().read(erp.head())
    next(stream)
    erp.sql.execute("select pg_terminate_backend(%s)", (erp.slot("active_pid"),))
    with pytest.raises(Exception) as caught:
        list(stream)
    assert caught.value.exit is Exit.UNREACHABLE


def caught_up(source, after, rows):
    """Play what came after a position upon the rows, each change upon exactly the row that it changed; return where that ends."""
    for item in source.read(after, source.head()):
        if isinstance(item, Transaction):
            after = item.upto
            for change in item.changes:
                assert change.old is None or rows.pop(change.old[0]) == change.old
                assert change.new is None or rows.setdefault(change.new[0], change.new) is change.new
    return after


def test_snapshot_and_stream_meet_without_gap_or_overlap(erp):
    erp.sql.execute("create table app.t (id int primary key, v int); alter table app.t replica identity full")
    erp.sql.execute("insert into app.t select n, 0 from generate_series(1, 500) n")
    erp.follow()
    done = threading.Event()

    def write(seed):
        with erp.server.connect(erp.endpoint.database) as sql:
            n = 0
            while not done.is_set():
                n += 1
                with sql.transaction():
                    sql.execute("update app.t set v = v + 1 where id = %s", ((n * 7 + seed) % 500 + 1,))
                    sql.execute("delete from app.t where id = %s", (1_000_000 * seed + n - 5,))
                    sql.execute("insert into app.t values (%s, 0)", (1_000_000 * seed + n,))

    writers = [threading.Thread(target=write, args=(seed,)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    source = erp.source()
    try:
        for _ in range(4):
            with source.snapshot([T]) as snapshot:
                rows = {row[0]: row for _, chunk in snapshot.rows(T, 100) for row in chunk}
            after = caught_up(source, snapshot.position, rows)
            assert after != snapshot.position
    finally:
        done.set()
        for writer in writers:
            writer.join()
    caught_up(source, after, rows)
    assert sorted(rows.values()) == sorted(erp.sql.execute("select id::text, v::text from app.t").fetchall())


def test_a_load_leaves_nothing_behind(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.sql.execute("insert into app.t select generate_series(1, 5000)")
    erp.follow()
    source = erp.source()
    with pytest.raises(ZeroDivisionError), source.snapshot([T]) as snapshot:
        next(iter(snapshot.rows(T, 10)))
        assert erp.sql.execute("select count(*) from pg_replication_slots where temporary").fetchone() == (0,)
        1 / 0
    next(source.read(source.head()))
    source.lag_bytes(source.head())
    source.close()
    until(lambda: erp.sql.execute("select count(*) from pg_stat_activity where application_name like 'cdc%'").fetchone() == (0,))
    assert erp.slot("active_pid") is None


def test_a_snapshot_waits_for_writers_and_says_so(erp, monkeypatch):
    said = []
    monkeypatch.setattr("cdc.source.postgresql.snapshot._PATIENCE", 0.2)
    monkeypatch.setattr("cdc.source.postgresql.snapshot.log.warning", lambda event, **facts: said.append((event, facts)), raising=False)
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    with erp.server.connect(erp.endpoint.database) as writer:
        writer.execute("begin; insert into app.t values (1)")
        pid = writer.info.backend_pid

        def commit_when_said():
            until(lambda: said)
            writer.execute("commit")

        waiting = threading.Thread(target=commit_when_said)
        waiting.start()
        with erp.source().snapshot([T]) as snapshot:
            assert [rows for _, rows in snapshot.rows(T, 5)] == [[("1",)]]
        waiting.join()
    assert "waits" in said[0][0]
    assert pid in said[0][1]["pids"]


def test_a_snapshot_gives_chunks_in_key_order(erp):
    erp.sql.execute("create table app.t (a int, b text, v int, primary key (b, a))")
    erp.sql.execute("insert into app.t select n, (n % 3)::text, n from generate_series(25, 1, -1) n; analyze app.t")
    erp.follow()
    with erp.source().snapshot([T]) as snapshot:
        chunks = list(snapshot.rows(T, 10))
        assert snapshot.estimate(T) == 25
    assert [len(rows) for _, rows in chunks] == [10, 10, 5]
    assert len({id(table) for table, _ in chunks}) == 1
    rows = [row for _, chunk in chunks for row in chunk]
    assert rows == sorted(rows, key=lambda row: (int(row[0]), row[1]))


def test_a_snapshot_of_a_table_that_is_not_there(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    with pytest.raises(Misconfigured, match=r"app\.none"), erp.source().snapshot([T, TableName("app", "none")]):
        pass


VALUES = {
    "smallint": ["-32768", "7"],
    "bigint": ["9223372036854775807"],
    "boolean": ["true", "false"],
    "real": ["0.1", "'NaN'", "'-Infinity'", "1e20", "1.17549435e-38"],
    "double precision": ["0.1", "1e300", "5e-324", "'Infinity'", "-0.0", "123456789.123456789"],
    "numeric": ["1e40", "0.00000000001", "'NaN'", "'-Infinity'", "1.50"],
    "numeric(9,2)": ["1.5", "-0.005"],
    "text": ["''", r"'\N'", r"E'\\.'", r"E'a\tb\nc\rd\be\ff\x0bg\\h'", "'Grüße 😀 \u2028'", "'%s {} $1 ''\"`'"],
    "char(4)": ["'a'", "''"],
    '"char"': ["'x'"],
    "bytea": [r"'\x00ff5c'", "''"],
    "date": ["'0044-03-15 BC'", "'infinity'", "'2024-02-29'", "'20240-01-01'"],
    "time(3)": ["'24:00'", "'12:34:56.789'"],
    "timetz": ["'12:00+05:30'"],
    "timestamp": ["'2024-03-04 05:06:07.000001'", "'-infinity'"],
    "timestamptz": ["'2024-03-04 05:06:07+09'", "'0001-01-01 00:00+00 BC'", "'1890-01-01 00:00:00 Asia/Tokyo'"],
    "interval": ["'1 year -2 days 03:04:05.5'", "'-1 mon'", "'0'"],
    "uuid": ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"],
    "json": ["""'{"b" : 1,  "a":"\\u0000\\n"}'"""],
    "jsonb": ["""'{"b": 1e3, "a": "x\\ty"}'"""],
    "bit(5)": ["B'10101'"],
    "varbit": ["B''", "B'01'"],
    "int[]": ["'{1,NULL,3}'", "'[0:1]={1,2}'"],
    "text[]": [r"""array['a,b', 'c"d', '', null, e'\\']"""],
    "inet": ["'10.0.0.1/8'"],
    "money": ["12.34"],
    "point": ["'(1.5,2)'"],
    "int4range": ["'[1,5]'"],
    "xml": ["'<a>&amp;</a>'"],
    "tsvector": ["'a:1 b'"],
    "regclass": ["'app.t'"],
    "app.mood": ["'it''s'"],
    "app.price": ["9.99"],
    "app.pair": ["row(1, 'x,y')"],
    "app.mood[]": ["array['ok']::app.mood[]"],
    "app.citext": ["'MiXed'"],
}


def test_a_load_and_the_log_give_the_same_text_and_types(erp):
    erp.sql.execute(
        "create type app.mood as enum ('ok', 'it''s'); create domain app.price as numeric(9,3); create type app.pair as (a int, b text)"
    )
    erp.sql.execute("create domain app.citext as text")
    columns = ", ".join(f"c{n} {native}" for n, native in enumerate(VALUES))
    erp.sql.execute(
        f"create table app.t (id serial primary key, {columns}, g int generated always as (id * 2) stored, last text default 'end')"
    )
    erp.follow()
    start = erp.head()
    for n in range(max(map(len, VALUES.values()))):
        given = ", ".join(values[n] if n < len(values) else "null" for values in VALUES.values())
        erp.sql.execute(f"insert into app.t values (default, {given})")
    logged = [change for transaction in erp.transactions(start) for change in transaction.changes]
    with erp.source().snapshot([T]) as snapshot:
        ((table, rows),) = snapshot.rows(T, 100)
    assert rows == [change.new for change in logged]
    assert [(c.name, c.type) for c in table.columns] == [(c.name, c.type) for c in logged[0].table.columns]
    assert table.key == logged[0].table.key == (0,)
    assert [row[-1] for row in rows] == ["end"] * len(rows)
    assert list(erp.source().fetch(logged[0].table, [("1",), ("3",), ("99",)], erp.head())) == [rows[0], rows[2]]
    first = dict(zip(VALUES, rows[0][1:], strict=False))
    assert [first[t] for t in ("boolean", "bytea", "date", "timestamptz", "interval", "uuid", "bit(5)", "numeric(9,2)", "app.mood", "regclass")] == [
        "t", r"\x00ff5c", "0044-03-15 BC", "2024-03-03 20:06:07+00", "1 year -2 days +03:04:05.5", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "10101", "1.50", "it's", "app.t",
    ]  # fmt: skip
    assert rows[3][1 + list(VALUES).index("text")] == "a\tb\nc\rd\be\ff\x0bg\\h"


def test_the_url_may_not_change_what_values_look_like(erp):
    erp.sql.execute("create table app.t (id int primary key, at timestamptz)")
    erp.follow()
    erp.endpoint.options = {"options": "-c datestyle=SQL -c timezone=Asia/Kolkata", "client_encoding": "LATIN1"}
    start = erp.head()
    erp.sql.execute("insert into app.t values (1, '2024-03-04 05:06:07+00')")
    assert erp.changes(start) == [(Op.INSERT, None, ("1", "2024-03-04 05:06:07+00"))]
    assert list(erp.source().fetch(erp.transactions(start)[0].changes[0].table, [("1",)], erp.head())) == [("1", "2024-03-04 05:06:07+00")]


NAMES = [
    TableName("app", "Order"),
    TableName("app", "select"),
    TableName("we ird", "a\"b %s {} \\ '; --"),
    TableName("app", "grüße 😀"),
    TableName("app", "x" * 63),
]


def test_names_are_only_names(erp):
    erp.sql.execute('create schema "we ird"')
    for at, name in enumerate(NAMES):
        quoted = name.name.replace('"', '""')
        erp.sql.execute(f'create table "{name.schema}"."{quoted}" ("Key" int, "a ""b\\ %s" text primary key, "user" text)')
        assert at < len(NAMES)
    erp.follow(*NAMES)
    start = erp.head()
    for at, name in enumerate(NAMES):
        quoted = name.name.replace('"', '""')
        erp.sql.execute(f"""insert into "{name.schema}"."{quoted}" values ({at}, 'k''\\%', 'u')""")
    found = [t.changes[0] for t in erp.transactions(start)]
    assert [c.table.name for c in found] == NAMES
    assert all([column.name for column in c.table.columns] == ["Key", 'a "b\\ %s', "user"] for c in found)
    source = erp.source()
    with source.snapshot(NAMES) as snapshot:
        for at, (name, change) in enumerate(zip(NAMES, found, strict=True)):
            assert [rows for _, rows in snapshot.rows(name, 5)] == [[(str(at), "k'\\%", "u")]]
            assert list(source.fetch(change.table, [("k'\\%",), ("gone",)], erp.head())) == [(str(at), "k'\\%", "u")]


def test_rows_by_a_key_of_several_columns(erp):
    erp.sql.execute(
        "create type app.mood as enum ('ok', 'no'); create table app.t (v text, n numeric(5,1), m app.mood, c char(3), primary key (c, m, n))"
    )
    erp.sql.execute("insert into app.t select n::text, n, 'ok', 'x' from generate_series(1, 3000) n")
    erp.follow()
    source = erp.source()
    with source.snapshot([T]) as snapshot:
        table, _ = next(iter(snapshot.rows(T, 1)))
    assert table.key == (1, 2, 3)
    keys = [(f"{n}.0", "ok", "x  ") for n in range(2, 5000, 2)] + [("3.0", "no", "x  ")]
    assert sorted(int(row[0]) for row in source.fetch(table, keys, erp.head())) == list(range(2, 3001, 2))
    assert list(source.fetch(table, [], erp.head())) == []


def test_partitions_come_under_their_root(erp):
    erp.sql.execute("create table app.t (region text, id int, v int, primary key (region, id)) partition by list (region)")
    erp.sql.execute("create table app.eu partition of app.t for values in ('eu')")
    erp.sql.execute("create table app.us (v int, gone text, id int not null, region text not null); alter table app.us drop gone")
    erp.sql.execute("alter table app.us add primary key (region, id); alter table app.t attach partition app.us for values in ('us')")
    erp.follow()
    start = erp.head()
    erp.sql.execute("insert into app.t values ('eu', 1, 10), ('us', 2, 20)")
    erp.sql.execute("update app.t set region = 'us' where id = 1")
    erp.sql.execute("update app.us set v = 21 where id = 2")
    assert {t.changes[0].table.name for t in erp.transactions(start)} == {T}
    assert erp.changes(start) == [
        (Op.INSERT, None, ("eu", "1", "10")),
        (Op.INSERT, None, ("us", "2", "20")),
        (Op.DELETE, ("eu", "1", ABSENT), None),
        (Op.INSERT, None, ("us", "1", "10")),
        (Op.UPDATE, None, ("us", "2", "21")),
    ]
    with erp.source().snapshot([T]) as snapshot:
        assert [rows for _, rows in snapshot.rows(T, 5)] == [[("us", "1", "10"), ("us", "2", "21")]]


def test_tables_that_inherit_are_tables_of_their_own(erp):
    erp.sql.execute("create table app.t (id int primary key); create table app.child () inherits (app.t)")
    erp.follow()
    start = erp.head()
    erp.sql.execute("insert into app.t values (1); insert into app.child values (1)")
    assert erp.changes(start) == [(Op.INSERT, None, ("1",))]
    with erp.source().snapshot([T]) as snapshot:
        assert [rows for _, rows in snapshot.rows(T, 5)] == [[("1",)]]


def test_shapes_change_with_the_tables(erp):
    erp.sql.execute("create table app.t (id int primary key, a text, b text)")
    erp.follow()
    start = erp.head()
    erp.sql.execute("insert into app.t values (1, 'a', 'b')")
    erp.sql.execute("alter table app.t rename a to c")
    erp.sql.execute("comment on table app.t is 'announced again, the same shape'")
    with erp.sql.transaction():
        erp.sql.execute("insert into app.t values (2, 'c', 'b')")
        erp.sql.execute("alter table app.t drop b, add d numeric(5,2) default 1")
        erp.sql.execute("insert into app.t values (3, 'c', 2)")
    erp.sql.execute("create index on app.t (c)")
    erp.sql.execute("insert into app.t values (4, 'c', 3)")
    erp.sql.execute("alter table app.t alter d type numeric(6,2)")
    erp.sql.execute("insert into app.t values (5, 'c', 4)")
    changes = [c for t in erp.transactions(start) for c in t.changes if c.op is Op.INSERT]
    assert [([column.name for column in c.table.columns], c.new) for c in changes] == [
        (["id", "a", "b"], ("1", "a", "b")),
        (["id", "c", "b"], ("2", "c", "b")),
        (["id", "c", "d"], ("3", "c", "2.00")),
        (["id", "c", "d"], ("4", "c", "3.00")),
        (["id", "c", "d"], ("5", "c", "4.00")),
    ]
    assert changes[2].table is changes[3].table
    assert changes[4].table.columns[2].type.precision == 6
    assert len({c.table for c in changes}) == 4


def test_a_type_that_is_gone_by_now_is_what_the_log_calls_it(erp):
    erp.sql.execute("create type app.mood as enum ('ok'); create table app.t (id int primary key, m app.mood)")
    erp.follow()
    start = erp.head()
    erp.sql.execute("insert into app.t values (1, 'ok')")
    erp.sql.execute("alter table app.t alter m type text; drop type app.mood")
    (inserted,) = [c for t in erp.transactions(start) for c in t.changes if c.op is Op.INSERT and c.table.columns[1].type.native != "text"]
    assert (inserted.table.columns[1].type.native, inserted.new) == ("app.mood", ("1", "ok"))


def test_truncate_of_several_tables(erp):
    names = [TableName("app", n) for n in ("a", "b", "c")]
    erp.sql.execute("create table app.a (id int primary key); create table app.b (id int primary key, a int references app.a)")
    erp.sql.execute("create table app.c (id int primary key)")
    erp.follow(*names)
    start = erp.head()
    erp.sql.execute("truncate app.a, app.c restart identity cascade")
    (found,) = erp.transactions(start, tables=names[:2])
    assert {(c.op, c.table.name, c.old, c.new) for c in found.changes} == {(Op.TRUNCATE, name, None, None) for name in names[:2]}


def test_large_values_and_large_transactions(erp):
    erp.sql.execute("create table app.t (id int primary key, v text)")
    erp.follow()
    start = erp.head()
    erp.sql.execute("insert into app.t values (1, repeat('é', 5000000))")
    erp.sql.execute("insert into app.t select n, 'v' from generate_series(2, 50000) n")
    one, many = erp.transactions(start)
    assert one.changes[0].new[1] == "é" * 5_000_000
    assert [c.new[0] for c in many.changes] == [str(n) for n in range(2, 50_001)]


def test_prepared_transactions_come_when_they_are_committed(folder, endpoint):
    server = PostgreSQL(folder / "prepared", {"fsync": "off", "max_prepared_transactions": "5"})
    try:
        server.start()
        server.create("erp")
        erp = Erp(server, "erp", endpoint(server, "erp", "erp"))
        erp.sql.execute("create table app.t (id int primary key)")
        erp.follow()
        start = erp.head()
        erp.sql.execute("begin; insert into app.t values (1); prepare transaction 'one'")
        erp.sql.execute("begin; insert into app.t values (2); prepare transaction 'two'")
        assert erp.changes(start) == []
        erp.sql.execute("commit prepared 'two'")
        erp.sql.execute("rollback prepared 'one'")
        assert erp.changes(start) == [(Op.INSERT, None, ("2",))]
        erp.close()
    finally:
        server.stop()


def test_a_reader_over_tls(folder, endpoint):
    server = PostgreSQL(folder / "postgresql-tls", {"fsync": "off"})
    try:
        server.start()
        server.stop()
        certificate(server.folder / "data")
        server.settings = {"fsync": "off", "ssl": "on"}
        server.start()
        server.create("erp")
        erp = Erp(server, "erp", endpoint(server, "erp", "erp"))
        erp.endpoint.options = {"sslmode": "require"}
        erp.sql.execute("create table app.t (id int primary key, v text)")
        erp.follow()
        source = erp.source()
        stream = source.read(source.head())
        for size in (10, 20_000, 3_000_000):
            erp.sql.execute("insert into app.t select %s::int + n, repeat('x', %s / n) from generate_series(1, 50) n", (size, size))
            began = time.monotonic()
            found = next(whole(stream))
            assert [len(change.new[1]) for change in found.changes] == [size // n for n in range(1, 51)]
            assert time.monotonic() - began < 2
        (secure,) = erp.sql.execute("select ssl from pg_stat_ssl where pid = %s", (erp.slot("active_pid"),)).fetchone()
        assert secure
        erp.close()
    finally:
        server.stop()


def certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for file, text in (("server.crt", made.public_bytes(form[0])), ("server.key", key.private_bytes(*form))):
        path = folder / file
        path.write_bytes(text)
        path.chmod(0o600)
        shutil.chown(path, folder.stat().st_uid, folder.stat().st_gid)


def test_lag_is_asked_while_the_reader_reads(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    source = erp.source()
    start = source.head()
    next(source.read(start))
    behind = []
    erp.sql.execute("insert into app.t select generate_series(1, 1000)")
    asking = threading.Thread(target=lambda: behind.extend([source.lag_bytes(start), source.lag_bytes(source.head())]))
    asking.start()
    asking.join()
    assert behind[0] > 50_000
    assert behind[1] < 50_000


@contextmanager
def role(erp, name, rights):
    erp.sql.execute(f"create role {name} login password 'secret' {rights}")
    try:
        yield
    finally:
        erp.sql.execute(f"drop owned by {name}; drop role {name}")


def test_a_role_without_the_right_to_replicate_is_denied(erp):
    erp.sql.execute("create table app.t (id int primary key)")
    erp.follow()
    start = erp.head()
    name = f"r_{erp.pipeline}"
    with role(erp, name, ""):
        erp.endpoint.user = name
        with pytest.raises(Denied):
            next(erp.source().read(start))
        with pytest.raises(Denied), erp.source().snapshot([T]):
            pass
    erp.endpoint.user = "cdc"


def test_a_database_that_checks_no_text(postgresql, endpoint):
    name = "sql_ascii"
    with postgresql.connect() as sql:
        sql.execute(f"create database {name} encoding 'SQL_ASCII' template template0")
    erp = Erp(postgresql, name, endpoint(postgresql, name, "erp"))
    erp.sql.execute("create table app.t (id int primary key, v text)")
    erp.follow()
    start = erp.head()
    erp.sql.execute(r"insert into app.t values (1, E'secret\xe9')")
    with pytest.raises(BadRow, match="encoding"):
        erp.read(start)
    with erp.source().snapshot([T]) as snapshot, pytest.raises(BadRow, match="encoding"):
        list(snapshot.rows(T, 5))
    with closing(PostgreSQLSourceAdmin(erp.endpoint, erp.pipeline)) as admin:
        assert [(f.code, f.exit) for f in admin.findings(list(admin.definitions([T]).values()))] == [("encoding", Exit.OK)]
    erp.close()


def test_a_role_with_the_least_rights_is_enough(erp):
    erp.sql.execute("create type app.mood as enum ('ok'); create table app.t (id int primary key, m app.mood)")
    erp.follow()
    name = f"r_{erp.pipeline}"
    with role(erp, name, "replication"):
        erp.sql.execute(f"grant usage on schema app to {name}; grant select on app.t to {name}")
        erp.endpoint.user = name
        start = erp.head()
        erp.sql.execute("insert into app.t values (1, 'ok')")
        (found,) = erp.transactions(start)
        source = erp.source()
        assert list(source.fetch(found.changes[0].table, [("1",)], erp.head())) == [("1", "ok")]
        assert source.lag_bytes(start) > 0
        with source.snapshot([T]) as snapshot:
            assert [rows for _, rows in snapshot.rows(T, 5)] == [[("1", "ok")]]
        source.close()
        until(lambda: erp.slot("active_pid") is None)
    erp.endpoint.user = "cdc"


def test_the_server_can_be_stopped_while_it_is_read(folder, endpoint):
    server = PostgreSQL(folder / "stopped", {"fsync": "off"})
    try:
        server.start()
        server.create("erp")
        erp = Erp(server, "erp", endpoint(server, "erp", "erp"))
        erp.sql.execute("create table app.t (id int primary key)")
        erp.follow()
        source = erp.source()
        start = source.head()
        stream = source.read(start)
        erp.sql.execute("insert into app.t values (1)")
        next(whole(stream))
        caught = []

        def read_on():
            try:
                list(stream)
            except CdcError as error:
                caught.append(error.exit)
            source.close()

        reading = threading.Thread(target=read_on)
        reading.start()
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 10
        reading.join()
        assert caught == [Exit.UNREACHABLE]
        erp.sql.close()
    finally:
        server.stop()
