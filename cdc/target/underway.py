"""The transaction at hand, when it comes in parts: what they have done so far, to be counted when all of it is durable."""

from __future__ import annotations

from cdc.model.write import Applied, Batch
from cdc.target.tally import Tally


class Underway:
    def __init__(self) -> None:
        self.writes = 0
        """How many the earlier parts had."""
        self._tally = Tally()

    def takes(self, batch: Batch, tally: Tally) -> Applied:
        """A part is written, or all of it is durable: then return what was done in all."""
        if batch.begins:
            self.writes, self._tally = 0, Tally()
        self.writes += len(batch.writes)
        self._tally.take(tally)
        return self._tally.applied() if batch.ends else Applied({}, {})
