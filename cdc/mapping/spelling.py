"""A mapping's key and both tables to what another spelling of a key means: texts that the target's server holds equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdc.mapping.column import Item
from cdc.mapping.expression.node import Column, Node, Refer
from cdc.mapping.expression.sqltype import to_column
from cdc.model.table import Definition
from cdc.model.types import Kind

_LETTERS = frozenset({Kind.TEXT, Kind.ENUM, Kind.SET, Kind.JSON, Kind.ARRAY, Kind.OTHER})
"""Kinds of which two values may differ in case, accents or blanks alone."""


def spellings(key: Sequence[str], items: Sequence[Item], source: Definition, target: Definition) -> tuple[bool, bool]:
    """Return whether the target holds different texts of the key equal, and whether the source tells such keys apart."""
    loose = {name: target.loose[name] for name in key if name in target.loose}
    made = {item.column: item.node for item in items}
    return bool(loose), any(name in made and _told_apart(made[name], compared, source.loose) for name, compared in loose.items())


def _told_apart(node: Node, compared: str, source: Mapping[str, str]) -> bool:
    """A column that its server compares in the same way has no two such keys; nor has what the target itself gave."""
    if isinstance(node, Refer) or to_column(node.type).kind not in _LETTERS:
        return False
    return not (isinstance(node, Column) and source.get(node.name) == compared)
