"""The judge of the simulated world. It shares no code with the daemon: rows are dictionaries of texts, positions are numbers.

State: the target is the journal, mapped by a second implementation. Effects: no version of a row twice, none going back. Atomicity: the
accounts' sum never changes. Checkpoint: a chain that only rises, never behind what the source was told. Bystanders: as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Fields: TypeAlias = dict[str, str | None]
Rows: TypeAlias = dict[str, Fields]
Tables: TypeAlias = dict[str, Rows]
Spot: TypeAlias = tuple[str, str]
"""A source table and a key of it."""

ACCOUNTS, START = 6, 100
_COLUMNS = {
    "contact": ("id", "customer", "code", "gate", "ver"),
    "bank": ("id", "balance", "ver"),
    "shared": ("id", "name", "ver"),
    "scrap": ("id", "ver"),
}


def wanted(journal: Tables) -> Tables:
    """The mappings once more, in other words."""
    made = {table: {key: {c: row[c] for c in columns} for key, row in journal[table].items()} for table, columns in _COLUMNS.items()}
    made["customer"] = {
        key: {"id": key, "name": (row["name"] or "").upper(), "note": row["note"], "ver": row["ver"]}
        for key, row in journal["customer"].items()
        if row["active"] == "t"
    }
    return made


def differences(journal: Tables, there: Tables, waiting: Iterable[Spot] = ()) -> list[str]:
    """Say where the target is not what it must be, but for keys that wait."""
    held, said = set(waiting), []
    for table, rows in wanted(journal).items():
        for key in sorted(rows.keys() | there[table].keys()):
            found, must = there[table].get(key), rows.get(key)
            if (table, key) not in held and (must is None or found is None or any(found[name] != value for name, value in must.items())):
                said.append(f"{table} {key}: {must} wanted, {found} found")
    return said


def unexplained(journal: Tables, there: Tables, broken: set[str], waiting: Mapping[Spot, Sequence[Fields]]) -> list[Spot]:
    """Return what waits without a cause. `waiting`: key → the rows that wait there, as they were and as they are to be.

    A cause is a row that the mapping can't do with, a gate or a parent that the target lacks, a parent that can't go since the target's rows
    refer to it, a code that another row has there still, or what waits for such a cause itself: a row that was its key, or is about to be.
    """
    named = {row["customer"] for row in there["contact"].values()}
    codes = {row["code"]: key for key, row in there["contact"].items()}

    def fails(table: str, row: Fields) -> bool:
        key = row["id"] or ""
        if key in broken or table == "customer":
            return key in broken or key in named
        lacks = row.get("gate", "g1") not in there["gate"] or row.get("customer", "") not in there["customer"]
        return lacks or codes.get(row.get("code"), key) != key

    sound = {spot for spot, rows in waiting.items() if any(fails(spot[0], row) for row in (*rows, journal[spot[0]].get(spot[1], rows[0])))}
    grown = True
    while grown:
        more = {(spot[0], row["id"] or "") for spot in sound for row in waiting[spot]} & waiting.keys()
        grown = bool(more - sound)
        sound |= more
    return sorted(waiting.keys() - sound)


class Judge:
    """Sees every transaction of one target as it commits."""

    def __init__(self) -> None:
        self.effects = self.commits = 0
        self.position = -1
        self._floor = 0
        self._seen: set[tuple[str, str]] = set()
        self._last: dict[Spot, int] = {}

    def committed(self, effects: Iterable[tuple[str, str, Fields]], after: int | None, upto: int, loading: bool) -> None:
        """Take in a transaction of the daemon: (op, table, row), and the positions that it moved between."""
        self.commits += 1
        assert loading or after == self.position or self.position < 0, (
            f"the chain is broken: from {self.position}, and the batch begins after {after}"
        )
        assert upto >= self.position, f"the checkpoint went back from {self.position} to {upto}"
        self.position = upto
        for op, table, row in effects:
            self.effects += 1
            if op == "delete":
                continue
            key, version = (table, row["id"] or ""), int(row["ver"] or 0)
            assert version > self._floor, f"{table} {row['id']}: version {version} is older than the last rest ({self._floor})"
            assert (table, row["ver"] or "") not in self._seen, f"{table} {row['id']}: version {version} took effect twice"
            assert version > self._last.get(key, 0), f"{table} {row['id']}: version {version} came after {self._last[key]}"
            self._seen.add((table, row["ver"] or ""))
            self._last[key] = version

    def told(self, confirmed: int) -> None:
        assert confirmed <= max(self.position, 0), f"the source was told {confirmed}, and the checkpoint is {self.position}"

    def rests(self, version: int) -> None:
        """All versions up to this one have arrived: none of them may come again."""
        self._floor = version
        self._seen.clear()
        self._last.clear()


def balanced(accounts: Rows) -> bool:
    return not accounts or sum(int(row["balance"] or 0) for row in accounts.values()) == START * ACCOUNTS
