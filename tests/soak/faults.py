"""What can go wrong, by name: each fault is done to a pipeline under siege, which has to come through."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from cdc.failpoint import POINTS
from demo.servers import Server
from tests.proxy import Proxy
from tests.siege import Siege

_STREAMING = [name for name in POINTS if name.partition(".")[0] in ("source", "apply", "confirm", "plan", "crosswalk")]


class Scene:
    """One siege, with what faults are made of. Every choice comes from `random`."""

    def __init__(self, siege: Siege, proxies: tuple[Proxy, Proxy], chance: random.Random, log: Path) -> None:
        self.siege, self.proxies, self.random, self._log = siege, proxies, chance, log
        self.armed = False
        """The daemon has a failpoint that it may not have reached yet."""

    def note(self, name: str) -> None:
        with self._log.open("a") as out:
            out.write(f"{time.time():.3f} {name}\n")

    def proxy(self) -> Proxy:
        return self.random.choice(self.proxies)

    def server(self) -> Server:
        return self.random.choice(self.siege.servers)

    def alive(self) -> None:
        """Start the daemon where the fault was its end, or where it gave up since somebody held its lock."""
        process = self.siege.service.process
        assert process is not None
        if (code := process.poll()) is not None:
            assert code in (-signal.SIGKILL, 69, 75), f"the daemon ended with {code}: {self.siege.service.log()}"
            self.siege.start()
            self.armed = False

    def calm(self) -> None:
        """End what lasts."""
        for proxy in self.proxies:
            proxy.thaw()
            proxy.delay = proxy.jitter = 0.0
            proxy.rate, proxy.piece = None, 65536
        if self.armed:
            self.siege.service.kill()
        self.alive()


def kill(scene: Scene) -> None:
    scene.siege.service.kill()
    scene.armed = False


def failpoint(scene: Scene) -> None:
    scene.siege.service.kill()
    scene.siege.start(f"{scene.random.choice(_STREAMING)}:{scene.random.randint(1, 12)}:kill")
    scene.armed = True
    time.sleep(3)


def cut(scene: Scene) -> None:
    scene.proxy().cut_after(scene.random.randrange(1, 100_000))


def lose_commit(scene: Scene) -> None:
    proxy = scene.proxies[1]
    proxy.cut.clear()
    proxy.lose_answer(b"commit")
    proxy.cut.wait(5)


def flap(scene: Scene) -> None:
    proxy = scene.proxy()
    for _ in range(3):
        proxy.down()
        time.sleep(0.2)
        proxy.up()
        time.sleep(0.2)


def vanish(scene: Scene) -> None:
    proxy = scene.proxy()
    proxy.freeze()
    time.sleep(6)
    proxy.thaw()


def crawl(scene: Scene) -> None:
    proxy = scene.proxy()
    proxy.delay, proxy.jitter, proxy.piece = 0.02, 0.05, scene.random.choice((1, 7, 65536))
    time.sleep(2)
    proxy.delay, proxy.jitter, proxy.piece = 0.0, 0.0, 65536


def restart_server(scene: Scene) -> None:
    server = scene.server()
    server.stop(*([signal.SIGKILL] if scene.random.random() < 0.5 else []))
    time.sleep(scene.random.random())
    server.start()


def sleep_and_wake(scene: Scene) -> None:
    """The daemon stands still for longer than anybody waits for it."""
    process = scene.siege.service.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    time.sleep(7)
    process.send_signal(signal.SIGCONT)


def refuse_commit(scene: Scene) -> None:
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
        checker.ask(checker.target, f"create trigger refuse before insert on item for each row {body}")
        undo = ("drop trigger refuse",)
    time.sleep(1)
    checker.ask(checker.target, *undo)


FAULTS: Mapping[str, Callable[[Scene], None]] = {
    each.__name__: each for each in (kill, failpoint, cut, lose_commit, flap, vanish, crawl, restart_server, sleep_and_wake, refuse_commit)
}
