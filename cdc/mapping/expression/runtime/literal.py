"""Texts that stand for a truth value."""

from __future__ import annotations

from cdc.mapping.expression.runtime.errors import invalid


def _beginnings(word: str, shortest: int = 1) -> set[str]:
    return {word[:length] for length in range(shortest, len(word) + 1)}


_TRUE = frozenset({*_beginnings("true"), *_beginnings("yes"), "on", "1"})
_FALSE = frozenset({*_beginnings("false"), *_beginnings("no"), *_beginnings("off", 2), "0"})


def boolean_in(text: str) -> bool:
    """cast(text as boolean)."""
    word = text.strip(" \t\n\v\f\r").lower()
    if word not in _TRUE and word not in _FALSE:
        raise invalid("boolean")
    return word in _TRUE
