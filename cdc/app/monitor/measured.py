"""What is measured beside a pipeline's own work: heartbeats, how long the source keeps its log, which servers answer, and their clocks."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.app.monitor.retention import Outlook
from cdc.app.preflight.footing import Footings
from cdc.model.errors import CdcError
from cdc.model.retention import Retention


class Measured:
    """Written by the threads that ask, read by all; each attribute is replaced as a whole."""

    def __init__(self) -> None:
        self.written: float | None = None
        """When the last heartbeat was written; None: none could be."""
        self.applied: float | None = None
        """When that heartbeat was written which was the last to come back with all before it durable on the target."""
        self.retention: Retention | None = None
        self.outlook = Outlook()
        self.up: Mapping[str, bool] = {"source": False, "target": False}
        self.skew: Mapping[str, float] = {}
        """Role → the server's clock less ours, in seconds."""
        self.certificates: Mapping[str, float | None] = {}
        """Role → when the server's certificate ends, as Unix time."""
        self.given_up: CdcError | None = None
        """The slot was dropped to keep the source alive, or rows went or came that are in no log."""
        self.footings: Footings = {}
        """What the source's tables stood on at the last look."""
        self.settling: Footings = {}
        """What they stand on since, once what is to be repaired has been."""

    def answers(self, role: str, skew: float | None = None) -> None:
        """A server has answered, maybe with its clock."""
        self.up = {**self.up, role: True}
        if skew is not None:
            self.skew = {**self.skew, role: skew}

    def silent(self, role: str) -> None:
        """A server has not answered."""
        self.up = {**self.up, role: False}
