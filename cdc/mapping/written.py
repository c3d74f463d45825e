"""A spec → what its file says of each column and of `where`, with the place: what an error of a row shows beside the column's name."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.mapping.spec.mapping import Computed, Decided, Given, Mapped, MappingSpec, Sql, expressions

WHERE = "`where`"
_LONGEST = 120
"""Characters of an expression that are shown."""


def named(name: str) -> str:
    """Return how errors name a column."""
    return f"column '{name}'"


def written(spec: MappingSpec) -> Mapping[str, str]:
    """Return what errors name (a column, `where`) → its expression and where that stands."""
    made = {named(name): f"{_said(given)} ({_place(spec, name)})" for name, given in spec.columns.items()}
    if spec.where is not None or spec.decided is not None:
        place = spec.document.at_key(("where",))
        said = _quoted(spec.where.text) if spec.where is not None else _said(spec.decided) if spec.decided else ""
        made[WHERE] = f"{said} ({place.file}:{place.line})"
    return made


def _place(spec: MappingSpec, name: str) -> str:
    place = spec.place(name)
    return f"{place.file}:{place.line}"


def _said(given: Given) -> str:
    if isinstance(given, Sql):
        return _quoted(given.text)
    if isinstance(given, Decided):
        return f"decision {given.table}"
    if isinstance(given, Computed):
        return given.function
    texts = ", ".join(_quoted(sql.text) for sql in expressions(given))
    return f"map {given.map} of {texts}" if isinstance(given, Mapped) else texts


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"`{line}`" if len(line) <= _LONGEST else f"`{line[: _LONGEST - 1]}…`"
