"""How long a source's server goes on keeping the log that a pipeline still needs."""

from __future__ import annotations

from cdc.model.value import value


@value
class Retention:
    """What the server says now. Numbers that it has not are None."""

    clock: float
    """The server's, in seconds since the epoch."""
    retained: int | None = None
    """Bytes of log that are kept because of the pipeline."""
    safe: int | None = None
    """Bytes that may still be written before the server drops what the pipeline needs; None: it never does."""
    active: bool | None = None
    """Whether the pipeline's slot is read."""
    status: str = ""
    """`reserved`, `extended`, `unreserved` or `lost`."""
    spilled: int | None = None
    """Bytes of large transactions that the server has written to disk for the pipeline."""
    oldest: float | None = None
    """When the oldest log file that is kept was begun."""
    keeps: float | None = None
    """Seconds for which log files are kept."""
