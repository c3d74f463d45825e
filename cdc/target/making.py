"""New rows of plans whose key is the crosswalk's → their keys, and the entries that remember them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from cdc.model.change import ABSENT
from cdc.model.errors import BadRow, Incomplete, key_text
from cdc.model.reference import Maker, Xref
from cdc.model.write import TargetPlan, Write
from cdc.sql.crosswalk import source_key
from cdc.target.adoption import New
from cdc.target.crosswalk import Entries
from cdc.target.plans import Plans, key_ref, refs_of
from cdc.target.store import Store


def make(plans: Plans, store: Store, entries: Entries, writes: Iterable[Write], fill: Callable[[Write], Write]) -> set[int]:
    """Make the entries that the writes lack. Returns the identities of the writes whose rows were inserted for that.

    `fill` fills in all of an image but the row's own key.
    """
    inserted: list[Write] = []
    for plan, new in new_rows(plans, entries, writes).items():
        owner = plans.facts[plan].owner
        assert owner is not None
        if owner.maker is Maker.UUID:
            entries.record(owner.entity, {key: entries.made(owner.entity, key) for key in new})
        elif store.reserves:
            entries.record(owner.entity, dict(zip(new, store.reserve(plan, len(new)), strict=True)))
        else:
            inserted += new.values()
    return _create(plans, store, entries, inserted, fill)


def new_rows(plans: Plans, entries: Entries, writes: Iterable[Write]) -> New:
    new: dict[TargetPlan, dict[str, Write]] = defaultdict(dict)
    seen: set[tuple[str, str]] = set()
    for write in writes:
        owner = plans.facts[write.plan].owner
        if owner is None or write.image is None or write.moved is not None or entries.target_key(ref := key_ref(write)) is not None:
            continue
        name = owner.entity, source_key(ref.texts)
        if name not in seen:
            seen.add(name)
            new[write.plan][name[1]] = write
    return new


def _create(plans: Plans, store: Store, entries: Entries, waiting: Sequence[Write], fill: Callable[[Write], Write]) -> set[int]:
    """Insert rows for the keys that they get, first those to which others refer. Those that refer to each other in a ring are left."""
    created: set[int] = set()
    while ready := [write for write in waiting if _is_ready(plans, entries, write)]:
        groups: dict[TargetPlan, list[tuple[Write, Write]]] = defaultdict(list)
        for write in ready:
            filled = fill(write)
            groups[filled.plan].append((write, filled))
        for plan, pairs in groups.items():
            _insert(store, entries, plan, pairs)
        created |= set(map(id, ready))
        waiting = [write for write in waiting if id(write) not in created]
    return created


def _is_ready(plans: Plans, entries: Entries, write: Write) -> bool:
    """Return whether all entries are there that the row needs besides its own."""
    assert write.image is not None
    if ABSENT in write.image:
        raise Incomplete([write])
    others = (ref for ref in refs_of(plans.facts[write.plan], write) if isinstance(ref.reference, Xref) and ref.reference.maker is None)
    return all(entries.target_key(ref) is not None for ref in others)


def _insert(store: Store, entries: Entries, plan: TargetPlan, pairs: Sequence[tuple[Write, Write]]) -> None:
    places = [at for at in range(len(plan.columns)) if at not in plan.key and at not in plan.later]
    rows = [tuple(filled.image[at] for at in places) for _, filled in pairs if filled.image is not None]
    owner = next(one for one in plan.references if isinstance(one, Xref) and one.maker is not None)
    try:
        keys = store.create(plan, places, rows)
    except BadRow as error:
        which = f" (key {key_text(pairs[0][0].key)})" if len(pairs) == 1 else ""
        raise BadRow(f"mapping {plan.mapping}: {plan.table.name}{which}: {error}", error.hint, waits=error.waits) from error
    entries.record(owner.entity, dict(zip([source_key(key_ref(write).texts) for write, _ in pairs], keys, strict=True)))
