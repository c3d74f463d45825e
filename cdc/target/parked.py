"""A pipeline's parked row changes in the table `cdc.parked`, through one session of its target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cdc.failpoint import reach
from cdc.model.errors import ParkedChanged
from cdc.model.parked import Parked, ParkedKey
from cdc.model.words import ParkedWords
from cdc.model.write import Batch
from cdc.sql import parked as sql


class StoredRows:
    """`ParkedRows` on a server. `read` runs a query outside of any transaction, `execute` a statement inside the open one."""

    def __init__(
        self, words: ParkedWords, pipeline: str, read: Callable[[str], Sequence[Sequence[Any]]], execute: Callable[[str], object]
    ) -> None:
        self._words, self._pipeline, self._read, self._execute = words, pipeline, read, execute
        self.version = -1
        """What the checkpoint's row must say for a batch to be applied."""

    def keys(self, after: int = 0) -> Sequence[ParkedKey]:
        self.version = self._found()  # read first: what changes meanwhile is noticed later
        return list(sql.parked_keys(self._read(sql.keys(self._words, self._pipeline, after))))

    def entries(self, ids: Sequence[int]) -> Sequence[Parked]:
        return list(sql.parked(self._read(sql.entries(self._words, self._pipeline, ids)))) if ids else []

    def put(self, batch: Batch) -> None:
        """Do what the batch says, in its transaction."""
        if not batch.parked and not batch.released:
            return
        reach("parked.pre")
        for statement in sql.statements(self._words, self._pipeline, batch.parked, batch.released):
            self._execute(statement)
        reach("parked.post")

    def prove(self) -> None:
        """Raise `ParkedChanged` when an operator has changed the rows."""
        if self._found() != self.version:
            raise ParkedChanged

    def _found(self) -> int:
        rows = self._read(sql.version(self._words, self._pipeline))
        return int(rows[0][0]) if rows else -1
