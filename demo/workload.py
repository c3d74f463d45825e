"""Users at work: threads that run one transaction after another on a live database, at a given pace, until told to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from random import Random
from threading import Event, Thread
from typing import Any, Protocol, TypeAlias

import psycopg
import pymysql

from demo.own import Edit, Own


class Cursor(Protocol):
    """What psycopg's and PyMySQL's cursors have in common."""

    def execute(self, query: Any, args: Any = None, /) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...


Action: TypeAlias = Callable[[Cursor, Random], Sequence[Edit]]
"""One transaction's statements; returns what it wrote where no mapping writes."""


class ChangedMindError(Exception):
    """The user gives up: the transaction is rolled back, and nothing of it may ever arrive anywhere."""


class NothingToDoError(Exception):
    """There is no row that the action could be done with just now."""


class Users(Thread):
    """Users of one database. `pace` is transactions a second and may be changed while they work."""

    def __init__(self, connection: Any, actions: Mapping[Action, int], own: Own, pace: float) -> None:
        super().__init__(daemon=True)
        self.connection = connection
        self.actions = actions
        self.own = own
        self.pace = pace
        self.done: Counter[str] = Counter()
        self.random = Random(1905)
        self._stop_asked = Event()
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            with self.connection.cursor() as cursor:
                while not self._stop_asked.wait(self.random.expovariate(self.pace)):
                    self._work(cursor)
        except Exception as error:  # noqa: BLE001 - raised again by `end`, in the thread that waits
            self._error = error

    def _work(self, cursor: Cursor) -> None:
        (action,) = self.random.choices(list(self.actions), list(self.actions.values()))
        try:
            edits = action(cursor, self.random)
            self.connection.commit()
        except ChangedMindError:
            self.connection.rollback()
        except NothingToDoError:
            self.connection.rollback()
            return
        except (psycopg.errors.DeadlockDetected, pymysql.err.OperationalError) as error:
            self.connection.rollback()
            if not _lost_a_race(error):
                raise
            return
        else:
            self.own.note(edits)
        self.done[action.__name__.replace("_", " ")] += 1

    def end(self) -> None:
        """Let the transaction at hand come to its end, and stop. Raises what went wrong, if anything did."""
        self._stop_asked.set()
        self.join(60)
        self.connection.close()
        if self._error:
            raise self._error


@contextmanager
def at_work(*groups: Users) -> Iterator[None]:
    """Have all of them work until the block ends."""
    with ExitStack() as ends:
        for users in groups:
            users.start()
            ends.callback(users.end)
        yield


def some(cursor: Cursor, random: Random, query: str, *args: Any) -> Any:
    """Return one of the rows that the query finds."""
    cursor.execute(query, args)
    rows = cursor.fetchall()
    if not rows:
        raise NothingToDoError
    return random.choice(rows)


def _lost_a_race(error: Exception) -> bool:
    """A deadlock or a lock timeout: users of a live database meet each other, and the daemon, and try again."""
    return isinstance(error, psycopg.Error) or error.args[0] in (1205, 1213)
