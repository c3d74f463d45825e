"""Transactions that the log has told of, until other sessions see them.

A walsender sends a commit as soon as it is in the log. Other sessions see it a little later; where a synchronous standby is waited for,
much later. What is read for a change before that would be what was there before it, and nobody would ask again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import psycopg

from cdc.model.errors import Transient

_SNAPSHOT = """
select pg_snapshot_xmax(s)::text::bigint & 4294967295, array(select x::text::bigint & 4294967295 from pg_snapshot_xip(s) x)
from pg_current_snapshot() s"""
"""The log's transaction numbers have 32 bits."""

_MOST = 50_000
"""Each one that is not seen yet has a session of its own, which goes on when it is: so many there never are."""
_PAUSE = 0.002
_PATIENCE = 30.0


class Unseen:
    """Numbers of transactions, by the thread that reads the log; waited for by the loop's."""

    def __init__(self) -> None:
        self._numbers: deque[int] = deque(maxlen=_MOST)
        self._lock = threading.Lock()

    def add(self, number: int) -> None:
        with self._lock:
            self._numbers.append(number)

    def wait(self, connection: psycopg.Connection, clock: Callable[[], float] = time.monotonic) -> None:
        """Return when the connection's next statement sees all that were added before. Raises `Transient` when that takes too long."""
        with self._lock:
            awaited = frozenset(self._numbers)
        until = clock() + _PATIENCE
        while awaited and not _visible(connection, awaited):
            if clock() > until:
                raise Transient("the log tells of transactions that no session sees yet", "See whether the synchronous standby answers.")
            time.sleep(_PAUSE)
        with self._lock:
            while self._numbers and self._numbers[0] in awaited:
                self._numbers.popleft()


def _visible(connection: psycopg.Connection, numbers: frozenset[int]) -> bool:
    row = connection.execute(_SNAPSHOT).fetchone()
    assert row is not None
    end, running = row
    return numbers.isdisjoint(running) and all((number - end) % 2**32 >= 2**31 for number in numbers)
