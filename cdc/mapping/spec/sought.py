"""The long form of a look-up, as a file has it: what is missing in it or has no place there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import table_name

PARTS = frozenset({"by", "take", "missing"})
"""What belongs to `lookup`."""
_OTHERS = frozenset({"value", "map", "from", "default"})
_EXAMPLES = {"by": "{user_name: created_by}", "take": "id"}


def check_sought(document: Document, path: Path, keys: Collection[str]) -> Iterator[Problem]:
    """Find what is wrong with the look-up at `path`, which has these keys."""
    for key in sorted(_EXAMPLES.keys() - set(keys)):
        yield document.at_key((*path, "lookup")).problem("missing-key", f"'{key}' is missing", f"write `{key}: {_EXAMPLES[key]}`")
    for key in sorted(_OTHERS & set(keys)):
        yield document.at_key((*path, key)).problem("two-values", f"column '{path[-1]}' has both `lookup` and `{key}`", "keep one of them")
    by = document.data.get(str(path[0]))
    given = by.get(str(path[1])) if isinstance(by, dict) else None
    if isinstance(given, dict) and given.get("by") == {}:
        yield document.at_key((*path, "by")).problem("bad-value", "'by' is empty", f"write `by: {_EXAMPLES['by']}`")
    try:
        table_name(document.scalar((*path, "lookup")) or "", "")
    except ValueError:
        yield document.at((*path, "lookup")).problem(
            "bad-table",
            f"'{document.scalar((*path, 'lookup'))}' is not a table's name",
            'write `table`, `schema.table` or `"odd.name"` in quotes',
        )
