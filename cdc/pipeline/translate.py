"""Changes to writes. Pure: no I/O, no clock, no state but what was decided when the table's shape first came."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from cdc.mapping.plan import Bind, RowPlan, Truncates
from cdc.model.change import ABSENT, Change, Op, Row
from cdc.model.errors import Truncated
from cdc.model.table import Table
from cdc.model.write import Deletes, Write

Translate: TypeAlias = Callable[[Change], Write | str]
"""A change → its write for one mapping, or the reason why there is none (`filter`, `delete_ignored`, `truncate_ignored`)."""

FILTER = "filter"
DELETE_IGNORED = "delete_ignored"
TRUNCATE_IGNORED = "truncate_ignored"


class Translators(dict[Table, list[tuple[str, Translate]]]):
    """Table shape → (mapping, translate) of each of its mappings, compiled when the shape first comes."""

    def __init__(self, bind: Bind) -> None:
        super().__init__()
        self.bind = bind

    def __missing__(self, table: Table) -> list[tuple[str, Translate]]:
        made = [(plan.target.mapping, translator(plan, table)) for plan in self.bind(table)]
        self[table] = made
        return made


def translator(plan: RowPlan, table: Table) -> Translate:
    """Return the function that turns one mapping's changes into writes.

    An update may make a row enter the filter (an insert on the target), leave it (a delete), or move to another key.
    """
    target, map_row, key_of = plan.target, plan.map_row, plan.key_of

    def insert(change: Change) -> Write | str:
        mapped = map_row(_whole(change.new))
        return FILTER if mapped is None else Write(target, mapped[0], mapped[1], None, change)

    def update(change: Change) -> Write | str:
        new, old = _whole(change.new), change.old
        mapped = map_row(new)
        if mapped is None:
            return delete_key(key_of(identity_of(table, new) if old is None else old), change)
        key, image = mapped
        old_key = None if old is None else key_of(old)
        return Write(target, key, image, None if old_key == key else old_key, change)

    def delete(change: Change) -> Write | str:
        return delete_key(key_of(_whole(change.old)), change)

    def delete_key(key: Row | None, change: Change) -> Write | str:
        if key is None:
            return FILTER
        return DELETE_IGNORED if target.deletes is Deletes.IGNORE else Write(target, key, None, None, change)

    def truncate(_: Change) -> Write | str:
        if plan.truncates is Truncates.IGNORE:
            return TRUNCATE_IGNORED
        raise Truncated(
            f"mapping {target.mapping}: {table.name} was truncated",
            "Make the target what it should be by hand, then set `truncate: ignore` in the mapping and start again.",
        )

    by_op = {Op.INSERT: insert, Op.UPDATE: update, Op.DELETE: delete, Op.TRUNCATE: truncate}
    return lambda change: by_op[change.op](change)


def identity_of(table: Table, row: Row) -> Row:
    """Return what a log that carries only the key says of an old row whose key did not change."""
    return tuple(text if position in table.key else ABSENT for position, text in enumerate(row))


def _whole(row: Row | None) -> Row:
    assert row is not None
    return row
