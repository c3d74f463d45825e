"""The texts of a value map that was turned round to what a column of their type prints: 2.5 in a numeric(10,2) is `2.50`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from cdc.mapping.expression.node import Column, Node
from cdc.mapping.expression.sqltype import Sql
from cdc.mapping.spec.mapping import Entry, Mapped, MappingSpec
from cdc.model.types import Kind, Type

_TRUTHS = {"true": ("true", "1"), "1": ("true", "1"), "false": ("false", "0"), "0": ("false", "0")}
"""A truth value as a file has it → as a boolean prints it, and as a tinyint(1) does."""


def keys(spec: MappingSpec, given: Mapped, nodes: Sequence[Node]) -> Sequence[tuple[Entry, tuple[str | None, ...]]]:
    """Return the entries with the texts that are looked up. A map that stands in the file has them as they are."""
    key, node = spec.document.key_spot(("maps", given.map)), nodes[0]
    if key is None or not key.derived or not isinstance(node, Column) or node.column is None:
        return [(entry, entry.texts) for entry in given.entries]
    flag, of = node.type.sql is Sql.FLAG, node.column
    return [(entry, tuple(text and _printed(text, of, flag=flag) for text in entry.texts)) for entry in given.entries]


def _printed(text: str, of: Type, *, flag: bool) -> str:
    if of.kind is Kind.BOOL or flag:
        return _TRUTHS[text][flag] if text in _TRUTHS else text
    return with_scale(text, of)


def with_scale(text: str, of: Type) -> str:
    """Return a number with as many digits behind the point as its column gives back; any other text as it is."""
    if of.kind is not Kind.NUMERIC or of.scale is None:
        return text
    try:
        return str(Decimal(text).quantize(Decimal(1).scaleb(-of.scale)))
    except InvalidOperation:
        return text
