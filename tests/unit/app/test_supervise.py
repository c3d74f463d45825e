from contextlib import contextmanager

import pytest

from cdc.app.daemon.supervise import LONGEST, Pause, delay, supervise
from cdc.model.errors import Gap, Transient, Unreachable
from cdc.model.table import TableName
from cdc.pipeline.step import Loading, Waiting

WAITING = Waiting("1", {})
MOVED = Loading("customers", TableName("public", "customer"), 1, 1, done=True)


class World:
    """Runs in order; each is the steps that it yields, then perhaps an error. Knows what is open."""

    def __init__(self, *runs):
        self.runs, self.open, self.now = list(runs), 0, 0.0

    @contextmanager
    def start(self):
        self.open += 1
        try:
            yield self.steps(self.runs.pop(0))
        finally:
            self.open -= 1

    def steps(self, run):
        for step in run:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, float):
                self.now += step
            else:
                yield step

    def supervise(self, tries=None):
        return supervise(self.start, tries=tries, monotonic=lambda: self.now, jitter=lambda: 0.0)


def shape(steps):
    return [step.seconds if isinstance(step, Pause) else step for step in steps]


def test_a_run_that_ends_by_itself_ends_it():
    world = World([WAITING, MOVED])
    assert shape(world.supervise()) == [WAITING, MOVED]
    assert world.open == 0


def test_a_fault_that_goes_away_leads_to_a_new_run_after_a_pause_with_all_closed():
    world = World([MOVED, Unreachable("crm: gone")], [MOVED])
    steps = world.supervise()
    assert next(steps) is MOVED
    pause = next(steps)
    assert (pause.seconds, str(pause.error), world.open) == (0.2, "crm: gone", 0)
    assert list(steps) == [MOVED]


def test_pauses_double_while_nothing_moves():
    world = World(*[[Unreachable("x")]] * 3, [WAITING, Transient("y")], [])
    assert shape(world.supervise()) == [0.2, 0.4, 0.8, WAITING, 1.6]


def test_what_moved_begins_pauses_anew():
    world = World([Unreachable("x")], [Unreachable("x")], [MOVED, Unreachable("x")], [])
    assert shape(world.supervise()) == [0.2, 0.4, MOVED, 0.2]


def test_a_run_that_lasted_begins_pauses_anew():
    world = World([Unreachable("x")], [WAITING, LONGEST, Unreachable("x")], [])
    assert shape(world.supervise()) == [0.2, WAITING, 0.2]


def test_an_error_that_stays_is_raised_and_all_is_closed():
    world = World([MOVED, Gap("the log is gone")])
    with pytest.raises(Gap, match="the log is gone"):
        list(world.supervise())
    assert world.open == 0


def test_tries_are_counted_in_a_row():
    world = World([Unreachable("1")], [MOVED, Unreachable("2")], [Unreachable("3")], [Unreachable("4")])
    steps = world.supervise(tries=2)
    assert [str(s.error) for s in (next(steps), next(steps) and next(steps), next(steps))] == ["1", "2", "3"]
    with pytest.raises(Unreachable, match="4"):
        next(steps)


def test_an_unknown_exception_is_not_for_us():
    with pytest.raises(ZeroDivisionError):
        list(World([ZeroDivisionError()]).supervise())


def test_closing_closes_the_run_at_hand():
    world = World([WAITING, WAITING])
    steps = world.supervise()
    next(steps)
    assert world.open == 1
    steps.close()
    assert world.open == 0


def test_delays_are_bounded_and_jittered_downwards():
    assert delay(1, 1.0) == 0.1
    assert delay(10_000, 0.0) == LONGEST
    assert delay(10_000, 1.0) == LONGEST / 2
