"""Changes to writes. Pure: no I/O, no clock, no state but what was decided when the table's shape first came."""

from __future__ import annotations

from typing import Protocol

from cdc.mapping.change_row import identity_of, with_change
from cdc.mapping.plan import Bind, RowPlan
from cdc.model.change import Change, Op, Row
from cdc.model.errors import BadRow, Truncated
from cdc.model.table import Table
from cdc.model.write import Deletes, TargetPlan, Truncates, Write
from cdc.pipeline.park import Parking

FILTER = "filter"
DELETE_IGNORED = "delete_ignored"
TRUNCATE_IGNORED = "truncate_ignored"
QUEUED = "queued"
EMPTIES = "empties"
_DECIDE = "`cdc parked replay` deletes the row on the target, `cdc parked skip` keeps it."


class Translate(Protocol):
    """A change → its write for one mapping, or the reason why there is none (`filter`, `delete_ignored`, `truncate_ignored`).

    `EMPTIES`: all rows of the mapping are to be deleted. `at` is when it was committed, in seconds since the epoch; None in the initial load, which does not know.
    """

    def __call__(self, change: Change, at: float | None = None, /) -> Write | str: ...


class Translators(dict[Table, list[tuple[str, Translate]]]):
    """Table shape → (mapping, translate) of each of its mappings, compiled when the shape first comes.

    Those of mappings that have parked keys look for these first, and give `QUEUED` for a change of one. The others lose no time.
    """

    def __init__(self, bind: Bind, parking: Parking) -> None:
        super().__init__()
        self.parking = parking
        self._bind = bind
        self._plain: dict[Table, list[tuple[str, Translate]]] = {}
        self._guarded: frozenset[str] = frozenset()

    def __missing__(self, table: Table) -> list[tuple[str, Translate]]:
        plain = self._plain.get(table)
        if plain is None:
            plain = self._plain[table] = [(plan.target.mapping, translator(plan, table)) for plan in self._bind(table)]
        made = [(mapping, self._behind(mapping, translate) if mapping in self._guarded else translate) for mapping, translate in plain]
        self[table] = made
        return made

    def target(self, mapping: str, table: Table) -> TargetPlan:
        """Return how a mapping of this table writes."""
        return next(plan.target for plan in self._bind(table) if plan.target.mapping == mapping)

    def guard(self) -> None:
        """See which mappings have parked keys now."""
        guarded = self.parking.queues.holding()
        if guarded != self._guarded:
            self._guarded = guarded
            self.clear()

    def _behind(self, mapping: str, translate: Translate) -> Translate:
        holds = self.parking.queues.holds
        return lambda change, at=None: QUEUED if holds(mapping, change) else translate(change, at)


def translator(plan: RowPlan, table: Table, *, approved: bool = False) -> Translate:
    """Return the function that turns one mapping's changes into writes.

    An update may make a row enter the filter (an insert on the target), leave it (a delete), or move to another key.
    Deletes that the mapping parks are refused with `BadRow`, unless they are `approved`.
    """
    target, map_row, key_of, asks = plan.target, plan.map_row, plan.key_of, plan.asks
    parks = target.deletes is Deletes.PARK and not approved

    def insert(change: Change, at: float | None) -> Write | str:
        assert change.new is not None
        mapped = map_row(with_change(change.new, change, at) if asks else change.new)
        return FILTER if mapped is None else Write(target, mapped[0], mapped[1], None, change, at)

    def update(change: Change, at: float | None) -> Write | str:
        new, old = change.new, change.old
        assert new is not None
        mapped = map_row(with_change(new, change, at) if asks else new)
        if mapped is None:
            return delete_key(key_of(identity_of(table, new) if old is None else old), change, at)
        key, image = mapped
        old_key = None if old is None else key_of(old)
        return Write(target, key, image, None if old_key == key else old_key, change, at)

    def delete(change: Change, at: float | None) -> Write | str:
        assert change.old is not None
        return delete_key(key_of(change.old), change, at)

    def delete_key(key: Row | None, change: Change, at: float | None) -> Write | str:
        if key is None:
            return FILTER
        if parks:
            raise BadRow(f"mapping {target.mapping}: a row was deleted, or left `where`, and the mapping parks deletes", _DECIDE)
        return DELETE_IGNORED if target.deletes is Deletes.IGNORE else Write(target, key, None, None, change, at)

    def truncate(change: Change, _at: float | None) -> Write | str:
        if plan.truncates is Truncates.APPLY and change.op is Op.TRUNCATE:
            return EMPTIES
        return unseen(target.mapping, change, plan.truncates)

    by_op = {Op.INSERT: insert, Op.UPDATE: update, Op.DELETE: delete, Op.TRUNCATE: truncate, Op.LOST: truncate}
    return lambda change, at=None: by_op[change.op](change, at)


def unseen(mapping: str, change: Change, rule: Truncates) -> str:
    """Return why nothing is done where rows went without events of theirs. Raises `Truncated` unless the mapping ignores it."""
    if rule is Truncates.IGNORE:
        return TRUNCATE_IGNORED
    how = "was truncated, dropped, or another table took its name" if rule is Truncates.HALT else _LOST
    raise Truncated(f"mapping {mapping}: {change.table.name} {how}", _BY_HAND)


_LOST = "lost rows otherwise than by TRUNCATE, which alone `truncate: apply` follows: partitions, DROP, or another table took its name"
_BY_HAND = "Make the target what it should be by hand, then set `truncate: ignore` in the mapping: the pipeline goes on by itself."
