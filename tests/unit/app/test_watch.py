import pytest

from cdc.app.monitor.watch import IDLE_SIGNS, QUIET, SAMPLE_AGE, SILENCE, Clock, State, Watch, stalled, summary
from cdc.model.change import Op
from cdc.model.errors import Gap, Unreachable
from cdc.model.table import TableName
from cdc.model.write import Applied, Batch, Checkpoint, Phase
from cdc.pipeline.step import Done, Loading, Waiting

WAITING = Waiting("9", {})
CUSTOMER = TableName("public", "customer")


def batch(oldest=0.0, newest=0.0, upto="5"):
    return Batch("4", upto, (), oldest=oldest, newest=newest, transactions=1)


def applies(watch, given, rows=3):
    """A batch as the target and the loop tell of it."""
    applied = Applied({("customers", Op.INSERT): rows}, {})
    watch.opens(given)
    watch.closes()
    watch.applies(given, applied)
    watch.step(Done(given, applied))


def test_a_new_pipeline_starts_and_counts_from_now(watch, time):
    time.passes(7)
    assert (watch.state, watch.lag_seconds(), watch.ahead.bytes) == (State.STARTING, 7.0, None)


def test_the_first_run_goes_on_from_the_checkpoint(watch, time):
    watch.starts(Checkpoint("4", Phase.STREAMING, 10, time.wall - 60))
    assert (watch.position, watch.seen, watch.rows) == ("4", "4", 10)
    assert watch.lag_seconds() == 60.0


def test_a_later_run_does_not_forget_that_all_was_complete(watch, time):
    watch.starts(Checkpoint("4", Phase.STREAMING, 10, time.wall - 3600))
    watch.step(WAITING)
    time.passes(2)
    watch.pauses(Unreachable("x"))
    watch.starts(Checkpoint("4", Phase.STREAMING, 10, time.wall - 3602))
    assert watch.lag_seconds() == 2.0


def test_nothing_at_hand_is_no_lag_while_the_source_gives_signs(watch, time):
    watch.step(WAITING)
    time.passes(IDLE_SIGNS)
    assert watch.lag_seconds() == 0.0
    time.passes(1)
    assert watch.lag_seconds() == IDLE_SIGNS + 1


def test_after_a_batch_it_counts_from_its_last_commit(watch, time):
    applies(watch, batch(time.wall - 4, time.wall - 4))
    assert (watch.lag_seconds(), watch.position, watch.rows, watch.state) == (4.0, "5", 3, State.STREAMING)
    watch.step(WAITING)
    assert (watch.lag_seconds(), watch.position, watch.seen) == (0.0, "5", "9")


def test_while_a_batch_is_applied_it_is_the_batchs_oldest(watch, time):
    watch.step(WAITING)
    watch.opens(batch(time.wall - 30, time.wall - 20))
    time.passes(1)
    assert (watch.lag_seconds(), watch.received) == (31.0, time.wall - 21)
    watch.closes()
    assert watch.lag_seconds() == 0.0


def test_a_batch_that_only_moves_the_position_is_no_lag(watch, time):
    applies(watch, batch(time.wall - 100, time.wall - 100))
    watch.step(WAITING)
    applied = watch.applied
    watch.opens(batch(upto="9"))
    assert watch.lag_seconds() == 0.0
    applies(watch, batch(upto="10"), rows=0)
    assert (watch.applied, watch.position, watch.rows) == (applied, "10", 3)


def test_a_clock_that_went_back_gives_no_negative_lag(watch, time):
    applies(watch, batch(time.wall, time.wall))
    time.wall -= 10_800
    assert watch.lag_seconds() == 0.0


def test_a_source_that_does_not_answer_makes_silence_mean_nothing(watch, time):
    watch.ahead.asks()
    for _ in range(3):
        time.passes(5)
        watch.ahead.asks()
        watch.step(WAITING)
    assert time.monotonic - 500 > SILENCE
    time.passes(1)
    assert watch.lag_seconds() > 0
    watch.ahead.answers(0)
    assert watch.lag_seconds() == 0.0


def test_a_source_that_will_not_say_is_not_silent(watch, time):
    watch.ahead.asks()
    watch.ahead.answers(None)
    time.passes(SILENCE + 1)
    watch.step(WAITING)
    assert (watch.lag_seconds(), watch.ahead.bytes) == (0.0, None)


def test_in_a_pause_it_grows_unless_the_log_ends_where_we_are(watch, time):
    watch.step(WAITING)
    watch.pauses(Unreachable("crm: gone"))
    time.passes(20)
    assert watch.lag_seconds() == 20.0
    watch.ahead.answers(0)
    assert watch.lag_seconds() == 0.0
    time.passes(SAMPLE_AGE + 1)
    assert watch.lag_seconds() == 20 + SAMPLE_AGE + 1
    watch.ahead.answers(17)
    assert watch.lag_seconds() == 20 + SAMPLE_AGE + 1


def test_a_load_is_behind_whatever_the_log_says(watch, time):
    watch.ahead.answers(0)
    watch.step(Loading("customers", CUSTOMER, 5, 10, done=False))
    time.passes(3)
    assert (watch.state, watch.lag_seconds()) == (State.SNAPSHOT, 3.0)
    assert watch.loads["customers"].rows == 5


def test_a_load_that_begins_again_forgets_how_far_the_last_one_came(watch):
    watch.step(Loading("accounts", CUSTOMER, 5, 5, done=True))
    watch.step(Loading("customers", CUSTOMER, 5, 10, done=False))
    assert set(watch.loads) == {"accounts", "customers"}
    watch.pauses(Unreachable("x"))
    assert set(watch.loads) == {"accounts", "customers"}
    watch.step(Loading("accounts", CUSTOMER, 0, 5, done=False))
    assert set(watch.loads) == {"accounts"}


def test_errors_stay_until_something_works_again(watch):
    watch.pauses(Unreachable("crm: gone"))
    assert (watch.state, summary(watch)["last_error"]) == (State.BACKOFF, "crm: gone")
    watch.starts(None)
    assert summary(watch)["last_error"] == "crm: gone"
    watch.step(WAITING)
    assert summary(watch)["last_error"] is None


def test_an_end_is_stopped_or_failed(watch):
    watch.ends(None)
    assert watch.state is State.STOPPED
    watch.ends(Gap("gone"))
    assert (watch.state, summary(watch)["last_error"]) == (State.FAILED, "gone")


@pytest.mark.parametrize("state", QUIET, ids=lambda state: state.value)
def test_a_thread_that_stands_still_for_long_is_not_alive(watch, time, state):
    watch.to(state)
    time.passes(QUIET[state])
    assert watch.alive()
    time.passes(1)
    assert not watch.alive()


def test_a_batch_that_begins_is_a_sign_of_life(watch, time):
    watch.step(WAITING)
    time.passes(QUIET[State.STREAMING])
    watch.opens(batch())
    time.passes(1)
    assert watch.alive()


@pytest.mark.parametrize("error", [None, Gap("x")])
def test_a_thread_that_ended_in_a_known_way_needs_no_sign(watch, time, error):
    watch.ends(error)
    time.passes(1e6)
    assert watch.alive()


def test_the_summary_has_the_words_of_the_contract(watch, time):
    applies(watch, batch(time.wall - 0.4, time.wall - 0.4))
    watch.ahead.answers(128)
    assert summary(watch) == {
        "state": "streaming",
        "position": "5",
        "lag_seconds": 0.4,
        "lag_bytes": 128,
        "parked": 0,
        "rows_applied": 3,
        "last_error": None,
        "paused_for": None,
        "resync": None,
        "stalled": False,
        "log_budget_used": None,
        "log_lost_in_seconds": None,
    }


@pytest.fixture
def guarded(time):
    """A pipeline that may stand still for a minute."""
    return Watch("erp_to_crm", Clock(lambda: time.wall, lambda: time.monotonic), stall=60.0)


def test_a_position_that_stands_though_there_is_more_is_lag_and_then_a_stall(guarded, time):
    """torture: L05."""
    guarded.step(WAITING)
    guarded.ahead.answers(4096)
    for _ in range(16):
        time.passes(1)
        guarded.step(WAITING)
        guarded.ahead.answers(4096)
    assert (guarded.lag_seconds(), stalled(guarded)) == (16.0, False)
    time.passes(45)
    guarded.step(WAITING)
    assert (guarded.lag_seconds(), stalled(guarded)) == (61.0, True)
    guarded.step(Waiting("10", {}))
    assert (guarded.lag_seconds(), stalled(guarded)) == (0.0, False)


def test_a_quiet_night_is_no_stall(guarded, time):
    guarded.ahead.answers(0)
    for _ in range(200):
        guarded.step(WAITING)
        time.passes(1)
    assert (stalled(guarded), guarded.lag_seconds()) == (False, 0.0)


def test_a_batch_that_does_not_end_is_a_stall(guarded, time):
    guarded.step(WAITING)
    guarded.opens(batch(time.wall, time.wall))
    time.passes(61)
    assert (stalled(guarded), guarded.lag_seconds()) == (True, 61.0)
    guarded.closes()
    applies(guarded, batch(time.wall, time.wall))
    assert not stalled(guarded)


@pytest.mark.parametrize(
    ("state", "expected"), [(State.BACKOFF, True), (State.PAUSED, False), (State.FAILED, False), (State.STOPPED, False)]
)
def test_waiting_for_a_server_is_a_stall_and_a_pause_is_none(guarded, time, state, expected):
    guarded.step(WAITING)
    guarded.to(state)
    time.passes(61)
    assert stalled(guarded) is expected


def test_what_never_began_and_what_may_stand_still_do_not_stall(guarded, watch, time):
    watch.step(WAITING)
    watch.to(State.BACKOFF)
    time.passes(10**6)
    assert not stalled(guarded)
    assert not stalled(watch)


# torture: L02
@pytest.mark.parametrize(("skew", "lag"), [(600, 0.0), (-600, 600.0)])
def test_a_source_whose_clock_differs_by_minutes_shows_as_skew_and_never_as_less_than_no_lag(watch, time, skew, lag):
    """Nothing but what is shown depends on a clock: the order is the log's."""
    watch.opens(batch(time.wall + skew, time.wall + skew))
    assert watch.lag_seconds() == lag
    applies(watch, batch(time.wall + skew, time.wall + skew))
    watch.step(WAITING)
    watch.ahead.answers(0)
    assert watch.lag_seconds() == 0.0


def test_a_clock_that_is_set_back_makes_no_negative_lag(guarded, time):
    """torture: L01, O14."""
    guarded.step(WAITING)
    guarded.to(State.BACKOFF)
    time.wall -= 3 * 3600
    assert (guarded.lag_seconds(), stalled(guarded)) == (0.0, False)
    time.monotonic += 61
    assert stalled(guarded)
    time.wall += 366 * 86400
    guarded.step(WAITING)
    assert guarded.lag_seconds() == 0.0


def test_heartbeats_show_once_all_before_them_is_dealt_with(watch):
    watch.opens(Batch("4", "5", (), beat=7.0))
    assert watch.measured.applied is None
    watch.applies(Batch("4", "5", (), beat=7.0), Applied({}, {}))
    assert watch.measured.applied == 7.0
    watch.step(Waiting("9", {}, 8.0))
    watch.step(WAITING)
    assert watch.measured.applied == 8.0
