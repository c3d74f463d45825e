"""Two mappings of one target table to whether they can ever write the same row, as far as their keys' expressions tell."""

from __future__ import annotations

import re

from cdc.mapping.spec.mapping import MappingSpec, Sql

_NAMESPACE = re.compile(r"\s*stable_uuid\s*\(\s*'((?:[^']|'')*)'\s*,", re.IGNORECASE)


def apart(one: MappingSpec, other: MappingSpec) -> bool:
    """Whether a column of both keys is a `stable_uuid` in different namespaces, so that no row is named by both."""
    return any(
        (mine := _namespace(one, column)) is not None and (theirs := _namespace(other, column)) is not None and mine != theirs
        for column in set(one.key) & set(other.key)
    )


def _namespace(spec: MappingSpec, column: str) -> str | None:
    given = spec.columns.get(column)
    found = _NAMESPACE.match(given.text) if isinstance(given, Sql) else None
    return found.group(1) if found else None
