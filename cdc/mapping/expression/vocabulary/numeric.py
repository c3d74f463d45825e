"""Functions of numbers."""

from __future__ import annotations

from cdc.mapping.expression.sqltype import INTEGERS, Sql
from cdc.mapping.expression.vocabulary.signature import CHECKED, FLOAT4, FLOAT8, INT4, NUMERIC, Function, Signature


def _number(name: str, doc: str, *signatures: tuple[str, Sql, Sql], more: tuple[Signature, ...] = ()) -> Function:
    return Function(name, "numeric", doc, (*(Signature((given,), result, call) for call, given, result in signatures), *more))


FUNCTIONS = (
    _number(
        "abs",
        "The value without its sign.",
        *((f"{CHECKED[sql]}(abs({{}}))", sql, sql) for sql in INTEGERS),
        ("{}.copy_abs()", NUMERIC, NUMERIC),
        ("abs", FLOAT4, FLOAT4),
        ("abs", FLOAT8, FLOAT8),
    ),
    _number(
        "round",
        "The nearest whole number, or so many digits after the point. Half goes away from zero for numeric, to the even neighbour for double.",
        ("numeric_round", NUMERIC, NUMERIC),
        ("float_round", FLOAT8, FLOAT8),
        more=(Signature((NUMERIC, INT4), NUMERIC, "numeric_round"),),
    ),
    _number("ceil", "The next whole number up.", ("numeric_ceil", NUMERIC, NUMERIC), ("float_ceil", FLOAT8, FLOAT8)),
    _number("floor", "The next whole number down.", ("numeric_floor", NUMERIC, NUMERIC), ("float_floor", FLOAT8, FLOAT8)),
    _number("sign", "-1, 0 or 1.", ("numeric_sign", NUMERIC, NUMERIC), ("float_sign", FLOAT8, FLOAT8)),
    Function(
        "mod",
        "numeric",
        "The remainder, with the sign of the dividend.",
        (
            *(Signature((sql, sql), sql, "remainder") for sql in INTEGERS),
            Signature((NUMERIC, NUMERIC), NUMERIC, "numeric_modulo"),
        ),
    ),
)
