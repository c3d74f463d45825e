"""How long a batch waits until touched rows are quiet."""

import pytest

from cdc.model.change import Idle
from cdc.model.write import Batch
from cdc.pipeline.batch import Limits, batches
from cdc.pipeline.park import nowhere
from cdc.pipeline.translate import Translators
from tests.unit.pipeline.test_ask import child, query_plan, root
from tests.unit.pipeline.test_batch import transaction


def run(events, settle, rows=100):
    """Feed (time, item) events; return (time, upto, keys) of each batch."""
    now, found = [0.0], []

    def feed():
        for at, item in events:
            now[0] = at
            yield item

    query = query_plan(settle=settle)
    for step in batches(
        feed(), Translators(lambda _: (), nowhere()), "0", node="erp", limits=Limits(rows), clock=lambda: now[0], queries=[query]
    ):
        if isinstance(step, Batch):
            found.append((now[0], step.upto, [key for touched in step.touched for (key,) in touched.keys]))
        else:
            found.append((now[0], "idle", step.seen))
    return found


def touch(upto, key):
    return transaction(upto, child(str(upto), "", key))


def test_without_settle_nothing_waits():
    assert run([(1.0, touch(1, "a")), (1.0, Idle("1", "1"))], 0.0) == [(1.0, "1", ["a"]), (1.0, "idle", "1")]


def test_a_batch_waits_until_its_keys_are_quiet():
    events = [
        (1.0, touch(1, "a")),
        (1.0, Idle("1", "1")),
        (1.4, touch(2, "b")),
        (1.4, Idle("2", "2")),
        (1.8, Idle("3", "3")),
        (2.0, Idle("4", "4")),
    ]
    assert run(events, 0.5) == [(2.0, "4", ["a", "b"]), (2.0, "idle", "4")]


def test_it_does_not_wait_for_ever():
    events = [item for n in range(1, 60) for item in ((n * 0.4, touch(n, "a")), (n * 0.4, Idle(str(n), str(n))))]
    first, second, *_ = [at for at, upto, _ in run(events, 0.5) if upto != "idle"]
    assert 10.0 <= first - 0.4 <= 10.9
    assert 10.0 <= second - first <= 11.5


def test_a_log_that_never_pauses_does_not_make_it_wait_longer():
    events = [(n * 0.4, touch(n, "a")) for n in range(1, 40)]
    first, *_ = run(events, 0.5)
    assert 10.0 <= first[0] - 0.4 <= 10.9


def test_a_full_batch_goes_at_once():
    events = [(1.0, touch(1, "a")), (1.0, touch(2, "b")), (1.1, Idle("2", "2"))]
    assert run(events, 5.0, rows=2)[0] == (1.0, "2", ["a", "b"])


def test_the_end_of_the_log_is_no_reason_to_lose_what_waits():
    assert run([(1.0, touch(1, "a")), (1.0, Idle("2", "2"))], 5.0) == [(1.0, "2", ["a"])]


@pytest.mark.parametrize("origin", [(), ("shop",)])
def test_keys_of_another_origin_go_in_a_batch_of_their_own(origin):
    events = [(1.0, transaction(1, root("a"), origin=origin)), (1.0, transaction(2, root("b"))), (9.0, Idle("2", "2"))]
    batches_ = [each for each in run(events, 0.0) if each[1] != "idle"]
    assert [keys for *_, keys in batches_] == ([["a", "b"]] if not origin else [["a"], ["b"]])
