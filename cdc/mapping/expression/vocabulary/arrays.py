"""Functions of arrays; all have a form of their own, for the type of the items."""

from __future__ import annotations

from cdc.mapping.expression.vocabulary.signature import Function


def _array(name: str, doc: str, *forms: str) -> Function:
    return Function(name, "arrays", doc, forms=forms)


FUNCTIONS = (
    _array("array[…]", "An array of values of one type.", "array[any, …]"),
    _array("array[n]", "An item, counted from 1; NULL where there is none.", "array[integer]"),
    _array("= any", "Whether the value is in the array.", "any = any(array)"),
    _array("&&", "Whether two arrays have an item in common.", "array && array"),
    _array("cardinality", "How many items there are, in all dimensions.", "cardinality(array) → integer"),
    _array("array_length", "How many items a dimension has; NULL for an empty array.", "array_length(array, dimension integer) → integer"),
    _array(
        "array_position",
        "Where an item stands first, counted from 1; NULL: nowhere.",
        "array_position(array, any[, start integer]) → integer",
    ),
    _array("array_append", "With one item more at the end.", "array_append(array, any) → array", "array || any"),
    _array("array_prepend", "With one item more at the beginning.", "array_prepend(any, array) → array", "any || array"),
    _array("array_cat", "One array behind the other.", "array_cat(array, array) → array", "array || array"),
    _array("array_remove", "Without an item, wherever it stands.", "array_remove(array, any) → array"),
    _array("array_replace", "With another item in the place of one.", "array_replace(array, any, any) → array"),
    _array(
        "array_to_string",
        "The items' texts, joined by a separator; NULL counts as nothing, or as the last text.",
        "array_to_string(array, separator text[, null text]) → text",
    ),
    _array(
        "string_to_array",
        "The parts between a separator, or the characters when it is NULL; what equals the last text becomes NULL.",
        "string_to_array(text, separator text[, null text]) → text[]",
    ),
)
