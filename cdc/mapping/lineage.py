"""A spec to its lineage: which source columns each target column, and the condition, is made of."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.mapping.expression.check import check_condition, check_value
from cdc.mapping.expression.reads import names
from cdc.mapping.expression.scope import Scope
from cdc.mapping.spec.mapping import Computed, Decided, Given, Mapped, MappingSpec, Sought, expressions
from cdc.model.types import Type
from cdc.model.value import value


@value
class Made:
    """What a target column is made of."""

    column: str
    sql: str
    """How it is made, as the file says it."""
    reads: tuple[str, ...]
    """Names of source columns, in the order in which they are first read."""


def lineage(spec: MappingSpec, columns: Mapping[str, Type] | None = None) -> list[Made]:
    """Return what each target column is made of; `columns` are the source table's where they are known."""
    scope = Scope(spec.source, columns, spec.salt)
    return [Made(name, written(given), _reads(given, scope)) for name, given in spec.columns.items()]


def condition(spec: MappingSpec, columns: Mapping[str, Type] | None = None) -> Made | None:
    """Return what the condition is made of; None when there is none."""
    given = spec.where or spec.decided
    if given is None:
        return None
    scope = Scope(spec.source, columns, spec.salt)
    reads = _reads(given, scope) if isinstance(given, Decided) else tuple(dict.fromkeys(names(check_condition(given.text, scope)[0])))
    return Made("where", written(given), reads)


def written(given: Given) -> str:
    """Return how a column is made, for people."""
    texts = ", ".join(sql.text.strip() for sql in expressions(given))
    match given:
        case Decided():
            return f"{given.take} of decision {given.table}: {texts}"
        case Mapped():
            return f"map {given.map}: {texts}"
        case Sought():
            by = ", ".join(f"{column} = {sql.text.strip()}" for column, sql in given.by.items())
            return f"{given.take} of {given.table} where {by}"
        case Computed():
            return f"python {given.function}: {texts or 'all columns'}"
        case _:
            return texts


def _reads(given: Given, scope: Scope) -> tuple[str, ...]:
    if isinstance(given, Computed) and given.columns is None:
        return tuple(scope.columns or ())
    return tuple(dict.fromkeys(name for sql in expressions(given) for name in names(check_value(sql.text, scope)[0])))
