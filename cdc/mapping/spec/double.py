"""Mappings of two opposite pipelines → warnings where a row that one of them makes would be made again by the other, as a new one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import MappingSpec, table_name
from cdc.mapping.spec.match import is_xref
from cdc.mapping.spec.pair import reads


def doubles(there: Sequence[MappingSpec], back: Sequence[MappingSpec], source_schema: str, target_schema: str) -> Iterator[Problem]:
    """Each direction has a crosswalk of its own: what the one knows of a row, the other does not. The schemas are those of unqualified names."""
    for forward in there:
        for other in back:
            if _leads(forward, source_schema, target_schema) == _leads(other, target_schema, source_schema)[::-1] != ("", ""):
                yield from _doubled(forward, other)
                yield from _doubled(other, forward)


def _leads(spec: MappingSpec, source_schema: str, target_schema: str) -> tuple[str, str]:
    try:
        return str(table_name(spec.source, source_schema)), str(table_name(spec.target, target_schema))
    except ValueError:
        return "", ""  # reported where it stands


def _doubled(forward: MappingSpec, back: MappingSpec) -> Iterator[Problem]:
    """A row that `forward` makes gets a key that says nothing of where it came from; `back` must know it by something else."""
    if not any(is_xref(forward.columns.get(name)) for name in forward.key) or back.match or _known_again(forward, back):
        return
    place = forward.place(forward.key[0])
    there = back.place(back.key[0]) if back.key[0] in back.columns else back.document.at_key(("key",))
    message = (
        f"a row that mapping '{forward.name}' makes in {forward.target} would come back as a new row of {back.target} when it changes there: "
        f"mapping '{back.name}' ({there.file}:{there.line}) does not know it again"
    )
    advice = f"write `match: […]` in '{back.name}', or let '{forward.name}' write its source key to a column and '{back.name}' make its key of that"
    yield place.warning("double-rows", message, advice)


def _known_again(forward: MappingSpec, back: MappingSpec) -> bool:
    """Whether the key of the way back is made of what the way forward writes beside its own key."""
    written = {name.lower() for name in forward.columns if name not in forward.key}
    made = [reads(back, name) for name in back.key if name in back.columns and not is_xref(back.columns[name])]
    return len(made) == len(back.key) and all(of and written.issuperset(of) for of in made)
