"""Fixtures that every test may ask for: private servers, one of each engine a test process, and fresh databases on them."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from cdc.model.endpoint import Endpoint
from demo.servers import PASSWORD, MariaDB, PostgreSQL
from tests.matrix import reason

_AGAIN = [HealthCheck.differing_executors]  # `make mutants` runs the tests of a class again in one process
settings.register_profile("ci", deadline=None, max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "100")), suppress_health_check=_AGAIN)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A short temporary folder (unix sockets allow 107 bytes) that any user may enter."""
    path = Path(tempfile.mkdtemp(prefix="cdc-test-"))
    path.chmod(0o755)
    yield path
    # The files of some hundred databases: nobody need wait until they are gone.
    subprocess.run(["sh", "-c", 'nice rm -rf "$0" </dev/null >/dev/null 2>&1 &', path], check=True)


@pytest.fixture(scope="session")
def postgresql(folder: Path) -> Iterator[PostgreSQL]:
    """A running PostgreSQL server, shared by the process's tests; make a database of your own on it."""
    server = PostgreSQL(folder / "pg", {"fsync": "off", "autovacuum": "off"})
    try:
        yield server.start()
    finally:
        server.stop(signal.SIGQUIT)


@pytest.fixture(scope="session")
def mariadb(folder: Path) -> Iterator[MariaDB]:
    """A running MariaDB server, shared by the process's tests; make a database of your own on it."""
    server = MariaDB(folder / "my", {"sync-binlog": "0", "innodb-flush-log-at-trx-commit": "2"})
    try:
        yield server.start()
    finally:
        server.stop(signal.SIGKILL)


@pytest.fixture
def database() -> Callable[[PostgreSQL | MariaDB], str]:
    """A fresh database on a server: returns its name."""

    def make(server: PostgreSQL | MariaDB) -> str:
        name = f"t{uuid4().hex[:10]}"
        server.create(name)
        return name

    return make


@pytest.fixture
def endpoint() -> Callable[[PostgreSQL | MariaDB, str, str], Endpoint]:
    """An endpoint for a database on a private server: (server, database, name in the service file)."""

    def make(server: PostgreSQL | MariaDB, database: str, name: str) -> Endpoint:
        return Endpoint(name, server.engine, "127.0.0.1", server.port, "cdc", PASSWORD, database, {})

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what the server of `make test-matrix` lacks."""
    if server := os.environ.get("CDC_SERVER"):
        for item in items:
            if why := reason(server, item.nodeid):
                item.add_marker(pytest.mark.skip(reason=why))
