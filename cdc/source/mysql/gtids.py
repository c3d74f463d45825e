"""Sets of global transaction ids, which grow by one transaction at a time: MariaDB's last one of each domain, MySQL's intervals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

_TAG = re.compile(r":\s*[a-z_]", re.IGNORECASE)


class Gtids(Protocol):
    """What of a server's history has been read."""

    def text(self) -> str:
        """Return the set as the server writes it; empty when nothing has been read."""
        ...

    def add(self, source: str, number: int) -> None:
        """Add one transaction: `source` is MariaDB's `domain-server` or MySQL's uuid."""
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
    """MySQL: for each server's uuid the intervals of transaction numbers, both ends included."""

    def __init__(self, text: str) -> None:
        self._intervals: dict[str, list[list[int]]] = {}
        for source, first, last in _intervals(text):
            self._merge(source, first, last)

    def text(self) -> str:
        return ",".join(
            f"{source}:{':'.join(str(first) if first == last else f'{first}-{last}' for first, last in intervals)}"
            for source, intervals in self._intervals.items()
        )

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

    def _merge(self, source: str, first: int, last: int) -> None:
        merged: list[list[int]] = []
        for low, high in sorted([*self._intervals.get(source, ()), [first, last]]):
            if merged and low <= merged[-1][1] + 1:
                merged[-1][1] = max(merged[-1][1], high)
            else:
                merged.append([low, high])
        self._intervals[source] = merged


def tagged(text: str) -> bool:
    """Return whether a MySQL GTID set holds tags (`uuid:tag:1-3`, MySQL 8.3 and later), which a dump can't be resumed by."""
    return any(_TAG.search(part) for part in text.split(","))


def _by_domain(text: str) -> dict[str, str]:
    """Split `0-10-100,1-10-7` into domain → the rest."""
    parts = (gtid.strip().partition("-") for gtid in text.split(",") if gtid.strip())
    return {domain: rest for domain, _, rest in parts}


def _number(rest: str) -> int:
    return int(rest.rpartition("-")[2])


def _intervals(text: str) -> Iterator[tuple[str, int, int]]:
    """Split `uuid:1-5:7,uuid:3` into (uuid, first, last)."""
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        source, *intervals = part.lower().split(":")
        for interval in intervals:
            first, _, last = interval.partition("-")
            yield source, int(first), int(last or first)
