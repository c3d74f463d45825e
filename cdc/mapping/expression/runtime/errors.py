"""What a function says when a row's data don't suit it. Never a value: the texts are PostgreSQL's without what it quotes."""

from __future__ import annotations


class BadValue(Exception):
    """The row can't be mapped."""


def invalid(type_name: str) -> BadValue:
    return BadValue(f"invalid input syntax for type {type_name}")


def out_of_range(type_name: str) -> BadValue:
    return BadValue(f"{type_name} out of range")


DIVISION_BY_ZERO = "division by zero"


def undecided(name: str) -> int:
    """A row that no rule of a decision table fits."""
    raise BadValue(f"no rule of the decision '{name}' fits, and it has no `else`")


def unmapped(name: str) -> None:
    """A text that a value map does not have."""
    raise BadValue(f"the value map '{name}' has no entry for this text, and no default")
