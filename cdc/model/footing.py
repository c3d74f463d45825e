"""What a source's catalogue says of a table and its log does not: by what it is published, and of which partitions it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from cdc.model.value import value


@value
class Partition:
    """A partition, at any depth."""

    name: str
    since: str
    """Sign of the attachment: another one, and it was detached and attached again."""
    by: frozenset[str]
    """What publishes it beside what publishes the whole table."""
    filled: bool = False
    """It is new, and holds rows from before it was attached."""


@value
class Footing:
    relation: str
    """The table's number: another one, and it is another table."""
    by: frozenset[str]
    """What publishes the table. As long as one of them stays, it is published all the time."""
    parts: Mapping[str, Partition]
    """The number of each partition → what it is."""
    columns: Mapping[str, int] = field(default_factory=dict)
    """Column → its number, which no other column of the table ever had."""
