"""The cast, as the reference shows it."""

from __future__ import annotations

from cdc.mapping.expression.vocabulary.signature import Function

FUNCTIONS = (
    Function(
        "cast",
        "casts",
        "To smallint, integer, bigint, numeric[(p[, s])], real, double precision, text, varchar[(n)], char[(n)], boolean, date, "
        "timestamp[(n)], timestamptz[(n)], time[(n)], interval[(n)], uuid, json, jsonb, bytea and arrays (`int[]`).",
        forms=("cast(any as type)", "any::type", "type 'literal'"),
    ),
)
