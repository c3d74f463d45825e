"""Sets of global transaction ids, which grow by one transaction at a time: MariaDB's last one of each domain, MySQL's intervals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct
from typing import Protocol
from uuid import UUID

_INTERVAL = re.compile(r"(\d+)(?:-(\d+))?")
_COUNT, _BOTH = Struct("<Q").pack, Struct("<QQ").pack
_TAGGED = 1 << 56 | 1
"""In the count of a binary set: it has tags."""


class Gtids(Protocol):
    """What of a server's history has been read."""

    def text(self) -> str:
        """Return the set as the server writes it; empty when nothing has been read."""
        ...

    def add(self, source: str, number: int) -> None:
        """Add one transaction: `source` is MariaDB's `domain-server`, or MySQL's `uuid` or `uuid:tag`."""
        ...

    def holds(self, other: str) -> bool:
        """Return whether all of `other` has been read."""
        ...


class DomainGtids:
    """MariaDB: the last transaction of each replication domain; within a domain the numbers rise."""

    def __init__(self, text: str) -> None:
        self._last = _by_domain(text)

    def text(self) -> str:
        return ",".join([f"{domain}-{rest}" for domain, rest in self._last.items()])

    def add(self, source: str, number: int) -> None:
        domain, _, server = source.partition("-")
        self._last[domain] = f"{server}-{number}"

    def holds(self, other: str) -> bool:
        return all(domain in self._last and _number(self._last[domain]) >= _number(rest) for domain, rest in _by_domain(other).items())

    def same(self, other: str) -> bool:
        """Return whether `other` is this very set, however it is written."""
        return self._last == _by_domain(other)


class IntervalGtids:
    """MySQL: for each server's uuid, and each tag of it, the intervals of transaction numbers, both ends included."""

    def __init__(self, text: str) -> None:
        self._intervals: dict[str, list[list[int]]] = {}
        for source, first, last in _intervals(text):
            self._merge(source, first, last)

    def text(self) -> str:
        parts, before = [], ""
        for source, intervals in self._intervals.items():
            uuid, _, tag = source.partition(":")
            known = uuid == before
            parts.append(f"{':' if known else ',' if before else ''}{tag if known else source}")
            parts += [f":{first}" if first == last else f":{first}-{last}" for first, last in intervals]
            before = uuid
        return "".join(parts)

    def add(self, source: str, number: int) -> None:
        intervals = self._intervals.get(source)
        if intervals and intervals[-1][1] + 1 == number:
            intervals[-1][1] = number
        else:
            self._merge(source, number, number)

    def holds(self, other: str) -> bool:
        return all(
            any(low <= first and last <= high for low, high in self._intervals.get(source, ())) for source, first, last in _intervals(other)
        )

    def encoded(self) -> bytes:
        """Return the set in the binary form in which a server is told of it; there, an interval's end is not in it.

        https://dev.mysql.com/doc/dev/mysql-server/latest/classGtid__set.html
        """
        tagged = any(":" in source for source in self._intervals)
        parts = [_COUNT(len(self._intervals) << 8 | _TAGGED if tagged else len(self._intervals))]
        for source, intervals in self._intervals.items():
            uuid, _, tag = source.partition(":")
            parts += [UUID(uuid).bytes, bytes([len(tag) << 1]) + tag.encode() if tagged else b"", _COUNT(len(intervals))]
            parts += [_BOTH(first, last + 1) for first, last in intervals]
        return b"".join(parts)

    def _merge(self, source: str, first: int, last: int) -> None:
        merged: list[list[int]] = []
        for low, high in sorted([*self._intervals.get(source, ()), [first, last]]):
            if merged and low <= merged[-1][1] + 1:
                merged[-1][1] = max(merged[-1][1], high)
            else:
                merged.append([low, high])
        if source in self._intervals:
            self._intervals[source] = merged
        else:  # in the server's order: a uuid's own numbers, then those of its tags
            self._intervals = dict(sorted([*self._intervals.items(), (source, merged)]))


def logged(state: str, gtids: str) -> bool:
    """Return whether a MariaDB server has logged these very transactions, by the last number of each domain and server in its log.

    The domain's last number alone would not do: a server that was promoted without them gives their numbers to others.
    """
    last = {source: int(number) for source, _, number in (gtid.strip().rpartition("-") for gtid in state.split(",") if gtid.strip())}
    wanted = (gtid.strip().rpartition("-") for gtid in gtids.split(",") if gtid.strip())
    return all(last.get(source, -1) >= int(number) for source, _, number in wanted)


def _by_domain(text: str) -> dict[str, str]:
    """Split `0-10-100,1-10-7` into domain → the rest."""
    parts = (gtid.strip().partition("-") for gtid in text.split(",") if gtid.strip())
    return {domain: rest for domain, _, rest in parts}


def _number(rest: str) -> int:
    return int(rest.rpartition("-")[2])


def _intervals(text: str) -> Iterator[tuple[str, int, int]]:
    """Split `uuid:1-5:7:tag:2,uuid:3` into (uuid or uuid:tag, first, last): a tag is for all intervals up to the next."""
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        uuid, *rest = (word.strip() for word in part.lower().split(":"))
        source = uuid
        for word in rest:
            found = _INTERVAL.fullmatch(word)
            if found:
                yield source, int(found[1]), int(found[2] or found[1])
            else:
                source = f"{uuid}:{word}"
