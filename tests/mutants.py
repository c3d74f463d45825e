"""`python -m tests.mutants [--part pipeline|mapping] [--sample N] [--seed N]`: does any test notice when a line says something else?

mutmut changes a copy of the tree in .venv/mutants, one small thing at a time, and runs the unit tests that come by the changed function. What
survives is shown as a difference: a test is missing, or both mean the same. All changes of the part are tried, or N of them that the seed picks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("cdc", "tests", "demo", "bench", "mappings", "docs", "pyproject.toml", "README.md")
# Tests that look at a clock are left out: code that can be changed while it runs is slow.
TESTS = {"pipeline": ["tests/unit/pipeline"], "mapping": ["tests/unit/mapping"]}
FATES = {0: "survived", 1: "killed", 3: "killed", 33: "not reached", 24: "timed out", -24: "timed out", 36: "timed out"}
SURVIVED = 0
_CONFIGURATION = """
[tool.mutmut]
source_paths = ["cdc"]
only_mutate = ["cdc/{part}/*"]
also_copy = {copied}
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-p", "no:randomly", "-p", "no:cacheprovider", "-k", "not takes_time and not or_the_time and not monsters"]
use_git_change_detection = false
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--part", choices=sorted(TESTS), default="pipeline")
    parser.add_argument("--sample", type=int, default=0, help="how many changes; all where it is not given")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    given = parser.parse_args()
    folder = copied(given.part)
    run(folder, f"{first(given.part)}.*__mutmut_1")  # makes all changes and tries a few, so that they have names
    names = sorted(fates(folder))
    if given.sample:
        names = random.Random(given.seed).sample(names, min(given.sample, len(names)))
    run(folder, *names)
    table(folder, names, f"seed {given.seed}, " if given.sample else "")
    return 0


def copied(part: str) -> Path:
    """Return a copy of the tree, without what an earlier run has found."""
    folder = ROOT / ".venv" / "mutants" / part
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder / name)
    with (folder / "pyproject.toml").open("a") as out:
        out.write(_CONFIGURATION.format(part=part, copied=list(COPIED), tests=TESTS[part]))
    return folder


def first(part: str) -> str:
    """Return the name of one module."""
    path = min(path for path in (ROOT / "cdc" / part).glob("*.py") if path.stem != "__init__")
    return f"cdc.{part}.{path.stem}"


def run(folder: Path, *names: str) -> None:
    """Try changes. The tests' own random choices are few, so that one change takes a second or so."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(os.cpu_count() or 1), *names]
    environment = {**os.environ, "PROPERTY_EXAMPLES": "30"}
    with (folder / "log").open("ab") as log:
        done = subprocess.run(command, cwd=folder, env=environment, check=False, stdout=log, stderr=log)
    if done.returncode:
        sys.exit(f"mutmut ended with {done.returncode}; see {folder / 'log'}")


def fates(folder: Path) -> dict[str, int | None]:
    """Return change → how its tests ended; None: they have not run."""
    found: dict[str, int | None] = {}
    for path in sorted((folder / "mutants" / "cdc").rglob("*.meta")):
        found |= json.loads(path.read_text())["exit_code_by_key"]
    return found


def table(folder: Path, names: list[str], how: str) -> None:
    ended = fates(folder)
    for name in names:
        if ended[name] == SURVIVED:
            shown = subprocess.run([sys.executable, "-m", "mutmut", "show", name], cwd=folder, check=False, capture_output=True, text=True)
            print(name, *re.findall(r"^[-+](?![-+]).*", shown.stdout, re.MULTILINE), sep="\n  ")
    counts = Counter(FATES.get(code, f"ended with {code}") if (code := ended[name]) is not None else "not run" for name in names)
    noticed = counts["killed"] + counts["timed out"]
    told = ", ".join(f"{count} {fate}" for fate, count in counts.most_common())
    print(
        f"{how}{len(names)} changes: {told}. Noticed: {noticed / len(names):.1%}; of those reached: {noticed / (len(names) - counts['not reached']):.1%}"
    )


if __name__ == "__main__":
    sys.exit(main())
