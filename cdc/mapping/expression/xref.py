"""`xref('entity', value, …)`: checked, and left to the target, which has the crosswalk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from cdc.mapping.expression.cast import as_text
from cdc.mapping.expression.checker import Checker, Operand, refused
from cdc.mapping.expression.node import Constant, Node, Refer

_LONGEST = 63
"""Characters of an entity's name; the crosswalk's column has no more."""


def _xref(_checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    if len(operands) < 2:
        raise refused(tree, "no-function", "xref takes an entity and at least one value", "write xref('customer', id)")
    entity = operands[0][1]
    if not (
        isinstance(entity, Constant)
        and isinstance(entity.native, str)
        and 0 < len(entity.native.rstrip(" ")) == len(entity.native) <= _LONGEST
    ):
        message = f"the entity of xref is a text literal of {_LONGEST} characters at most that does not end in a blank"
        raise refused(operands[0][0], "bad-value", message, "write xref('customer', id)")
    if not _whole(tree):
        raise refused(tree, "not-allowed", "xref is a whole column, not a part of an expression", "only the target has the crosswalk")
    values = tuple(as_text(node) for _, node in operands[1:])
    return Refer(entity.native, values, (None,) * len(values))


def _whole(tree: exp.Expr) -> bool:
    """Whether nothing but brackets stands around it."""
    around = tree.parent
    while isinstance(around, exp.Paren):
        around = around.parent
    return around is None


FORMS: Mapping[str, Callable[[Checker, exp.Expr, Sequence[Operand]], Node]] = {"xref": _xref}
