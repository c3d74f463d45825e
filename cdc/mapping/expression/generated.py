"""Generated text to Python functions. The text is emitted from checked nodes; no word of a mapping file is in it."""

from __future__ import annotations

import builtins
import linecache
from collections.abc import Mapping
from decimal import Decimal
from types import ModuleType
from typing import Any

from cdc.mapping.expression.runtime import (
    arrays,
    charset,
    cleansing,
    clock,
    comparison,
    encoding,
    errors,
    floating,
    identifier,
    integer,
    interval,
    interval_text,
    json_text,
    jsonb,
    jsonb_change,
    like,
    literal,
    masking,
    moment,
    numeric,
    power,
    regexp,
    spelling,
    temporal,
    text,
    timezone,
)

_MODULES: tuple[ModuleType, ...] = (
    arrays, charset, cleansing, clock, comparison, encoding, errors, floating, identifier, integer, interval, interval_text, json_text,
    jsonb, jsonb_change, like, literal, masking, moment, numeric, power, regexp, spelling, temporal, text, timezone,
)  # fmt: skip
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
    """Return what the source text defines; `names` are its constants. Tracebacks show the text under its label."""
    linecache.cache[label] = (len(source), None, source.splitlines(keepends=True), label)
    scope: dict[str, Any] = {"__builtins__": {}, **RUNTIME, **names}
    exec(compile(source, label, "exec"), scope)  # noqa: S102 - this module is the only place for it
    return scope
