"""References: values of a target's column that only the target can find."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, TypeAlias

from cdc.model.change import Value
from cdc.model.table import Column, Definition
from cdc.model.value import identity

Fit: TypeAlias = Callable[[str], str]
"""The text that was found → the column's. Raises `ValueError` when the column can't hold it."""


class Missing(Enum):
    """What a column gets whose look-up finds nothing."""

    KEEP = "keep"
    """Nothing: the row keeps what it has, a new row gets the column's default."""
    NULL = "null"
    PARK = "park"
    """The write is refused."""


@identity
class Lookup:
    """Finds a row of a target's table by some of its columns, and takes one more."""

    column: str
    """The column that gets what is found."""
    table: Definition
    by: tuple[Column, ...]
    take: Column
    missing: Missing
    fit: Fit | None


class Maker(Enum):
    """Who makes the target key of an entity's new row."""

    DATABASE = "database"
    """Identity, sequence, AUTO_INCREMENT."""
    UUID = "uuid"
    """We do: a UUID that comes from the entity, the source and its key."""


@identity
class Match:
    """Finds the row of a target's table that a source row without an entry is already: all of some columns agree."""

    table: Definition
    by: tuple[Column, ...]
    take: Column
    """The key."""
    marks: tuple[tuple[Column, Value], ...] = ()
    """What a soft delete sets: rows that have all of it are not there."""


@identity
class Xref:
    """Translates an entity's source key to its target key by the crosswalk."""

    column: str
    """The column that gets the target key."""
    entity: str
    fit: Fit | None
    maker: Maker | None
    """Set where the column is the mapping's key: a missing entry is made together with the row. Otherwise it must be there."""
    match: tuple[Match, ...] = ()
    """Ways to find a row that is there already, tried in order before one is made."""


Reference: TypeAlias = Lookup | Xref


class Ref(NamedTuple):
    """A value that is to be found: by what, and from which texts. It stands in keys and images in the value's place."""

    reference: Reference
    texts: tuple[str | None, ...]

    def __repr__(self) -> str:
        """The same in every process: errors show digests of keys."""
        return f"Ref({self.reference.column!r}, {self.texts!r})"
