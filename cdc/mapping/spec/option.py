"""What a column's options (`write`, `check`, `on_fail`) and decisions may say, as far as the file alone tells."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.problem import Problem, did_you_mean, one_of
from cdc.mapping.spec.mapping import Decided, MappingSpec, Moment, OnFail, Sought
from cdc.mapping.spec.two_way import used_on_the_way_back

_OTHERS = frozenset({"value", "map", "from", "default", "by", "missing"})


def check_options(spec: MappingSpec) -> Iterator[Problem]:
    """Find options that fit neither the key nor the kind of value."""
    for name, options in spec.options.items():
        path = ("columns", name)
        if name in spec.key and spec.document.scalar((*path, "write")) not in (None, Moment.ALWAYS.value):
            place = spec.document.at_key((*path, "write"))
            yield place.problem("key-not-written", f"the key '{name}' names the row: it is written always", "remove `write`")
        if name in spec.key and options.on_fail is not OnFail.PARK:
            message = f"the key '{name}' can't be altered: another row may have what it would become"
            yield spec.document.at_key((*path, "on_fail")).problem(
                "key-altered", message, "write `on_fail: park`, or `on_error: halt` for all columns"
            )
        if isinstance(spec.columns.get(name), Sought):
            for key in ("check", "on_fail"):
                if spec.document.scalar((*path, key)) is None:
                    continue
                message = f"'{key}' has no effect with `lookup`: only the target knows the value"
                yield spec.document.at_key((*path, key)).problem("unused-key", message, "`missing` says what happens when nothing is found")


def check_decided(document: Document, path: Path, keys: AbstractSet[str]) -> Iterator[Problem]:
    """Find what has no place beside the decision at `path`, which has these keys."""
    for key in sorted(keys & _OTHERS):
        yield document.at_key((*path, key)).problem(
            "two-values", f"column '{path[-1]}' has both `decision` and `{key}`", "keep one of them"
        )


def check_decisions(spec: MappingSpec) -> Iterator[Problem]:
    """Find decisions that nobody made, and that nobody asks for."""
    written = spec.document.data.get("decisions")
    known = list(written) if isinstance(written, dict) else []
    asked = [given for given in (*spec.columns.values(), spec.decided) if isinstance(given, Decided)]
    for given in asked:
        if given.table not in known:
            place = spec.document.at((*given.path, "decision"))
            yield place.problem(
                "unknown-decision", f"there is no decision '{given.table}'", did_you_mean(given.table, known) or "name it under `decisions`"
            )
        elif (decision := spec.decisions.get(given.table)) and given.take not in decision.then:
            there = spec.document.scalar((*given.path, "take")) is not None
            place = spec.document.at((*given.path, "take") if there else (*given.path, "decision"))
            message = (
                f"the decision '{given.table}' gives no '{given.take}'" if there else f"the decision '{given.table}' gives several results"
            )
            advice = did_you_mean(
                given.take, decision.then
            ) or f"write `take: {decision.then[0]}`: it gives {one_of(decision.then)}".replace(" or ", " and ")
            yield place.problem("unknown-result", message, advice)
    for name in known:
        if name not in {given.table for given in asked} and name not in used_on_the_way_back(spec.document, "decision"):
            yield spec.document.at_key(("decisions", name)).warning("unused-decision", f"nothing takes a result of the decision '{name}'")
