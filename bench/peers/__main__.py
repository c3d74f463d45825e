"""`python -m bench.peers`: other change-data-capture programs beside the daemon, on the same servers with the same load in one run."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pymysql
from rich.console import Console

from bench.cases import PAIRS, Case
from bench.contest import Contest, Outcome
from bench.mappings import COPY
from bench.peers.chameleon import Chameleon
from bench.peers.debezium import Debezium
from bench.peers.peer import Peer
from bench.peers.process import PeerError
from bench.peers.race import hold
from bench.peers.results import NATIVE, OURS, Score, board, chosen, reasons, record
from demo.servers import running

_PEERS: tuple[type[Peer], ...] = (Debezium, Chameleon)
_TROUBLE = (PeerError, AssertionError, OSError, ValueError, subprocess.SubprocessError, psycopg.Error, pymysql.MySQLError)
"""What failing looks like from here."""


def main() -> int:
    names = [NATIVE, *(kind.name for kind in _PEERS)]
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="row changes of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write what was measured to this file")
    parser.add_argument("chosen", nargs="*", help=f"pairs of {', '.join(PAIRS)}, and peers of {', '.join(names)}; all by default")
    given = parser.parse_args()
    if unknown := [word for word in given.chosen if word not in (*PAIRS, *names)]:
        parser.error(f"no pair or peer: {', '.join(unknown)}")
    console, progress = Console(width=160), Console(stderr=True)
    who = chosen(given.chosen, names)
    scores = _lineup(chosen(given.chosen, PAIRS), who)
    _install(scores, progress)
    folder = Path(tempfile.mkdtemp(prefix="cdc-peers-"))
    folder.chmod(0o755)
    try:
        contest = Contest(folder)
        with running(*contest.sources.values(), *contest.targets.values()):
            for number in range(1, given.rounds + 1):
                progress.print(f"round {number} of {given.rounds}")
                _round(contest, scores, given.rows, progress)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    console.print(board(scores, given.rows))
    for line in reasons(scores):
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    if given.json:
        given.json.write_text(json.dumps(record(scores), indent=1))
    return 0


def _lineup(pairs: Sequence[str], who: Sequence[str]) -> dict[tuple[str, str], Score]:
    peers = {kind.name: kind.pairs for kind in _PEERS if kind.name in who}
    each = [(pair, name) for pair in pairs for name in (OURS, *who) if pair in peers.get(name, PAIRS)]
    return {one: Score() for one in each}


def _install(scores: dict[tuple[str, str], Score], progress: Console) -> None:
    for kind in _PEERS:
        own = [score for (_, name), score in scores.items() if name == kind.name]
        if not own:
            continue
        progress.print(f"installing {kind.name}, unless it is there")
        try:
            kind.install()
        except (PeerError, OSError) as error:
            for score in own:
                score.failed = f"not installed: {error}"


def _round(contest: Contest, scores: dict[tuple[str, str], Score], rows: int, progress: Console) -> None:
    """Let each take its turn; one that has failed with a pair is not asked again."""
    kinds = {kind.name: kind for kind in _PEERS}
    for (pair, name), score in scores.items():
        if name == NATIVE or score.failed:
            continue
        progress.print(f"{pair}: {name}")
        case = Case(pair, "insert", "single", COPY)
        try:
            if name == OURS:
                _ours(contest, case, rows, score, scores.get((pair, NATIVE)))
            else:
                hold(contest, kinds[name], pair, case.load(rows), score)
        except _TROUBLE as error:
            score.failed = str(error).strip() or type(error).__name__


def _ours(contest: Contest, case: Case, rows: int, score: Score, native: Score | None) -> None:
    outcome = Outcome()
    contest.hold(case, rows, outcome, alone=native is None)
    score.add(outcome.ours[0], outcome.memory)
    if native is not None:
        native.rows += outcome.native


if __name__ == "__main__":
    sys.exit(main())
