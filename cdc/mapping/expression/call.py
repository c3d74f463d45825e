"""A name and its arguments: a function of the vocabulary, or a word on why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from cdc.mapping.expression import array_form, change_form, cleansing_form, form, json_form, operator_form, regexp_form, temporal_form, xref
from cdc.mapping.expression.checker import Checker, Operand, refused
from cdc.mapping.expression.node import Node
from cdc.mapping.expression.refusal import Refused
from cdc.mapping.expression.vocabulary import ALIASES, callable_names
from cdc.mapping.files.problem import did_you_mean

_FORMS: Mapping[str, Callable[[Checker, exp.Expr, Sequence[Operand]], Node]] = {
    **form.FORMS,
    **change_form.FORMS,
    **cleansing_form.FORMS,
    **temporal_form.FORMS,
    **xref.FORMS,
    **regexp_form.FORMS,
    **json_form.FORMS,
    **array_form.FORMS,
    **operator_form.FORMS,
}
"""Functions that are no plain call of one of their signatures."""


def call(checker: Checker, tree: exp.Anonymous) -> Node:
    """Check a name with its arguments."""
    written = tree.this.name if isinstance(tree.this, exp.Identifier) else str(tree.this)
    name = written if isinstance(tree.this, exp.Identifier) else written.lower()
    name = ALIASES.get(name, name)
    if name not in set(callable_names()):
        raise _unknown(checker, tree, written)
    operands = [checker.operand(part) for part in tree.expressions]
    form = _FORMS.get(name)
    return form(checker, tree, operands) if form else checker.apply(tree, name, operands)


def _unknown(checker: Checker, tree: exp.Anonymous, written: str) -> Refused:
    if written.lower() in _AGGREGATES:
        return refused(tree, "not-allowed", f"{written}() is an aggregate", "an expression sees one row")
    if written.lower() in _IMPURE:
        return refused(tree, "not-allowed", f"{written}() is not a function of the row", "the same row must always give the same values")
    for part in tree.expressions:
        checker.node(part)
    advice = did_you_mean(written.lower(), callable_names()) or "`cdc mapping functions` lists what there is"
    return refused(tree, "unknown-function", f"function '{written}' does not exist", advice)


_AGGREGATES = frozenset(
    {"array_agg", "avg", "bool_and", "bool_or", "count", "every", "json_agg", "jsonb_agg", "max", "min", "string_agg", "sum"}
)
_IMPURE = frozenset(
    {"clock_timestamp", "gen_random_uuid", "nextval", "now", "pg_read_file", "pg_sleep", "random", "setseed", "uuid_generate_v4"}
)
