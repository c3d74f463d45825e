"""What is decided once about a session's plans for the sake of their references."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from cdc.model.reference import Lookup, Match, Ref, Xref
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.model.write import Newest, TargetPlan, Write
from cdc.target.collapse import Collapsed, collapser


@value
class Facts:
    """What has to be done for writes of one plan."""

    spots: tuple[int, ...]
    """Positions of the columns that references fill, those of the key last: what else is missing is the better thing to say."""
    owner: Xref | None
    """Set when the key is the crosswalk's: new rows get a new entry."""
    reads: frozenset[TableName]
    """The tables of its look-ups."""
    shaken: bool
    """Deletes elsewhere may change rows of these tables, by a cascade."""
    matches: tuple[tuple[Match, tuple[int, ...]], ...]
    """Ways to find a row that is there before one is made, each with the positions of its columns."""
    rivals: tuple[str, ...]
    """The entities whose entries lead to rows of this table."""


class Plans:
    """A session's plans. `collapse` collapses their filled writes."""

    def __init__(self, plans: Sequence[TargetPlan]) -> None:
        entities = list(dict.fromkeys((plan.table.name, owner.entity) for plan in plans if (owner := owner_of(plan))))
        self.facts = {plan: _facts(plan, tuple(entity for table, entity in entities if table == plan.table.name)) for plan in plans}
        self.adopt = any(facts.matches for facts in self.facts.values())
        """Whether any of them looks for rows that are there already."""
        self.collapse: Callable[[Iterable[Write]], Collapsed] = collapser(plans)
        self._all = list(plans)
        self._without: dict[tuple[TargetPlan, tuple[int, ...]], TargetPlan] = {}

    def without(self, plan: TargetPlan, kept: tuple[int, ...]) -> TargetPlan:
        """Return the plan without columns that are to keep what they have: a row may be inserted without them."""
        made = self._without.get((plan, kept))
        if made is None:
            made = self._without[plan, kept] = _without(plan, kept)
            self._all.append(made)
            self.collapse = collapser(self._all)
        return made


def refs_of(facts: Facts, write: Write) -> Iterator[Ref]:
    """Yield all that a write refers to."""
    yield from refs(write.key if write.image is None else [write.image[at] for at in facts.spots])
    yield from refs(write.moved or ())


def refs(values: Iterable[object]) -> Iterator[Ref]:
    """Yield those of the values that have yet to be found."""
    return (one for one in values if isinstance(one, Ref))


def key_ref(write: Write) -> Ref:
    """Return the key of a write whose plan has an owner."""
    return next(refs(write.key))


def ways(plan: TargetPlan) -> Iterator[tuple[str, Match]]:
    """Yield the ways in which rows are adopted, each with its columns' names."""
    owner = owner_of(plan)
    yield from ((", ".join(column.name for column in match.by), match) for match in (owner.match if owner else ()))


def owner_of(plan: TargetPlan) -> Xref | None:
    """Return the reference that is the plan's key, where that is the crosswalk's."""
    return next((one for one in plan.references if isinstance(one, Xref) and one.maker is not None), None)


def _facts(plan: TargetPlan, rivals: tuple[str, ...]) -> Facts:
    filled = {reference.column for reference in plan.references}
    lookups = [reference for reference in plan.references if isinstance(reference, Lookup)]
    spots = [at for at, column in enumerate(plan.columns) if column.name in filled]
    owner, names = owner_of(plan), [column.name for column in plan.columns]
    return Facts(
        tuple(sorted(spots, key=lambda at: at in plan.key)),
        owner,
        frozenset(lookup.table.name for lookup in lookups),
        any(key.cascades for lookup in lookups for key in lookup.table.foreign_keys),
        tuple((match, tuple(names.index(column.name) for column in match.by)) for match in (owner.match if owner else ())),
        rivals,
    )


def _without(plan: TargetPlan, kept: tuple[int, ...]) -> TargetPlan:
    left = [at for at in range(len(plan.columns)) if at not in kept]
    return replace(
        plan,
        columns=tuple(plan.columns[at] for at in left),
        key=tuple(left.index(at) for at in plan.key),
        once=frozenset(left.index(at) for at in plan.once if at in left),
        later=frozenset(left.index(at) for at in plan.later if at in left),
        newest=plan.newest
        and Newest(left.index(plan.newest.clock), frozenset(left.index(at) for at in plan.newest.columns if at in left), plan.newest.ties),
    )
