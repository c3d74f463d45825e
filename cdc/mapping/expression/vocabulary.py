"""The functions and operators that expressions may use, as data: what they take, what they give, what computes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdc.mapping.expression.sqltype import INTEGERS, Sql
from cdc.model.value import value

BOOL, INT4, NUMERIC, FLOAT4, FLOAT8, TEXT = Sql.BOOL, Sql.INT4, Sql.NUMERIC, Sql.FLOAT4, Sql.FLOAT8, Sql.TEXT
FLOATS = ((FLOAT4, FLOAT4, FLOAT4), (FLOAT4, FLOAT8, FLOAT8), (FLOAT8, FLOAT4, FLOAT8), (FLOAT8, FLOAT8, FLOAT8))
"""Left, right and result of an operator on floating point."""
CHECKED: Mapping[Sql, str] = {Sql.INT2: "int2", Sql.INT4: "int4", Sql.INT8: "int8"}
"""Integer type → the runtime function that keeps its bounds."""
COMPARABLE = (
    Sql.BOOL, *INTEGERS, Sql.NUMERIC, Sql.TEXT, Sql.BPCHAR, Sql.DATE, Sql.TIMESTAMP, Sql.INSTANT, Sql.UUID, Sql.BYTES,
)  # fmt: skip


@value
class Signature:
    """`call` is a name of the runtime or a template with one `{}` an argument."""

    arguments: tuple[Sql, ...]
    result: Sql
    call: str


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


def _text(name: str, doc: str, *signatures: tuple[str, tuple[Sql, ...]], result: Sql = TEXT, forms: tuple[str, ...] = ()) -> Function:
    return Function(name, "text", doc, tuple(Signature(arguments, result, call) for call, arguments in signatures), forms)


_TEXT = (
    _text("upper", "Capitals, character by character; `ß` stays `ß`.", ("upper", (TEXT,))),
    _text("lower", "Small letters, character by character.", ("lower", (TEXT,))),
    _text("initcap", "A capital at the beginning of each word, small letters behind it.", ("initcap", (TEXT,))),
    _text(
        "trim",
        "Both ends without blanks, or without any of the given characters.",
        ("{}.strip(' ')", (TEXT,)),
        ("{}.strip({})", (TEXT, TEXT)),
        forms=(
            "trim(text[, characters text]) → text",
            "btrim(text[, characters text]) → text",
            "trim([leading | trailing | both] [characters text] from text) → text",
        ),
    ),
    _text("ltrim", "The same at the beginning.", ("{}.lstrip(' ')", (TEXT,)), ("{}.lstrip({})", (TEXT, TEXT))),
    _text("rtrim", "The same at the end.", ("{}.rstrip(' ')", (TEXT,)), ("{}.rstrip({})", (TEXT, TEXT))),
    _text("replace", "Every occurrence of the second text becomes the third.", ("replace", (TEXT, TEXT, TEXT))),
    _text(
        "substring",
        "Characters from a position, counted from 1; positions before the first count, but hold nothing. A negative length is an error.",
        ("substring", (TEXT, INT4)),
        ("substring_for", (TEXT, INT4, INT4)),
        forms=(
            "substring(text, from integer[, for integer]) → text",
            "substring(text from integer for integer) → text",
            "substr(text, from integer[, for integer]) → text",
        ),
    ),
    _text("left", "The first characters; a negative number leaves out so many at the end.", ("left", (TEXT, INT4))),
    _text("right", "The last characters; a negative number leaves out so many at the beginning.", ("right", (TEXT, INT4))),
    _text(
        "length",
        "Number of characters.",
        ("len", (TEXT,)),
        result=INT4,
        forms=("length(text) → integer", "char_length(text) → integer", "character_length(text) → integer"),
    ),
    _text(
        "lpad",
        "Filled up at the beginning, with blanks or a text, to a length; cut at the end when longer.",
        ("lpad", (TEXT, INT4)),
        ("lpad", (TEXT, INT4, TEXT)),
    ),
    _text("rpad", "The same, filled up at the end.", ("rpad", (TEXT, INT4)), ("rpad", (TEXT, INT4, TEXT))),
    _text(
        "split_part",
        "The n-th of the parts between a delimiter, from the end when negative; empty when there is none.",
        ("split_part", (TEXT, TEXT, INT4)),
    ),
    _text(
        "strpos",
        "Where the second text begins in the first, counted from 1; 0: nowhere.",
        ("position", (TEXT, TEXT)),
        result=INT4,
        forms=("strpos(text, part text) → integer", "position(part text in text) → integer"),
    ),
    _text("repeat", "The text so many times; at most 1,000,000 characters.", ("repeat", (TEXT, INT4))),
    _text("reverse", "The characters in reverse order.", ("reverse", (TEXT,))),
    _text("concat", "Joins the texts of all values; NULL counts as nothing.", forms=("concat(any, …) → text",)),
    _text("concat_ws", "Joins with a separator what is not NULL.", forms=("concat_ws(separator text, any, …) → text",)),
)

ALIASES: Mapping[str, str] = {
    "btrim": "trim",
    "substr": "substring",
    "char_length": "length",
    "character_length": "length",
    "ceiling": "ceil",
}
"""Other names of the same function."""


def _number(name: str, doc: str, *signatures: tuple[str, Sql, Sql], more: tuple[Signature, ...] = ()) -> Function:
    return Function(name, "numeric", doc, (*(Signature((given,), result, call) for call, given, result in signatures), *more))


_NUMERIC = (
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

_CHOICE = (
    Function(
        "case",
        "choice",
        "The first branch whose condition is true.",
        forms=("case when condition then … [else …] end", "case value when … then … end"),
    ),
    Function("coalesce", "choice", "The first value that is not NULL; later ones are not evaluated.", forms=("coalesce(any, …)",)),
    Function("nullif", "choice", "NULL when both are equal, else the first.", forms=("nullif(any, any)",)),
    Function("greatest", "choice", "The greatest of what is not NULL.", forms=("greatest(any, …)",)),
    Function("least", "choice", "The least of what is not NULL.", forms=("least(any, …)",)),
)

_KEYS = (
    Function(
        "stable_uuid",
        "keys",
        "A UUID that is always the same for the same namespace and values. The namespace is a text literal; values count as their texts.",
        forms=("stable_uuid('namespace', any, …) → uuid",),
    ),
)

_CASTS = (
    Function(
        "cast",
        "casts",
        "To smallint, integer, bigint, numeric[(p[, s])], real, double precision, text, varchar[(n)], char[(n)], boolean, date, "
        "timestamp[(n)], timestamptz[(n)] and uuid.",
        forms=("cast(any as type)", "any::type", "type 'literal'"),
    ),
)


def _arithmetic(symbol: str, doc: str, integer: str, numeric: str, floating: str = "") -> Function:
    """`integer` is a template; the names of the other two are called."""
    signatures = [Signature((sql, sql), sql, f"{CHECKED[sql]}({integer})") for sql in INTEGERS]
    signatures.append(Signature((NUMERIC, NUMERIC), NUMERIC, numeric))
    if floating:
        for left, right, result in FLOATS:
            call = f"real({floating}({{}}, {{}}))" if result is FLOAT4 else floating
            signatures.append(Signature((left, right), result, call))
    return Function(symbol, "operators", doc, tuple(signatures), (f"number {symbol} number",))


def _comparison(symbol: str, doc: str, plain: str, checked: str) -> Function:
    """`plain` compares what has no NaN; `checked` compares floating point and numeric."""
    stripped = plain.replace("{}", "{}.rstrip(' ')")
    calls = {NUMERIC: checked, Sql.BPCHAR: stripped}
    signatures = [Signature((sql, sql), BOOL, calls.get(sql, plain)) for sql in COMPARABLE]
    signatures += [Signature((left, right), BOOL, checked) for left, right, _ in FLOATS]
    if symbol in {"=", "<>"}:
        signatures.append(Signature((Sql.ENUM, Sql.ENUM), BOOL, plain))
    return Function(symbol, "operators", doc, tuple(signatures), (f"any {symbol} any",))


def _matching(call: str) -> tuple[Signature, ...]:
    """A char(n) is compared with its trailing blanks."""
    return tuple(Signature((sql, *pattern), BOOL, call) for sql in (TEXT, Sql.BPCHAR) for pattern in ((TEXT,), (TEXT, TEXT)))


_OPERATORS = (
    _arithmetic("+", "Sum.", "{} + {}", "numeric_add", "float_add"),
    Function(
        "-",
        "operators",
        "Difference; the negative of one number.",
        (
            *_arithmetic("-", "", "{} - {}", "numeric_subtract", "float_subtract").signatures,
            *(Signature((sql,), sql, f"{CHECKED[sql]}(-{{}})") for sql in INTEGERS),
            Signature((NUMERIC,), NUMERIC, "numeric_negate"),
            Signature((FLOAT4,), FLOAT4, "-{}"),
            Signature((FLOAT8,), FLOAT8, "-{}"),
        ),
        ("number - number", "- number"),
    ),
    _arithmetic("*", "Product.", "{} * {}", "numeric_multiply", "float_multiply"),
    _arithmetic("/", "Quotient; that of integers is cut toward zero.", "quotient({}, {})", "numeric_divide", "float_divide"),
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
        "||", "operators", "Joins texts; one side may be anything that has a text. NULL when a side is NULL.", forms=("text || text",)
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

FUNCTIONS: Mapping[str, Function] = {function.name: function for function in (*_OPERATORS, *_CHOICE, *_CASTS, *_TEXT, *_NUMERIC, *_KEYS)}
"""Name → function, in the order of the reference."""


def callable_names() -> Iterator[str]:
    """Yield what may stand before a bracket."""
    yield from (name for name in FUNCTIONS if name.isidentifier() and FUNCTIONS[name].family != "operators")
    yield from ALIASES
