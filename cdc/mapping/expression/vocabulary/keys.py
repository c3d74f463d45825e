"""Functions that make keys."""

from __future__ import annotations

from cdc.mapping.expression.vocabulary.signature import Function

FUNCTIONS = (
    Function(
        "stable_uuid",
        "keys",
        "A UUID that is always the same for the same namespace and values. The namespace is a text literal; values count as their texts.",
        forms=("stable_uuid('namespace', any, …) → uuid",),
    ),
    Function(
        "xref",
        "keys",
        "The target key that the crosswalk has for an entity and a source key; a whole column, not a part of an expression. The entity is a"
        " text literal; values count as their texts.",
        forms=("xref('entity', any, …) → the target's key",),
    ),
)
