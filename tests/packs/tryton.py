"""Tryton for tests: a database with a small company in it, made once and kept between runs, and the process that does its work."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from demo.servers import PASSWORD, PostgreSQL

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv/tryton/bin/python"
"""Of its own: Tryton's licence and what it does to its process (time zone, drivers' settings) are none of the daemon's."""
OFFICE = Path(__file__).with_name("tryton_office.py")
WORLD = "tryton_world"


class TrytonError(Exception):
    """What Tryton said instead of an answer."""


def _environment(server: PostgreSQL) -> dict[str, str]:
    return {**os.environ, "TRYTOND_DATABASE_URI": f"postgresql://cdc:{PASSWORD}@127.0.0.1:{server.port}"}


def _run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-3000:]


def world(server: PostgreSQL, kept: Path) -> str:
    """A database to copy. The first one of all takes a minute and is dumped; later ones are restored from that."""
    if not PYTHON.exists():
        pytest.skip("Tryton is not installed beside the project; `make test-packs` does that")
    version = hashlib.sha256(OFFICE.read_bytes() + (ROOT / ".ci/packs.lock").read_bytes()).hexdigest()[:16]
    dump = kept / f"{version}-{datetime.now(UTC).year}.dump"  # the company has a fiscal year
    with (kept / "lock").open("w") as lock:  # test processes that run side by side make one
        fcntl.flock(lock, fcntl.LOCK_EX)
        server.create(WORLD)
        url = f"{server.url(WORLD)}?password={PASSWORD}"
        if dump.exists():
            _run(server.program("pg_restore"), "--exit-on-error", "--dbname", url, dump)
        else:
            _run(PYTHON, OFFICE, WORLD, "build", env=_environment(server))
            whole = dump.with_suffix(".new")
            _run(server.program("pg_dump"), "--format=custom", "--compress=1", "--file", whole, "--dbname", url)
            whole.rename(dump)
    return WORLD


class Tryton:
    """Tryton on a database: every call is one transaction, made by its own code."""

    def __init__(self, server: PostgreSQL, database: str) -> None:
        self._process = subprocess.Popen(
            [str(PYTHON), str(OFFICE), database, "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(server),
        )

    def call(self, model: str, method: str, ids: list[int] | None, *arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump((model, method, ids, arguments), self._process.stdin)
        self._process.stdin.flush()
        done, answer = pickle.load(self._process.stdout)
        if not done:
            raise TrytonError(answer)
        return answer

    def new(self, model: str, **values: Any) -> int:
        (made,) = self.call(model, "create", None, [values])
        return int(made)

    def write(self, model: str, record: int, **values: Any) -> None:
        self.call(model, "write", [record], values)

    def delete(self, model: str, *records: int) -> None:
        self.call(model, "delete", list(records))

    def find(self, model: str, *domain: tuple[str, str, Any]) -> int:
        (found,) = self.call(model, "search", None, list(domain), 0, 1)
        return int(found)

    def close(self) -> None:
        self._process.communicate(timeout=30)
