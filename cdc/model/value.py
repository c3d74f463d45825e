"""`@value`: immutable to the type checker, a bare slots dataclass at run time.

`dataclass(frozen=True)` costs four times as much to construct, and the hot path constructs one `Change` and one `Write` per row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make a value type: compared by content."""
    return dataclass(slots=True)(_described(cls))


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def identity(cls: type[T]) -> type[T]:
    """Make a value type that is compared and hashed by identity, so that it can key a dictionary at no cost."""
    return dataclass(slots=True, eq=False)(_described(cls))


def _described(cls: type[T]) -> type[T]:
    """A class without a docstring would get its signature for one, which takes a fifth of the time that it takes to make the class."""
    cls.__doc__ = cls.__doc__ or cls.__name__
    return cls
