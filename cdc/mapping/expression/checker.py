"""What all kinds of syntax need while a tree is checked: descend, find a function's signature, convert, share a value, collect what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlglot import exp

from cdc.mapping.expression.cast import coerce
from cdc.mapping.expression.emit import nullable
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Call, Column, Constant, Let, Local, Node
from cdc.mapping.expression.parse import place
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.resolve import resolve
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.sqltype import ANY, BOOL, IMPLICIT, Sql, SqlType, common
from cdc.mapping.expression.vocabulary import FUNCTIONS
from cdc.mapping.files.problem import did_you_mean

ANYTHING = Column(ANY, 0, "", None)
"""Stands for what has been refused, so that the rest is still checked."""
Operand: TypeAlias = tuple[exp.Expr, Node]
"""An argument: where it stands, and what it is."""


class Checker:
    """One expression's check. `problems` collects all that is wrong with it."""

    def __init__(self, scope: Scope, handlers: Mapping[type, Callable[[Checker, Any], Node]]) -> None:
        self.scope = scope
        self.problems: list[Refused] = []
        self._handlers = handlers
        self._shared = 0

    def node(self, tree: exp.Expr) -> Node:
        """Check a part; what is wrong with it is collected, and anything stands in its place."""
        try:
            handler = self._handlers.get(type(tree))
            if handler is None:
                raise refused(tree, "not-allowed", *unavailable(tree))
            return handler(self, tree)
        except Refused as problem:
            self.problems.append(problem)
        except BadValue as error:
            self.problems.append(refused(tree, "bad-value", str(error)))
        return ANYTHING

    def operand(self, tree: exp.Expr) -> Operand:
        return tree, self.node(tree)

    def condition(self, tree: exp.Expr) -> Node:
        """Check a part that must be true or false."""
        return self.convert(tree, self.node(tree), BOOL, "a condition must be true or false")

    def convert(self, tree: exp.Expr, node: Node, wanted: SqlType, rule: str = "") -> Node:
        """Convert where PostgreSQL converts by itself, else refuse."""
        if wanted.sql not in IMPLICIT[node.type.sql]:
            advice = "write a comparison: `… <> 0`, `… <> ''`" if wanted == BOOL else f"write cast(… as {wanted})"
            raise refused(tree, "type-mismatch", f"{rule or f'{wanted} is needed here'}, this is {node.type}", advice)
        try:
            made = coerce(node, wanted)
        except BadValue as error:
            raise refused(tree, "bad-value", str(error)) from None
        if isinstance(made, Constant) and wanted.labels and made.native is not None and made.native not in wanted.labels:
            raise refused(tree, "unknown-label", f"'{made.native}' is no label of {wanted}", did_you_mean(made.native, wanted.labels))
        return made

    def common(self, what: str, operands: Sequence[Operand]) -> tuple[SqlType, list[Node]]:
        """Give all operands the type that suits them all."""
        wanted = common(node.type for _, node in operands)
        if wanted is None:
            types = list(dict.fromkeys(str(node.type) for _, node in operands if node.type.sql is not Sql.UNKNOWN))
            raise refused(operands[0][0], "type-mismatch", f"{what}: {' and '.join(types)} do not go together", "write a cast")
        return wanted, [self.convert(tree, node, wanted) for tree, node in operands]

    def apply(self, tree: exp.Expr, name: str, operands: Sequence[Operand]) -> Node:
        """Call a function or operator of the table, at once when its arguments are constants."""
        return fold(self.call(tree, name, operands))

    def call(self, tree: exp.Expr, name: str, operands: Sequence[Operand]) -> Call:
        """Find the signature that is meant and convert the arguments to it."""
        if name in _ORDERINGS and any(node.type.sql is Sql.ENUM for _, node in operands):
            raise refused(tree, "no-function", "labels have an order that only their server knows", "compare cast(… as text)")
        found = resolve(FUNCTIONS[name].signatures, [node.type.sql for _, node in operands])
        if len(found) == 1:
            wanted = [_wanted(sql, operands) for sql in found[0].arguments]
            arguments = [self.convert(at, node, given) for (at, node), given in zip(operands, wanted, strict=True)]
            return Call(SqlType(found[0].result), found[0].call, tuple(arguments), maybe_null=found[0].maybe_null)
        if not found or not any(node.type.sql is Sql.ANY for _, node in operands):
            raise _no_signature(tree, name, operands, several=bool(found))
        results = {signature.result for signature in found}
        return Call(SqlType(results.pop()) if len(results) == 1 else ANY, found[0].call, tuple(node for _, node in operands))

    def share(self, node: Node, use: Callable[[Node], Node]) -> Node:
        """Evaluate a value once that is used several times."""
        if isinstance(node, (Column, Constant, Local)):
            return use(node)
        self._shared += 1
        number = self._shared
        body = use(Local(node.type, number, nullable(node)))
        return Let(body.type, number, node, body)


def refused(tree: exp.Expr, code: str, message: str, help: str = "") -> Refused:  # noqa: A002 - the report's word
    """A problem at the place of a part."""
    return Refused(code, message, help, *place(tree))


def _wanted(sql: Sql, operands: Sequence[Operand]) -> SqlType:
    """The parameter's type; an enum's is the one of the argument that has labels."""
    return next((node.type for _, node in operands if node.type.sql is sql is Sql.ENUM), SqlType(sql))


def _no_signature(tree: exp.Expr, name: str, operands: Sequence[Operand], *, several: bool) -> Refused:
    function = FUNCTIONS[name]
    types = [str(node.type) for _, node in operands]
    operator = not name[0].isalpha()
    said = f"operator {f' {name} '.join(types) if types[1:] else f'{name} {types[0]}'}" if operator else f"{name}({', '.join(types)})"
    if several:
        return refused(tree, "ambiguous-type", f"{said} has several meanings", "write a cast that says which type is meant")
    castable = any(len(signature.arguments) == len(types) for signature in function.signatures)
    advice = [*(["write a cast"] if castable else []), *([] if operator else function.usage)]
    return refused(tree, "no-function", f"{said} does not exist", "; ".join(advice))


_ORDERINGS = frozenset({"<", "<=", ">", ">="})
_UNAVAILABLE: Mapping[type, tuple[str, str]] = {
    exp.Window: ("window functions are not allowed", "an expression sees one row"),
    exp.Alias: ("an alias has no place here", ""),
    exp.Aliases: ("an alias has no place here", ""),
    exp.Star: ("'*' has no place here", "an expression is one value"),
    exp.Tuple: ("a list of values has no place here", "an expression is one value"),
    exp.Dot: ("a qualified name has no place here", "functions have no schema"),
    exp.Parameter: ("parameters are not allowed", ""),
    exp.Placeholder: ("parameters are not allowed", ""),
    exp.Kwarg: ("arguments have no names here", "write them in their order"),
    exp.TryCast: ("try_cast does not exist in PostgreSQL", "write cast(… as …)"),
    exp.Concat: ("two texts stand side by side", "join them by `||`"),
    exp.ByteString: ("E'…' is not available", "write the text as it is, in simple quotes"),
    exp.Collate: ("`collate` is not available", "texts are compared letter for letter, and ordered by code point"),
    exp.Any: ("`any` stands behind `=` only", "write value = any(array)"),
}


def unavailable(tree: exp.Expr) -> tuple[str, str]:
    """Say what kind of syntax it is that is not on the list."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(tree).__name__).lower()
    return _UNAVAILABLE.get(type(tree), (f"this syntax ({words}) is not available in expressions", "`cdc mapping functions` lists what is"))
