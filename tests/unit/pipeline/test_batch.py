from cdc.model.change import Change, Idle, Op, Transaction
from cdc.model.table import Table, TableName
from cdc.model.write import Batch
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.park import nowhere
from cdc.pipeline.step import Waiting
from cdc.pipeline.translate import Translators
from tests.plans import SOURCE, plan


def change(key, active="t"):
    return Change(SOURCE, Op.INSERT, None, (key, "a", None, active))


def transaction(upto, *changes, origin=(), at=None, echoes=0):
    return Transaction(changes, str(upto), float(upto if at is None else at), origin, echoes)


def run(feed, rows=100, idle=60.0, clock=lambda: 0.0, after="0"):
    return list(batches(feed, Translators(plan().bind, nowhere()), after, node="erp", limits=Limits(rows, idle), clock=clock))


def shape(steps):
    return [(s.after, s.upto, len(s.writes)) if isinstance(s, Batch) else s.seen for s in steps]


def test_what_is_at_hand_becomes_one_batch_at_the_pause():
    assert shape(run([transaction(1, change("1")), transaction(2, change("2")), Idle("2", "2")])) == [("0", "2", 2), "2"]


def test_whole_transactions_only_and_the_chain_has_no_hole():
    feed = [transaction(n, change(f"{n}a"), change(f"{n}b")) for n in range(1, 6)]
    assert shape(run([*feed, Idle("5", "5")], rows=3)) == [("0", "2", 4), ("2", "4", 4), ("4", "5", 2), "5"]


def test_a_batch_knows_its_age_and_size():
    (batch, _) = run([transaction(1, change("1")), transaction(2, change("2")), Idle("2", "2")])
    assert (batch.transactions, batch.oldest, batch.newest, batch.origin) == (2, 1.0, 2.0, ("erp",))


def test_other_origins_cut_the_batch_and_are_appended_to():
    feed = [transaction(1, change("1")), transaction(2, change("2"), origin=("shop",)), Idle("2", "2")]
    first, second, _ = run(feed)
    assert (first.origin, second.origin) == (("erp",), ("shop", "erp"))
    assert (first.upto, second.after) == ("1", "1")


def test_echoes_are_counted_and_do_not_move_the_position():
    steps = run([transaction(1, change("1")), transaction(2, echoes=3), Idle("1", "2")])
    assert shape(steps) == [("0", "1", 1), "2"]
    assert steps[0].skipped == {("", "loop"): 3}


def test_echoes_alone_write_nothing_for_ever():
    now = iter(range(0, 1000, 100)).__next__
    assert shape(run([transaction(1, echoes=1), Idle("0", "1"), transaction(2, echoes=1), Idle("0", "2")], clock=now)) == ["1", "2"]


def test_filtered_rows_are_counted_when_nothing_is_written():
    steps = run([transaction(1, change("1", active="f")), Idle("1", "1")])
    assert [s.skipped for s in steps if isinstance(s, Waiting)] == [{("customers", "filter"): 1}]


def test_unmapped_tables_are_counted_under_their_name():
    other = Table(TableName("public", "other"), (), ())
    steps = run([transaction(1, Change(other, Op.INSERT, None, ())), Idle("1", "1")])
    assert steps[0].skipped == {("public.other", "not_mapped"): 1}


def test_idle_position_moves_at_most_once_in_its_time_and_at_the_end():
    now = iter([0.0, 10.0, 70.0, 70.0, 80.0, 90.0]).__next__
    steps = run([Idle("1", "1"), Idle("2", "2"), Idle("3", "3")], clock=now)
    assert shape(steps) == ["1", ("0", "2", 0), "2", "3", ("2", "3", 0)]


def test_idle_position_that_stands_still_writes_nothing():
    assert shape(run([Idle("0", "0"), Idle("0", "0")], idle=0.0)) == ["0", "0"]


def test_a_log_that_never_pauses_and_gives_nothing_still_moves_the_position():
    feed = [transaction(n, *(change(str(k), active="f") for k in range(5000))) for n in range(1, 5)]
    now = iter([0.0, 10.0, 70.0, 80.0, 90.0]).__next__
    steps = run([*feed, Idle("4", "4")], clock=now)
    assert shape(steps) == [("0", "3", 0), "4", ("3", "4", 0)]
    assert steps[0].skipped == {("customers", "filter"): 15000}
