import threading

import pytest

from cdc.model.change import Idle, Part, Transaction
from cdc.model.errors import Unreachable
from cdc.source import feed as feed_module
from cdc.source.feed import SIZE, Feed


def transaction(number, rows=1):
    return Transaction(("row",) * rows, str(number), 0.0)


class Script:
    """A reader that gives what it is told, then fails or finishes; `gate` holds it back."""

    def __init__(self, *given, error=None, gate=None):
        self.given, self.error, self.gate = list(given), error, gate
        self.kept_alive, self.position = 0, "0"

    def receive(self, _timeout):
        if self.gate is not None:
            assert self.gate.wait(10)
        if not self.given:
            raise self.error
        transactions, more = self.given.pop(0)
        self.position = transactions[-1].upto if transactions else self.position
        return transactions, more

    def upto(self):
        return self.position

    def seen(self):
        return f"{self.position} and echoes"

    def finished(self):
        return not self.given and self.error is None

    def keepalive(self):
        self.kept_alive += 1


def positions(items):
    return [("idle" if isinstance(item, Idle) else "tx", item.upto) for item in items]


def drained(feed):
    """Let the reader finish before the first item is taken."""
    items = feed.items()
    feed._thread.start()
    feed._thread.join()
    feed._thread = threading.Thread(target=lambda: None)
    return list(items)


def test_the_end_comes_with_an_idle():
    assert list(Feed(Script(([transaction(1)], False)), "t").items())[-1] == Idle("1", "1 and echoes")


def test_an_idle_with_more_behind_it_is_not_idle():
    script = Script(([transaction(1)], False), ([transaction(2)], False), ([], False))
    assert positions(drained(Feed(script, "t"))) == [("tx", "1"), ("tx", "2"), ("idle", "2")]


def test_no_idle_while_more_is_at_hand():
    script = Script(([transaction(1)], True), ([transaction(2)], True))
    assert positions(drained(Feed(script, "t"))) == [("tx", "1"), ("tx", "2"), ("idle", "2")]


def idles(monkeypatch, tick, *given):
    """Return how often an `Idle` is said, one at the end among them, with so many seconds between signs of life."""
    said = []
    monkeypatch.setattr(feed_module, "_TICK", tick)
    feed = Feed(Script(*given), "t")
    monkeypatch.setattr(feed, "_idle", lambda: said.append(Idle("1", "1")) or said[-1])
    drained(feed)
    return len(said)


def test_pieces_of_a_transaction_wake_nobody(monkeypatch):
    assert idles(monkeypatch, 1e9, ([transaction(1)], False), *[([], False)] * 50, ([transaction(2)], False)) == 3


def test_what_came_while_more_was_at_hand_does_not_wait(monkeypatch):
    assert idles(monkeypatch, 1e9, ([transaction(1)], True), ([], False), ([], False)) == 2


def test_signs_of_life_are_given_while_nothing_is_complete(monkeypatch):
    assert idles(monkeypatch, 0, *[([], False)] * 50) == 51


def test_what_was_read_comes_before_the_error():
    seen = []
    feed = Feed(Script(([transaction(1)], False), error=Unreachable("gone")), "t")
    with pytest.raises(Unreachable, match="gone"):
        seen.extend(iter_into(feed.items(), seen))
    assert positions(seen) == [("tx", "1"), ("idle", "1")]


def iter_into(items, seen):
    for item in items:
        seen.append(item)
    return ()


def test_a_full_queue_stops_the_reader_and_keeps_the_connection_alive():
    script = Script(*(([transaction(n, rows=5)], True) for n in range(1, 11)))
    feed = Feed(script, "t", capacity=10)
    items = feed.items()
    assert positions([next(items)]) == [("tx", "1")]
    before = script.kept_alive
    deadline = threading.Event()
    while script.kept_alive < before + 2:
        assert not deadline.wait(0.05)
    assert feed.rows() <= 10 + 6
    assert len(script.given) >= 6
    assert [upto for _, upto in positions(items)] == [*map(str, range(2, 11)), "10"]
    assert feed.rows() == 0


def test_close_ends_a_reader_that_waits_for_room():
    feed = Feed(Script(*(([transaction(n, rows=50)], True) for n in range(1, 11))), "t", capacity=10)
    next(feed.items())
    feed.close()
    assert not feed._thread.is_alive()


def test_a_few_large_rows_fill_the_queue():  # torture: J01
    script = Script(*(([Part(("row",), str(n), 0.0, (), SIZE // 2)], True) for n in range(1, 6)), ([transaction(6)], True))
    script.receive = lambda _timeout: script.given.pop(0)
    feed = Feed(script, "t")
    items = feed.items()
    assert next(items).at == "1"
    before = script.kept_alive
    while script.kept_alive < before + 2:
        threading.Event().wait(0.05)
    assert len(script.given) >= 2
    assert [type(item) for item in items] == [Part] * 4 + [Transaction, Idle]
