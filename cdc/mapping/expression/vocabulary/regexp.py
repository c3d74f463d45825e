"""Regular expressions: patterns are text literals, read when the mapping is compiled."""

from __future__ import annotations

from cdc.mapping.expression.sqltype import Sql
from cdc.mapping.expression.vocabulary.signature import BOOL, INT4, TEXT, Function, Signature

_FAMILY = "regular expressions"


def _function(name: str, doc: str, result: Sql, *signatures: tuple[str, tuple[Sql, ...]], forms: tuple[str, ...]) -> Function:
    """Text and pattern come first; `signatures` say what may follow. Flags are no argument of the call."""
    made = tuple(Signature((TEXT, TEXT, *more), result, call, maybe_null=result is not BOOL) for call, more in signatures)
    return Function(name, _FAMILY, doc, made, forms)


FUNCTIONS = (
    _function(
        "regexp_like",
        "Whether the pattern matches somewhere.",
        BOOL,
        ("regexp_like", ()),
        ("regexp_like", (TEXT,)),
        forms=("regexp_like(text, pattern[, flags]) → boolean",),
    ),
    _function(
        "regexp_replace",
        "The first match, or with the flag `g` every one, replaced; in the replacement `\\1` to `\\9` are groups and `\\&` is the match. "
        "With a number, the match of that number from the start; 0: every one.",
        TEXT,
        ("regexp_replace", (TEXT,)),
        ("regexp_replace", (TEXT, TEXT)),
        ("regexp_replace_from", (TEXT, INT4)),
        ("regexp_replace_from", (TEXT, INT4, INT4)),
        ("regexp_replace_from", (TEXT, INT4, INT4, TEXT)),
        forms=(
            "regexp_replace(text, pattern, replacement[, flags]) → text",
            "regexp_replace(text, pattern, replacement, start integer[, number integer[, flags]]) → text",
        ),
    ),
    _function(
        "regexp_match",
        "The groups of the first match, or the match when there are no groups; NULL when there is none.",
        Sql.ARRAY,
        ("regexp_match", ()),
        ("regexp_match", (TEXT,)),
        forms=("regexp_match(text, pattern[, flags]) → text[]",),
    ),
    _function(
        "regexp_substr",
        "A match, or one of its groups; NULL when there is none.",
        TEXT,
        ("regexp_substr", ()),
        ("regexp_substr", (INT4,)),
        ("regexp_substr", (INT4, INT4)),
        ("regexp_substr", (INT4, INT4, TEXT)),
        ("regexp_substr", (INT4, INT4, TEXT, INT4)),
        forms=(
            "regexp_substr(text, pattern[, start integer[, number integer[, flags[, group integer]]]]) → text",
            "substring(text from pattern) → text",
        ),
    ),
    _function(
        "regexp_count",
        "How many matches there are.",
        INT4,
        ("regexp_count", ()),
        ("regexp_count", (INT4,)),
        ("regexp_count", (INT4, TEXT)),
        forms=("regexp_count(text, pattern[, start integer[, flags]]) → integer",),
    ),
    _function(
        "regexp_instr",
        "Where a match, or one of its groups, begins, or with 1 the place behind it; 0: nowhere.",
        INT4,
        ("regexp_instr", ()),
        ("regexp_instr", (INT4,)),
        ("regexp_instr", (INT4, INT4)),
        ("regexp_instr", (INT4, INT4, INT4)),
        ("regexp_instr", (INT4, INT4, INT4, TEXT)),
        ("regexp_instr", (INT4, INT4, INT4, TEXT, INT4)),
        forms=("regexp_instr(text, pattern[, start integer[, number integer[, behind integer[, flags[, group integer]]]]]) → integer",),
    ),
    _function(
        "regexp_split_to_array",
        "The parts between matches.",
        Sql.ARRAY,
        ("regexp_split", ()),
        ("regexp_split", (TEXT,)),
        forms=("regexp_split_to_array(text, pattern[, flags]) → text[]",),
    ),
)
