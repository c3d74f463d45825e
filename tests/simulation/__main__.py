"""`python -m tests.simulation [--steps N] [--seed N]`: world after world, each from a seed of its own, until so many steps are done.

What fails is told with the seed that repeats it. Ends with a line of what was done, and with 1 when any world failed.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter

from tests.simulation.world import World

STEPS = 3000
"""Of one world: many short ones load more often, and see more openings."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of the first world; each has one more than the last")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    begun, done = time.process_time(), Counter[str]()
    for seed in range(given.seed, given.seed + -(-given.steps // STEPS)):
        world = World(seed)
        try:
            world.steps_on(STEPS)
        except AssertionError as error:
            done["failed"] += 1
            print(f"FAILED: {error}\nagain: python -m tests.simulation --seed {seed} --steps {STEPS}", file=sys.stderr)
        done.update(world.counts())
    seconds = time.process_time() - begun
    print(
        ", ".join(f"{count:,} {what}" for what, count in done.items()), f"in {seconds:.0f} s: {done['steps'] / seconds:,.0f} steps a second"
    )
    return int(done["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
