"""What a rule for a pair of types gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from cdc.mapping.expression.cast import can_cast
from cdc.mapping.expression.sqltype import of_column
from cdc.model.types import Kind, Type, Zones
from cdc.model.value import value

Convert: TypeAlias = Callable[[str], str]
"""The source's canonical text → the target's. Raises `BadValue`."""


@value
class Unfit:
    """The pair would lose or change values."""

    reason: str
    hint: str


Rule: TypeAlias = Callable[[Type, Type], Convert | Unfit | None]
ZonedRule: TypeAlias = Callable[[Type, Type, Zones], Convert | Unfit | None]


def same(_source: Type, _target: Type) -> None:
    return None


def always(convert: Convert) -> Rule:
    """Return the rule for pairs whose texts are all changed in the same way."""
    return lambda _source, _target: convert


def unfit(source: Type, target: Type, hint: str = "") -> Unfit:
    if not hint and target.kind in _CASTABLE and can_cast(of_column(source).sql, of_column(target).sql):
        hint = f"write cast(… as {_CASTABLE[target.kind]})"
    return Unfit(f"{source.native} does not go into {target.native}", hint)


_CASTABLE: Mapping[Kind, str] = {
    Kind.BOOL: "boolean", Kind.INT: "bigint", Kind.NUMERIC: "numeric", Kind.FLOAT: "double precision", Kind.TEXT: "text",
    Kind.DATE: "date", Kind.TIME: "time", Kind.INTERVAL: "interval", Kind.TIMESTAMP: "timestamp", Kind.INSTANT: "timestamptz", Kind.UUID: "uuid",
}  # fmt: skip
