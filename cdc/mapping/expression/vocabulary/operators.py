"""Operators and conditions."""

from __future__ import annotations

from cdc.mapping.expression.sqltype import INTEGERS, Sql
from cdc.mapping.expression.vocabulary.signature import (
    BOOL,
    CHECKED,
    COMPARABLE,
    FLOAT4,
    FLOAT8,
    FLOATS,
    NUMERIC,
    TEXT,
    Function,
    Signature,
)
from cdc.mapping.expression.vocabulary.temporal_operators import DIFFERENCES, MOMENTS, PRODUCTS, QUOTIENTS, SUMS


def _arithmetic(
    symbol: str, doc: str, integer: str, numeric: str, floating: str = "", more: tuple[Signature, ...] = (), forms: tuple[str, ...] = ()
) -> Function:
    """`integer` is a template; the names of the other two are called."""
    signatures = [Signature((sql, sql), sql, f"{CHECKED[sql]}({integer})") for sql in INTEGERS]
    signatures.append(Signature((NUMERIC, NUMERIC), NUMERIC, numeric))
    if floating:
        for left, right, result in FLOATS:
            call = f"real({floating}({{}}, {{}}))" if result is FLOAT4 else floating
            signatures.append(Signature((left, right), result, call))
    return Function(symbol, "operators", doc, (*signatures, *more), (f"number {symbol} number", *forms))


def _comparison(symbol: str, doc: str, plain: str, checked: str) -> Function:
    """`plain` compares what has no NaN; `checked` compares floating point and numeric."""
    stripped = plain.replace("{}", "{}.rstrip(' ')")
    calls = {NUMERIC: checked, Sql.BPCHAR: stripped}
    signatures = [Signature((sql, sql), BOOL, calls.get(sql, plain)) for sql in COMPARABLE]
    signatures += [Signature((left, right), BOOL, checked) for left, right, _ in FLOATS]
    for moment in MOMENTS:
        signatures.append(Signature((Sql.DATE, moment), BOOL, plain.format("midnight({})", "{}")))
        signatures.append(Signature((moment, Sql.DATE), BOOL, plain.format("{}", "midnight({})")))
    if symbol in {"=", "<>"}:
        signatures.append(Signature((Sql.ENUM, Sql.ENUM), BOOL, plain))
        signatures.append(
            Signature((Sql.JSONB, Sql.JSONB), BOOL, plain.replace("{} == {}", "jsonb_equal").replace("{} != {}", "not jsonb_equal({}, {})"))
        )
    return Function(symbol, "operators", doc, tuple(signatures), (f"any {symbol} any",))


def _matching(call: str, *, escape: bool = True) -> tuple[Signature, ...]:
    """A char(n) is compared with its trailing blanks."""
    patterns: tuple[tuple[Sql, ...], ...] = ((TEXT,), (TEXT, TEXT)) if escape else ((TEXT,),)
    return tuple(Signature((sql, *pattern), BOOL, call) for sql in (TEXT, Sql.BPCHAR) for pattern in patterns)


FUNCTIONS = (
    _arithmetic("+", "Sum.", "{} + {}", "numeric_add", "float_add", SUMS, ("date + integer", "moment + interval", "interval + interval")),
    Function(
        "-",
        "operators",
        "Difference; the negative of one number.",
        (
            *_arithmetic("-", "", "{} - {}", "numeric_subtract", "float_subtract").signatures,
            *DIFFERENCES,
            Signature((Sql.JSONB, TEXT), Sql.JSONB, "jsonb_without_key"),
            Signature((Sql.JSONB, Sql.INT4), Sql.JSONB, "jsonb_without_index"),
            *(Signature((sql,), sql, f"{CHECKED[sql]}(-{{}})") for sql in INTEGERS),
            Signature((NUMERIC,), NUMERIC, "numeric_negate"),
            Signature((FLOAT4,), FLOAT4, "-{}"),
            Signature((FLOAT8,), FLOAT8, "-{}"),
        ),
        (
            "number - number",
            "- number",
            "date - integer",
            "moment - moment",
            "moment - interval",
            "interval - interval",
            "- interval",
            "jsonb - key",
        ),
    ),
    _arithmetic("*", "Product.", "{} * {}", "numeric_multiply", "float_multiply", PRODUCTS, ("interval * number",)),
    _arithmetic(
        "/",
        "Quotient; that of integers is cut toward zero.",
        "quotient({}, {})",
        "numeric_divide",
        "float_divide",
        QUOTIENTS,
        ("interval / number",),
    ),
    _arithmetic("%", "Remainder, with the sign of the dividend.", "remainder({}, {})", "numeric_modulo"),
    _comparison("=", "Equal; texts letter for letter, capitals and accents included.", "{} == {}", "equal"),
    _comparison("<>", "Not equal; also `!=`.", "{} != {}", "not equal({}, {})"),
    _comparison("<", "Less; texts by code point, whatever the database's collation.", "{} < {}", "less"),
    _comparison("<=", "Less or equal.", "{} <= {}", "not less({1}, {0})"),
    _comparison(">", "Greater.", "{} > {}", "less({1}, {0})"),
    _comparison(">=", "Greater or equal.", "{} >= {}", "not less({0}, {1})"),
    Function(
        "like",
        "operators",
        "`%` stands for any characters, `_` for one; `\\` or the character after `escape` takes their meaning away.",
        _matching("like"),
        ("text [not] like pattern [escape character]",),
    ),
    Function(
        "ilike",
        "operators",
        "The same, whatever the case of letters.",
        _matching("ilike"),
        ("text [not] ilike pattern [escape character]",),
    ),
    Function(
        "~",
        "operators",
        "Whether a regular expression matches somewhere; with `*`, whatever the case of letters.",
        _matching("regexp_like", escape=False),
        ("text ~ pattern", "text ~* pattern", "text !~ pattern", "text !~* pattern"),
    ),
    Function(
        "similar to",
        "operators",
        "Whether a pattern of SQL (`%`, `_`, and `|`, `*`, `+`, `?`, `{…}`, `(…)`, `[…]`) matches the whole text.",
        forms=("text [not] similar to pattern [escape character]",),
    ),
    Function(
        "||",
        "operators",
        "Joins texts; one side may be anything that has a text. Also arrays, jsonb and bytes. NULL when a side is NULL, but for arrays.",
        forms=("text || text", "jsonb || jsonb", "bytea || bytea", "array || array"),
    ),
    Function(
        "^",
        "operators",
        "Power, in floating point, where it is exact; otherwise an error.",
        (Signature((FLOAT8, FLOAT8), FLOAT8, "float_power"), Signature((NUMERIC, NUMERIC), NUMERIC, "")),
        ("double ^ double",),
    ),
    Function(
        "and, or, not",
        "operators",
        "Logic of three values: `null and false` is false, `null or true` is true.",
        forms=("condition and condition", "condition or condition", "not condition"),
    ),
    Function("is null", "operators", "Never NULL itself.", forms=("any is [not] null",)),
    Function(
        "is true",
        "operators",
        "Never NULL itself.",
        forms=("condition is [not] true", "condition is [not] false", "condition is [not] unknown"),
    ),
    Function("is distinct from", "operators", "Not equal, where NULL equals NULL.", forms=("any is [not] distinct from any",)),
    Function("between", "operators", "Both bounds included.", forms=("any [not] between [symmetric] low and high",)),
    Function("in", "operators", "Equal to one of a list.", forms=("any [not] in (any, …)",)),
)
