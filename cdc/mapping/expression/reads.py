"""What expressions read: the names of their columns, and whether one is a column and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.node import Column, Node, children
from cdc.mapping.expression.parse import parse
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.sqltype import Sql

_UNKNOWN = Scope("", None)


def names(node: Node) -> Iterator[str]:
    """Yield the source columns that an expression reads, left to right: not what it asks about the change, which is no column."""
    if isinstance(node, Column) and (node.column is not None or node.type.sql is Sql.ANY):
        yield node.name
    for inner in children(node):
        yield from names(inner)


def column_alone(text: str) -> str | None:
    """Return the name, as it is written, of the column that an expression copies."""
    found = flag_alone(text)
    return found[0] if found and found[1] else None


def flag_alone(text: str) -> tuple[str, bool] | None:
    """Return the column that a condition asks, `active` or `not deleted`, and what makes the condition true."""
    try:
        tree, wanted = parse(text), True
    except Refused:
        return None
    while isinstance(tree, (exp.Paren, exp.Not)):
        tree, wanted = tree.this, wanted is not isinstance(tree, exp.Not)
    if not isinstance(tree, exp.Column) or not isinstance(tree.this, exp.Identifier) or tree.args.get("table"):
        return None
    return (tree.name, wanted) if not check_value(text, _UNKNOWN)[1] else None


def written(column: str) -> str:
    """Return an expression that copies a column: its name, in quotes where it needs them."""
    return column if column_alone(column) == column == column.lower() else '"' + column.replace('"', '""') + '"'
