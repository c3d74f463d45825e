from dataclasses import replace
from types import SimpleNamespace

import pytest

from cdc.app.daemon.breaker import DeleteBreaker
from cdc.app.daemon.observed import ObservedTarget
from cdc.app.monitor.watch import Clock, Watch
from cdc.model.errors import Exit, TooManyDeletes
from cdc.model.write import Applied, Batch, Phase


class Gone:
    image = None


class There:
    image = ("1",)


def batch(deletes, phase=Phase.STREAMING):
    return Batch("1", "2", [There()] * 5 + [Gone()] * deletes, phase)


@pytest.fixture
def breaker(time):
    made = DeleteBreaker(lambda: time.monotonic)
    made.limit = 10
    return made


def test_deletes_up_to_the_limit_pass_and_the_next_does_not(breaker):
    for deletes in (4, 6):
        breaker.applied(breaker.check(batch(deletes)))
    with pytest.raises(TooManyDeletes, match="1 deletes wait, after 10 within the last minute; the service file allows 10") as raised:
        breaker.check(batch(1))
    assert (raised.value.exit, "resume --allow-deletes" in raised.value.hint) == (Exit.RETRY_LATER, True)


def test_a_batch_that_was_held_back_does_not_count(breaker):
    breaker.applied(breaker.check(batch(6)))
    for _ in range(3):
        with pytest.raises(TooManyDeletes):
            breaker.check(batch(5))
    assert breaker.check(batch(4)) == 4


def test_after_a_minute_they_are_forgotten(breaker, time):
    breaker.applied(breaker.check(batch(10)))
    time.monotonic += 61
    assert breaker.check(batch(10)) == 10


def test_what_was_looked_at_counts_no_more(breaker):
    breaker.applied(breaker.check(batch(10)))
    breaker.forgives()
    assert breaker.check(batch(10)) == 10


def test_inserts_and_a_loads_deletes_are_free(breaker):
    assert breaker.check(batch(0)) == 0
    assert breaker.check(batch(11, Phase.LOADING)) == 0


def test_without_a_limit_all_pass(breaker):
    breaker.limit = None
    assert breaker.check(batch(10**4)) == 0


def test_the_parts_of_one_transaction_count_together(breaker):
    breaker.applied(breaker.check(batch(4)))
    assert breaker.check(batch(3)) == 3
    with pytest.raises(TooManyDeletes, match="7 deletes wait, after 4"):
        breaker.check(batch(4), 3)


def test_parts_that_were_broken_off_are_forgotten_and_the_whole_counts_once(time):
    watch, meters = (
        Watch("p", Clock(lambda: time.wall, lambda: time.monotonic)),
        SimpleNamespace(failed=SimpleNamespace(inc=lambda: None), applies=lambda *_: None),
    )
    breaker = DeleteBreaker(lambda: time.monotonic)
    breaker.limit = 10
    target = SimpleNamespace(apply=lambda _: Applied({}, {}))
    for _ in range(3):
        broken = ObservedTarget(target, watch, meters, breaker)
        broken.apply(replace(batch(6), ends=False))
    again = ObservedTarget(target, watch, meters, breaker)
    again.apply(replace(batch(6), ends=False))
    again.apply(replace(batch(4), begins=False))
    with pytest.raises(TooManyDeletes, match="1 deletes wait, after 10"):
        again.apply(batch(1))
