"""The functions and operators that expressions may use, as data. A family of functions is a module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from cdc.mapping.expression.vocabulary import (
    arrays,
    casts,
    change,
    choice,
    cleansing,
    encoding,
    jsons,
    keys,
    masking,
    numeric,
    operators,
    regexp,
    temporal,
    text,
)
from cdc.mapping.expression.vocabulary.signature import Function

_FAMILIES = (operators, choice, casts, text, regexp, numeric, temporal, jsons, arrays, encoding, cleansing, masking, keys, change)
"""In the order of the reference."""

ALIASES: Mapping[str, str] = {
    "btrim": "trim",
    "substr": "substring",
    "char_length": "length",
    "character_length": "length",
    "ceiling": "ceil",
}
"""Other names of the same function."""

FUNCTIONS: Mapping[str, Function] = {function.name: function for function in chain.from_iterable(family.FUNCTIONS for family in _FAMILIES)}
"""Name → function, in the order of the reference."""


def callable_names() -> Iterator[str]:
    """Yield what may stand before a bracket."""
    yield from (name for name in FUNCTIONS if name.isidentifier() and FUNCTIONS[name].family != "operators")
    yield from ALIASES
