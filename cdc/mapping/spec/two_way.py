"""What a mapping says of the other direction (`direction`, `reverse`, `owner`), as far as its file alone tells whether it means anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import Direction, MappingSpec

_INSERTED = "write `reverse: {source_column: {value: …, write: insert}}` for new rows of the source, or remove one of them"


def used_on_the_way_back(document: Document, word: str) -> list[str]:
    """Name what the file's own forms for source columns use: `word` is `map` or `decision`."""
    forms = [form for _, form in _forms(document)]
    said = section(document.data.get("reverse")).get("where")
    found = [section(form).get(word) for form in (*forms, said)]
    return list(dict.fromkeys(name for name in found if isinstance(name, str)))


def check_two_way(spec: MappingSpec) -> Iterator[Problem]:
    """Find what has no effect, and what contradicts itself."""
    document = spec.document
    if spec.direction is not Direction.BOTH and document.data.get("direction") in (None, Direction.FORWARD.value):
        yield from _without_effect(document)
    elif spec.direction is Direction.BOTH and spec.query is not None:
        message = "a query mapping goes one way: what it joins can't be taken apart again"
        yield document.at(("direction",)).problem("query-two-way", message, "write a mapping for the other direction")
    for name, given in section(document.data.get("columns")).items():
        yield from _owned(spec, ("columns", name), section(given))


def _without_effect(document: Document) -> Iterator[Problem]:
    columns = section(document.data.get("columns"))
    paths: list[Path] = [("reverse",)] if "reverse" in document.data else []
    paths += [("columns", name, "reverse") for name, given in columns.items() if "reverse" in section(given)]
    for path in paths:
        message = "'reverse' has no effect without `direction: both`"
        yield document.at_key(path).problem("unused-key", message, "write `direction: both`, or remove it")
    tests = document.data.get("tests")
    for at, test in enumerate(tests if isinstance(tests, list) else ()):
        if section(test).get("direction") == "reverse":
            yield document.at(("tests", at, "direction")).problem(
                "unused-key", "'direction: reverse' has no effect without the mapping's `direction: both`", "write that, or remove it"
            )


def _owned(spec: MappingSpec, path: Path, given: dict[str, Any]) -> Iterator[Problem]:
    """A column has one owner, who writes it always."""
    owner, write, place = given.get("owner"), given.get("write"), spec.document.at_key((*path, "owner"))
    if owner is None:
        return
    if path[1] in spec.key:
        yield place.problem("key-owned", f"the key '{path[1]}' names the row on both sides: nobody owns it", "remove `owner`")
    wanted = {"source": "always", "target": "insert", "newest": "always"}.get(str(owner))
    if write is not None and wanted is not None and write != wanted:
        message = f"'owner: {owner}' writes the column {'in new rows only' if owner == 'target' else 'always'}, 'write: {write}' does not"
        yield place.problem("two-values", message, "keep one of them")
    if owner == "source" and not all(section(form).get("write") == "insert" for at, form in _forms(spec.document) if at[:2] == path):
        yield place.problem("two-values", f"the source owns column '{path[1]}', and `reverse` would write it back", _INSERTED)


def _forms(document: Document) -> Iterator[tuple[Path, Any]]:
    """Yield place and form of each source column that the file gives by its own words."""
    for name, given in section(document.data.get("columns")).items():
        said = section(given).get("reverse")
        path: Path = ("columns", name, "reverse")
        if "reverse" in section(given):
            yield from (((*path, column), form) for column, form in said.items()) if isinstance(said, dict) else [(path, said)]
    for column, form in section(section(document.data.get("reverse")).get("columns")).items():
        yield ("reverse", "columns", column), form


def section(given: object) -> dict[str, Any]:
    """Return what is written there, nothing when it is no section."""
    return given if isinstance(given, dict) else {}
