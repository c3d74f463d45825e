"""`truncate: apply` → problems where it can't be told which rows of the target go, as far as mapping files tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import Direction, MappingSpec, Sought, table_name
from cdc.mapping.spec.match import is_xref
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.model.write import KEEPING, Truncates

_HALT = "write `truncate: halt`, and empty the target by hand when it comes to that"


@value
class Leg:
    """The mappings of a pipeline, the databases that it leads between, and the schemas of unqualified names there."""

    source: str
    target: str
    schemas: tuple[str, str]
    specs: Sequence[MappingSpec]

    def tables(self) -> Iterator[tuple[MappingSpec, TableName, TableName]]:
        """Yield the mappings with the tables that they read and write."""
        for spec in self.specs:
            try:
                yield spec, table_name(spec.source, self.schemas[0]), table_name(spec.target, self.schemas[1])
            except ValueError:
                continue  # reported where it stands


def by_crosswalk(spec: MappingSpec) -> bool:
    """Return whether the crosswalk says which rows are the mapping's."""
    return len(spec.key) == 1 and is_xref(spec.columns.get(spec.key[0]))


def check_emptied(spec: MappingSpec) -> Iterator[Problem]:
    """Find what in the mapping itself keeps a TRUNCATE from being applied."""
    if spec.truncate is not Truncates.APPLY:
        return
    place = spec.document.at(("truncate",))
    if spec.query is not None:
        message = "a query mapping's rows come from several tables: TRUNCATE of one of them does not say which rows go"
        yield place.problem("truncate-query", message, _HALT)
    elif spec.deletes in KEEPING:
        message = f"`truncate: apply` deletes rows, and `deletes: {spec.deletes.value}` keeps them"
        yield place.problem("conflict", message, "write `deletes: hard` or `soft`, or another rule for `truncate`")
    elif spec.direction is Direction.BOTH:
        message = (
            "a mapping of two directions can't apply TRUNCATE: rows that the target made, and that are still on their way, would be lost"
        )
        yield place.problem("truncate-two-way", message, _HALT)
    elif not by_crosswalk(spec) and any(isinstance(given := spec.columns.get(name), Sought) or is_xref(given) for name in spec.key):
        message = f"the key {', '.join(spec.key)} is partly looked up, so that the target's rows don't say whose they are"
        yield place.problem("truncate-key", message, _HALT)


def check_shared(legs: Sequence[Leg]) -> Iterator[Problem]:
    """Find target tables that others write or read as well, where a mapping would empty them whole."""
    for leg in legs:
        for spec, source, target in leg.tables():
            if spec.truncate is Truncates.APPLY and not by_crosswalk(spec) and spec.query is None:
                yield from _writers(spec, leg, target, legs)
                yield from _ways_back(spec, leg, (target, source), legs)


def _writers(spec: MappingSpec, leg: Leg, target: TableName, legs: Iterable[Leg]) -> Iterator[Problem]:
    for other in legs:
        for one, _, written in other.tables() if other.target == leg.target else ():
            if one is not spec and written == target:
                message = f"mapping '{one.name}' ({one.document.file}) writes {target} too: its rows would go with those of '{spec.name}'"
                yield spec.document.at(("truncate",)).problem("truncate-shared", message, f"let an `xref` be the key, or {_HALT}")
                return


def _ways_back(spec: MappingSpec, leg: Leg, ends: tuple[TableName, TableName], legs: Iterable[Leg]) -> Iterator[Problem]:
    for other in legs:
        for one, *back in other.tables() if (other.target, other.source) == (leg.source, leg.target) else ():
            if tuple(back) == ends:
                message = f"mapping '{one.name}' ({one.document.file}) leads back to {ends[1]}: rows that are on their way there would be lost here"
                yield spec.document.at(("truncate",)).problem("truncate-two-way", message, _HALT)
                return
