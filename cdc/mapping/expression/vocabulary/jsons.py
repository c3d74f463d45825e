"""Functions and operators of JSON."""

from __future__ import annotations

from cdc.mapping.expression.sqltype import Sql
from cdc.mapping.expression.vocabulary.signature import BOOL, INT4, TEXT, Function, Signature

_JSON, _JSONB, _ARRAY = Sql.JSON, Sql.JSONB, Sql.ARRAY


def _both(name: str, doc: str, result: Sql | None, *signatures: tuple[str, tuple[Sql, ...]], forms: tuple[str, ...]) -> Function:
    """What both types have; the calls begin with the type's name. `result` None: the type itself."""
    made = tuple(
        Signature((json, *more), result or json, f"{json.value}_{call}", maybe_null=True)
        for json in (_JSON, _JSONB)
        for call, more in signatures
    )
    return Function(name, "json", doc, made, forms)


def _jsonb(name: str, doc: str, result: Sql, *signatures: tuple[str, tuple[Sql, ...]], forms: tuple[str, ...] = ()) -> Function:
    return Function(name, "json", doc, tuple(Signature((_JSONB, *more), result, call) for call, more in signatures), forms)


def _made(name: str, doc: str, *forms: str) -> Function:
    return Function(name, "json", doc, forms=forms)


FUNCTIONS = (
    _both(
        "->",
        "What stands under a key, or at a place counted from 0, from the end when negative; NULL when there is nothing.",
        None,
        ("get", (TEXT,)),
        ("at", (INT4,)),
        forms=("json -> key", "json -> place"),
    ),
    _both(
        "->>",
        "The same as text: without quotes, and NULL for null.",
        TEXT,
        ("get_text", (TEXT,)),
        ("at_text", (INT4,)),
        forms=("json ->> key", "json ->> place"),
    ),
    _both("#>", "What stands at the end of a path, `'{key, 0, key}'`.", None, ("path", (_ARRAY,)), forms=("json #> path",)),
    _both("#>>", "The same as text.", TEXT, ("path_text", (_ARRAY,)), forms=("json #>> path",)),
    _jsonb(
        "@>",
        "Whether the first contains the second; of arrays, too.",
        BOOL,
        ("jsonb_contains", (_JSONB,)),
        forms=("jsonb @> jsonb", "array @> array"),
    ),
    _jsonb("<@", "The other way round.", BOOL, ("jsonb_contained", (_JSONB,)), forms=("jsonb <@ jsonb", "array <@ array")),
    _jsonb("?", "Whether there is such a key, or such a text in a list.", BOOL, ("jsonb_exists", (TEXT,)), forms=("jsonb ? text",)),
    _jsonb("?|", "Whether there is one of several.", BOOL, ("jsonb_exists_any", (_ARRAY,)), forms=("jsonb ?| text[]",)),
    _jsonb("?&", "Whether there are all of several.", BOOL, ("jsonb_exists_all", (_ARRAY,)), forms=("jsonb ?& text[]",)),
    _jsonb("#-", "Without what stands at the end of a path.", _JSONB, ("jsonb_without_path", (_ARRAY,)), forms=("jsonb #- path",)),
    _made("json_extract_path", "The same as `#>`.", "json_extract_path(json, text, …) → json"),
    _made("jsonb_extract_path", "The same as `#>`.", "jsonb_extract_path(jsonb, text, …) → jsonb"),
    _made("json_extract_path_text", "The same as `#>>`.", "json_extract_path_text(json, text, …) → text"),
    _made("jsonb_extract_path_text", "The same as `#>>`.", "jsonb_extract_path_text(jsonb, text, …) → text"),
    Function(
        "json_typeof", "json", "`object`, `array`, `string`, `number`, `boolean` or `null`.", (Signature((_JSON,), TEXT, "json_typeof"),)
    ),
    _jsonb("jsonb_typeof", "The same.", TEXT, ("jsonb_typeof", ())),
    Function("json_array_length", "json", "How many items a list has.", (Signature((_JSON,), INT4, "json_array_length"),)),
    _jsonb("jsonb_array_length", "The same.", INT4, ("jsonb_array_length", ())),
    _made("to_json", "A value as JSON: a number, true or false, else a text.", "to_json(any) → json"),
    _made("to_jsonb", "The same.", "to_jsonb(any) → jsonb"),
    _made("json_build_object", "An object of keys and values in turn; NULL is null.", "json_build_object(key, any, …) → json"),
    _made("jsonb_build_object", "The same; of a key that comes twice the last value.", "jsonb_build_object(key, any, …) → jsonb"),
    _made("json_build_array", "A list of values.", "json_build_array(any, …) → json"),
    _made("jsonb_build_array", "The same.", "jsonb_build_array(any, …) → jsonb"),
    _jsonb("jsonb_strip_nulls", "Without keys whose value is null.", _JSONB, ("jsonb_strip_nulls", ())),
    _jsonb(
        "jsonb_set",
        "With another value at the end of a path; added where only the last step is missing, unless `false` follows.",
        _JSONB,
        ("jsonb_set", (_ARRAY, _JSONB)),
        ("jsonb_set", (_ARRAY, _JSONB, BOOL)),
        forms=("jsonb_set(jsonb, path, jsonb[, boolean]) → jsonb",),
    ),
)
