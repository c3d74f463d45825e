"""A primary and what stands by behind one address, for tests of what follows when that one is promoted."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.servers import PASSWORD, MariaDB, PostgreSQL
from tests.proxy import Proxy

SERVER = Path(os.environ.get("CDC_POSTGRESQL", "/"))
_STANDBY = "standby"


def recent() -> Path:
    """Return the folder of a server whose standbys copy slots; skips the test where the tests run on an older one."""
    if not any(float(path.parts[-2]) >= 17 for path in SERVER.glob("usr/lib/postgresql/*/bin")):
        pytest.skip("standbys copy slots from PostgreSQL 17 on: make test-matrix SERVERS=postgresql-17")
    return SERVER


class Pair:
    """`vip` is the address that applications know: it leads to the primary, and after `promote` to the standby."""

    def __init__(self, folder: Path, settings: dict[str, str], *, copies: bool) -> None:
        """`copies`: the standby copies slots, as it can from version 17 on."""
        self._copies = copies
        root, given = recent() if copies else SERVER, {"autovacuum": "off", "wal_receiver_status_interval": "1s", **settings}
        self.primary = PostgreSQL(folder / "primary", given, root=root)
        self.standby = PostgreSQL(folder / "standby", given, root=root)
        self.primary.start()
        self.proxy = Proxy(self.primary.port)
        self.vip = replace(self.primary, port=self.proxy.port)

    def attach(self, *, synchronous: bool = True) -> None:
        """Copy the primary, which stops meanwhile, and let the copy follow it; `synchronous`: no commit returns before the standby has it."""
        with self.primary.connect() as session:
            session.execute(f"select pg_create_physical_replication_slot('{_STANDBY}', true)")
            if self._copies and synchronous:
                session.execute(f"alter system set synchronized_standby_slots = '{_STANDBY}'")
        self.primary.stop()
        self.standby.folder.mkdir()
        self.standby.folder.chmod(0o755)
        shutil.copytree(self.primary.folder / "data", self.standby.folder / "data")
        (self.standby.folder / "data/standby.signal").touch()
        shutil.rmtree(self.standby.folder / "data/pg_replslot", ignore_errors=True)
        (self.standby.folder / "data/pg_replslot").mkdir()
        self._own(self.standby.folder)
        self.primary.start()
        self.standby.settings = {
            **self.standby.settings, "hot_standby_feedback": "on", "primary_slot_name": _STANDBY,
            **({"sync_replication_slots": "on"} if self._copies else {}),
            "primary_conninfo": f"host=127.0.0.1 port={self.primary.port} user=cdc password={PASSWORD} dbname=postgres",
        }  # fmt: skip
        self.standby.start()
        with self.primary.connect() as session:
            until(lambda: session.execute("select 1 from pg_stat_replication where application_name = 'walreceiver'").fetchone())
            if synchronous:
                session.execute("alter system set synchronous_standby_names = 'walreceiver'")
                session.execute("select pg_reload_conf()")

    def _own(self, folder: Path) -> None:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, (self.primary.folder / "data").owner(), (self.primary.folder / "data").group())

    def copied(self, slot: str, read: Callable[[], object] = lambda: None) -> None:
        """Wait until the standby has the slot for good: it must have been read beyond where the standby's log began to be kept."""
        with self.primary.connect() as primary, self.standby.connect() as standby:
            found = f"select 1 from pg_replication_slots where slot_name = '{slot}' and synced and not temporary"

            def there() -> object:
                primary.execute("select pg_log_standby_snapshot()")
                read()
                return standby.execute(found).fetchone()

            until(there)

    def promote(self, how: signal.Signals = signal.SIGKILL) -> None:
        """The primary dies; the standby takes its place and its address."""
        self.primary.stop(how)
        with self.standby.connect() as session:
            session.execute("select pg_promote()")
            session.execute("alter system reset all")
            session.execute("select pg_reload_conf()")
        self.proxy.server = self.standby.port
        self.proxy.reset()


_PLAIN = "master_ssl = 0, master_ssl_verify_server_cert = 0"
"""Newer MariaDB asks for TLS where nobody says so."""


class Replicated:
    """A server of MariaDB or MySQL and its replica, behind one address."""

    def __init__(self, folder: Path) -> None:
        self.primary, self.replica = MariaDB(folder / "primary"), MariaDB(folder / "replica")
        self.primary.start()
        self.replica.start()
        self.proxy = Proxy(self.primary.port)
        self.vip = replace(self.primary, port=self.proxy.port)

    def ask(self, server: MariaDB, *statements: str) -> list[tuple[Any, ...]]:
        with closing(server.connect()) as session, session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def attach(self) -> None:
        """Let the replica follow from its next statement on: both are empty."""
        word = "source" if self.replica.is_mysql else "master"
        where = f"X_host = '127.0.0.1', X_port = {self.primary.port}, X_user = 'cdc', X_password = '{PASSWORD}'".replace("X", word)
        if self.replica.is_mysql:
            how = f"change replication source to {where}, source_auto_position = 1, source_ssl = 0, get_source_public_key = 1"
            self.ask(self.replica, self.replica.reset, how, "start replica")
        else:
            self.ask(self.replica, self.replica.reset, f"change master to {where}, master_use_gtid = slave_pos, {_PLAIN}", "start slave")

    def detach(self) -> None:
        """Let it stay behind from now on."""
        self.ask(self.replica, "stop replica" if self.replica.is_mysql else "stop slave")

    def promote(self) -> None:
        """The primary dies; the replica takes its place and its address.

        Commits are held up until the replica has them all: any reader of the log, ours too, may be told of one before the replica is.
        """
        with closing(self.primary.connect()) as holding:
            with holding.cursor() as cursor:
                cursor.execute("flush tables with read lock")
            until(self._has_all)
            self.primary.stop(signal.SIGKILL)
        if not self.replica.is_mysql:
            self.ask(self.replica, "stop slave", "reset slave all")
        self.proxy.server = self.replica.port
        self.proxy.reset()

    def _has_all(self) -> bool:
        what = "select @@gtid_executed" if self.replica.is_mysql else "select @@gtid_binlog_pos"
        return self.ask(self.primary, what) == self.ask(self.replica, what)


@contextmanager
def replicated(folder: Path) -> Iterator[Replicated]:
    made = Replicated(folder)
    try:
        yield made
    finally:
        made.proxy.close()
        for server in (made.primary, made.replica):
            server.stop(signal.SIGKILL)


@contextmanager
def pair(folder: Path, *, copies: bool, **settings: str) -> Iterator[Pair]:
    made = Pair(folder, settings, copies=copies)
    try:
        yield made
    finally:
        made.proxy.close()
        for server in (made.primary, made.standby):
            server.stop(signal.SIGQUIT)


def until(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
