"""One pipeline between two real servers, the model that its source follows, and the judge: what the machine's rules are done to."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

from cdc.failpoint import VARIABLE
from cdc.model.errors import Exit
from demo.servers import Server
from tests.checker import Checker, Watcher, audits
from tests.proxy import Proxy
from tests.service import Service
from tests.siege import through
from tests.workload import ACCOUNTS, START, connect, execute

GATES = (1, 2, 3)
_CONTACT = "id int primary key, customer int not null, code varchar(10) unique, gate int not null, ver bigint not null"
_SOURCE = (
    "create table customer (id int primary key, name varchar(40), ver bigint not null, active {boolean} not null)",
    f"create table contact ({_CONTACT}, foreign key (customer) references customer (id))",
    "create table account (id int primary key, balance int not null, ver bigint not null)",
    f"insert into account values {', '.join(f'({key}, {START}, {key - ACCOUNTS})' for key in range(ACCOUNTS))}",
)
_TARGET = (
    "create table customer (id int primary key, name varchar(40), ver bigint not null, remark varchar(40) default 'untouched')",
    "create table gate (id int primary key)",
    f"create table contact ({_CONTACT}, foreign key (customer) references customer (id), foreign key (gate) references gate (id))",
    "create table account (id int primary key, balance int not null, ver bigint not null)",
    "create table bystander (id int primary key, note varchar(40))",
    "insert into bystander values (1, 'mine'), (2, 'yours')",
    f"insert into gate values {', '.join(f'({gate})' for gate in GATES)}",
    "insert into customer values (100000, 'our own', -100000, 'ours')",
)
_MAPPING = "version: 1\nmapping: {0}\nsource: {0}\ntarget: {0}\nkey: [id]\n{1}deletes: hard\n"
MAPPINGS = {
    "customer": _MAPPING.format("customer", "where: active\ncolumns:\n  id: id\n  name: upper(name)\n  ver: ver\n"),
    "contact": _MAPPING.format("contact", "same: [id, customer, code, gate, ver]\n"),
    "account": _MAPPING.format("account", "same: [id, balance, ver]\n"),
}
_OPTIONS = "heartbeat: off, parking: {rows: 100000, share: 100%}"
_POINTS = ("source.read", "source.decoded", "plan.bound", "apply.begin", "apply.statement", "apply.pre_commit", "apply.post_commit", "confirm.post")  # fmt: skip
_DEATHS = (-signal.SIGKILL, 69, 75)


class Judge(Checker):
    """The checker, by the model instead of a journal."""

    tables = ("customer", "contact", "account")

    def __init__(self, scene: Scene, servers: tuple[Server, Server]) -> None:
        names = scene.service.names
        super().__init__((servers[0], names["erp"]), (servers[1], names["crm"]), names["p"], Path())
        self.model = scene.model
        self.remarks: dict[int, str] = {}
        """What the application has written beside our columns, of rows that have stayed since."""

    def wanted(self) -> dict[str, Any]:
        customers = {key: (name.upper(), ver) for key, (name, ver, active) in self.model["customer"].items() if active}
        return {"customer": customers, "contact": dict(self.model["contact"]), "account": dict(self.model["account"])}

    def there(self) -> dict[str, Any]:
        asked = {
            "customer": "select id, name, ver from customer where id < 100000",
            "contact": "select id, customer, code, gate, ver from contact",
            "account": "select id, balance, ver from account",
        }
        return {table: {key: tuple(row) for key, *row in self.ask(self.target, query)} for table, query in asked.items()}

    def differences(self) -> str:
        wanted, there = self.wanted(), self.there()
        found = [
            f"{table} {key}: {rows.get(key)} / {there[table].get(key)}"
            for table, rows in wanted.items()
            for key in sorted(rows.keys() | there[table].keys())
            if rows.get(key) != there[table].get(key)
        ]
        return f"{len(found)} differences (model / target): {'; '.join(found[:5])}" if found else ""

    def bystanders(self) -> None:
        assert self.ask(self.target, "select id, note from bystander order by id") == [(1, "mine"), (2, "yours")]
        remarks = {key: (name, remark) for key, name, remark in self.ask(self.target, "select id, name, remark from customer")}
        assert remarks.pop(100000) == ("OUR OWN".lower(), "ours")
        assert {key: remarks[key][1] for key in self.remarks} == self.remarks

    def parked(self) -> int:
        return int(self.ask(self.target, f"select count(*) from cdc.parked where pipeline = '{self.pipeline}'")[0][0])


class Scene:
    """Lives as long as the machine: each of its runs begins with empty tables."""

    def __init__(self, folder: Path, servers: tuple[Server, Server]) -> None:
        self.folder, self.servers = folder, servers
        self.proxies = Proxy(servers[0].port), Proxy(servers[1].port)
        seen = tuple(through(proxy, server, "?silence=5") for proxy, server in zip(self.proxies, servers, strict=True))
        self.service = Service(folder, dict(zip(("erp", "crm"), seen, strict=True)), {"p": ("erp", "crm", MAPPINGS)}, options=_OPTIONS)
        self.paused = self.odd = False
        self.failure: BaseException | None = None
        self._application: Any = None
        self.version = 0
        self.model: dict[str, dict[int, tuple[Any, ...]]] = {"customer": {}, "contact": {}}
        self.model["account"] = {key: (START, key - ACCOUNTS) for key in range(ACCOUNTS)}
        self.judge = Judge(self, servers)
        boolean = "boolean" if self.service.is_postgresql("erp") else "tinyint(1)"
        for statement in _SOURCE:
            self.source(statement.format(boolean=boolean))
        for statement in (*_TARGET, *audits(Judge.tables, self.service.is_postgresql("crm"))):
            self.judge.ask(self.judge.target, statement)
        self.service.once()
        self.watcher = Watcher(self.judge)
        self.service.start()

    def source(self, *statements: str) -> None:
        """One transaction of an application."""
        if self._application is None:
            server, name = self.judge.source
            self._application = connect(server.engine, server.port, name)
        for statement in ("begin", *statements, "commit"):
            execute(self._application, statement)

    def note(self, text: str) -> None:
        with (self.folder / "steps").open("a") as out:
            out.write(f"{time.time():.3f} {text}\n")

    def alive(self) -> None:
        """Start the daemon where it has died of what was done to it."""
        process = self.service.process
        assert process is not None
        if (code := process.poll()) is not None:
            assert code in _DEATHS, f"the daemon ended with {code}: {self.service.log()}"
            self.service.start()

    def dies(self, point: int, nth: int) -> None:
        """Kill it, and let the next one die at a point of the way."""
        self.service.kill()
        self.service.start({VARIABLE: f"{_POINTS[point % len(_POINTS)]}:{nth}:kill"})

    def falls(self, side: int, *, hard: bool) -> None:
        """One of the servers ends, or crashes, and comes back."""
        if self._application is not None:
            self._application.close()
        self._application = None
        self.servers[side].stop(*([signal.SIGKILL] if hard else []))
        self.servers[side].start()

    def pause(self) -> None:
        self.alive()
        self._said("pause", self.service.names["p"], "--reason", "test")
        self.paused = True

    def resume(self) -> None:
        self._said("resume", self.service.names["p"])
        self.paused = False

    def _said(self, *words: str) -> None:
        """The network between may be cut just then, and the one who asks asks again."""
        deadline = time.monotonic() + 60
        while (
            (done := self.service.command(*words)).returncode
            and "is paused already" not in done.stderr
            and "is not paused" not in done.stderr
        ):
            assert time.monotonic() < deadline, done.stderr
            assert done.returncode != Exit.CONFIG, done.stderr

    def reload(self, *, broken: bool) -> None:
        """Another configuration at a border of transactions, or one that can't be read: then the old one holds."""
        self.alive()
        file, process = self.folder / "cdc.yaml", self.service.process
        text = file.read_text()
        self.odd = not self.odd
        other = text.replace(_OPTIONS, f"{_OPTIONS}, batch_rows: 7") if self.odd else text.replace(", batch_rows: 7", "")
        file.write_text(other.replace("databases:", "databasse:") if broken else other)
        assert process is not None
        if self.service.state("p") != "starting":  # it would be killed by the signal before it knows it
            process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
        file.write_text(other)

    def settle(self) -> None:
        """Undo all that lasts, wait until nothing differs and nothing waits, and judge."""
        for proxy in self.proxies:
            proxy.thaw()
        if self.paused:
            self.resume()
        self.judge.ask(self.judge.target, *(self._gate_back(gate) for gate in GATES))
        idle = {key for key, (_, _, active) in self.model["customer"].items() if not active}
        for key in [key for key, row in self.model["contact"].items() if row[0] in idle]:
            self.source(f"delete from contact where id = {key}")
            del self.model["contact"][key]
        self.alive()
        self._wait()
        self.judge.check()
        assert not self.watcher.problems, self.watcher.problems[:5]

    def _gate_back(self, gate: int) -> str:
        word = "on conflict do nothing" if self.service.is_postgresql("crm") else "on duplicate key update id = id"
        return f"insert into gate values ({gate}) {word}"

    def _wait(self) -> None:
        """What waits is tried at once by a daemon that starts, instead of after its pause."""
        deadline, restart = time.monotonic() + 150, time.monotonic() + 1
        while self.judge.differences() or self.judge.parked():
            self.alive()
            assert time.monotonic() < deadline, f"{self.judge.differences()} {self.judge.parked()} wait\n{self.service.log()}"
            if time.monotonic() > restart and self.service.state("p") == "streaming" and self.judge.parked():
                self.service.kill()
                self.service.start()
                restart = time.monotonic() + 10
            time.sleep(0.05)

    def clear(self) -> None:
        """Begin with empty tables."""
        self.source("delete from contact", "delete from customer")
        self.model["contact"].clear()
        self.model["customer"].clear()
        self.judge.remarks.clear()
        self.settle()

    def end(self) -> None:
        """A clean stop leaves nothing behind, and a start without any change writes nothing."""
        self.settle()
        self.service.until(lambda: self.service.state("p") == "streaming")
        self.service.stop()
        self.judge.clean_source()
        effects = self.judge.effect_count()
        self.service.once()
        assert self.judge.effect_count() == effects, "a start without any change has written"

    def close(self) -> None:
        self.watcher.end()
        if self._application is not None:
            self._application.close()
        for proxy in self.proxies:
            proxy.thaw()
        if self.service.process is not None and self.service.process.poll() is None:
            self.service.kill()
        self.service.close()
        for proxy in self.proxies:
            proxy.close()
