"""A small world for tests of the real process: two databases, a writer with its own model, the daemon, and an independent check.

The check shares no code with the daemon: it compares the target's rows with the writer's model, and reads an audit table, filled by
triggers on the target, for effects: no version of a row twice, versions of a key only rising, the last one arrived.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from demo.servers import PASSWORD, PostgreSQL, Server, free_port
from tests import warm

_PG_AUDIT = (
    "create table effect (seq bigint generated always as identity primary key, op text, id int, ver bigint)",
    """create function audit() returns trigger language plpgsql as $$ begin
        if tg_op = 'DELETE' then insert into public.effect (op, id, ver) values ('d', old.id, old.ver); return old; end if;
        insert into public.effect (op, id, ver) values (lower(left(tg_op, 1)), new.id, new.ver); return new; end $$""",
    "create trigger audit after insert or update or delete on item for each row execute function audit()",
)
_MY_AUDIT = (
    "create table effect (seq bigint auto_increment primary key, op char(1), id int, ver bigint)",
    "create trigger audit_i after insert on item for each row insert into effect (op, id, ver) values ('i', new.id, new.ver)",
    "create trigger audit_u after update on item for each row insert into effect (op, id, ver) values ('u', new.id, new.ver)",
    "create trigger audit_d after delete on item for each row insert into effect (op, id, ver) values ('d', old.id, old.ver)",
)
_SOURCE = "create table item (id int primary key, name varchar(40), ver bigint not null, active {boolean} not null)"
_TARGET = "create table item (id int primary key, name varchar(40), ver bigint not null, remark varchar(40) default 'untouched')"
_MAPPING = """\
version: 1
mapping: item
source: item
target: item
key: [id]
where: active
columns:
  id: id
  name: upper(name)
  ver: ver
deletes: hard
"""


class World:
    """One pipeline `item` from a fresh database on `source` to one on `target`."""

    def __init__(self, folder: Path, source: Server, target: Server, names: tuple[str, str], seed: int) -> None:
        self.random = random.Random(seed)
        self.source, self.target = source.connect(names[0]), target.connect(names[1])
        self._prepare(isinstance(source, PostgreSQL), isinstance(target, PostgreSQL))
        self.rows: dict[int, tuple[str, int, bool]] = {}
        self.version = 0
        self.process: warm.Process | subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "log"
        self.config = folder / "cdc.yaml"
        (folder / "mappings").mkdir()
        (folder / "mappings" / "item.yaml").write_text(_MAPPING)
        self.config.write_text(
            "version: 1\ndatabases:\n"
            f'  one: {{url: "{source.url(names[0])}", password: "{PASSWORD}"}}\n'
            f'  two: {{url: "{target.url(names[1])}", password: "{PASSWORD}"}}\n'
            f"pipelines:\n  {names[1]}: {{source: one, target: two, mappings: mappings, heartbeat: off}}\n"
            f'metrics: {{listen: "127.0.0.1:{free_port()}"}}\n'
        )
        self.config.chmod(0o600)

    def _prepare(self, source_is_pg: bool, target_is_pg: bool) -> None:
        self.execute(self.source, _SOURCE.format(boolean="boolean" if source_is_pg else "tinyint(1)"))
        self.execute(self.target, _TARGET)
        for statement in _PG_AUDIT if target_is_pg else _MY_AUDIT:
            self.execute(self.target, statement)

    def execute(self, connection: Any, statement: str) -> list[tuple[Any, ...]]:
        cursor = connection.cursor()
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def transaction(self) -> None:
        """Commit (now and then roll back) a few random changes: inserts, updates, filter crossings, key changes, deletes."""
        rows = dict(self.rows)
        self.execute(self.source, "begin")
        for _ in range(self.random.choice((1, 1, 2, 5, 12))):
            self._change(rows)
        if self.random.random() < 0.1:
            self.execute(self.source, "rollback")
        else:
            self.execute(self.source, "commit")
            self.rows = rows

    def _change(self, rows: dict[int, tuple[str, int, bool]]) -> None:
        self.version += 1
        free = next(key for key in iter(lambda: self.random.randrange(1000), None) if key not in rows)
        active = self.random.random() < 0.85
        name = f"row {self.version} ä'\\\\"[:12] if self.random.random() < 0.1 else f"row {self.version}"
        quoted = name.replace("'", "''").replace("\\", "")
        name = name.replace("\\", "")
        kind = 0.0 if not rows else self.random.uniform(0.35 if len(rows) > 500 else 0.0, 1.0)
        if kind < 0.35:
            self.execute(self.source, f"insert into item values ({free}, '{quoted}', {self.version}, {str(active).lower()})")
            rows[free] = (name, self.version, active)
            return
        key = self.random.choice(sorted(rows))
        if kind < 0.75:
            self.execute(
                self.source, f"update item set name = '{quoted}', ver = {self.version}, active = {str(active).lower()} where id = {key}"
            )
            rows[key] = (name, self.version, active)
        elif kind < 0.85:
            self.execute(self.source, f"update item set id = {free}, ver = {self.version} where id = {key}")
            rows[free] = (rows[key][0], self.version, rows[key][2])
            del rows[key]
        else:
            self.execute(self.source, f"delete from item where id = {key}")
            del rows[key]

    def start(self, *words: str) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "cdc", "-c", str(self.config), *(words or ("run",))]
            self.process = warm.start(command, log, log, {**os.environ, "PYTHONUNBUFFERED": "1"})

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(60)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return warm.run([sys.executable, "-m", "cdc", "-c", str(self.config), *words])

    def expected(self) -> dict[int, tuple[str, int]]:
        return {key: (name.upper(), version) for key, (name, version, active) in self.rows.items() if active}

    def actual(self) -> dict[int, tuple[str, int]]:
        return {key: (name, version) for key, name, version in self.execute(self.target, "select id, name, ver from item")}

    def settle(self, seconds: float = 60) -> None:
        """Wait until the target holds what the model says."""
        deadline = time.monotonic() + seconds
        while self.actual() != self.expected():
            if time.monotonic() > deadline:
                raise AssertionError(f"not in step after {seconds} s: {self.differences()}\n{self.log.read_text()[-3000:]}")
            if self.process is not None and self.process.poll() not in (None, -signal.SIGKILL):
                raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)

    def differences(self) -> str:
        expected, actual = self.expected(), self.actual()
        keys = sorted(key for key in expected.keys() | actual.keys() if expected.get(key) != actual.get(key))
        return f"{len(keys)} rows differ: " + ", ".join(f"{key}: {expected.get(key)} / {actual.get(key)}" for key in keys[:5])

    def check(self) -> None:
        """Assert state and effects."""
        assert self.actual() == self.expected(), self.differences()
        effects = self.execute(self.target, "select op, id, ver from effect order by seq")
        written = [version for op, _, version in effects if op != "d"]
        assert len(written) == len(set(written)), "a version was applied twice"
        last: dict[int, int] = {}
        for op, key, version in effects:
            if op != "d":
                assert version > last.get(key, 0), f"key {key}: version {version} after {last[key]}"
                last[key] = version
        remarks = self.execute(self.target, "select count(*) from item where remark <> 'untouched'")
        assert remarks == [(0,)], "a column that no mapping names was written"

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.source.close()
        self.target.close()
