"""What a function or an operator is, as data: what it takes, what it gives, what computes it."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.mapping.expression.sqltype import INTEGERS, Sql
from cdc.model.value import value

BOOL, INT4, INT8, NUMERIC, FLOAT4, FLOAT8, TEXT = Sql.BOOL, Sql.INT4, Sql.INT8, Sql.NUMERIC, Sql.FLOAT4, Sql.FLOAT8, Sql.TEXT
FLOATS = ((FLOAT4, FLOAT4, FLOAT4), (FLOAT4, FLOAT8, FLOAT8), (FLOAT8, FLOAT4, FLOAT8), (FLOAT8, FLOAT8, FLOAT8))
"""Left, right and result of an operator on floating point."""
CHECKED: Mapping[Sql, str] = {Sql.INT2: "int2", Sql.INT4: "int4", Sql.INT8: "int8"}
"""Integer type → the runtime function that keeps its bounds."""
COMPARABLE = (
    Sql.BOOL, *INTEGERS, Sql.NUMERIC, Sql.TEXT, Sql.BPCHAR, Sql.DATE, Sql.TIMESTAMP, Sql.INSTANT, Sql.TIME, Sql.INTERVAL,
    Sql.UUID, Sql.BYTES,
)  # fmt: skip


@value
class Signature:
    """`call` is a name of the runtime or a template with one `{}` an argument."""

    arguments: tuple[Sql, ...]
    result: Sql
    call: str
    maybe_null: bool = False
    """The result may be NULL though no argument is."""


@value
class Function:
    """A function or operator. Strict: NULL where an argument is NULL, unless `doc` says otherwise."""

    name: str
    family: str
    doc: str
    signatures: tuple[Signature, ...] = ()
    forms: tuple[str, ...] = ()
    """How it is written, where that is not `name(arguments)`."""

    @property
    def usage(self) -> tuple[str, ...]:
        return self.forms or tuple(
            f"{self.name}({', '.join(sql.value for sql in signature.arguments)}) → {signature.result.value}"
            for signature in self.signatures
        )
