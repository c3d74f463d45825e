"""Functions of numbers."""

from __future__ import annotations

from cdc.mapping.expression.sqltype import INTEGERS, Sql
from cdc.mapping.expression.vocabulary.signature import CHECKED, FLOAT4, FLOAT8, INT4, INT8, NUMERIC, Function, Signature


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
    _number(
        "trunc",
        "Cut toward zero, to a whole number or so many digits after the point.",
        ("numeric_trunc", NUMERIC, NUMERIC),
        ("float_trunc", FLOAT8, FLOAT8),
        more=(Signature((NUMERIC, INT4), NUMERIC, "numeric_trunc"),),
    ),
    Function("div", "numeric", "The whole part of the quotient.", (Signature((NUMERIC, NUMERIC), NUMERIC, "numeric_div"),)),
    _number("sqrt", "Square root.", ("numeric_sqrt", NUMERIC, NUMERIC), ("float_sqrt", FLOAT8, FLOAT8)),
    Function(
        "power",
        "numeric",
        "Power, in floating point, where it is exact: `power(10, 3)`; otherwise an error.",
        (Signature((FLOAT8, FLOAT8), FLOAT8, "float_power"), Signature((NUMERIC, NUMERIC), NUMERIC, "")),
        ("power(double precision, double precision) → double precision",),
    ),
    Function(
        "gcd",
        "numeric",
        "Greatest common divisor.",
        (
            *(Signature((sql, sql), sql, f"{CHECKED[sql]}(gcd({{}}, {{}}))") for sql in (INT4, INT8)),
            Signature((NUMERIC, NUMERIC), NUMERIC, "numeric_gcd"),
        ),
    ),
    Function(
        "lcm",
        "numeric",
        "Least common multiple.",
        (
            *(Signature((sql, sql), sql, f"{CHECKED[sql]}(lcm({{}}, {{}}))") for sql in (INT4, INT8)),
            Signature((NUMERIC, NUMERIC), NUMERIC, "numeric_lcm"),
        ),
    ),
    Function("factorial", "numeric", "The product of all numbers up to it.", (Signature((INT8,), NUMERIC, "factorial"),)),
    Function("scale", "numeric", "Digits after the point.", (Signature((NUMERIC,), INT4, "scale", maybe_null=True),)),
    Function(
        "min_scale", "numeric", "Digits after the point that are needed.", (Signature((NUMERIC,), INT4, "min_scale", maybe_null=True),)
    ),
    Function("trim_scale", "numeric", "Without zeros at the end of the fraction.", (Signature((NUMERIC,), NUMERIC, "trim_scale"),)),
    Function(
        "width_bucket",
        "numeric",
        "Which of so many equal parts between two bounds it falls in; 0 before, one more behind them.",
        (
            Signature((FLOAT8, FLOAT8, FLOAT8, INT4), INT4, "width_bucket"),
            Signature((NUMERIC, NUMERIC, NUMERIC, INT4), INT4, "numeric_bucket"),
        ),
    ),
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
