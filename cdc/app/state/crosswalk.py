"""A pipeline's crosswalk as `cdc xref` sees it: entries of an entity on the target, read, set and compared with the rows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import NamedTuple, TextIO

from cdc.app.build import Line
from cdc.mapping.reference import uses_crosswalk
from cdc.model.errors import CdcError, Misconfigured
from cdc.model.reference import Xref
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.model.write import TargetPlan
from cdc.sql.crosswalk import source_key, source_texts
from cdc.sql.crosswalk_admin import Side, entities
from cdc.sql.ledger import CROSSWALK, SCHEMA
from cdc.target.base import TargetAdmin

HEADER = ("source_key", "target_key")
_CHUNK = 500
"""Entries of one statement."""


class Entry(NamedTuple):
    source_key: str
    target_key: str
    created_at: str


@value
class Entity:
    """The entries of one entity that a pipeline's source has on its target."""

    admin: TargetAdmin = field(repr=False)
    side: Side

    def entries(self, *, source: str = "", target: str = "") -> list[Entry]:
        return [Entry(*map(str, row)) for row in self.admin.ask(self.side.entries(source=_spelled(source), target=target))]

    def put(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Add entries, or change those that are there. Raises `Misconfigured` where two would lead to one row: a delete takes it from both."""
        pairs = [(_spelled(source), target) for source, target in pairs]
        wanted, now = dict(pairs), {entry.source_key: entry.target_key for entry in self.entries()}
        twice = [target for target, times in Counter({**now, **wanted}.values()).items() if times > 1 and target in wanted.values()]
        if len(wanted) < len(pairs) or twice:
            what = f"{len(twice)} target key(s)" if twice else "source keys"
            raise Misconfigured(
                f"{what} would have two entries of '{self.side.entity}'",
                "A row has one entry from each source database; `cdc xref merge` makes it two.",
            )
        for start in range(0, len(pairs), _CHUNK):
            self.admin.execute(self.side.put(pairs[start : start + _CHUNK]))

    def merge(self, source: str, into: str) -> str:
        """Let a source key lead to the row of another one; return the target key to which it led, or nothing."""
        source, into = _spelled(source), _spelled(into)
        found = {entry.source_key: entry.target_key for key in (source, into) for entry in self.entries(source=key)}
        if into not in found:
            raise Misconfigured(
                f"'{self.side.entity}' has no entry of the source key {into}", f"`cdc xref get {self.side.entity}` lists them."
            )
        self.admin.execute(self.side.put([(source, found[into])]))
        return "" if found.get(source, found[into]) == found[into] else found[source]

    def without_rows(self, plan: TargetPlan) -> list[tuple[str, str]]:
        """Return the entries whose row is not there."""
        return [(str(source), str(target)) for source, target in self.admin.ask(self.side.without_rows(plan.table.name, _key(plan)))]

    def without_entries(self, plan: TargetPlan) -> list[str]:
        """Return the keys of the rows to which no entry leads."""
        return [str(key) for (key,) in self.admin.ask(self.side.without_entries(plan.table.name, _key(plan)))]


@contextmanager
def crosswalk(line: Line) -> Iterator[TargetAdmin]:
    """Open an ordinary connection to a pipeline's target. Raises `Misconfigured` when it has no crosswalk."""
    admin = line.target_admin()
    try:
        name = TableName(SCHEMA, CROSSWALK)
        if name not in admin.definitions([name]):
            raise Misconfigured(f"{line.target.name}: the table {name} does not exist", "Run `cdc setup`, once a mapping has an `xref`.")
        yield admin
    finally:
        admin.close()


def entity(line: Line, admin: TargetAdmin, name: str) -> Entity:
    """Open an entity's entries. No entity's name ends in a blank, which MySQL would overlook."""
    return Entity(admin, Side(admin.words, name.rstrip(" "), line.source.name))


def listed(line: Line, admin: TargetAdmin) -> list[tuple[str, int]]:
    """Return the entities that have entries from the pipeline's source, and how many."""
    return [(str(name), int(number)) for name, number in admin.ask(entities(admin.words, line.source.name))]


def using(lines: Iterable[Line]) -> list[Line]:
    """Return the pipelines with mappings that use the crosswalk."""
    return [line for line in lines if any(map(uses_crosswalk, line.specs))]


def owners(plans: Iterable[TargetPlan]) -> dict[str, TargetPlan]:
    """Return entity → the plan that makes its rows."""
    made = ((one.entity, plan) for plan in plans for one in plan.references if isinstance(one, Xref) and one.maker is not None)
    return dict(made)


def _spelled(key: str) -> str:
    """Return a source key as the crosswalk has it, for one that somebody has typed: with a blank at its end as it is, say."""
    return source_key(source_texts(key))


def _key(plan: TargetPlan) -> str:
    return plan.columns[plan.key[0]].name


def read(file: TextIO, name: str) -> list[tuple[str, str]]:
    """Read entries from CSV with a header; other columns than the two keys are passed over. Raises `CdcError` with the line."""
    rows = csv.DictReader(file, strict=True)
    pairs: list[tuple[str, str]] = []
    try:
        if not set(HEADER) <= set(rows.fieldnames or ()):
            raise CdcError(f"{name}:1: the header has no {' and '.join(HEADER)}", f"Let the first line be: {','.join(HEADER)}")
        for row in rows:
            source, target = (row[key] for key in HEADER)
            if not source or not target:
                raise CdcError(f"{name}:{rows.line_num}: a key is missing", "Give each line a source key and a target key.")
            pairs.append((source, target))
    except csv.Error as error:
        raise CdcError(f"{name}:{rows.line_num}: {error}", "Write it as CSV in UTF-8, texts with commas in double quotes.") from error
    return pairs


def write(entries: Iterable[Entry], file: TextIO) -> None:
    made = csv.writer(file, lineterminator="\n")
    made.writerow(Entry._fields)
    made.writerows(entries)
