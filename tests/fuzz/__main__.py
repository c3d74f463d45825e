"""`make fuzz MINUTES=5`: recorded events, changed at random, against both decoders. What fails is kept in .fuzz and shown.

With atheris the changes follow which lines they reach; without it they are blind. Inputs are those of `harness`.
"""

import argparse
import importlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(".fuzz")


def blind(harness, minutes, seed):
    rng, known = random.Random(seed), harness.recordings()
    inputs, until, count = harness.seeds(known), time.monotonic() + minutes * 60, 0
    while time.monotonic() < until:
        data = harness.changed(rng, rng.choice(inputs))
        count += 1
        try:
            harness.run(known, data)
        except BaseException:
            FOLDER.mkdir(exist_ok=True)
            kept = FOLDER / f"crash-{seed}-{count}"
            kept.write_bytes(data)
            print(f"kept in {kept}", file=sys.stderr)
            raise
    print(f"{count} inputs, seed {seed}: all were read or refused")


def guided(atheris, minutes):
    with atheris.instrument_imports(include=["cdc.source.mysql", "cdc.source.postgresql"]):
        harness = importlib.import_module("tests.fuzz.harness")
    known, corpus = harness.recordings(), FOLDER / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(harness.seeds(known)):
        (corpus / f"seed-{number}").write_bytes(data)
    options = (
        f"-max_total_time={round(minutes * 60)}",
        f"-artifact_prefix={FOLDER}/",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-max_len=40000",
    )
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: harness.run(known, data) and None)
    atheris.Fuzz()


def told(minutes):
    """Run it in a process of its own, since libFuzzer ends the one it is in, and say last how it went. Return its exit code."""
    began, command = time.time(), [sys.executable, "-m", "tests.fuzz", "--guided", "--minutes", str(minutes)]
    code = subprocess.run(command, check=False).returncode
    kept = [path for path in sorted(FOLDER.glob("*-*")) if path.is_file() and path.stat().st_mtime >= began]
    if code == 0 and not kept:
        print(f"fuzz: {minutes:g} minutes: all inputs were read or refused")
        return 0
    print(
        f"fuzz: failed ({code}); kept in {', '.join(map(str, kept)) or 'no file'}: `python -m tests.fuzz FILE` reads one again",
        file=sys.stderr,
    )
    return code or 1


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--blind", type=int, default=None, help="change blindly, from this seed on", metavar="SEED")
    parser.add_argument("--guided", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("inputs", nargs="*", type=Path, help="inputs to read again, and no others")
    given = parser.parse_args()
    if given.inputs:
        harness = importlib.import_module("tests.fuzz.harness")
        known = harness.recordings()
        for path in given.inputs:
            print(f"{path}: {harness.run(known, path.read_bytes())!r}")
        return
    try:
        import atheris
    except ImportError:
        atheris = None
    if given.guided:
        guided(atheris, given.minutes)
    elif atheris and given.blind is None:
        sys.exit(told(given.minutes))
    else:
        seed = int.from_bytes(os.urandom(4), "big") if given.blind is None else given.blind
        blind(importlib.import_module("tests.fuzz.harness"), given.minutes, seed)


if __name__ == "__main__":
    main()
