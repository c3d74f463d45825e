"""A transaction that is read again from the log, for people: its first changes, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cdc.model.change import Change, Origin, Part, Position, Transaction
from cdc.model.endpoint import Endpoint
from cdc.model.table import TableName
from cdc.model.value import value

_KEPT = 1_000


@value
class Excerpt:
    changes: Sequence[Change]
    """The first of them."""
    rows: int
    """How many there are in all."""
    upto: Position
    committed_at: float
    origin: Origin


class TransactionAt(Protocol):
    """What finds a transaction in an engine's log: its changes of these tables, our own target's too; None: there are none.

    `where` is a place as people of that engine name it; with `behind` a position, and the transaction is the first behind that.
    """

    def __call__(
        self, endpoint: Endpoint, pipeline: str, tables: Sequence[TableName], where: str, *, behind: bool = False
    ) -> Excerpt | None: ...


class Excerpts:
    """Puts the parts of transactions together; memory holds what is kept of one."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._rows = 0

    def take(self, found: Transaction | Part) -> Excerpt | None:
        """Take what a reader gives; return the transaction at its end."""
        self._changes += found.changes[: _KEPT - len(self._changes)]
        self._rows += len(found.changes)
        if isinstance(found, Part):
            return None
        made = Excerpt(self._changes, self._rows, found.upto, found.committed_at, found.origin)
        self._changes, self._rows = [], 0
        return made
