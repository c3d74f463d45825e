"""What a source's tables stood on when somebody last looked, against what they stand on now: to rows that went or came and are in no log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from cdc.app.build import Line
from cdc.app.service.config import default_schema
from cdc.app.state import footing as state
from cdc.mapping.query.prepare import wanted_tables
from cdc.model.errors import Exit, Finding, Gap
from cdc.model.footing import Footing, Partition
from cdc.model.table import TableName
from cdc.model.write import Truncates
from cdc.source.probe import Probe
from cdc.source.standing import anew

Footings = Mapping[TableName, Footing]

_REPAIR = "Stop the pipeline and run `cdc resync --gap PIPELINE`: it compares the tables and writes what differs."
_OR_IGNORE = "Or set `truncate: ignore` in the mapping: rows that go or come with a whole table or partition are then left to you."
_REPLACED = "table-replaced"
_IGNORED = "`truncate: ignore` leaves that to you."
_SETTLED = "The resync that is asked for settles that."
_NAMED = 3
"""Partitions that a message names."""


def news(
    before: Footings,
    now: Footings,
    ignoring: Collection[TableName],
    feeding: Mapping[TableName, Sequence[str]],
    repaired: Collection[str] = (),
) -> Iterator[Finding]:
    """Yield what rows of these tables may have gone or come by, without a word in the log.

    `ignoring`: tables whose mappings let TRUNCATE pass, so that this is told and nothing more. `feeding`: table → the mappings that read it.
    Where all of these are `repaired`, by comparing whole tables, partitions are of no account any more. Of a table that is another one the
    log itself can't be followed, nor of one that was not published: that takes a slot made anew.
    """
    for name in before.keys() & now.keys():
        if not _published_throughout(before[name], now[name]):
            message = f"{name} left the publication and came back: what changed in it meanwhile is in no log"
            yield Finding("was-unpublished", message, _REPAIR, Exit.GAP)
        for message in sorted(_renewed(name, before[name], now[name])):
            yield Finding("column-anew", message, compare("PIPELINE", feeding.get(name, ("MAPPING",))), Exit.OK)
        for code, message in _moved(name, before[name], now[name]):
            mappings = feeding.get(name, ()) if code != _REPLACED else ()
            if name in ignoring:
                yield Finding(code, message, _IGNORED, Exit.OK)
            elif mappings and set(mappings) <= set(repaired):
                yield Finding(code, message, _SETTLED, Exit.OK)
            else:
                mend = compare("PIPELINE", mappings) if mappings else _REPAIR
                yield Finding(code, message, f"{mend} {_OR_IGNORE}", Exit.GAP)


def compare(pipeline: str, mappings: Sequence[str]) -> str:
    return f"Run `cdc resync {pipeline} {' '.join(mappings)}`: it compares what the table feeds and writes what differs."


def _renewed(name: TableName, before: Footing, now: Footing) -> Iterator[str]:
    """Columns are known by their number: one that was dropped and made anew has another, and so has one that took another's name."""
    if before.relation == now.relation:
        yield from (
            anew(name, column) for column in before.columns.keys() & now.columns.keys() if before.columns[column] != now.columns[column]
        )


def _published_throughout(before: Footing, now: Footing) -> bool:
    """An entry of the publication that is still there was there all the time. Partitions may have entries of their own."""
    if not before.by.isdisjoint(now.by):
        return True
    entries = [(before.by | part.by, now.by | now.parts[number].by) for number, part in before.parts.items() if number in now.parts]
    return all(not known or not known.isdisjoint(there) for known, there in entries or [(before.by, now.by)])


def _moved(name: TableName, before: Footing, now: Footing) -> Iterator[tuple[str, str]]:
    if before.relation != now.relation:
        message = f"{name} is another table than before: it was dropped and made anew, or tables were swapped; its rows are in no log"
        yield _REPLACED, message
        return
    gone = [part for number, part in before.parts.items() if not _same(part, now.parts.get(number))]
    if gone:
        yield "partition-gone", f"{name}: {_listed(gone)}: detached or dropped, and no log says which rows went with that"
    filled = [part for number, part in now.parts.items() if part.filled and not _same(part, before.parts.get(number))]
    if filled:
        yield "partition-filled", f"{name}: {_listed(filled)}: attached with rows that are in no log"


def _same(part: Partition, other: Partition | None) -> bool:
    return other is not None and part.since == other.since


def _listed(parts: Sequence[Partition]) -> str:
    names = sorted(part.name for part in parts)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"partition{'s' if len(names) > 1 else ''} {', '.join(names[:_NAMED])}{more}"


def ignoring(line: Line) -> Collection[TableName]:
    """Return the source's tables whose mappings all let TRUNCATE pass."""
    schema = default_schema(line.source)
    read = [(set(wanted_tables(spec, schema)), spec.truncate is Truncates.IGNORE) for spec in line.specs]
    halting = {name for names, ignores in read if not ignores for name in names}
    return {name for names, _ in read for name in names} - halting


def feeding(line: Line) -> Mapping[TableName, Sequence[str]]:
    """Return each source table with the mappings that read it."""
    schema, found = default_schema(line.source), defaultdict[TableName, list[str]](list)
    for spec in line.specs:
        for name in set(wanted_tables(spec, schema)):
            found[name].append(spec.name)
    return found


def looked(
    line: Line, probe: Probe, names: Sequence[TableName], before: Footings, repaired: Collection[str] = ()
) -> tuple[Footings, Sequence[Finding]]:
    """Look at tables again: return what they stand on now, and what that tells of; `repaired`: mappings that are to be repaired."""
    now = probe.footings(names, before)
    found = news(before, now, ignoring(line), feeding(line), repaired)
    return now, [replace(finding, hint=finding.hint.replace("PIPELINE", line.name)) for finding in found]


def told(line: Line, repaired: Collection[str] = ()) -> Gap | None:
    """Look now, for a pipeline that nobody runs: return why its rows may differ though its log is whole, or None."""
    with closing(line.target_admin()) as target, closing(line.probe()) as probe:
        _, found = looked(line, probe, list(before := state.stored(target, line.name)), before, repaired)
    gaps = (each for each in found if each.exit is not Exit.OK)
    return next((Gap(f"{line.source.name}: {each.message}", each.hint) for each in gaps), None)


def put_down(line: Line, now: Footings) -> None:
    """Let the next look compare with this one."""
    if not now:
        return
    with closing(line.target_admin()) as target:
        if now != state.stored(target, line.name):
            state.store(target, line.name, now)


def begun(line: Line, names: Sequence[TableName], seen: Footings, *, loaded: bool) -> Footings:
    """Put down what tables stand on as a pipeline begins: what was `seen` and compared, or, before a load, what is there now.

    What a repair is to settle is put down when it has.
    """
    if not loaded:
        with closing(line.probe()) as probe:
            seen = probe.footings(names, {})
    put_down(line, seen)
    return seen
