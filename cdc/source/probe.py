"""What is asked of a source's server beside its log, over a connection of its own: heartbeats, its clock, how long it keeps the log, and what no log tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from cdc.model.errors import Finding
from cdc.model.footing import Footing
from cdc.model.retention import Retention
from cdc.model.table import TableName


class Probe(Protocol):
    """Used by one thread. After any error it is closed and a new one is made."""

    def setup(self) -> Sequence[str]:
        """Return the statements that heartbeats still need, as far as our account may run them."""
        ...

    def teardown(self) -> Sequence[str]:
        """Return the statements that remove what `setup` made and is still there."""
        ...

    def findings(self) -> Sequence[Finding]:
        """Find what keeps heartbeats from being written, beside what `setup` mends."""
        ...

    def execute(self, statement: str) -> None:
        """Run one of the statements above."""
        ...

    def beat(self, at: float) -> bool:
        """Write a heartbeat, to come back in the log; return whether that was possible.

        It is a transaction of its own, which no reader takes for a row. `at` is the daemon's clock.
        """
        ...

    def retention(self) -> Retention:
        """Return how long the log that the pipeline needs will be there."""
        ...

    def footings(self, names: Sequence[TableName], known: Mapping[TableName, Footing]) -> Mapping[TableName, Footing]:
        """Say what tables stand on that the log does not tell of; nothing where it tells all.

        Partitions that a known table did not have are asked whether they were filled when they came.
        """
        ...

    def give_up(self) -> None:
        """Let the server drop what it keeps for the pipeline. Raises `Misconfigured` where it keeps nothing for anybody."""
        ...

    def close(self) -> None:
        """Close the connection. Does not raise."""
        ...
