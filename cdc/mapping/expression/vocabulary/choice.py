"""What chooses among values; all have a form of their own."""

from __future__ import annotations

from cdc.mapping.expression.vocabulary.signature import Function

FUNCTIONS = (
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
