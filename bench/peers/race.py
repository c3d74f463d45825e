"""One peer, once: a load through it as the daemon has it, after it has shown that it copies."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from uuid import UUID

from bench.contest import Contest
from bench.measure import rate
from bench.peers.peer import Peer, Way
from bench.peers.process import PeerError, Watched
from bench.peers.results import Score
from bench.workload import COLUMNS, TABLE, Load, create, execute, values, write

_FIRST, _PATIENCE = 8_000_000, 90.0
"""The first key of rows that only prove that a peer copies, and the seconds that each of them may take."""
_SOME = f"select {', '.join(COLUMNS)} from {{table}} where id % 997 = 1 order by id"


def hold(contest: Contest, kind: type[Peer], pair: str, load: Load, score: Score) -> None:
    """Add what a peer comes to. Raises `PeerError` when it doesn't copy, or not what is there."""
    source, target = contest.between(pair)
    name = contest.named(kind.name)
    create(source, name)
    way = Way(source, name, target, f"{name}_copy")
    peer = kind(contest.folder / name, way)
    try:
        peer.prepare()
        peer.start()
        _prove(way, peer.place())
        peer.stop()
        write(source, name, load)
        process = peer.start()
        measured = rate(peer.place(), load, process.cpu_seconds)
        memory = process.peak_memory()
        _compare(way, peer.table)
        score.add(measured, memory)
    finally:
        peer.teardown()


def _prove(way: Way, place: Watched) -> None:
    """Wait until an insert, a change of key and a delete have come. What is inserted before it has found the log's head may not come."""
    with closing(way.source.connect(way.source_database)) as writer, closing(way.target.connect(way.target_database)) as reader:
        change: Any = writer.cursor()
        read, keys = reader.cursor(), itertools.count(_FIRST)

        def inserted() -> bool:
            change.execute(f"insert into {TABLE} values {values(next(keys))}")
            time.sleep(0.3)
            return place.has(read, f"id >= {_FIRST}")

        _until("an insert", inserted)
        last = next(keys)
        change.execute(f"insert into {TABLE} values {values(last)}")
        _until("an insert", lambda: place.has(read, f"id = {last}"))
        change.execute(f"update {TABLE} set id = 1 where id = {last}")
        _until("a change of key", lambda: place.has(read, "id = 1") and not place.has(read, f"id = {last}"))
        change.execute(f"delete from {TABLE}")
        _until("a delete", lambda: not place.has(read, "true"))


def _until(what: str, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise PeerError(f"{what} did not arrive in {_PATIENCE:.0f} s")
        time.sleep(0.05)


def _compare(way: Way, table: str) -> None:
    """Raise when there are not as many rows on the target, or some of them differ."""
    counts = [execute(server, database, f"select count(*) from {name}")[0][0]
              for server, database, name in ((way.source, way.source_database, TABLE), (way.target, way.target_database, table))]  # fmt: skip
    if counts[0] != counts[1]:
        raise PeerError(f"{counts[1]} of {counts[0]} rows are there")
    for theirs, ours in zip(
        execute(way.source, way.source_database, _SOME.format(table=TABLE)),
        execute(way.target, way.target_database, _SOME.format(table=table)),
        strict=True,
    ):
        if _plain(theirs) != _plain(ours):
            raise PeerError(f"it copies {_plain(theirs)} as {_plain(ours)}")


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row in values that both engines have."""
    return tuple(str(value) if isinstance(value, UUID) else int(value) if isinstance(value, bool) else value for value in row)
