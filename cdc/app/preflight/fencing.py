"""Two readers of one slot, found on the source before one of them takes the other's changes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from cdc.app.preflight.examined import Examined
from cdc.model.errors import CdcError, Exit, Finding


def fenced(examined: Examined) -> Examined:
    """Add what shows that another service file uses the pipeline's slot: it is read, while nobody runs the pipeline on our target.

    Not for a start: a session that was killed may still be ending, and is waited for there.
    """
    if examined.target.held or examined.target.error is not None or examined.source.error is not None:
        return examined
    try:
        with closing(examined.line.probe()) as probe:
            active = probe.retention().active
    except CdcError:
        return examined  # what keeps the source from answering is a finding already
    if not active:
        return examined
    found = Finding(
        "slot-in-use",
        f"the replication slot of {examined.line.name} is read, and nobody runs the pipeline on {examined.target.database}",
        "Another service file uses the name: give one of the two pipelines another.",
        Exit.CONFIG,
    )
    return replace(examined, source=replace(examined.source, findings=[*examined.source.findings, found]))
