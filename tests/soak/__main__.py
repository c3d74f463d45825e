"""`python -m tests.soak [--minutes N] [--seed N] [--pairs postgresql-mariadb,…]`: faults at random under load on several pipelines at once.

By turns a minute of short lives, ended by `kill -9` at any moment or at a point of a row's way, and a minute of everything that can go wrong; then
all have to come into step and are judged. All faults come from the seed, which is printed first. When something is wrong, data directories,
journals, logs and the faults so far are kept, and the line that repeats them is printed. Ends with a table, and with 1 when anything was lost,
doubled or torn.
"""

from __future__ import annotations

import argparse
import heapq
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from demo.servers import MariaDB, PostgreSQL, Server, running
from tests.proxy import Proxy
from tests.siege import Siege, through
from tests.soak.faults import ALL, KILLS, Fault, Scene

PAIRS = ("postgresql-mariadb", "mariadb-postgresql", "postgresql-postgresql")
ROUND = 60.0
"""Seconds between two judgements."""
LIFE = 2.0
"""Seconds at most between two faults of a pipeline, half of them counted from when it streams: many die while they start."""
_START = 10.0
"""Seconds at most that are waited for a stream, which may be cut off."""
PAUSE = 0.02
"""Of each writer. Without it the writers would have the processor, and not the starts."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--pairs", default=",".join(PAIRS), help="source-target, several joined by commas")
    given = parser.parse_args()
    print(f"seed {given.seed}, pairs {given.pairs}, {given.minutes:g} minutes", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="cdc-soak-"))
    folder.chmod(0o755)
    problem = besiege(folder, given.pairs.split(","), given.seed, given.minutes)
    if problem:
        print(f"kept: {folder}", file=sys.stderr)
        print(f"again: python -m tests.soak --seed {given.seed} --pairs {given.pairs} --minutes {given.minutes:g}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return int(problem)


def besiege(folder: Path, pairs: list[str], seed: int, minutes: float) -> bool:
    """Run the sieges of all pairs at once and print their table; return whether something was wrong."""
    made: dict[str, Server] = {
        "postgresql": PostgreSQL(folder / "pg"),
        "mariadb": MariaDB(folder / "my", {"innodb-flush-log-at-trx-commit": "1"}),
    }
    with running(*made.values()), ExitStack() as left:
        scenes = [scene(folder / pair, pair, made, seed, left) for pair in pairs]
        told = ""
        try:
            storm(scenes, minutes)
        except AssertionError as error:
            told = str(error)
            print(f"FAILED: {told}", file=sys.stderr)
            for each in scenes:
                each.siege.kept = True
        table(scenes, seed)
    return bool(told)


def scene(folder: Path, pair: str, made: Mapping[str, Server], seed: int, left: ExitStack) -> Scene:
    """Return a pipeline of its own databases on the servers; `left` ends it."""
    folder.mkdir()
    servers = made[pair.partition("-")[0]], made[pair.partition("-")[2]]
    proxies = Proxy(servers[0].port, seed), Proxy(servers[1].port, seed)
    for proxy in proxies:
        left.callback(proxy.close)
    seen = through(proxies[0], servers[0], "?silence=5"), through(proxies[1], servers[1], "?silence=5")
    siege = Siege(folder, servers, seed, seen)
    siege.pause = PAUSE
    left.callback(siege.close)
    return Scene(pair, siege, proxies, random.Random(f"{seed} {pair}"), folder / "faults")


def storm(scenes: list[Scene], minutes: float) -> None:
    """Let faults rain on all until time is up. Each round ends with a judgement, and the last with a clean stop."""
    began = time.monotonic()
    until = began + minutes * 60
    for each in scenes:
        each.siege.load()
        each.siege.write()
        each.start()
    number = 0
    while (now := time.monotonic()) < until:
        end, weights = min(now + ROUND, until), (KILLS, ALL)[number % 2]
        drive([rain(each, weights, end) for each in scenes])
        for each in scenes:
            each.calm()
            each.siege.settle(300)
        number += 1
        kills, effects = sum(each.kills for each in scenes), sum(each.siege.checker.effect_count() for each in scenes)
        print(f"{time.monotonic() - began:6.0f} s: {kills} kills, {effects} effects, all in step", flush=True)
        for each in scenes if time.monotonic() < until else ():
            each.siege.write()
    for each in scenes:
        each.siege.service.stop()
    for each in scenes:
        each.siege.end()


def rain(scene: Scene, weights: Mapping[Fault, int], end: float) -> Iterator[float]:
    """Do one fault after another to a pipeline; yield what it is to wait before it goes on."""
    while time.monotonic() < end:
        yield from life(scene)
        fault = scene.random.choices(list(weights), list(weights.values()))[0]
        scene.note(fault.__name__)
        yield from fault(scene)
        scene.alive()


def life(scene: Scene) -> Iterator[float]:
    """Let the daemon live for a while."""
    until = time.monotonic() + (_START if scene.random.random() < 0.5 else 0.0)
    while time.monotonic() < until and not scene.streams():
        yield 0.1
    yield scene.random.uniform(0, LIFE)


def drive(timelines: list[Iterator[float]]) -> None:
    """Let each go on when its time has come, until all have ended."""
    due = [(time.monotonic(), number) for number in range(len(timelines))]
    while due:
        at, number = heapq.heappop(due)
        time.sleep(max(0.0, at - time.monotonic()))
        wait = next(timelines[number], None)
        if wait is not None:
            heapq.heappush(due, (time.monotonic() + wait, number))


def table(scenes: list[Scene], seed: int) -> None:
    """Print what was done, and what is wrong of it: rows that the journal does not know so, and versions that took effect twice or went back."""
    rows = [("pair", "kills", "other faults", "transactions", "effects", "lost", "doubled")]
    for each in scenes:
        checker = each.siege.checker
        others = sum(count for name, count in each.faults.items() if name not in ("kill", "failpoint"))
        rows.append((each.name, *map(str, (each.kills, others, checker.journal.transactions, *checker.verdict()))))
    rows.append(("together", *(str(sum(int(row[at]) for row in rows[1:])) for at in range(1, len(rows[0])))))
    for row in rows:
        print("  ".join(f"{text:<22}" if at == 0 else f"{text:>12}" for at, text in enumerate(row)))
    print(f"seed {seed}")


if __name__ == "__main__":
    sys.exit(main())
