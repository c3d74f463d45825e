"""What says something of the change that brought the row."""

from __future__ import annotations

from cdc.mapping.expression.vocabulary.signature import Function

FUNCTIONS = (
    Function(
        "old.column",
        "change",
        "The column before the change: NULL for an inserted row, and in the initial load. The log has to carry it: `cdc check --connect` asks.",
        forms=("old.column",),
    ),
    Function(
        "op",
        "change",
        "What happened on the source: `insert` or `update`; `insert` in the initial load. A delete writes no columns.",
        forms=("op() → text",),
    ),
    Function(
        "commit_time",
        "change",
        "When the source's transaction was committed; MySQL and MariaDB say it in whole seconds. NULL in the initial load.",
        forms=("commit_time() → timestamp with time zone",),
    ),
)
