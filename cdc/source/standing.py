"""What a source says of a mapped table that is no longer what it was, by another name or as another table."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cdc.model.errors import Drifted, Unfollowed
from cdc.model.table import Table, TableName

_AGAIN = "The pipeline waits and goes on by itself, here."
LOAD = "run `cdc teardown` and `cdc setup`, then `cdc run` loads the tables again"


def renamed(before: TableName, after: TableName) -> Drifted:
    return Drifted(f"{before} was renamed to {after}", f"Give it its name back, or change `source` in the mappings to {after}. {_AGAIN}")


def anew(table: TableName, column: str) -> str:
    """Say of a column what is no error: each row that changes is followed, and the others could only be compared."""
    return f"{table}: the column '{column}' was dropped and made anew, or took another's name: what rows have in it that have not changed since is in no log"


def retyped(before: Table, after: Table) -> Iterator[str]:
    """Say of columns what is no error either: `using`, or fewer digits, may have made other values of all rows."""
    now = {column.name: column.type.native for column in after.columns}
    for column in before.columns:
        was, is_ = column.type.native, now.get(column.name)
        if is_ is not None and is_ != was:
            yield f"{after.name}: the column '{column.name}' was {was} and is {is_} now: what that made of rows that have not changed since is in no log"


def gone(names: Collection[TableName]) -> Drifted:
    """They may have another name now: the log has said nothing yet."""
    tables = ", ".join(sorted(map(str, names)))
    return Drifted(f"{tables} does not exist any more", f"Give it its name back, or change the mappings. {_AGAIN}")


def replaced(name: TableName) -> Unfollowed:
    return Unfollowed(
        f"{name} is another table than before: it was dropped and made anew, or tables were swapped",
        f"If it has other rows than the one before, {LOAD}. If it has the same, set `truncate: ignore` in its mappings and start again:"
        " the new table is followed from its first change on.",
    )
