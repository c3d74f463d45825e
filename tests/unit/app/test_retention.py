import pytest

from cdc.app.monitor.retention import Budget, Outlook
from cdc.app.monitor.stall import spoken
from cdc.app.service.protection import Protection
from cdc.model.retention import Retention

MB = 10**6


@pytest.fixture
def sees(time):
    """Samples of (seconds later, bytes kept, bytes safe)."""

    def see(budget, *samples, status="reserved"):
        kept, outlook = Budget(Protection(budget=budget), lambda: time.monotonic), None
        for later, retained, safe in samples:
            time.monotonic += later
            outlook = kept.sees(Retention(1.0, retained, safe, True, status), 0.0)
        return outlook

    return see


def test_without_a_bound_nothing_is_foretold(sees):
    assert sees(None, (0, MB, None), (60, 5 * MB, None)) == Outlook()


def test_the_rate_of_the_last_minutes_says_when_it_is_used_up(sees):
    assert sees(None, (0, 10 * MB, 90 * MB), (60, 16 * MB, 84 * MB)) == Outlook(0.16, 840.0)


def test_the_smaller_bound_holds(sees):
    assert sees(20 * MB, (0, 10 * MB, 90 * MB), (60, 16 * MB, 84 * MB)) == Outlook(0.8, 40.0)


def test_what_does_not_grow_is_not_lost(sees):
    assert sees(20 * MB, (0, 10 * MB, None), (60, 10 * MB, None)) == Outlook(0.5, None)
    assert sees(20 * MB, (0, 10 * MB, None), (60, 4 * MB, None)) == Outlook(0.2, None)


def test_two_samples_close_together_are_no_rate(sees):
    assert sees(20 * MB, (0, 0, None), (5, 10 * MB, None)) == Outlook(0.5, None)


def test_samples_of_long_ago_count_no_more(sees):
    assert sees(100 * MB, (0, 0, None), (600, 60 * MB, None), (300, 60 * MB, None), (301, 60 * MB, None)) == Outlook(0.6, None)


def test_what_is_beyond_the_bound_or_lost_is_used_up(sees):
    assert sees(10 * MB, (0, 12 * MB, None)) == Outlook(1.0, 0.0)
    lost = sees(None, (0, None, None), status="lost")
    assert (lost, lost.used_up) == (Outlook(1.0, 0.0), True)


def test_where_a_log_is_kept_by_age_the_lag_is_what_is_used(time):
    kept = Budget(Protection(), lambda: time.monotonic)
    kept.sees(Retention(1.0, oldest=0.0, keeps=1000.0), 100.0)
    time.monotonic += 100
    assert kept.sees(Retention(1.0, oldest=0.0, keeps=1000.0), 200.0) == Outlook(0.2, 800.0)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (-5, "0 s"), (45, "45 s"), (60, "1 min"), (12_000, "3 h 20 min"), (90_061, "1 d 1 h")]
)
def test_times_are_said_as_people_say_them(seconds, said):
    assert spoken(seconds) == said
