"""What asks about the change rather than the row: `old.column`, `op()`, `commit_time()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from cdc.mapping.expression.checker import Checker, Operand, refused
from cdc.mapping.expression.node import Node
from cdc.mapping.expression.parse import place


def is_old(tree: exp.Column) -> bool:
    """Whether a column stands behind `old.`, and nothing before that."""
    return tree.args["table"].name.lower() == "old" and not tree.args.get("db") and isinstance(tree.this, exp.Identifier)


def old(checker: Checker, tree: exp.Column) -> Node:
    """A column as it was before the change: NULL for an inserted row."""
    offset, width = place(tree)
    _only_in_columns(checker, tree, f"old.{tree.name}")
    return checker.scope.old(tree.name, quoted=bool(tree.this.args.get("quoted")), offset=offset, width=width)


def _op(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _bare(checker, tree, "op()", operands)
    return checker.scope.op()


def _commit_time(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    _bare(checker, tree, "commit_time()", operands)
    return checker.scope.commit_time()


def _bare(checker: Checker, tree: exp.Expr, written: str, operands: Sequence[Operand]) -> None:
    if operands:
        raise refused(tree, "no-function", f"{written} takes no value", f"write {written}")
    _only_in_columns(checker, tree, written)


def _only_in_columns(checker: Checker, tree: exp.Expr, written: str) -> None:
    """A row that is loaded, or changed once more, must be found by the same key and be in or out for the same reason."""
    if checker.scope.row_alone:
        message = f"{written} has no place in {checker.scope.row_alone}: that must follow from the row alone"
        raise refused(tree, "not-allowed", message, "the same row must have the same key and be in or out, whatever last happened to it")


FORMS: Mapping[str, Callable[[Checker, exp.Expr, Sequence[Operand]], Node]] = {"op": _op, "commit_time": _commit_time}
