"""pgoutput's inserts, updates and deletes to changes of a known table. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cdc.model.change import ABSENT, Change, Op, Row, Value
from cdc.model.errors import Misconfigured, UnknownEvent
from cdc.model.table import Table
from cdc.source.postgresql.protocol import TUPLE
from cdc.source.postgresql.tuples import row_at

_NEW, _KEY, _WHOLE = ord("N"), ord("K"), ord("O")
_UNFIT = "a row does not fit its message, or its table"


def insert(table: Table, frame: bytes) -> Change:
    new, end = row_at(frame, TUPLE)
    if end != len(frame) or len(new) != len(table.columns):
        raise ValueError(_UNFIT)
    return Change(table, Op.INSERT, None, tuple(new))


def update(table: Table, frame: bytes) -> Change:
    """An unchanged value out of line is not in the new row; where the old one has it, it is the same."""
    if frame[TUPLE - 1] == _NEW:
        new, end = row_at(frame, TUPLE)
        if end != len(frame) or len(new) != len(table.columns):
            raise ValueError(_UNFIT)
        return Change(table, Op.UPDATE, None, tuple(new))
    old, at = _old(table, frame)
    new, end = row_at(frame, at + 1)
    if end != len(frame) or len(new) != len(old) or frame[at] != _NEW:
        raise ValueError(_UNFIT)
    if ABSENT in new:
        new = [before if after is ABSENT else after for before, after in zip(old, new, strict=True)]
    return Change(table, Op.UPDATE, old, tuple(new))


def delete(table: Table, frame: bytes) -> Change:
    old, at = _old(table, frame)
    if at != len(frame):
        raise ValueError(_UNFIT)
    return Change(table, Op.DELETE, old, None)


DECODE: Mapping[int, Callable[[Table, bytes], Change]] = {ord("I"): insert, ord("U"): update, ord("D"): delete}


def _old(table: Table, frame: bytes) -> tuple[Row, int]:
    """Return an old row and where it ends in the frame."""
    row, at = row_at(frame, TUPLE)
    kind = frame[TUPLE - 1]
    if len(row) != len(table.columns):
        raise ValueError(_UNFIT)
    if kind == _WHOLE:
        return tuple(row), at
    if kind == _KEY:
        return _key_only(table, row), at
    raise UnknownEvent(f"{table.name}: an old row of kind {chr(kind)!r} in the log", "This is a bug, or a server of a newer protocol.")


def _key_only(table: Table, row: list[Value]) -> Row:
    """Beside the key the log writes NULL for what it does not carry."""
    old: list[Value] = [ABSENT] * len(row)
    for place in table.key:
        if row[place] is None:
            raise Misconfigured(
                f"{table.name}: an old row in the log lacks the key's column {table.columns[place].name}",
                "A partition has another replica identity than the table: make them the same by alter table … replica identity.",
            )
        old[place] = row[place]
    return tuple(old)
