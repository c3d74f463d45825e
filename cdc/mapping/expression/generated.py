"""Generated text to Python functions. The text is emitted from checked nodes; no word of a mapping file is in it."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from decimal import Decimal
from types import ModuleType
from typing import Any

from cdc.mapping.expression.runtime import comparison, errors, floating, identifier, integer, like, literal, numeric, temporal, text

_MODULES: tuple[ModuleType, ...] = (comparison, errors, floating, identifier, integer, like, literal, numeric, temporal, text)
_BUILTINS = ("abs", "ArithmeticError", "float", "int", "len", "str", "ValueError")

RUNTIME: Mapping[str, Any] = {
    **{
        name: found
        for module in _MODULES
        for name, found in vars(module).items()
        if name[0] != "_" and getattr(found, "__module__", "") == module.__name__
    },
    **{name: getattr(builtins, name) for name in _BUILTINS},
    "Decimal": Decimal,
}
"""All that generated code may name besides its own constants."""


def build(source: str, names: Mapping[str, object], label: str) -> Mapping[str, Any]:
    """Return what the source text defines; `names` are its constants."""
    scope: dict[str, Any] = {"__builtins__": {}, **RUNTIME, **names}
    exec(compile(source, label, "exec"), scope)  # noqa: S102 - this module is the only place for it
    return scope
