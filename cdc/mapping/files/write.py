"""A document's data to YAML text, as `yaml12` reads it back: sections in blocks, what they hold on a line each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from cdc.mapping.files.document import Data
from cdc.mapping.files.draft import scalar_text
from cdc.mapping.files.yaml12 import plain

_PLAIN = re.compile(r"[A-Za-z_][\w.()*/+<>=-]*(?: [\w.()*/+<>=|-]+)*", re.ASCII)
"""Texts that mean themselves wherever they stand."""
_ODD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What may not stand in a YAML file, or not be seen there."""
_BLOCKS = ("columns", "maps", "decisions")
_WIDTH = 100
"""Characters of a line that a section may become whole."""


def written(data: dict[str, Data]) -> str:
    """Return the YAML text."""
    return "".join(f"{line}\n" for name, given in data.items() for line in _section(name, given))


def _section(name: str, given: Data) -> Iterator[str]:
    line = f"{_scalar(name)}: {_flow(given)}"
    if isinstance(given, dict) and given and (name in _BLOCKS or len(line) > _WIDTH):
        yield f"{_scalar(name)}:"
        yield from (f"  {_scalar(key)}: {_flow(inner)}" for key, inner in given.items())
    elif isinstance(given, list) and any(isinstance(one, dict) for one in given):
        yield f"{_scalar(name)}:"
        yield from (f"  - {_flow(one)}" for one in given)
    else:
        yield line


def _flow(given: Data) -> str:
    if isinstance(given, dict):
        return f"{{{', '.join(f'{_scalar(key)}: {_flow(inner)}' for key, inner in given.items())}}}"
    return f"[{', '.join(map(_flow, given))}]" if isinstance(given, list) else _scalar(given)


def _scalar(given: Data) -> str:
    """A text that would mean something else is quoted; JSON's quotes are YAML's."""
    if not isinstance(given, str) or (_PLAIN.fullmatch(given) and isinstance(plain(given), str)):
        return scalar_text(given)
    return _ODD.sub(lambda found: f"\\U{ord(found[0]):08x}", json.dumps(given, ensure_ascii=False))
