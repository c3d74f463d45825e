"""Rows sent to and fro through a pair of mappings, to the columns that do not come back as they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from cdc.mapping.files.problem import Level, Problem
from cdc.mapping.lineage import written
from cdc.mapping.spec.mapping import MappingSpec
from cdc.mapping.spec.pair import Pair, both_write, reads
from cdc.mapping.tools.alike import comparable
from cdc.mapping.tools.leg import FailsError, Leg, Values, exemplary
from cdc.model.change import ABSENT

_SHOWN = 60
"""Characters of an expression that a report shows."""


class _Found:
    """What became of the rows, column by column."""

    def __init__(self) -> None:
        self.rows = 0
        self.altered, self.restless, self.failed = Counter[str](), Counter[str](), Counter[str]()


def by_examples(pair: Pair) -> Iterator[Problem]:
    """Send the pair's own examples to and fro, from either end."""
    for one in (pair, pair.turned()):
        rows = [dict(test.given) for test in one.forward.tests if test.expect is not None]
        if rows:
            there = exemplary(one.forward)
            back = exemplary(one.back, {name: made.of for name, made in there.columns.items()})
            yield from unsettled(there, back, rows, "examples")


def unsettled(there: Leg, back: Leg, rows: Iterable[Values], what: str) -> Iterator[Problem]:
    """Report each column of the rows that comes back altered; `what` the rows are."""
    found = _Found()
    for row in rows:
        found.rows += 1
        _trip(there, back, row, found)
    pair = Pair(there.spec, back.spec)
    columns = [column for _, column in both_write(pair)]
    for column in dict.fromkeys((*(back.spec.key if pair.derived or columns else ()), *columns)):
        if found.altered[column] or found.failed[column]:
            problem = _problem(there.spec, back.spec, column, found, what)
            # two that were written by hand may be about different rows, which not every condition can tell here
            yield problem if pair.derived else replace(problem, level=Level.WARNING)


def _trip(there: Leg, back: Leg, row: Values, found: _Found) -> None:
    over = _made(there, row, None)
    if over is None:
        return
    first = _made(back, over, found.failed) or {}
    again = _made(there, {**row, **first}, None)
    second = (_made(back, again, None) if again else None) or {}
    for name in first.keys() & row.keys():
        alike = comparable(back.columns[name].of)
        if alike(first[name]) != alike(_text(back, name, row)):
            found.altered[name] += 1
            found.restless[name] += name in second and alike(second[name]) != alike(first[name])


def _text(back: Leg, name: str, row: Values) -> Any:
    try:
        return back.columns[name].text(row[name])
    except FailsError:
        return row[name]


def _made(leg: Leg, row: Values, failed: Counter[str] | None) -> dict[str, Any] | None:
    """Return what the mapping makes of a row, as far as it is known; None when it leaves the row out. Counts what fails."""
    try:
        if leg.where and leg.where.run(row) not in ("t", ABSENT):
            return None
    except FailsError:
        return None
    made: dict[str, Any] = {}
    for name, column in leg.columns.items():
        try:
            made[name] = column.run(row)
        except FailsError:
            if failed is not None:
                failed[name] += 1
    return {name: text for name, text in made.items() if text is not ABSENT}


def _problem(there: MappingSpec, back: MappingSpec, column: str, found: _Found, what: str) -> Problem:
    """Say which column, what it goes through, and how often it was seen."""
    place, seen = back.place(column), f"in {found.altered[column]} of {found.rows} {what}"
    of = [(name, there.place(name)) for name in there.columns if name.lower() in reads(back, column)]
    lines = "".join(f" ({one.file}:{one.line})" for _, one in of[:1] if one.file != place.file)
    way = f"{', '.join(_shown(there, name) for name, _ in of)}{lines} there, {_shown(back, column)} back"
    if not found.altered[column]:
        message = f"column '{column}' can't be made of what goes over, in {found.failed[column]} of {found.rows} {what}: {way}"
        return place.warning("not-stable", message, _MEND)
    if column in back.key:
        message = f"the key '{column}' comes back as another one {seen}: {way}; such a row would be made a second time"
        return place.problem("key-not-stable", message, "name rows by what comes back as it was")
    if found.restless[column]:
        message = f"column '{column}' never settles: each way to and fro makes another value, {seen}: {way}"
        return place.problem("never-settles", message, _MEND)
    message = f"column '{column}' does not come back as it was {seen}: {way}; a change of the other side's row would alter it"
    return place.warning("not-stable", message, _MEND)


_MEND = "mend one of the two, or let one side own the column: `owner: source` or `owner: target`"


def _shown(spec: MappingSpec, column: str) -> str:
    text = " ".join(written(spec.columns[column]).split())
    return f"`{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}`"
