"""`python -m tests.soak [--minutes N] [--seed N] [--pair postgresql-mariadb]`: faults at random under load, judged after every few.

All faults come from the seed, which is printed first. When something is wrong, data directories, journal, log and the faults so far are kept,
and the line that repeats them is printed. Ends with a table, and with 1 when anything was lost, doubled or torn.
"""

from __future__ import annotations

import argparse
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from demo.servers import MariaDB, PostgreSQL, Server, running
from tests.proxy import Proxy
from tests.siege import Siege, through
from tests.soak.faults import FAULTS, Scene

ROUND = 8
"""Faults between two judgements."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument(
        "--pair", default="", help="postgresql-mariadb or mariadb-postgresql; both, one after the other, where it is not given"
    )
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    pairs = [given.pair] if given.pair else ["postgresql-mariadb", "mariadb-postgresql"]
    results = [besiege(pair, given.seed, given.minutes / len(pairs)) for pair in pairs]
    table(results)
    return int(any(result["problem"] for result in results))


def besiege(pair: str, seed: int, minutes: float) -> dict[str, str]:
    """Run one pair's siege; return what the table says of it."""
    folder = Path(tempfile.mkdtemp(prefix="cdc-soak-"))
    folder.chmod(0o755)
    made: dict[str, Server] = {
        "postgresql": PostgreSQL(folder / "pg"),
        "mariadb": MariaDB(folder / "my", {"innodb-flush-log-at-trx-commit": "1"}),
    }
    source, _, target = pair.partition("-")
    counts: Counter[str] = Counter()
    told = ""
    with running(*made.values()):
        proxies = Proxy(made[source].port, seed), Proxy(made[target].port, seed)
        seen = through(proxies[0], made[source], "?silence=5"), through(proxies[1], made[target], "?silence=5")
        (folder / "siege").mkdir()
        siege = Siege(folder / "siege", (made[source], made[target]), seed, seen)
        try:
            storm(Scene(siege, proxies, random.Random(seed), folder / "faults"), minutes, counts)
        except AssertionError as error:
            told = str(error).splitlines()[0]
            print(f"FAILED after {counts.total()} faults: {error}", file=sys.stderr)
        rows = siege.checker.effect_count()
        siege.close()
        for proxy in proxies:
            proxy.close()
    if told:
        print(f"kept: {folder}\nagain: python -m tests.soak --seed {seed} --pair {pair} --minutes {minutes:.0f}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    kills = str(counts["kill"] + counts["failpoint"])
    return {"pair": pair, "kills": kills, "faults": str(counts.total()), "effects": str(rows), "problem": told}


def storm(scene: Scene, minutes: float, counts: Counter[str]) -> None:
    """Let faults rain until time is up; every few of them, wait until all is in step and judge."""
    siege, until = scene.siege, time.monotonic() + minutes * 60
    siege.load()
    siege.write()
    siege.start()
    while time.monotonic() < until:
        for _ in range(ROUND):
            name = scene.random.choice(list(FAULTS))
            scene.note(name)
            FAULTS[name](scene)
            counts[name] += 1
            scene.alive()
            time.sleep(scene.random.random())
        scene.calm()
        siege.settle(300)
        print(f"{counts.total()} faults, {siege.checker.effect_count()} effects: in step", flush=True)
        siege.write()
    siege.settle(300)
    siege.end()


def table(results: list[dict[str, str]]) -> None:
    heads = ("pair", "kills", "faults", "effects", "problem")
    print("  ".join(f"{head:<20}" for head in heads))
    for result in results:
        print("  ".join(f"{result[head] or 'none':<20}" for head in heads))


if __name__ == "__main__":
    sys.exit(main())
