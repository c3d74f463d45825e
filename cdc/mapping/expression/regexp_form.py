"""Calls with a regular expression: the pattern is compiled with the mapping, flags are part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from cdc.mapping.expression.checker import Checker, Operand, refused
from cdc.mapping.expression.fold import fold
from cdc.mapping.expression.node import Call, Constant, Node, Not, is_null
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.regexp import compiled, similar_pattern
from cdc.mapping.expression.sqltype import BOOL, TEXT, Sql, SqlType

_TEXTS = SqlType(Sql.ARRAY, native="text[]")
_PATTERN = SqlType(Sql.OTHER, native="a compiled pattern")


def _function(name: str) -> Callable[[Checker, exp.Expr, Sequence[Operand]], Node]:
    def check(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
        made = checker.call(tree, name, operands)
        flags = [at for at in range(2, len(made.arguments)) if _is_flags(name, at, made)]
        letters = "".join(_literal(operands[at][0], made.arguments[at], "flags") or "" for at in flags)
        if flags and is_null(made.arguments[flags[0]]):
            return Constant(made.type, None)
        rest = [argument for at, argument in enumerate(made.arguments) if at not in (1, *flags)]
        if "g" in letters:
            _check_global(tree, name)
            rest += [Constant(BOOL, True)] if made.call == "regexp_replace" else []
        return _applied(operands[1][0], made, letters.replace("g", ""), rest)

    return check


def _is_flags(name: str, at: int, made: Call) -> bool:
    """Which argument has the flags: the only text behind the pattern, and behind the replacement."""
    return made.arguments[at].type.sql in (Sql.TEXT, Sql.ANY) and at >= (3 if name == "regexp_replace" else 2)


def _check_global(tree: exp.Expr, name: str) -> None:
    if name != "regexp_replace":
        raise refused(tree, "bad-value", f"{name}() does not support the flag 'g'")


def _literal(tree: exp.Expr, node: Node, what: str) -> str | None:
    if node.type.sql is Sql.ANY:
        return None
    if not isinstance(node, Constant):
        raise refused(tree, "not-allowed", f"the {what} of a regular expression must be a text literal", "it is compiled with the mapping")
    return None if node.native is None else str(node.native)


def _applied(at: exp.Expr, made: Call, letters: str, rest: Sequence[Node], *, whole: bool = False) -> Node:
    """Put the compiled pattern behind the text."""
    pattern = _literal(at, made.arguments[1], "pattern")
    given = _TEXTS if made.type.sql is Sql.ARRAY else made.type
    if pattern is None:
        return Constant(given, None)
    try:
        bound = Constant(_PATTERN, compiled(pattern, letters, whole=whole), f"the pattern {pattern!r}")
    except BadValue as error:
        raise refused(at, "bad-value", str(error)) from None
    return fold(Call(given, made.call, (rest[0], bound, *rest[1:]), maybe_null=made.maybe_null))


def matches(checker: Checker, tree: exp.Operator, name: str) -> Node:
    """`~` and its like."""
    operands = [checker.operand(tree.this), checker.operand(tree.expression)]
    made = checker.call(tree, "~", operands)
    found = _applied(operands[1][0], made, "i" if name.endswith("*") else "", made.arguments[:1])
    return Not(found) if name.startswith("!") else found


def substring(checker: Checker, tree: exp.Expr, operands: Sequence[Operand]) -> Node:
    """What `substring(text from pattern)` is."""
    made = checker.call(tree, "regexp_substr", operands)
    call = Call(TEXT, "regexp_substring", made.arguments, maybe_null=True)
    return _applied(operands[1][0], call, "", made.arguments[:1])


def similar(checker: Checker, tree: exp.Expr) -> Node:
    """`similar to`, with or without `escape`."""
    inner = tree.this if isinstance(tree, exp.Escape) else tree
    operands = [checker.operand(inner.this), checker.operand(inner.expression)]
    made = checker.call(inner, "~", operands)
    pattern = _literal(operands[1][0], made.arguments[1], "pattern")
    escape: str | None = "\\"
    if isinstance(tree, exp.Escape):
        escape = _literal(tree.expression, checker.convert(*checker.operand(tree.expression), TEXT), "escape")
    if pattern is None or escape is None:
        return Constant(BOOL, None)
    read = Call(BOOL, made.call, (made.arguments[0], Constant(TEXT, similar_pattern(pattern, escape))))
    return _applied(operands[1][0], read, "", read.arguments[:1], whole=True)


FORMS: Mapping[str, Callable[[Checker, exp.Expr, Sequence[Operand]], Node]] = {
    name: _function(name)
    for name in (
        "regexp_like", "regexp_replace", "regexp_match", "regexp_substr", "regexp_count", "regexp_instr", "regexp_split_to_array",
    )
}  # fmt: skip
HANDLERS: Mapping[type, Callable[[Checker, Any], Node]] = {exp.SimilarTo: similar}
