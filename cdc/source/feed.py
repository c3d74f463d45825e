"""The reader thread and its bounded queue: receiving and decoding go on while a batch is applied, and memory stays bounded."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from cdc.failpoint import reach
from cdc.model.change import Idle, Part, Position, Transaction

CAPACITY = 10_000
"""Row changes that the queue holds before the reader stops receiving."""
SIZE = 32 * 1024 * 1024
"""Bytes of log in the queue before the reader stops receiving."""
PART_ROWS, PART_SIZE = 5_000, 8 * 1024 * 1024
"""Row changes, and bytes of log, of a transaction that is not at its end yet, from which a reader hands them on as a `Part`."""
_OVERHEAD = 1
"""What a transaction weighs beside its rows."""
_TICK = 0.5
"""Seconds between signs of life, both ways."""


class Reader(Protocol):
    """A log's connection, used by the feed's thread alone; `close` may come from another thread once that one has ended."""

    def receive(self, timeout: float) -> tuple[Sequence[Transaction | Part], bool]:
        """Wait up to `timeout` seconds for data; return what it completed, and whether more is at hand at once.

        May return early with nothing and True, after a bounded amount of work inside a large transaction. What it returns and what it
        keeps of an open transaction is never much more than a part.
        """
        ...

    def upto(self) -> Position:
        """Return the position up to which everything has been returned, as `Idle` means it."""
        ...

    def seen(self) -> Position:
        """Return how far the log has been read, echoes included, as `Idle` means it."""
        ...

    def finished(self) -> bool:
        """Return whether all up to the asked end has been returned."""
        ...

    def keepalive(self) -> None:
        """Tell the server that we live; called about twice a second, also while the queue is full."""
        ...


class Feed:
    """Run a reader in a thread of its own and hand on what it gives, in order."""

    def __init__(self, reader: Reader, name: str, capacity: int = CAPACITY) -> None:
        self._reader = reader
        self._capacity = capacity
        self._items: deque[Transaction | Part | Idle | BaseException | None] = deque()
        self._weight = self._size = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"reader {name}", daemon=True)

    def items(self) -> Iterator[Transaction | Part | Idle]:
        """Yield what the reader gives; an `Idle` only when no more of the log stands behind it. Raises what the reader raised."""
        self._thread.start()
        while (item := self._take()) is not None:
            if isinstance(item, BaseException):
                raise item
            if not isinstance(item, Idle) or not self._more():
                yield item

    def rows(self) -> int:
        """Return how many row changes wait in the queue."""
        return self._weight

    def close(self) -> None:
        """Stop the thread and wait for it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _more(self) -> bool:
        """Return whether more of the log stands in the queue; its end or an error is not more."""
        return bool(self._items) and isinstance(self._items[0], Transaction | Part | Idle)

    def _take(self) -> Transaction | Part | Idle | BaseException | None:
        with self._changed:
            while not self._items:
                self._changed.wait()
            item = self._items.popleft()
            if isinstance(item, Transaction | Part):
                self._weight -= len(item.changes) + _OVERHEAD
                self._size -= item.size
                self._changed.notify_all()
            return item

    def _run(self) -> None:
        """An `Idle` is said when something waits for it, and as a sign of life, but not for each piece of a transaction: that would wake the other thread."""
        waits, said = False, 0.0
        try:
            while not self._closed and not self._reader.finished():
                found, more = self._reader.receive(_TICK)
                if found:
                    reach("source.decoded")
                    waits = True
                idle = not more and (waits or time.monotonic() - said >= _TICK)
                self._put(found, self._idle() if idle else None)
                if idle:
                    waits, said = False, time.monotonic()
                self._reader.keepalive()
            self._put((), self._idle())
            self._end(None)
        except BaseException as error:  # noqa: BLE001, the loop's thread raises it
            self._end(error)

    def _idle(self) -> Idle:
        return Idle(self._reader.upto(), self._reader.seen())

    def _put(self, found: Sequence[Transaction | Part], idle: Idle | None) -> None:
        for item in found:
            self._make_room()
            with self._changed:
                self._items.append(item)
                self._weight += len(item.changes) + _OVERHEAD
                self._size += item.size
                self._changed.notify_all()
        if idle is not None:
            with self._changed:
                if self._items and isinstance(self._items[-1], Idle):
                    self._items.pop()
                self._items.append(idle)
                self._changed.notify_all()

    def _make_room(self) -> None:
        while not self._closed and (self._weight >= self._capacity or self._size >= SIZE):
            with self._changed:
                self._changed.wait(_TICK)
            self._reader.keepalive()

    def _end(self, last: BaseException | None) -> None:
        with self._changed:
            self._items.append(last)
            self._changed.notify_all()
