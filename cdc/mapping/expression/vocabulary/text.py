"""Functions of texts."""

from __future__ import annotations

from cdc.mapping.expression.sqltype import Sql
from cdc.mapping.expression.vocabulary.signature import INT4, TEXT, Function, Signature


def _text(
    name: str,
    doc: str,
    *signatures: tuple[str, tuple[Sql, ...]],
    result: Sql = TEXT,
    more: tuple[Signature, ...] = (),
    forms: tuple[str, ...] = (),
) -> Function:
    return Function(name, "text", doc, (*(Signature(arguments, result, call) for call, arguments in signatures), *more), forms)


FUNCTIONS = (
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
        more=(
            Signature((Sql.BYTES, INT4), Sql.BYTES, "bytea_substring"),
            Signature((Sql.BYTES, INT4, INT4), Sql.BYTES, "bytea_substring_for"),
        ),
        forms=(
            "substring(text, from integer[, for integer]) → text",
            "substring(text from integer for integer) → text",
            "substr(text, from integer[, for integer]) → text",
        ),
    ),
    _text(
        "overlay",
        "Characters from a position replaced by a text, as many as it has itself or as are given.",
        ("overlay", (TEXT, TEXT, INT4)),
        ("overlay", (TEXT, TEXT, INT4, INT4)),
        forms=("overlay(text placing text from integer [for integer]) → text", "overlay(text, text, integer[, integer]) → text"),
    ),
    _text(
        "translate",
        "Each character of the second text becomes the one at its place in the third, or nothing.",
        ("translate", (TEXT, TEXT, TEXT)),
    ),
    _text("starts_with", "Whether the text begins with another.", ("{}.startswith({})", (TEXT, TEXT)), result=Sql.BOOL),
    _text("normalize", "Characters composed as Unicode's form NFC has them.", ("composed", (TEXT,))),
    _text(
        "format",
        "Values in a text: `%s` in the literal stands for the next one, NULL counts as nothing.",
        forms=("format('… %s …', any, …) → text",),
    ),
    _text("left", "The first characters; a negative number leaves out so many at the end.", ("left", (TEXT, INT4))),
    _text("right", "The last characters; a negative number leaves out so many at the beginning.", ("right", (TEXT, INT4))),
    _text(
        "length",
        "Number of characters, or of bytes.",
        ("len", (TEXT,)),
        ("bytea_length", (Sql.BYTES,)),
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
