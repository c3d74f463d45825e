"""Servers that go down under a running daemon, in good order and killed: it waits, goes on by itself, and loses and doubles nothing."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pymysql
import pytest

from demo.servers import MariaDB, PostgreSQL, Server, running
from tests.world import World


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[dict[str, Server]]:
    """Servers of this module's own, which it may take down."""
    postgresql, mariadb = PostgreSQL(folder / "out-pg", {"fsync": "off"}), MariaDB(folder / "out-my", {"sync-binlog": "0"})
    with running(postgresql, mariadb):
        yield {"postgresql": postgresql, "mariadb": mariadb}


class Outage:
    """A world whose servers are taken down and brought back."""

    def __init__(self, folder: Path, source: Server, target: Server) -> None:
        self.source, self.target = source, target
        self.names = (f"s{uuid4().hex[:10]}", f"t{uuid4().hex[:10]}")
        source.create(self.names[0])
        target.create(self.names[1])
        self.world = World(folder, source, target, self.names, seed=7)
        found = re.search(r"listen: \"127\.0\.0\.1:(\d+)\"", self.world.config.read_text())
        assert found
        self.port = int(found[1])
        self.held: list[Any] = []

    def status(self) -> dict[str, Any]:
        """Return what the daemon says of its pipeline."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/status")
            pipelines = json.loads(connection.getresponse().read())["pipelines"]
        except (OSError, HTTPException):
            return {"state": "silent"}
        finally:
            connection.close()
        return dict(pipelines[self.names[1]])

    def until(self, true: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        """Wait until it is true of the status, and return that."""
        deadline = time.monotonic() + seconds
        while not true(said := self.status()):
            process = self.world.process
            assert process is not None
            assert process.poll() is None, self.world.log.read_text()[-3000:]
            assert time.monotonic() < deadline, f"{said}\n{self.world.log.read_text()[-3000:]}"
            time.sleep(0.05)
        return said

    def write(self, transactions: int) -> None:
        for _ in range(transactions):
            self.world.transaction()

    def holds_up(self) -> None:
        """Lock the target's rows, so that the daemon stands in the middle of a transaction until the server is gone."""
        locks = self.target.connect(self.names[1])
        while True:
            self.world.execute(locks, "begin")
            try:
                self.world.execute(locks, "select * from item for update")
                break
            except (pymysql.err.OperationalError, psycopg.errors.DeadlockDetected):  # with the daemon, and the server chose us
                self.world.execute(locks, "rollback")
        self.write(30)
        waits = {
            "postgresql": "select 1 from pg_locks where not granted",
            "mysql": "select 1 from information_schema.innodb_trx where trx_state = 'LOCK WAIT'",
        }
        deadline = time.monotonic() + 60
        while not self.world.execute(self.world.target, waits[self.target.engine]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.held.append(locks)

    def reconnect(self) -> None:
        """Open the writer's and the judge's connections anew."""
        for name, server, database in (("source", self.source, self.names[0]), ("target", self.target, self.names[1])):
            getattr(self.world, name).close()
            setattr(self.world, name, server.connect(database))


@pytest.fixture(params=[("postgresql", "mariadb"), ("mariadb", "postgresql")], ids="-to-".join)
def outage(request: pytest.FixtureRequest, servers: dict[str, Server], tmp_path: Path) -> Iterator[Outage]:
    source, target = request.param
    made = Outage(tmp_path / "world", servers[source], servers[target])
    yield made
    made.world.close()
    for locks in made.held:
        with suppress(psycopg.Error, pymysql.MySQLError):  # its server was killed
            locks.close()
    made.world.command("teardown", "--yes")


def test_a_daemon_goes_on_after_outages_of_either_server(outage: Outage) -> None:
    """torture: A18 A19 A20"""
    world = outage.world
    outage.write(20)
    world.start()
    outage.until(lambda said: said["state"] == "streaming")
    pid = world.process.pid if world.process else 0
    for role, how in (("target", None), ("source", None), ("target", signal.SIGKILL), ("source", signal.SIGKILL)):
        server = outage.target if role == "target" else outage.source
        outage.write(30)  # some of it is on its way when the server goes
        if role == "target" and how:
            outage.holds_up()  # a transaction of ours is half done
        server.stop(*[how] if how else [])
        said = outage.until(lambda said: said["state"] == "backoff")
        assert ("two: " if role == "target" else "one: ") in said["last_error"]
        if role == "target":
            outage.write(30)
        server.start()
        outage.reconnect()
        outage.write(5)
        world.settle()
        said = outage.until(lambda said: said["state"] == "streaming" and said["lag_seconds"] == 0)
        assert said["last_error"] is None
        world.check()
    assert world.process is not None
    assert world.process.pid == pid
    assert world.stop() == 0
