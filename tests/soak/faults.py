"""What can go wrong, by name: each fault is done to a pipeline under siege, which has to come through.

A fault yields the seconds that it lasts or waits for, so that several pipelines can be besieged at once by one thread, and a seed says all.
"""

from __future__ import annotations

import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pymysql

from cdc.failpoint import POINTS
from demo.servers import Server
from tests.proxy import Proxy
from tests.siege import Siege

_STREAMING = [name for name in POINTS if name.partition(".")[0] in ("source", "apply", "confirm", "plan", "crosswalk")]
_ENDINGS = (-signal.SIGKILL, 69, 75)
"""A failpoint; a server that did not come back; somebody who held its lock."""
_ASKED = re.compile(r"end its session on the server: (kill \d+);")
_PATIENCE = 120.0
"""Seconds in which a stream comes back once all is calm."""


class Scene:
    """One siege, with what faults are made of. Every choice comes from `random`."""

    def __init__(self, name: str, siege: Siege, proxies: tuple[Proxy, Proxy], chance: random.Random, log: Path) -> None:
        self.name, self.siege, self.proxies, self.random, self._log = name, siege, proxies, chance, log
        self.faults: Counter[str] = Counter()
        self.kills = 0
        self.armed = False
        """The daemon has a failpoint that it may not have reached yet."""

    def note(self, name: str) -> None:
        self.faults[name] += 1
        with self._log.open("a") as out:
            out.write(f"{time.time():.3f} {name}\n")

    def proxy(self) -> Proxy:
        return self.random.choice(self.proxies)

    def server(self) -> Server:
        return self.random.choice(self.siege.servers)

    def alive(self) -> bool:
        """Start the daemon where the fault was its end; return whether it was there still."""
        if self.process.poll() is None:
            return True
        self._ended(self.process.wait())
        self.start()
        return False

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self.siege.service.process is not None
        return self.siege.service.process

    def streams(self) -> bool:
        return self.siege.service.state("p") == "streaming"

    def start(self, failpoint: str = "") -> None:
        self.siege.start(failpoint)
        self.armed = bool(failpoint)

    def kill(self) -> None:
        """`kill -9`, where it is not dead already."""
        self.process.kill()
        self._ended(self.process.wait())

    def _ended(self, code: int) -> None:
        assert code in _ENDINGS, f"the daemon ended with {code}: {self.siege.service.log()}"
        self.kills += code == -signal.SIGKILL

    def calm(self) -> None:
        """End what lasts, and wait until it streams: a service manager, too, starts again what a dead process's session has kept out."""
        for proxy in self.proxies:
            proxy.thaw()
            proxy.delay = proxy.jitter = 0.0
            proxy.rate, proxy.piece = None, 65536
        if self.armed:
            self.kill()
            self.start()
        until = time.monotonic() + _PATIENCE
        while not (alive := self.alive()) or not self.streams():
            assert time.monotonic() < until, f"{self.name} does not stream: {self.siege.service.log()}"
            if not alive:
                self._obeys()
            time.sleep(0.2)

    def _obeys(self) -> None:
        """Do what the daemon asks an operator for: a host that vanished has left a session behind, which MariaDB keeps for a quarter of an hour."""
        for statement in _ASKED.findall(self.siege.service.log())[-1:]:
            with suppress(pymysql.MySQLError):  # it is gone by itself
                self.siege.checker.ask(self.siege.checker.target, statement)


def kill(scene: Scene) -> Iterator[float]:
    scene.kill()
    scene.start()
    yield 0.0


def failpoint(scene: Scene) -> Iterator[float]:
    """The process kills itself at a point of a row's way, as soon as it gets there."""
    scene.kill()
    scene.start(f"{scene.random.choice(_STREAMING)}:{scene.random.randint(1, 12)}:kill")
    until = time.monotonic() + 6
    while time.monotonic() < until and scene.alive():
        yield 0.1


def cut(scene: Scene) -> Iterator[float]:
    scene.proxy().cut_after(scene.random.randrange(1, 100_000))
    yield 0.5


def lose_commit(scene: Scene) -> Iterator[float]:
    proxy, until = scene.proxies[1], time.monotonic() + 5
    proxy.cut.clear()
    proxy.lose_answer(b"commit")
    while time.monotonic() < until and not proxy.cut.is_set():
        yield 0.1


def flap(scene: Scene) -> Iterator[float]:
    proxy = scene.proxy()
    for _ in range(3):
        proxy.down()
        yield 0.2
        proxy.up()
        yield 0.2


def vanish(scene: Scene) -> Iterator[float]:
    proxy = scene.proxy()
    proxy.freeze()
    yield 6.0
    proxy.thaw()


def crawl(scene: Scene) -> Iterator[float]:
    proxy = scene.proxy()
    proxy.delay, proxy.jitter, proxy.piece = 0.02, 0.05, scene.random.choice((1, 7, 65536))
    yield 2.0
    proxy.delay, proxy.jitter, proxy.piece = 0.0, 0.0, 65536


def restart_server(scene: Scene) -> Iterator[float]:
    """All pipelines of that server have to live through it; nothing else happens until it is there again."""
    server = scene.server()
    server.stop(*([signal.SIGKILL] if scene.random.random() < 0.5 else []))
    time.sleep(scene.random.random())
    server.start()
    yield 1.0


def sleep_and_wake(scene: Scene) -> Iterator[float]:
    """The daemon stands still for longer than anybody waits for it."""
    scene.process.send_signal(signal.SIGSTOP)
    yield 7.0
    scene.process.send_signal(signal.SIGCONT)


def refuse_commit(scene: Scene) -> Iterator[float]:
    """For a second the target raises what it may raise, by a trigger."""
    checker, on_postgresql = scene.siege.checker, scene.siege.checker.is_postgresql[1]
    state = scene.random.choice(("40001", "40P01", "53100", "57014")) if on_postgresql else scene.random.choice(("1213", "1205", "1114"))
    if on_postgresql:
        body = f"begin raise exception 'as asked' using errcode = '{state}'; end"
        checker.ask(checker.target, f"create function refuse() returns trigger language plpgsql as $$ {body} $$")
        checker.ask(checker.target, "create trigger refuse before insert or update on item for each row execute function refuse()")
        undo = ("drop trigger refuse on item", "drop function refuse()")
    else:
        body = f"signal sqlstate 'HY000' set mysql_errno = {state}"
        try:
            checker.ask(checker.target, "set lock_wait_timeout = 3", f"create trigger refuse before insert on item for each row {body}")
        except pymysql.OperationalError:
            return  # a transaction of a host that has vanished holds the table: this fault is for another time
        undo = ("drop trigger refuse",)
    yield 1.0
    checker.ask(checker.target, *undo)


Fault = Callable[[Scene], Iterator[float]]
KILLS: Mapping[Fault, int] = {kill: 3, failpoint: 1}
"""Short lives: fault → how often, beside the others."""
ALL: Mapping[Fault, int] = {
    **KILLS, cut: 1, lose_commit: 1, flap: 1, vanish: 1, crawl: 1, restart_server: 1, sleep_and_wake: 1, refuse_commit: 1,
}  # fmt: skip
