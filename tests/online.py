"""Online schema changes as gh-ost and pt-online-schema-change make them, on MySQL and MariaDB, under an application that goes on writing."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pymysql

Connect = Callable[[], Any]
COLUMNS = "id, name, qty"
_CHUNK = 25
_DEADLOCK = 1213


class Application:
    """Inserts, updates and deletes rows without end. Each version of a row has a number of its own, in `qty`."""

    def __init__(self, connect: Connect, table: str, seed: int) -> None:
        self.versions = [0]
        self._connect, self._table, self._rng = connect, table, random.Random(seed)
        self._keys: list[int] = []
        self._stop = threading.Event()
        self._error: BaseException | None = None

    @contextmanager
    def writing(self) -> Iterator[Application]:
        thread = threading.Thread(target=self._write)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join(60)
        assert self._error is None, self._error
        assert not thread.is_alive()

    def writes(self, more: int) -> None:
        """Wait until it has written that many versions more."""
        until = self.versions[0] + more
        while self.versions[0] < until and not self._stop.wait(0.005):
            assert self._error is None, self._error

    def _write(self) -> None:
        try:
            with self._connect() as connection, connection.cursor() as cursor:
                while not self._stop.is_set():
                    before = list(self._keys)
                    statements = ["begin", *(self._statement() for _ in range(self._rng.randint(1, 4))), "commit"]
                    if not _ran(cursor, *statements):
                        self._keys = before
        except BaseException as error:  # noqa: BLE001, the test's own thread raises it
            self._error = error

    def _statement(self) -> str:
        self.versions[0] += 1
        version, choice = self.versions[0], self._rng.random()
        if choice < 0.4 or not self._keys:
            self._keys.append(version)
            return f"insert into {self._table} ({COLUMNS}) values ({version}, 'new', {version})"
        key = self._rng.choice(self._keys)
        if choice < 0.9:
            return f"update {self._table} set name = 'changed', qty = {version} where id = {key}"
        self._keys.remove(key)
        return f"delete from {self._table} where id = {key}"


def pt_osc(connect: Connect, table: str, application: Application) -> None:
    """Triggers write each change into the shadow table; what was there before is copied in chunks; the names change in one statement."""
    new, given = f"_{table}_new", ", ".join(f"new.{name}" for name in COLUMNS.split(", "))
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"create table {new} like {table}")
        cursor.execute(f"alter table {new} add column more int default 7 after id")
        # The deletes' trigger comes first, as the tool itself has it: else a row could come by another and never go again.
        cursor.execute(f"create trigger pt_{table}_delete after delete on {table} for each row delete ignore from {new} where id = old.id")
        for what in ("update", "insert"):
            cursor.execute(
                f"create trigger pt_{table}_{what} after {what} on {table} for each row replace into {new} ({COLUMNS}) values ({given})"
            )
        _copy(cursor, table, new, application)
        cursor.execute(f"rename table {table} to _{table}_old, {new} to {table}")
        application.writes(20)
        for what in ("insert", "update", "delete"):
            cursor.execute(f"drop trigger if exists pt_{table}_{what}")
        cursor.execute(f"drop table _{table}_old")


def gh_ost(connect: Connect, table: str, application: Application) -> None:
    """The shadow table follows by rows that are written into it; at the end one session holds writers up while the names change in another.

    A sentry under the old table's later name keeps the change of names back. It goes while the table is still locked: so the change of
    names waits for the table itself by then, and comes before all writers that wait, too.
    """
    ghost, old = f"_{table}_gho", f"_{table}_del"
    with connect() as connection, connection.cursor() as cursor, connect() as other, other.cursor() as applier:
        cursor.execute(f"create table {ghost} like {table}")
        cursor.execute(f"alter table {ghost} add column more int default 7 after id, drop column note")
        _copy(cursor, table, ghost, application)
        cursor.execute(f"create table {old} (id int primary key) comment = 'ghost-cut-over-sentry'")
        cursor.execute(f"lock tables {table} write, {old} write")
        cursor.execute(f"select {COLUMNS} from {table}")
        rows = cursor.fetchall()
        applier.execute(f"delete from {ghost}")
        applier.executemany(f"replace into {ghost} ({COLUMNS}) values (%s, %s, %s)", rows)
        swap = threading.Thread(target=_run, args=(connect, f"rename table {table} to {old}, {ghost} to {table}"))
        swap.start()
        _waits_for(applier, swap)
        cursor.execute(f"drop table {old}")
        for _ in range(10):
            _waits_for(applier, swap)
            time.sleep(0.01)
        cursor.execute("unlock tables")
        swap.join(60)
        assert not swap.is_alive()
        application.writes(20)
        cursor.execute(f"drop table {old}")


def _copy(cursor: Any, table: str, new: str, application: Application) -> None:
    application.writes(60)
    cursor.execute(f"select coalesce(max(id), 0) from {table}")
    (last,) = cursor.fetchone()
    for start in range(0, last + 1, _CHUNK):
        within = f"id between {start} and {start + _CHUNK - 1}"
        while not _ran(cursor, f"insert ignore into {new} ({COLUMNS}) select {COLUMNS} from {table} where {within} lock in share mode"):
            pass
        application.writes(5)


def _ran(cursor: Any, *statements: str) -> bool:
    """Run statements; return whether the server did not choose them as a deadlock's victim."""
    try:
        for statement in statements:
            cursor.execute(statement)
    except pymysql.err.OperationalError as error:
        if error.args[0] != _DEADLOCK:
            raise
        return False
    return True


def _waits_for(cursor: Any, swap: threading.Thread) -> None:
    """Wait until the change of names waits for a lock."""
    held = "select count(*) from information_schema.processlist where info like 'rename table %' and state like 'Waiting for table%'"
    while swap.is_alive():
        cursor.execute(held)
        if cursor.fetchone() == (1,):
            return
    raise AssertionError("the names changed before their time")


def _run(connect: Connect, statement: str) -> None:
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(statement)
