"""What is made of constants alone is computed when the mapping is compiled, and fails then."""

from __future__ import annotations

from cdc.mapping.expression.emit import Emitter
from cdc.mapping.expression.generated import build
from cdc.mapping.expression.node import Call, Cast, Constant, Node, Text, children, is_null


def fold(node: Call | Cast | Text) -> Node:
    """Return the node's value as a constant when its arguments are constants, or one of them makes it NULL. Raises `BadValue`."""
    parts = list(children(node))
    strict = not isinstance(node, Call) or node.strict
    if strict and any(map(is_null, parts)):
        return Constant(node.type, None)
    if not parts or not all(isinstance(part, Constant) for part in parts):
        return node
    emitter = Emitter()
    made = build(f"folded = {emitter.native(node)}", emitter.names, "<constant>")
    return Constant(node.type, made["folded"])
