"""Writes with `Ref`s → writes with values: what a batch refers to, found in bulk inside its own transaction.

A batch is done in runs, mostly a single one. A run ends before a write that looks up a table which the run has written, so that a look-up
sees what earlier writes of the batch have made. The crosswalk is read once per batch, and kept up to date from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from cdc.model.change import Row
from cdc.model.errors import Incomplete
from cdc.model.reference import Lookup, Maker, Ref, Xref
from cdc.model.table import TableName
from cdc.model.write import Batch, TargetPlan, Write
from cdc.sql.crosswalk import source_texts
from cdc.target.crosswalk import Entries
from cdc.target.filling import Filling
from cdc.target.plans import Facts, Plans, key_ref, refs, refs_of
from cdc.target.store import Store
from cdc.target.tally import Tally


def refers(plans: Iterable[TargetPlan]) -> bool:
    """Return whether any of the plans has references: the others need nothing of this module."""
    return any(plan.references for plan in plans)


def crosswalked(plans: Iterable[TargetPlan]) -> bool:
    """Return whether any of the plans needs the crosswalk's table."""
    return any(isinstance(reference, Xref) for plan in plans for reference in plan.references)


def node(batch: Batch) -> str:
    """Return the name of the database that a batch was read from: the crosswalk knows its keys under it."""
    return batch.origin[-1] if batch.origin else ""


def entered(owner: Xref, store: Store, node: str, most: int) -> Sequence[Row]:
    """Return the keys of an entity's rows: as `Ref`s, which find the rows when they are written."""
    keys = [source_texts(key) for key in store.sources(owner.entity, node, most)]
    return [(Ref(owner, texts),) for texts in keys]  # type: ignore[misc]  # a `Ref` stands in a value's place


def resolve(plans: Plans, store: Store, writes: Sequence[Write], node: str, tally: Tally, apply: Callable[[Sequence[Write]], None]) -> None:
    """Hand the writes to `apply` run by run, every reference filled in. `node` is the database that they came from.

    Counts what needs no `apply`. Raises `BadRow` for what can't be found, and `Incomplete` with writes as they were given.
    """
    entries = Entries(store, node)
    entries.load((ref for write in writes for ref in refs_of(plans.facts[write.plan], write)), _gone(plans, writes))
    filling = Filling(plans, store, entries)
    try:
        for run in _runs(plans, store, entries, writes):
            apply(filling.filled(run, tally))
            filling.applied(run, tally)
    except Incomplete as incomplete:
        raise Incomplete([filling.original(write) for write in incomplete.writes]) from None


def _gone(plans: Plans, writes: Sequence[Write]) -> Iterator[Ref]:
    """Yield the keys of the crosswalk's that are deleted, or changed to others."""
    for write in writes:
        if (write.image is None or write.moved is not None) and plans.facts[write.plan].owner is not None:
            yield from refs(write.key if write.moved is None else write.moved)


class _Run:
    """Writes that are resolved together, and what decides where it ends."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.wrote: set[TableName] = set()
        self.plans: set[TargetPlan] = set()
        self.deletes = False

    def add(self, write: Write) -> None:
        self.writes.append(write)
        self.wrote.add(write.plan.table.name)
        self.plans.add(write.plan)
        self.deletes = self.deletes or write.image is None or write.moved is not None


def _runs(plans: Plans, store: Store, entries: Entries, writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    """Cut a batch where a write needs what earlier ones have done. A changed key of the crosswalk's is a run by itself."""
    run = _Run()
    for write in writes:
        facts = plans.facts[write.plan]
        alone = facts.owner is not None and write.moved is not None
        if run.writes and (
            alone or _looks_at(run, write, facts) or ((facts.matches or run.deletes) and _after_others(plans, store, entries, run, write))
        ):
            yield run.writes
            run = _Run()
        run.add(write)
        if alone:
            yield run.writes
            run = _Run()
    if run.writes:
        yield run.writes


def _looks_at(run: _Run, write: Write, facts: Facts) -> bool:
    """Return whether the write looks up what the run may change."""
    touched = not facts.reads.isdisjoint(run.wrote) or (facts.shaken and run.deletes)
    return touched and any(isinstance(ref.reference, Lookup) and None not in ref.texts for ref in refs_of(facts, write))


def _after_others(plans: Plans, store: Store, entries: Entries, run: _Run, write: Write) -> bool:
    """Return whether the write's row is new, and what stands before it in the run must be done before it is looked for or made.

    Rows to adopt are looked for when a run begins. Rows that the same entity's plans write are their own: they are none to adopt, and `prove` sees the rest.
    """
    facts = plans.facts[write.plan]
    if facts.owner is None or write.image is None or entries.target_key(key_ref(write)) is not None:
        return False
    if facts.matches:
        table = write.plan.table.name
        return run.deletes or any(plan.table.name == table and plans.facts[plan].owner is None for plan in run.plans)
    return facts.owner.maker is Maker.DATABASE and not store.reserves
