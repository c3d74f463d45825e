"""What a mapping file says about functions of the service's own modules, as far as the file alone tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.mapping import Unavailable

MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)
"""An absolute name: nothing that depends on where it is said."""
FUNCTION = re.compile(rf"{MODULE.pattern}:[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
NO_NAME = Unavailable("bad-function", "a function is named `package.module:function`", "write its module's whole name")
_OTHERS = frozenset({"value", "map", "from", "default", "lookup", "by", "take", "missing", "decision"})


def check_python(document: Document, path: Path, keys: AbstractSet[str]) -> Iterator[Problem]:
    """Find what has no place beside the function at `path`, which has these keys, and names that are none."""
    for key in sorted(keys & _OTHERS):
        yield document.at_key((*path, key)).problem("two-values", f"column '{path[-1]}' has both `python` and `{key}`", "keep one of them")
    place = function_path(document, path)
    if (name := document.scalar(place)) is not None and not FUNCTION.fullmatch(name):
        yield document.at(place).problem(NO_NAME.code, NO_NAME.message, NO_NAME.help)


def function_path(document: Document, path: Path) -> Path:
    """Return where the name of a column's function stands."""
    short = (*path, "python")
    return short if document.scalar(short) is not None else (*short, "function")
