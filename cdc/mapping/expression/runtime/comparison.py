"""Order: NaN equals NaN and is greater than all else; texts go by code point. And the choice of the greatest or least."""

from __future__ import annotations

from typing import Any


def equal(a: Any, b: Any) -> bool:
    return bool(a == b or (a != a and b != b))  # noqa: PLR0124 - only NaN differs from itself


def less(a: Any, b: Any) -> bool:
    if a != a:  # noqa: PLR0124
        return False
    return bool(b != b or a < b)  # noqa: PLR0124


def greatest(*values: Any) -> Any:
    """The greatest of what is not NULL."""
    chosen = None
    for value in values:
        if value is not None and (chosen is None or less(chosen, value)):
            chosen = value
    return chosen


def least(*values: Any) -> Any:
    """The least of what is not NULL."""
    chosen = None
    for value in values:
        if value is not None and (chosen is None or less(value, chosen)):
            chosen = value
    return chosen
