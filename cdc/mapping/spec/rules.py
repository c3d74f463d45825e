"""The rules that a spec keeps beyond its shape, alone and beside the other specs of its pipeline; what breaks them becomes a problem."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from cdc.mapping.files.document import Document, Path, Spot
from cdc.mapping.files.problem import Problem, did_you_mean
from cdc.mapping.files.shape import comma_inside_braces
from cdc.mapping.files.yaml12 import plain
from cdc.mapping.spec.apart import apart
from cdc.mapping.spec.clock import check_clock
from cdc.mapping.spec.emptied import check_emptied
from cdc.mapping.spec.mapping import Computed, Decided, Direction, Mapped, MappingSpec, Moment, Sql, expressions, same_columns, table_name
from cdc.mapping.spec.match import check_match
from cdc.mapping.spec.option import check_decided, check_decisions, check_options
from cdc.mapping.spec.python import check_python
from cdc.mapping.spec.query import check_query
from cdc.mapping.spec.sought import PARTS, check_sought
from cdc.mapping.spec.two_way import check_two_way, used_on_the_way_back
from cdc.model.write import Deletes

_OPERATOR = re.compile(r"[ \t]+#>")
"""PostgreSQL's `#>` and `#>>` after a blank: a comment for YAML."""


def check(spec: MappingSpec) -> Iterator[Problem]:
    """Find what is wrong with one spec."""
    yield from check_query(spec.document, spec.query)
    for rule in (
        _tables,
        _columns,
        _expressions,
        _twice,
        _key,
        _soft_delete,
        _maps,
        _tests,
        _parking,
        check_options,
        check_decisions,
        check_match,
        check_two_way,
        check_clock,
        check_emptied,
    ):
        yield from rule(spec)


def check_set(specs: Sequence[MappingSpec], default_schema: str = "") -> Iterator[Problem]:
    """Find what is wrong between the specs of one pipeline; `default_schema` is where unqualified target tables are."""
    names: dict[str, MappingSpec] = {}
    for spec in specs:
        first = names.setdefault(spec.name, spec)
        if first is not spec:
            place = spec.document.at(("mapping",))
            yield place.problem(
                "duplicate-mapping",
                f"mapping '{spec.name}' is also in {_where(first, ('mapping',))}",
                "give one of them another name" + (": `reverse: {mapping: …}`" if spec.direction is Direction.REVERSE else ""),
            )
    yield from _shared_columns(specs, default_schema)


def _shared_columns(specs: Sequence[MappingSpec], default_schema: str) -> Iterator[Problem]:
    """Two mappings may write one row, but not one column of it, except the key that names it for both."""
    writers: dict[tuple[str, str, str], list[MappingSpec]] = {}
    for spec in specs:
        try:
            table = table_name(spec.target, default_schema)
        except ValueError:
            continue  # reported where it stands
        for column in _written(spec):
            owners = writers.setdefault((*table, column), [])
            first = next((owner for owner in owners if not apart(owner, spec)), None)
            if first is None:
                owners.append(spec)
                continue
            if column in spec.key and column in first.key:
                continue
            if (seeds := column in first.only_at(Moment.INSERT)) is not (column in spec.only_at(Moment.INSERT)):
                owners[owners.index(first)] = spec if seeds else first  # what only new rows get gives way to the column's owner
                continue
            there = first.place(column)
            yield spec.place(column).problem(
                "column-written-twice",
                f"column '{column}' of {table.name} is also written by mapping '{first.name}', {there.file}:{there.line}:{there.column}",
                "one mapping writes a column: remove it from the other",
            )


def _written(spec: MappingSpec) -> list[str]:
    return list(dict.fromkeys((*spec.columns, *spec.soft_delete)))


def _where(spec: MappingSpec, path: Path) -> str:
    place = spec.document.at(path)
    return f"{place.file}:{place.line}"


def _tables(spec: MappingSpec) -> Iterator[Problem]:
    for name, text in (("source", spec.source), ("target", spec.target)):
        try:
            table_name(text, "")
        except ValueError:
            yield spec.document.at((name,)).problem(
                "bad-table", f"'{text}' is not a table's name", 'write `table`, `schema.table` or `"odd.name"` in quotes'
            )


def _columns(spec: MappingSpec) -> Iterator[Problem]:
    """Each column's long form says one thing, wholly."""
    document = spec.document
    if not _named(spec):
        yield document.at(("columns",)).problem(
            "no-columns", "the mapping names no target column", "write `columns:` with `target_column: expression` lines"
        )
    for name, given in _section(spec, "columns").items():
        path, keys = ("columns", name), set(given) if isinstance(given, dict) else {"value"}
        form = next((rule for key, rule in _FORMS.items() if key in keys), _value_form)
        yield from form(document, path, keys)


def _value_form(document: Document, path: Path, keys: AbstractSet[str]) -> Iterator[Problem]:
    """A column of `value`, or of `map` and `from`."""
    name = path[-1]
    if keys <= {"from", "default", "check", "on_fail", "write", "owner", "reverse", "dates", "numbers"}:
        yield document.at_key(path).problem(
            "no-value", f"column '{name}' gets no value", "write `value:`, `map:`, `lookup:`, `decision:` or `python:`"
        )
    if {"value", "map"} <= keys:
        yield document.at_key((*path, "map")).problem("two-values", f"column '{name}' has both `value` and `map`", "keep one of them")
    if "map" in keys and "from" not in keys:
        yield document.at_key((*path, "map")).problem("missing-key", "'from' is missing: what the map translates", "write `from: column`")
    for key in sorted(keys & {"from", "default"} if "map" not in keys else ()):
        yield document.at_key((*path, key)).problem("unused-key", f"'{key}' has no effect without `map`", "remove it, or name a value map")
    for key in sorted(keys & PARTS):
        yield document.at_key((*path, key)).problem(
            "unused-key", f"'{key}' has no effect without `lookup`", "remove it, or name a table to look in"
        )


_FORMS = {"lookup": check_sought, "decision": check_decided, "python": check_python}
"""A key of a column's long form → what finds what is wrong with such a column."""


def _expressions(spec: MappingSpec) -> Iterator[Problem]:
    found = [*([spec.where] if spec.where else ()), *(sql for decision in spec.decisions.values() for sql in decision.inputs)]
    found += [sql for given in spec.columns.values() if not isinstance(given, (Decided, Computed)) for sql in expressions(given)]
    found += [options.check for options in spec.options.values() if options.check]
    for sql in found:
        yield from _expression(spec, sql)


def _expression(spec: MappingSpec, sql: Sql) -> Iterator[Problem]:
    """What YAML does to an expression before anyone reads it as SQL."""
    document, path = spec.document, sql.path
    spot = document.spot(path)
    if spot is None:
        return
    if not sql.text.strip():
        cut = comma_inside_braces(document, path) if path[:-1] == ("columns",) else ""
        condition = path[-1] if path == ("where",) or path[2:] == ("check",) else ""
        advice = f"remove `{condition}`, or write a condition" if condition else cut or "write `null` if NULL is meant"
        yield document.at_key(path).problem("no-value", f"an expression is missing after '{path[-1]}'", advice)
    elif not spot.style and _OPERATOR.match(document.text.content, spot.end):
        yield document.at(path).problem(
            "comment", "the expression ends here: ` #` begins a comment in YAML", "put the whole expression in double quotes"
        )


def _twice(spec: MappingSpec) -> Iterator[Problem]:
    """A column stands in one of the lists, once."""
    seen = set(_section(spec, "columns"))
    for path, name in same_columns(spec.document):
        if name in seen:
            yield spec.document.at(path).problem("column-twice", f"column '{name}' is named twice", "keep one of them")
        seen.add(name)


def _key(spec: MappingSpec) -> Iterator[Problem]:
    named = _named(spec)
    for at, column in enumerate(spec.key):
        if named and column not in named:
            advice = did_you_mean(column, named) or "a key column gets its value under `columns` or `same`"
            yield spec.document.at(("key", at)).problem(
                "key-not-mapped", f"key column '{column}' is not among the mapping's columns", advice
            )
    for column, times in Counter(spec.key).items():
        if times > 1:
            yield spec.document.at_key(("key",)).problem("column-twice", f"column '{column}' stands in the key {times} times")


def _soft_delete(spec: MappingSpec) -> Iterator[Problem]:
    document = spec.document
    deletes, columns = document.data.get("deletes", "hard"), _section(spec, "soft_delete")
    if deletes == "soft" and not columns:
        yield document.at(("deletes",)).problem(
            "missing-key", "`deletes: soft` needs `soft_delete`", "write `soft_delete: {deleted: 1}`: the columns that mark a deleted row"
        )
    if columns and deletes in ("hard", "ignore"):
        yield document.at_key(("soft_delete",)).problem(
            "unused-key", f"'soft_delete' has no effect with `deletes: {deletes}`", "write `deletes: soft`"
        )
    for column in columns if deletes == "soft" else ():
        place = document.at_key(("soft_delete", column))
        if column in spec.key:
            yield place.problem("key-changed", f"a soft delete can't change the key column '{column}'")
        elif column not in _named(spec) or column in spec.only_at(Moment.INSERT):
            yield place.warning(
                "stays-deleted",
                f"a row that comes back stays marked: no mapping sets '{column}' back",
                f"remove `write: insert` of '{column}'" if column in _named(spec) else f"name it under `columns` too: `{column}: 0`",
            )


def _maps(spec: MappingSpec) -> Iterator[Problem]:
    document, maps = spec.document, _section(spec, "maps")
    used = {column.map for column in spec.columns.values() if isinstance(column, Mapped)} | set(used_on_the_way_back(document, "map"))
    for name, column in spec.columns.items():
        if isinstance(column, Mapped) and column.entries and len(column.entries[0].texts) != len(column.sources):
            texts = len(column.entries[0].texts)
            message = (
                f"column '{name}': the value map '{column.map}' translates {_count(texts)} at a time, `from` has {len(column.sources)}"
            )
            yield document.at((*column.path, "from")).problem("bad-from", message, "write `from: [one, two]`: an expression for each")
        if isinstance(column, Mapped) and column.map not in maps:
            advice = did_you_mean(column.map, maps) or "name it under `maps`"
            yield document.at((*column.path, "map")).problem(
                "unknown-map", f"column '{name}': there is no value map '{column.map}'", advice
            )
    for name, entries in maps.items():
        if name not in used:
            yield document.at_key(("maps", name)).warning("unused-map", f"no column uses the value map '{name}'")
        for key in entries if isinstance(entries, dict) else ():
            if _is_null(document.keys.get(("maps", name, key))):
                yield document.at_key(("maps", name, key)).problem(
                    "null-key",
                    f"a value map has no entry for NULL: '{key}' would be the text",
                    "put the text in quotes; a list has room for NULL: `- [null, value]`",
                )


def _count(texts: int) -> str:
    return "1 text" if texts == 1 else f"{texts} texts"


def _is_null(key: Spot | None) -> bool:
    return key is not None and not key.style and plain(key.text or "") is None


def _tests(spec: MappingSpec) -> Iterator[Problem]:
    named = _named(spec)
    for test in spec.tests:
        if test.old and spec.document.scalar((*test.path, "op")) == "insert":
            yield spec.document.at_key((*test.path, "old")).problem(
                "unused-key", "an inserted row has no old one", "remove it, or `op: insert`"
            )
        for column in test.expect or ():
            if column not in named:
                place = spec.document.at_key((*test.path, "expect", column))
                yield place.problem("unknown-column", f"the mapping has no column '{column}'", did_you_mean(column, named))


def _parking(spec: MappingSpec) -> Iterator[Problem]:
    if spec.halts and spec.deletes is Deletes.PARK:
        place = spec.document.at(("on_error",))
        yield place.problem("conflict", "a mapping that halts at its first failing row can't park deletes", "write `on_error: park`")


def _section(spec: MappingSpec, name: str) -> dict[str, object]:
    """A section as it is written, wrong entries included, so that one mistake is not reported twice."""
    section = spec.document.data.get(name)
    inner = dict(section) if isinstance(section, dict) else {}
    return {key: given for key, given in inner.items() if not (name == "columns" and key == "same" and isinstance(given, list))}


def _named(spec: MappingSpec) -> list[str]:
    """All target columns that the file writes, once each."""
    return list(dict.fromkeys([*_section(spec, "columns"), *(name for _, name in same_columns(spec.document))]))
