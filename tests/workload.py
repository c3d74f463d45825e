"""A process that writes to a source database and keeps a journal: what it was about to commit, and whether it did.

`python -m tests.workload ENGINE PORT DATABASE JOURNAL SEED [PAUSE]`, until SIGTERM. It shares no code with the daemon. A transaction leaves its number in a
table that nobody maps, so that what became of a COMMIT whose answer was lost can be asked later. One row of the journal:
`{"n": 7, "tables": {"item": {"3": ["name", 41, true], "5": null}}}`, then `{"n": 7, "committed": true}`.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pymysql

from demo.servers import PASSWORD

Tables: TypeAlias = dict[str, dict[int, list[Any]]]

ACCOUNTS, START = 20, 100
SCHEMA = (
    "create table item (id int primary key, name varchar(40), ver bigint not null, active {boolean} not null)",
    "create table account (id int primary key, balance int not null, ver bigint not null)",
    "create table person (id int primary key, name varchar(40), ver bigint not null)",
    "create table wrote (n bigint primary key)",
    f"insert into account values {', '.join(f'({key}, {START}, {key - ACCOUNTS})' for key in range(ACCOUNTS))}",
)
"""Versions begin below zero: a row is told by its version, and no two have the same."""
OPENING: Tables = {"item": {}, "account": {key: [START, key - ACCOUNTS] for key in range(ACCOUNTS)}, "person": {}}
_FAULTS = (psycopg.Error, pymysql.MySQLError, OSError)
PAUSE = 0.003
"""Seconds between two transactions."""


def connect(engine: str, port: int, database: str) -> Any:
    if engine == "postgresql":
        return psycopg.connect(host="127.0.0.1", port=port, user="cdc", password=PASSWORD, dbname=database, autocommit=True)
    return pymysql.connect(host="127.0.0.1", port=port, user="cdc", password=PASSWORD, database=database, autocommit=True)


def execute(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


class Writer:
    """Makes one random transaction after another."""

    def __init__(self, journal: Path, seed: int) -> None:
        self.journal = journal.open("a", buffering=1)
        self.tables, self.n = remembered(journal)
        self.version = self.n * 1000
        self.random = random.Random(f"{seed} {self.n}")

    def transaction(self, run: Callable[[str], object]) -> None:
        """Raises what the driver raises when the server goes away; then `resolve` finds out what became of it."""
        self.n += 1
        changed: Tables = {}
        run("begin")
        for _ in range(self.random.choice((1, 1, 2, 5, 12))):
            self.random.choices((self._item, self._transfer, self._person), (5, 2, 1))[0](run, changed)
        run(f"insert into wrote values ({self.n})")
        self._note({"n": self.n, "tables": changed})
        if self.random.random() < 0.1:
            run("rollback")
            self.settled(False, changed)
        else:
            run("commit")
            self.settled(True, changed)

    def settled(self, committed: bool, changed: Tables) -> None:
        self._note({"n": self.n, "committed": committed})
        if committed:
            apply(self.tables, changed)

    def resolve(self, run: Callable[[str], list[tuple[Any, ...]]]) -> None:
        """Ask what became of the last transaction that has no end in the journal."""
        lines = [json.loads(line) for line in Path(self.journal.name).read_text().splitlines()]
        if lines and "tables" in lines[-1]:
            self.settled(bool(run(f"select 1 from wrote where n = {lines[-1]['n']}")), lines[-1]["tables"])

    def _note(self, line: object) -> None:
        self.journal.write(json.dumps(line) + "\n")

    def _now(self, table: str, changed: Tables) -> dict[int, list[Any]]:
        return {key: row for key, row in {**self.tables[table], **changed.get(table, {})}.items() if row is not None}

    def _next(self) -> int:
        self.version += 1
        return self.version

    def _item(self, run: Callable[[str], object], changed: Tables) -> None:
        rows, ver, to = self._now("item", changed), self._next(), changed.setdefault("item", {})
        free = next(key for key in iter(lambda: self.random.randrange(600), None) if key not in rows)
        name, active = f"row {ver} ä", self.random.random() < 0.85
        kind = 0.0 if not rows else self.random.uniform(0.35 if len(rows) > 300 else 0.0, 1.0)
        key = self.random.choice(sorted(rows)) if rows else 0
        if kind < 0.35:
            run(f"insert into item values ({free}, '{name}', {ver}, {str(active).lower()})")
            to[free] = [name, ver, active]
        elif kind < 0.75:
            run(f"update item set name = '{name}', ver = {ver}, active = {str(active).lower()} where id = {key}")
            to[key] = [name, ver, active]
        elif kind < 0.85:
            run(f"update item set id = {free}, ver = {ver} where id = {key}")
            to[free], to[key] = [rows[key][0], ver, rows[key][2]], None  # type: ignore[assignment]
        else:
            run(f"delete from item where id = {key}")
            to[key] = None  # type: ignore[assignment]

    def _transfer(self, run: Callable[[str], object], changed: Tables) -> None:
        """Money goes from one account to another: the sum never changes."""
        rows, to, amount = self._now("account", changed), changed.setdefault("account", {}), self.random.randint(1, 9)
        for key, by in zip(self.random.sample(sorted(rows), 2), (-amount, amount), strict=True):
            ver = self._next()
            run(f"update account set balance = balance + {by}, ver = {ver} where id = {key}")
            to[key] = [rows[key][0] + by, ver]

    def _person(self, run: Callable[[str], object], changed: Tables) -> None:
        """Their keys on the target are the target's own."""
        rows, ver, to = self._now("person", changed), self._next(), changed.setdefault("person", {})
        key = self.random.randrange(200)
        if key in rows and self.random.random() < 0.2:
            run(f"delete from person where id = {key}")
            to[key] = None  # type: ignore[assignment]
            return
        if key in rows:
            run(f"update person set name = 'person {ver}', ver = {ver} where id = {key}")
        else:
            run(f"insert into person values ({key}, 'person {ver}', {ver})")
        to[key] = [f"person {ver}", ver]


def remembered(journal: Path) -> tuple[Tables, int]:
    """Return what earlier writers left: the tables, and the number of the last transaction. One without an end was rolled back."""
    tables: Tables = {name: dict(rows) for name, rows in OPENING.items()}
    pending: dict[int, dict[str, Any]] = {}
    last = 0
    for line in map(json.loads, journal.read_text().splitlines()):
        last = line["n"]
        if "tables" in line:
            pending[last] = line["tables"]
        elif (changed := pending.pop(last)) and line["committed"]:
            apply(tables, changed)
    return tables, last


def apply(tables: Tables, changed: dict[str, Any]) -> None:
    for name, rows in changed.items():
        for key, row in rows.items():
            if row is None:
                tables[name].pop(int(key), None)
            else:
                tables[name][int(key)] = row


def main(engine: str, port: str, database: str, journal: str, seed: str, pause: str = str(PAUSE)) -> None:
    writer, asked = Writer(Path(journal), int(seed)), []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while not asked:
        try:
            connection = connect(engine, int(port), database)
        except _FAULTS:
            time.sleep(0.05)  # the server is down: a test's doing
            continue

        def run(statement: str, connection: Any = connection) -> list[tuple[Any, ...]]:
            return execute(connection, statement)

        try:
            writer.resolve(run)
            while not asked:
                writer.transaction(run)
                time.sleep(float(pause))
        except _FAULTS:
            continue
        finally:
            connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
