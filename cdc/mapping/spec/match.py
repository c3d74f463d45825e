"""A mapping file's `match` to the ways in which it finds rows that are there, and what is wrong with them as far as the file tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cdc.mapping.files.problem import Problem, did_you_mean
from cdc.mapping.spec.mapping import Given, MappingSpec, Sql, Way

_XREF = re.compile(r"[\s(]*xref\s*\(", re.IGNORECASE)


def is_xref(given: Given | None) -> bool:
    """Whether a column is the crosswalk's, which is a whole column or nothing."""
    return isinstance(given, Sql) and _XREF.match(given.text) is not None


def ways(given: Sequence[str] | Sequence[Sequence[str]] | None) -> tuple[Way, ...]:
    """Return the ways to match of the file's list of columns, or list of such lists."""
    if not given:
        return ()
    if isinstance(given[0], str):
        return (Way(tuple(map(str, given)), ("match",)),)
    return tuple(Way(tuple(columns), ("match", at)) for at, columns in enumerate(given))


def check_match(spec: MappingSpec) -> Iterator[Problem]:
    """Rows are adopted by the crosswalk, on columns that the mapping makes."""
    if spec.match and not (len(spec.key) == 1 and is_xref(spec.columns.get(spec.key[0]))):
        yield spec.document.at_key(("match",)).problem(
            "match-key",
            "a row that is there keeps its key, so `match` needs a key that is an `xref`",
            f"write `key: [{spec.key[0]}]` and `{spec.key[0]}: xref('{spec.name}', …)`: the crosswalk then knows which row is whose",
        )
    for way in spec.match:
        for at, column in enumerate(way.columns):
            place = spec.document.at((*way.path, at))
            if column in spec.key:
                yield place.problem("bad-match", f"'{column}' is the key, which a new row has yet to get", "match by another column")
            elif column not in spec.columns:
                advice = did_you_mean(column, spec.columns) or "what is compared is what the mapping writes there"
                yield place.problem("unknown-column", f"the mapping has no column '{column}'", advice)
            elif column in way.columns[:at]:
                yield place.problem("column-twice", f"column '{column}' is named twice", "keep one of them")
